"""Processes that train together take the steps of one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import edgewise as ew
from edgewise.train.solvers import processes
from edgewise.train.solvers.batches import Shuffled
from helpers import assert_close
from ranks import in_two_processes, needs_gloo

RANK = """
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset
torch.manual_seed(rank)  # different starts: that of the first process counts
x = torch.randn(90, 3, generator=torch.Generator().manual_seed(0))
y = x[:, :1].sin()
net = torch.nn.Sequential(ew.KANLayer(3, 4, seed=rank), torch.nn.Linear(4, 1))
if rank == 0:
    torch.save(net.state_dict(), f"{folder}/start.pt")
settings = dict(optimizer=torch.optim.SGD, lr=0.1, epochs=4, clip=1.0, progress=False)
rows = ew.fit(net, x, y, batch_size=15, **settings)
data = TensorDataset(x[:80], y[:80])
stream = DataLoader(data, batch_size=10, sampler=DistributedSampler(data, shuffle=False))
streamed = ew.fit(net, stream, **settings)
torch.save((rows.model.state_dict(), streamed.model.state_dict(), streamed.train_loss), f"{folder}/rank{rank}.pt")
"""


def test_one_process_is_alone():
    assert (processes.count(), processes.place(), processes.first()) == (1, 0, True)
    rows = torch.arange(5)
    assert processes.part(rows) is rows and processes.total(rows) is rows


def test_shuffled_rows_each_come_once():
    batches = Shuffled((torch.arange(10.0),), 4, seed=0)
    first, second = (torch.cat([x for (x,) in batches.epoch(number)]) for number in (1, 2))
    assert [len(x) for (x,) in batches.epoch(3)] == [4, 3, 3]
    assert not torch.equal(first, second)
    assert torch.equal(first.sort().values, torch.arange(10.0)) and torch.equal(
        second.sort().values, torch.arange(10.0)
    )


@pytest.mark.slow
@needs_gloo
def test_two_processes_end_where_one_does(tmp_path: Path):
    in_two_processes(RANK, tmp_path)
    first, second = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in range(2))
    net = nn.Sequential(ew.KANLayer(3, 4), nn.Linear(4, 1))
    net.load_state_dict(torch.load(tmp_path / "start.pt", weights_only=True))
    x = torch.randn(90, 3, generator=torch.Generator().manual_seed(0))
    y = x[:, :1].sin()
    settings = {"optimizer": torch.optim.SGD, "lr": 0.1, "epochs": 4, "clip": 1.0, "progress": False}
    rows = ew.fit(net, x, y, batch_size=15, **settings).model.state_dict()

    both = [(x[20 * k : 20 * k + 20], y[20 * k : 20 * k + 20]) for k in range(4)]
    stream = torch.utils.data.DataLoader(both, batch_size=None)  # type: ignore[arg-type]
    streamed = ew.fit(net, stream, **settings)
    for got in (first, second):
        for name, value in rows.items():
            assert_close(got[0][name], value, like="float32")
            assert_close(got[1][name], streamed.model.state_dict()[name], like="float32")
        assert got[2] == pytest.approx(streamed.train_loss, rel=1e-5)

"""Modules of FSDP2: trained in parts they take the steps of one process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import edgewise as ew
from edgewise.train.solvers import sharding
from helpers import assert_close
from ranks import in_two_processes, needs_gloo

MADE = """
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
mesh = init_device_mesh("cpu", (2,))
def net(deep=True):
    made = torch.nn.Sequential(ew.KANLayer(3, 4, seed=1), torch.nn.LayerNorm(4), ew.KANLayer(4, 1, seed=2))
    for part in (made[0], made[2], made) if deep else (made[0],):
        fully_shard(part, mesh=mesh)
    return made
x = torch.randn(90, 3, generator=torch.Generator().manual_seed(0))
y = x[:, :1].sin()
"""
TRAINED = """
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
def whole(module):
    return get_model_state_dict(module, options=StateDictOptions(full_state_dict=True))
settings = dict(optimizer=torch.optim.SGD, lr=0.1, epochs=4, clip=0.1, progress=False)
model = net()
rows = ew.fit(model, x, y, batch_size=15, **settings)  # batches of odd sizes, so that one process has a row more
data = TensorDataset(x[:80], y[:80])
stream = DataLoader(data, batch_size=10, sampler=DistributedSampler(data, shuffle=False))
streamed = ew.fit(net(), stream, validation=stream, **settings)
short = ew.fit(net(), x, y, precision="float16", batch_size=15, **settings)
auto = ew.fit(net(), x, y, epochs=2, progress=False)
found = [
    rows.model is model and all(hasattr(p, "to_local") for p in model.parameters()),
    rows.train_loss,
    [row["loss"] for row in rows.history],
    streamed.train_loss,
    short.train_loss,
    "chosen for a sharded module" in auto.message,
]
torch.save((found, whole(rows.model), whole(streamed.model)), f"{folder}/rank{rank}.pt")
"""
REFUSED = """
from edgewise.errors import EdgewiseError
def told(call):
    try:
        call()
        return "nothing"
    except EdgewiseError as error:
        return str(error)
how = dict(progress=False, epochs=1)
kan = fully_shard(ew.KAN((3, 1), seed=0), mesh=mesh)
pairs = init_device_mesh("cpu", (1, 2), mesh_dim_names=("a", "b"))
torch.save([
    told(lambda: ew.fit(net(False), x, y, **how)),
    told(lambda: ew.fit(fully_shard(torch.nn.Linear(3, 1), mesh=pairs), x, y, **how)),
    told(lambda: ew.fit(kan, x, y, **how)),
    told(lambda: ew.fit(net(), x, y, optimizer="lm", resume="file", device="cpu", progress=False)),
    told(lambda: ew.fit(net(), x, y, optimizer=torch.optim.LBFGS, **how)),
    told(lambda: ew.refine(net())),
    told(lambda: ew.save(kan, f"{folder}/kan{rank}.safetensors")),
], f"{folder}/rank{rank}.pt")
"""


def net() -> nn.Module:
    return nn.Sequential(ew.KANLayer(3, 4, seed=1), nn.LayerNorm(4), ew.KANLayer(4, 1, seed=2))


@pytest.mark.slow
@needs_gloo
def test_sharded_modules_end_where_one_process_does(tmp_path: Path):
    in_two_processes(MADE + TRAINED, tmp_path)
    x = torch.randn(90, 3, generator=torch.Generator().manual_seed(0))
    y = x[:, :1].sin()
    given: dict[str, Any] = {"optimizer": torch.optim.SGD, "lr": 0.1, "epochs": 4, "clip": 0.1, "progress": False}
    rows = ew.fit(net(), x, y, batch_size=15, **given)
    both: Any = [(x[20 * k : 20 * k + 20], y[20 * k : 20 * k + 20]) for k in range(4)]
    stream = torch.utils.data.DataLoader(both, batch_size=None)
    streamed = ew.fit(net(), stream, validation=stream, **given)
    short = ew.fit(net(), x, y, precision="float16", batch_size=15, **given)
    for rank in range(2):
        found, of_rows, of_stream = torch.load(tmp_path / f"rank{rank}.pt", weights_only=True)
        itself, loss, losses, stream_loss, short_loss, adam = found
        assert itself and adam
        assert loss == pytest.approx(rows.train_loss, rel=1e-4)
        assert losses == pytest.approx([row["loss"] for row in rows.history], rel=1e-4)
        assert stream_loss == pytest.approx(streamed.train_loss, rel=1e-4)
        assert short_loss == pytest.approx(short.train_loss, rel=0.05)
        for got, want in ((of_rows, rows.model), (of_stream, streamed.model)):
            assert got.keys() == want.state_dict().keys()
            for name, value in want.state_dict().items():
                torch.testing.assert_close(got[name], value, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@needs_gloo
def test_what_cannot_be_done_in_parts_is_refused(tmp_path: Path):
    in_two_processes(MADE + REFUSED, tmp_path)
    words = [
        "not sharded beside others that are: 1.weight.*call fully_shard",
        "no single row of all 2 processes: weight",
        "no sharded KAN",
        "2 problems: resume, device does not go with a sharded module.*optimizer='lm' needs whole parameters",
        "LBFGS flattens parameters",
        "0 is sharded over processes; change it before fully_shard",
        "the KAN is sharded over processes.*get_model_state_dict",
    ]
    for rank in range(2):
        told = torch.load(tmp_path / f"rank{rank}.pt", weights_only=True)
        for got, want in zip(told, words, strict=True):
            with pytest.raises(AssertionError, match=want):
                raise AssertionError(got)


def test_plain_modules_know_nothing_of_it():
    layer = net()
    assert not sharding.is_sharded(layer) and not list(sharding.faults_of(layer))
    sharding.reshard(layer)
    values = torch.ones(3)
    assert sharding.local(values) is values
    assert sharding.share(5, torch.device("cpu")) == 1.0
    assert sharding.agreed(False, [values]) is False
    assert_close(sharding.mean(values), values)


@pytest.mark.parametrize("most", [0.1, 100.0])
def test_gradients_are_cut_as_torch_cuts_them(most: float):
    first, second = net(), net()
    for layer in (first, second):
        (layer(torch.ones(5, 3)) - 7.0).square().sum().backward()
    nn.utils.clip_grad_norm_(first.parameters(), most)
    sharding.clip([*second.parameters()], most)
    for p, q in zip(first.parameters(), second.parameters(), strict=True):
        assert_close(q.grad, p.grad, like="float32")

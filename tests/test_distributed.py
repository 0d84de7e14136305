"""Distributed training: two processes with half of the batch each get the gradient of the whole batch, whether they
hold the same parameters (DDP) or a part of them each (FSDP2)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

RANK = """
import sys, torch, edgewise as ew
rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
torch.distributed.init_process_group("gloo", init_method=f"file://{{folder}}/meeting", rank=rank, world_size=2)
torch.manual_seed(rank)  # different starts: DDP hands out those of rank 0
model = {wrapped}
x = torch.linspace(-1, 1, 60).reshape(20, 3)
model(x[10 * rank : 10 * rank + 10]).square().mean().backward()
whole = lambda t: t.full_tensor() if hasattr(t, "full_tensor") else t
gradients = [whole(p.grad) for p in model.parameters()]
state = {{name.removeprefix("module."): whole(t) for name, t in model.state_dict().items()}}
if rank == 0:
    torch.save((gradients, state), f"{{folder}}/rank0.pt")
torch.distributed.destroy_process_group()
"""


SHARDED = """
from torch.distributed.fsdp import fully_shard
from torch.distributed.device_mesh import init_device_mesh
mesh, net = init_device_mesh("cpu", (2,)), torch.nn.Sequential(ew.KANLayer(3, 4, seed=1), ew.KANLayer(4, 2, seed=2))
for part in (*net, net):
    fully_shard(part, mesh=mesh)
"""
WRAPPED = {
    "DDP": ("", "torch.nn.parallel.DistributedDataParallel(torch.nn.Sequential(ew.KANLayer(3, 4), ew.KANLayer(4, 2)))"),
    "FSDP2": (SHARDED, "net"),
}


@pytest.mark.slow
@pytest.mark.skipif(
    not torch.distributed.is_available() or not torch.distributed.is_gloo_available(), reason="torch has no gloo here"
)
@pytest.mark.parametrize("name", WRAPPED)
def test_two_processes_average_the_gradients_of_their_parts(name: str, tmp_path: Path):
    import edgewise as ew

    made, wrapped = WRAPPED[name]
    code = RANK.format(wrapped=wrapped).replace("model =", f"{made}model =")
    ranks = [
        subprocess.Popen([sys.executable, "-c", code, str(rank), str(tmp_path)], stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    for process in ranks:
        errors = process.communicate(timeout=120)[1]
        assert process.returncode == 0, errors
    gradients, state = torch.load(tmp_path / "rank0.pt", weights_only=True)
    model = torch.nn.Sequential(ew.KANLayer(3, 4), ew.KANLayer(4, 2))
    model.load_state_dict(state)
    model(torch.linspace(-1, 1, 60).reshape(20, 3)).square().mean().backward()
    for got, p in zip(gradients, model.parameters(), strict=True):
        assert p.grad is not None
        torch.testing.assert_close(got, p.grad, rtol=1e-5, atol=1e-6)

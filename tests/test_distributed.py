"""Distributed training: two processes with half of the batch each get the gradient of the whole batch, whether they
hold the same parameters (DDP) or a part of them each (FSDP2)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ranks import in_two_processes, needs_gloo

RANK = """
torch.manual_seed(rank)  # different starts: DDP hands out those of rank 0
model = {wrapped}
x = torch.linspace(-1, 1, 60).reshape(20, 3)
model(x[10 * rank : 10 * rank + 10]).square().mean().backward()
whole = lambda t: t.full_tensor() if hasattr(t, "full_tensor") else t
gradients = [whole(p.grad) for p in model.parameters()]
state = {{name.removeprefix("module."): whole(t) for name, t in model.state_dict().items()}}
if rank == 0:
    torch.save((gradients, state), f"{{folder}}/rank0.pt")
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
@needs_gloo
@pytest.mark.parametrize("name", WRAPPED)
def test_two_processes_average_the_gradients_of_their_parts(name: str, tmp_path: Path):
    import edgewise as ew

    made, wrapped = WRAPPED[name]
    code = RANK.format(wrapped=wrapped).replace("model =", f"{made}model =")
    in_two_processes(code, tmp_path)
    gradients, state = torch.load(tmp_path / "rank0.pt", weights_only=True)
    model = torch.nn.Sequential(ew.KANLayer(3, 4), ew.KANLayer(4, 2))
    model.load_state_dict(state)
    model(torch.linspace(-1, 1, 60).reshape(20, 3)).square().mean().backward()
    for got, p in zip(gradients, model.parameters(), strict=True):
        assert p.grad is not None
        torch.testing.assert_close(got, p.grad, rtol=1e-5, atol=1e-6)

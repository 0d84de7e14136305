"""Modules that `torch.distributed.fsdp.fully_shard` (FSDP2) has spread over processes: each holds a part of every
parameter.

Their forward and backward passes are common work. A backward pass leaves each process its part of the mean of the
processes' gradients, whatever their numbers of rows. So losses are weighted by rows before. Zhao et al. 2023
(arXiv 2304.11277) describe the method.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...devices import is_shard
from ...errors import few
from . import processes


def _fsdp() -> Any:
    """torch's room of FSDP, None where nobody has loaded it, so that nothing can be sharded."""
    return sys.modules.get("torch.distributed.fsdp")


def is_sharded(module: nn.Module) -> bool:
    """Whether a part of the module was given to `fully_shard`.

    >>> is_sharded(nn.Linear(2, 3))
    False
    """
    fsdp = _fsdp()
    return fsdp is not None and any(isinstance(part, fsdp.FSDPModule) for part in module.modules())


def faults_of(module: nn.Module) -> Iterator[str]:
    """What keeps a module from being trained in parts, in words."""
    fsdp = _fsdp()
    if fsdp is not None and any(isinstance(part, fsdp.FullyShardedDataParallel) for part in module.modules()):
        yield "the model holds FullyShardedDataParallel, torch's first one; use torch.distributed.fsdp.fully_shard"
    if not is_sharded(module):
        return
    reshard(module)
    plain, meshes = [], []
    for name, p in module.named_parameters():
        mesh: Any = getattr(p, "device_mesh", None)
        if mesh is None and p.requires_grad:
            plain.append(name)
        elif mesh is not None and (mesh.ndim, mesh.size()) != (1, processes.count()):
            meshes.append(name)
    if plain:
        yield f"parameters are not sharded beside others that are: {few(plain)}; call fully_shard(model) last"
    if meshes:
        yield (
            f"parameters lie on a mesh that is no single row of all {processes.count()} processes: {few(meshes)}; shard"
            " them over init_device_mesh(device, (processes,))"
        )


def reshard(module: nn.Module) -> None:
    """Each process holds its part alone again: after a forward pass some parameters are still whole."""
    fsdp = _fsdp()
    if fsdp is None:
        return
    for part in module.modules():
        if isinstance(part, fsdp.FSDPModule):
            part.reshard()  # type: ignore[operator]


def local(values: Tensor) -> Tensor:
    """The part of a tensor that this process holds, which shares its memory; of a plain one all of it."""
    spread: Any = values
    return spread.to_local() if is_shard(values) else values


def share(rows: int, device: torch.device) -> float:
    """What the mean loss over so many rows is multiplied with, so that the mean over processes is that over all rows.

    >>> share(7, torch.device("cpu"))
    1.0
    """
    total = processes.total(torch.tensor(float(rows), dtype=torch.float64, device=device))
    return rows * processes.count() / float(total)


def mean(value: Tensor) -> Tensor:
    """The mean of a number of each process."""
    return processes.total(value.detach().clone()) / processes.count()


def agreed(flag: bool, parameters: Sequence[Tensor]) -> bool:
    """Whether it is so in every process, each of which sees its part of the parameters."""
    if not any(map(is_shard, parameters)):
        return flag
    missing = torch.tensor(0.0 if flag else 1.0, device=local(parameters[0]).device)
    return float(processes.total(missing)) == 0.0


@torch.no_grad()
def clip(parameters: Sequence[nn.Parameter], most: float) -> None:
    """Cut the gradients to a common norm, as `torch.nn.utils.clip_grad_norm_` does."""
    gradients = [local(p.grad) for p in parameters if p.grad is not None]
    squares = torch.stack([g.double().square().sum() for g in gradients]).sum()
    factor = (most / (processes.total(squares).sqrt() + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient *= factor.to(gradient.dtype)

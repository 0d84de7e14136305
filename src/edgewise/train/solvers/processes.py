"""Several processes that train one module, each on its part of every batch (data-parallel training).

The user starts them, with `torchrun` say, and calls `torch.distributed.init_process_group`. Here is what they tell each
other. The sum of their gradients, weighted by rows, is the gradient of the whole batch; so all of them take the same
steps. Li et al. 2020 (arXiv 2006.15704) do the same in torch's DistributedDataParallel.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ...devices import is_shard
from ...state_notes import without_notes


def count() -> int:
    """How many processes train together; 1 where none were joined.

    >>> count(), place()
    (1, 0)
    """
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def place() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if count() > 1 else 0


def first() -> bool:
    """Whether this is the one that shows progress and writes files."""
    return place() == 0


def part(rows: Tensor) -> Tensor:
    """Of the rows of a batch, those that this process works on."""
    return rows[place() :: count()] if count() > 1 else rows


def total(values: Tensor) -> Tensor:
    """The sum of these numbers over all processes, which call it together."""
    if count() > 1:
        dist.all_reduce(values)
    return values


@torch.no_grad()
def same_everywhere(module: nn.Module, buffers_alone: bool = False) -> None:
    """Give every process the numbers of the first one: running means differ, as each saw its own rows. Of sharded
    parameters each process keeps its part."""
    if count() > 1:
        for values in module.buffers() if buffers_alone else without_notes(module.state_dict()).values():
            if not is_shard(values):
                dist.broadcast(values, 0)


@torch.no_grad()
def mean_gradient(parameters: Sequence[nn.Parameter], value: Tensor, rows: int) -> Tensor:
    """Put the gradient of the mean over the rows of all processes in place of each one's own; the mean loss.

    One message holds everything. A parameter that no process met keeps no gradient.

    Args:
        parameters: with the gradients of `value`.
        value: the mean loss over the rows of this process.
        rows: how many these are.
    """
    if count() == 1:
        return value.detach()
    met = value.new_tensor([p.grad is not None for p in parameters], dtype=torch.float32)
    flat = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    exact = torch.float64 if any(g.dtype == torch.float64 for g in flat) else torch.float32
    numbers = torch.cat([value.detach().reshape(1), value.new_ones(1), *(g.reshape(-1) for g in flat)]).to(exact)
    message = total(torch.cat([numbers * rows, met.to(exact)]))
    mean, met = message[: -len(met)] / message[1], message[-len(met) :]
    gradients = mean[2:].split([p.numel() for p in parameters])
    for p, gradient, known in zip(parameters, gradients, met.tolist(), strict=True):
        p.grad = gradient.reshape(p.shape).to(p.dtype) if known else None
    return mean[0]

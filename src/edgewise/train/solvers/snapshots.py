"""What lets a solver go on where another process left it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ...errors import CheckpointError
from ...state_notes import without_notes

Tree = Any  # numbers, text, tensors, and lists and dicts of these


class Snapshots(Protocol):
    """Where a solver leaves all that it needs to go on, and finds what it left in an earlier process.

    A solver that goes on from its snapshot takes the same steps, to the bit, as one that was never stopped.
    """

    def last(self) -> Tree | None:
        """What was left last, None where the solver begins."""
        ...

    def offer(self, state: Callable[[], Tree]) -> None:
        """Called after every step. `state()` says all that is needed to go on; it is asked now and then, at once."""
        ...


def left_by(snapshots: Snapshots | None, theta: Tensor, entries: int) -> Tree | None:
    """What a solver over parameters theta (P,) left: a list of so many entries, whose tensors are all over them.

    Raises `CheckpointError` for anything else, as an altered file may hold.
    """
    left = None if snapshots is None else snapshots.last()
    if left is None:
        return None
    if not isinstance(left, list) or len(left) != entries or not _over(left, theta):
        raise damaged("a state of another kind, or of another number of parameters")
    return left


def _over(tree: Tree, theta: Tensor) -> bool:
    """Whether a tree holds numbers alone, and tensors whose sides are all as long as theta."""
    if isinstance(tree, Tensor):
        return (
            tree.ndim > 0
            and all(side == len(theta) for side in tree.shape)
            and tree.dtype in (theta.dtype, torch.float64)
        )
    if isinstance(tree, list):
        return all(_over(part, theta) for part in tree)
    return tree is None or isinstance(tree, bool | int | float)


def check_moments(method: torch.optim.Optimizer) -> None:
    """Raise `CheckpointError` where an optimizer remembers something of another shape than the parameter that it is
    about: torch's kernels would write beyond it."""
    held = {p: method.state[p] for group in method.param_groups for p in group["params"] if method.state.get(p)}
    if len({frozenset(moments) for moments in held.values()}) > 1:
        raise damaged("moments of some parameters that others lack")
    for parameter, moments in held.items():
        if any(isinstance(one, Tensor) and one.ndim and one.shape != parameter.shape for one in moments.values()):
            raise damaged("moments of another shape than their parameters")


def check_module(module: nn.Module, state: Tree) -> None:
    """Raise `CheckpointError` where a state is not of this module."""
    own = without_notes(module.state_dict())
    if not isinstance(state, dict) or set(state) != set(own):
        raise damaged("a state of another network")
    for name, value in own.items():
        there = state[name]
        if isinstance(value, Tensor) and (not isinstance(there, Tensor) or there.shape != value.shape):
            raise damaged(f"another shape of {name}")


def damaged(what: str) -> CheckpointError:
    """The error about a file of an unfinished fit that holds something else than it should."""
    return CheckpointError(f"the file of the unfinished fit is damaged: it holds {what}; delete it and begin anew")

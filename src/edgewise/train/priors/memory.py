"""What a fit remembers of its rows for later fits, which do not have them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import nn

from ...errors import ConfigError, shown
from ...losses import Loss
from ...model import KAN


@dataclass(frozen=True, eq=False, repr=False)
class Memory(ABC):
    """All rows of a fit and of those before it, but those that only judge, as `fit(..., memory=...)` takes them.

    A network of one layer under squared error is linear in its parameters: its losses are kept exactly (`ExactMemory`).
    Of any other network the inputs of some rows are kept, with what it says of them (`Replay`). Sample weights count
    within their fit.

    model: the network as it was. loss_name: of its fit.

    >>> from edgewise import fit
    >>> X = torch.linspace(-1, 1, 80, dtype=torch.float64)[:, None]
    >>> y = torch.sin(3 * X[:, 0])
    >>> first = fit(KAN((1, 1)), X[:40], y[:40], progress=False)
    >>> second = fit(first.model, X[40:], y[40:], memory=first.memory, progress=False)
    >>> second.memory.rows, bool((second.model(X)[:, 0] - y).abs().max() < 1e-3)
    (72, True)
    """

    model: KAN
    loss_name: str

    @property
    @abstractmethod
    def rows(self) -> float:
        """How many rows it stands for."""

    @property
    @abstractmethod
    def kept(self) -> int:
        """How many inputs of rows it holds."""

    @abstractmethod
    def unlike(self, model: KAN) -> list[str]:
        """In what a model differs from the one that is remembered, so that it cannot be trained on, in words."""

    @abstractmethod
    def to(self, device: torch.device) -> Self:
        """The same on another device."""

    def __repr__(self) -> str:
        return f"Memory({self.rows:g} rows, {self.model.topology.shape_text()}, {self.loss_name})"


def check_memory(memory: Any, model: Any, residual: Any, optimizer: Any, sparsity: Any) -> list[str]:
    """What is wrong with a memory for this call of `fit`, in words."""
    if memory is None:
        return []
    if not isinstance(memory, Memory):
        return [f"memory must be the .memory of an earlier result of fit, or that result, got {type(memory).__name__}"]
    wrong = []
    if residual is not None:
        wrong.append("memory does not go with residual; leave it out, or give X and y")
    if not isinstance(model, KAN) or type(model).forward is not KAN.forward:
        kind = type(model).__name__
        return (
            wrong
            if not isinstance(model, nn.Module)
            else [*wrong, f"memory is for edgewise.KAN, the model is a {kind}; leave it out"]
        )
    if optimizer not in ("auto", "lm"):
        wrong.append(f"memory is for Levenberg-Marquardt, got optimizer={shown(optimizer)}; use 'lm'")
    if isinstance(sparsity, (int, float)) and sparsity > 0:
        wrong.append(
            f"memory does not go with sparsity, whose spreads the earlier rows would share in, got {shown(sparsity)};"
            " leave one out"
        )
    return wrong + memory.unlike(model)


def check_loss(memory: Memory | None, loss: Loss) -> None:
    """Raise `ConfigError` where the earlier rows had another loss."""
    if memory is not None and memory.loss_name != loss.name:
        raise ConfigError(
            f"memory is of rows under {memory.loss_name}, got {loss.name}; fit with loss={memory.loss_name!r}, or leave"
            " memory out"
        )

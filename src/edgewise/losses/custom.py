"""A loss of the user's own: any function in torch, whose derivatives autograd takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd import grad

from ..errors import ConfigError, clipped, shown

Function = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Custom:
    """The loss that a function (prediction (b, k), target (b, k)) -> (b,) says, row by row. The curvature is its second
    derivative without the directions in which that is negative.

    >>> loss = Custom(lambda prediction, target: (prediction - target).pow(4).sum(1))
    >>> loss.gradient(torch.tensor([[2.0]]), torch.tensor([[1.0]]))
    tensor([[4.]])
    """

    function: Function

    @property
    def name(self) -> str:
        """That of the function."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """What the function returns. Raises `ConfigError` where that is not a number for each row."""
        try:
            found = self.function(prediction, target)
        except Exception as error:  # of the user's own function
            raise ConfigError(
                f"the loss {shown(self.name)} fails on prediction and target of shape {tuple(prediction.shape)}:"
                f" {clipped(error)}"
            ) from error
        if not isinstance(found, Tensor) or found.shape != prediction.shape[:1]:
            got = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
            raise ConfigError(
                f"the loss {shown(self.name)} must return a tensor with a number for each row,"
                f" {tuple(prediction.shape[:1])}, got {got}; leave the mean over the rows to fit"
            )
        return found

    def gradient(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b, k), by autograd."""
        return self._slopes(prediction, target)[1].detach()

    def _slopes(self, prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """A leaf with the values of the prediction, and the gradient there as a function of it."""
        with torch.enable_grad():
            leaf = prediction.detach().clone().requires_grad_()
            value = self.rows(leaf, target).sum()
            if not value.requires_grad:
                raise ConfigError(
                    f"the loss {shown(self.name)} does not depend on the prediction, or hides it from autograd; write"
                    " it in torch, without numpy and detach()"
                )
            (slopes,) = grad(value, leaf, create_graph=True, allow_unused=True)
            return leaf, torch.zeros_like(leaf) if slopes is None else slopes

    def curvature(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b, k, k): the second derivative, its negative eigenvalues set to zero."""
        leaf, slopes = self._slopes(prediction, target)
        found = torch.zeros(*leaf.shape, leaf.shape[1], dtype=leaf.dtype, device=leaf.device)
        if slopes.requires_grad:
            for output in range(leaf.shape[1]):
                one = torch.zeros_like(slopes)
                one[:, output] = 1.0
                (row,) = grad(slopes, leaf, one, retain_graph=True, allow_unused=True)
                if row is not None:
                    found[:, output] = row
        if leaf.shape[1] == 1:
            return found.clamp(min=0)
        values, vectors = torch.linalg.eigh(0.5 * (found + found.mT))
        return (vectors * values.clamp(min=0)[:, None]) @ vectors.mT

    def check(self, target: Tensor, what: str = "y", lines: Sequence[int] = ()) -> None:
        """Raise `ConfigError` unless the function can be taken row by row on targets (b, k) like these."""
        some = target[:3]
        at = some + torch.linspace(0.1, 0.3, len(some), dtype=some.dtype, device=some.device)[:, None]
        together, slopes = self.rows(at, some), self.gradient(at, some)
        alone = torch.cat([self.rows(at[row : row + 1], some[row : row + 1]) for row in range(len(some))])
        if slopes.shape != at.shape or not torch.allclose(together, alone, rtol=1e-4, equal_nan=True):
            raise ConfigError(
                f"the loss {shown(self.name)} of one row depends on the other rows; a loss is a function of single rows"
            )

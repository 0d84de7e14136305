"""Squared error."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class SquaredError:
    """Mean of squared errors, over rows and outputs. Its square root is the RMSE."""

    name: str = "squared_error"

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b,): mean squared error of each row."""
        return (prediction - target).square().mean(-1)

    def gradient(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b, k)."""
        return (2.0 / prediction.shape[-1]) * (prediction - target)

    def curvature(self, prediction: Tensor, target: Tensor) -> Tensor | float:
        """A multiple of the identity."""
        return 2.0 / prediction.shape[-1]

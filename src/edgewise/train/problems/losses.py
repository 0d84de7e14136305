"""Losses: value, gradient and curvature with respect to the network's output. A new loss is these three functions.

Letters: b batch, k outputs. Every loss is a weighted mean over the batch; gradient and curvature are per row, before
the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Loss(Protocol):
    """What training needs to know of a loss."""

    @property
    def name(self) -> str:
        """What the loss is called in results and files."""
        ...

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Loss of every row: prediction (b, k), target (b, k) or class numbers (b,) -> (b,)."""
        ...

    def gradient(self, prediction: Tensor, target: Tensor) -> Tensor:
        """d rows / d prediction: (b, k)."""
        ...

    def curvature(self, prediction: Tensor, target: Tensor) -> Tensor | float:
        """Second derivative per row, (b, k, k), positive semi-definite; a number c stands for c times the identity."""
        ...


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


@dataclass(frozen=True)
class CrossEntropy:
    """Mean negative log-likelihood of the true class; outputs are logits, targets class numbers (b,) int64. In nats."""

    name: str = "cross_entropy"

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b,): negative log-likelihood of each row."""
        return torch.nn.functional.cross_entropy(prediction, target, reduction="none")

    def gradient(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b, k)."""
        p = prediction.softmax(-1)
        return p - torch.nn.functional.one_hot(target, prediction.shape[-1]).to(p)

    def curvature(self, prediction: Tensor, target: Tensor) -> Tensor | float:
        """(b, k, k): diag(p) - p p^T."""
        p = prediction.softmax(-1)
        return torch.diag_embed(p) - p[:, :, None] * p[:, None, :]


LOSSES: dict[str, Loss] = {loss.name: loss for loss in (SquaredError(), CrossEntropy())}

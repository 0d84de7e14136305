"""Cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


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

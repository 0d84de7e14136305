"""Cross-entropy, of one class for each row, or of a class for each of its positions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class CrossEntropy:
    """Mean negative log-likelihood of the true class; outputs are logits, targets class numbers (b,) int64. In nats.

    A row may have positions, such as the characters of a text: logits (b, ..., k), class numbers (b, ...). Its loss is
    their mean. smoothing: the part of each target that is spread evenly over all classes (Szegedy et al. 2015, arXiv
    1512.00567). weights (k,): how much each class counts; empty where all count the same.
    """

    name: str = "cross_entropy"
    smoothing: float = 0.0
    weights: tuple[float, ...] = ()

    def bounded(self, rows: float, classes: int) -> CrossEntropy:
        """The loss whose optimum makes no class less likely than half a row among so many that are fitted.

        Without noise, steps would make classes ever more certain. One row of a kind that was not met would then cost
        more than all others. Where classes have weights, each gets the part of the lightest beside the heaviest. A loss
        with `smoothing` stays as it is.

        >>> CrossEntropy().bounded(100, 2).smoothing
        0.01
        """
        if self.smoothing:
            return self
        lightest = min(self.weights) / max(self.weights) if self.weights else 1.0
        return replace(self, smoothing=min(0.5 * lightest * classes / rows, 0.5))

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b,): negative log-likelihood of each row."""
        logits, classes = (prediction, target) if target.ndim == 1 else (prediction.flatten(0, -2), target.flatten())
        found = torch.nn.functional.cross_entropy(
            logits, classes, self._weights(logits), reduction="none", label_smoothing=self.smoothing
        )
        return found if target.ndim == 1 else found.reshape(target.shape[0], -1).mean(1)

    def gradient(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b, k)."""
        share = self._shares(prediction, target)
        return share.sum(-1, keepdim=True) * prediction.softmax(-1) - share

    def curvature(self, prediction: Tensor, target: Tensor) -> Tensor | float:
        """(b, k, k): diag(p) - p p^T."""
        p = prediction.softmax(-1)
        bend = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
        plain = not self.weights
        return bend if plain else self._shares(prediction, target).sum(-1)[:, None, None] * bend

    def _weights(self, like: Tensor) -> Tensor | None:
        return torch.tensor(self.weights, dtype=like.dtype, device=like.device) if self.weights else None

    def _shares(self, prediction: Tensor, target: Tensor) -> Tensor:
        """What each class counts in a row's target (b, k): 1 for the true class where nothing is smoothed."""
        k, weights = prediction.shape[-1], self._weights(prediction)
        share = (1 - self.smoothing) * torch.nn.functional.one_hot(target, k).to(prediction) + self.smoothing / k
        return share if weights is None else share * weights

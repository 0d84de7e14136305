"""Means and quantiles of rows that count more than once."""

from __future__ import annotations

import torch
from torch import Tensor


def mean_of(values: Tensor, weight: Tensor | None) -> float:
    """The mean of values (b,), each as often as its row counts."""
    return float(values.mean() if weight is None else weight.to(values) @ values / weight.sum())


def weighted_quantile(values: Tensor, weight: Tensor | None, part: float) -> Tensor:
    """The value () below which this part of the values (b,) lies, each as often as it counts; halfway between two where
    both do.

    >>> weighted_quantile(torch.tensor([3.0, 1.0, 2.0]), torch.tensor([1.0, 1.0, 2.0]), 0.5)
    tensor(2.)
    """
    ordered, order = values.sort()
    counts = torch.ones_like(ordered) if weight is None else weight.to(ordered)[order]
    below = counts.cumsum(0) / counts.sum()
    first = int((below < part * (1 - 1e-12)).sum())  # round-off in a sum of counts is no difference
    last = int((below <= part * (1 + 1e-12)).sum())
    ends = torch.tensor([first, last]).clamp(max=len(ordered) - 1).to(ordered.device)
    return ordered[ends].mean()

"""Where the model is wrong: residuals of a regression, confusions of a classification."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..digits import amount
from ..figures import predict
from ..subject import Subject
from .dependence import MOST_OUTPUTS

MOST_DOTS = 600  # of a chart: more hide one another
FEWEST_BINS, MOST_BINS = 8, 24  # of the square root of the rows: more are noise, or bars too thin to see


@dataclass(frozen=True)
class Residuals:
    """One output: predicted, measured and their difference on some rows; counts of all rows between `bins`."""

    name: str
    predicted: list[float]
    measured: list[float]
    residual: list[float]
    bins: list[float]
    counts: list[int]


@dataclass(frozen=True)
class ResidualCharts:
    """The first outputs' residuals, and how many outputs there are."""

    charts: tuple[Residuals, ...]
    outputs: int


@dataclass(frozen=True)
class ConfusionRow:
    """The rows of one class by the class predicted, and the recall: the share that was predicted right."""

    name: str
    counts: list[int]
    recall: str


@dataclass(frozen=True)
class Confusions:
    """One row per class; the diagonal is what was predicted right."""

    classes: tuple[str, ...]
    rows: tuple[ConfusionRow, ...]


def residuals(subject: Subject) -> ResidualCharts | Confusions:
    """What the model gets wrong on the rows that judge it."""
    sample = subject.judged
    got = predict(subject.model, sample.X, sample.classes)
    if sample.classes:
        return confusions(got.argmax(1), sample.y.cpu(), sample.classes)
    return residual_charts(subject.outputs, got, sample.y.double().cpu())


def residual_charts(names: Sequence[str], got: Tensor, want: Tensor) -> ResidualCharts:
    """What predictions (n, k) of these outputs miss of the measured values (n, k)."""
    chosen = torch.linspace(0, len(got) - 1, min(MOST_DOTS, len(got)), dtype=torch.float64).round().long()
    charts = []
    for k, name in enumerate(names[:MOST_OUTPUTS]):
        p, t = got[:, k], want[:, k]
        r = p - t
        bins = _bins(r[torch.isfinite(r)])
        counts = histogram(r, len(bins) - 1, bins[0], bins[-1])
        charts.append(Residuals(name, p[chosen].tolist(), t[chosen].tolist(), r[chosen].tolist(), bins, counts))
    return ResidualCharts(tuple(charts), len(names))


def _bins(values: Tensor) -> list[float]:
    """The borders of equal bins over all values, about as many as the square root of their number."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if not high > low:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    count = min(max(round(math.sqrt(len(values))), FEWEST_BINS), MOST_BINS)
    return [low + (high - low) * k / count for k in range(count + 1)]


def histogram(values: Tensor, bins: int, low: float, high: float) -> list[int]:
    """How many finite values lie in each of `bins` equal parts of [low, high]; all in the middle one where low is high.

    >>> histogram(torch.tensor([0.0, 0.1, 1.0]), 2, 0.0, 1.0)
    [2, 1]
    """
    v = values[torch.isfinite(values)]
    if not high > low:
        return [len(v) if k == bins // 2 else 0 for k in range(bins)]
    place = ((v - low) / (high - low) * bins).long().clamp(0, bins - 1)
    return torch.bincount(place, minlength=bins).tolist()


def confusions(got: Tensor, want: Tensor, classes: tuple[str, ...]) -> Confusions:
    """How many rows of each class (want) were given which class (got), both as codes (n,)."""
    k = len(classes)
    counts = torch.bincount(want * k + got, minlength=k * k).reshape(k, k).tolist()
    rows = [
        ConfusionRow(name, row, amount(row[n] / sum(row), 3) if sum(row) else "–")
        for n, (name, row) in enumerate(zip(classes, counts, strict=True))
    ]
    return Confusions(classes, tuple(rows))

"""Whether a network of closed forms keeps what the functions of some inputs are held to."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data import Table
from ..insight.shares import shares_of
from ..model import KAN
from ..train.evidence.by_evidence import Again
from ..train.evidence.shapes import FREE, Shapes
from ..train.result import FitResult
from .tuning import TUNED


def shapes_of(result: FitResult) -> Shapes:
    """What the functions of a fit are held to."""
    return result.ending.shapes if isinstance(result.ending, Again) else FREE


def keeps(model: KAN, shapes: Shapes, rows: Table) -> bool:
    """Whether each input, along its range and beyond, moves every output as its shape says; other inputs are those of
    a few rows. Of two classes, the log odds of the second are looked at."""
    if not _above_zero(model, shapes, rows):
        return False
    places = torch.linspace(0, len(rows) - 1, TUNED.shape_beside, dtype=torch.float64).round().long()
    for number, shape in shapes.each.items():
        along = _beyond(rows, number)
        values = _along(model, rows, places, number, along)
        size = TUNED.shape_round_off * (values.amax(1) - values.amin(1))[:, None]
        if shape.period:
            later = _along(model, rows, places, number, along + shape.period)
            if not _never_negative(-(later - values).abs(), size):
                return False
        if not _never_negative(shape.slope * values.diff(dim=1), size):
            return False
        if not _never_negative(shape.bend * values.diff(n=2, dim=1), size):
            return False
    return True


def _beyond(rows: Table, number: int) -> Tensor:
    """Values (p,) of an input over the range of the rows and beyond."""
    low, high = rows.X[:, number].min(), rows.X[:, number].max()
    width = TUNED.shape_beyond * (high - low)
    return torch.linspace(float(low - width), float(high + width), TUNED.shape_points, dtype=torch.float64)


def _along(model: KAN, rows: Table, places: Tensor, number: int, along: Tensor) -> Tensor:
    """The outputs (q, p, k) at values (p,) of an input, the others as in the rows at these places (q,)."""
    made = rows.X[places].repeat_interleave(len(along), 0)
    made[:, number] = along.repeat(len(places))
    with torch.no_grad():
        values = model(made)
    if rows.classes is not None:
        values = values[:, 1:] - values[:, :1]
    return values.reshape(len(places), len(along), -1)


def _above_zero(model: KAN, shapes: Shapes, rows: Table) -> bool:
    """Whether the mean of what is predicted at the rows stays above zero, whatever the inputs are that may not make it
    negative, and where they are missing. Each of these must act by itself."""
    named = [number for number, shape in shapes.each.items() if shape.positive]
    if not named:
        return True
    found = shares_of(model, rows.X)
    weight = torch.ones(len(rows), dtype=rows.X.dtype) if rows.weight is None else rows.weight.to(rows.X)
    means = torch.einsum("n,ntk->tk", weight / weight.sum(), found.values)
    lowest = found.constant + means.sum(0)
    for number in named:
        missing = _missing(rows, number)
        own = [place for place, columns in enumerate(found.columns) if columns in ((number,), (missing,))]
        if any(number in columns and place not in own for place, columns in enumerate(found.columns)):
            return False
        made = rows.X[:1].repeat(TUNED.shape_points, 1)
        made[:, number] = _beyond(rows, number)
        if missing is not None:
            made[:, missing] = 0.0
        alone = torch.cat([shares.values[:, own].sum(1) for shares in (shares_of(model, made), found)])
        lowest = lowest + alone.min(0).values - means[own].sum(0)
    return _never_negative(lowest, TUNED.shape_round_off * found.values.abs().amax((0, 1)))


def _missing(rows: Table, number: int) -> int | None:
    """The input that says where a number is missing; None where none does."""
    metadata = rows.metadata()
    (term,) = (term for term in metadata.terms() if number in term)
    return next((place for place in term if place != number and place in metadata.levels()), None)


def _never_negative(values: Tensor, size: Tensor) -> bool:
    """Whether no value is below zero by more than this, nor not a number."""
    return bool((values >= -size).all())

"""Whether a network of closed forms keeps what the functions of some inputs are held to."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data import Table
from ..model import KAN
from ..train.evidence.by_evidence import Again
from ..train.evidence.shapes import FREE, Shapes
from ..train.result import FitResult

POINTS = 2001  # along an input
BESIDE = 5  # rows whose other inputs stand beside it
BEYOND = 1.0  # ranges of the rows by which it goes on at both ends
ROUND_OFF = 1e-9  # part of the function's size by which its values may be off


def shapes_of(result: FitResult) -> Shapes:
    """What the functions of a fit are held to."""
    return result.ending.shapes if isinstance(result.ending, Again) else FREE


def keeps(model: KAN, shapes: Shapes, rows: Table) -> bool:
    """Whether each input, along its range and beyond, moves every output as its shape says; other inputs are those of
    a few rows. Of two classes, the log odds of the second are looked at."""
    places = torch.linspace(0, len(rows) - 1, BESIDE, dtype=torch.float64).round().long()
    for number, shape in shapes.each.items():
        low, high = rows.X[:, number].min(), rows.X[:, number].max()
        width = BEYOND * (high - low)
        along = torch.linspace(float(low - width), float(high + width), POINTS, dtype=torch.float64)
        made = rows.X[places].repeat_interleave(POINTS, 0)
        made[:, number] = along.repeat(BESIDE)
        with torch.no_grad():
            values = model(made)
        if rows.classes is not None:
            values = values[:, 1:] - values[:, :1]
        values = values.reshape(BESIDE, POINTS, -1)
        size = ROUND_OFF * (values.amax(1) - values.amin(1))[:, None]
        if not _never_negative(shape.slope * values.diff(dim=1), size):
            return False
        if not _never_negative(shape.bend * values.diff(n=2, dim=1), size):
            return False
    return True


def _never_negative(values: Tensor, size: Tensor) -> bool:
    """Whether no value is below zero by more than this, nor not a number."""
    return bool((values >= -size).all())

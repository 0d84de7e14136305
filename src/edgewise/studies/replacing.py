"""Whether closed forms may take the place of the splines that they were made from.

Few rows judge badly, and a form that was chosen among thirty for each edge fits some of their noise. So it must say
what the splines say already, up to a part of the noise. Or it must say more than its constants could by chance.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..data import Table
from ..layers import OFF
from ..model import KAN
from .choosing import as_good, clearly_better, mean_over
from .tuning import TUNED

TINY = torch.finfo(torch.float64).tiny


WORSE = "are not as good as the network's splines"
BY_CHANCE = "explain the rows no better than as many constants would by chance"


def against(forms: KAN, splines: KAN, training: Table, choosing: Table | None) -> str:
    """What speaks against closed forms in place of splines, in words; "" where they may take it.

    Training rows say how far predictions moved, in parts of the noise. Those that choose say whether forms are as
    good. Where forms hardly moved anything, only a clear difference counts. Where they moved predictions by more than
    half of the noise, they must explain more of the training rows than their constants are worth.

    Args:
        forms: a network with closed forms that were found for `splines`.
        splines: the network before.
        training: the rows that both were fitted to.
        choosing: rows that neither was fitted to; None where there are none.
    """
    judging = training if choosing is None else choosing
    if training.classes is not None or splines.metadata.loss:
        return "" if as_good(forms, splines, judging) else WORSE
    with torch.no_grad():
        new, old = forms(training.X), splines(training.X)
    far, noise, now = (_squares(gap, training) for gap in (new - old, training.y - old, training.y - new))
    if far <= max(TUNED.form_slight * noise, TUNED.exact):
        return WORSE if choosing is not None and clearly_better(splines, forms, choosing) else ""
    if not as_good(forms, splines, judging):  # not of values that are no numbers, either
        return WORSE
    if far <= TUNED.form_moved * noise:
        return ""
    rows, free = training.count, constants(forms)
    if rows <= free + 1:
        return BY_CHANCE
    nats = 0.5 * rows * math.log(max(noise, TINY) / max(now, TINY))
    return "" if nats > 0.5 * free * math.log(rows) * rows / (rows - free - 1) else BY_CHANCE


def moved(new: KAN, old: KAN, rows: Table) -> float:
    """By how much the predictions of two networks differ on these rows: the mean square, each output in its spread;
    infinite where one is no number."""
    with torch.no_grad():
        far = _squares(new(rows.X) - old(rows.X), rows)
    return far if math.isfinite(far) else math.inf


def _squares(difference: Tensor, rows: Table) -> float:
    """The mean square of differences (n, k) of outputs, each in its spread; of classes, in their own units."""
    spread = rows.y.std(0, unbiased=False).clamp(min=TINY) if rows.classes is None else 1.0
    return mean_over((difference / spread).square().sum(1), rows)


def constants(model: KAN) -> int:
    """How many numbers of a network with closed forms can follow rows: the slope of a line, three of another form,
    coefficients of a spline, and what is added to each output.

    >>> import edgewise as ew
    >>> constants(ew.set_symbolic(ew.KAN((2, 1)), {(0, 0, 0): ("x", 1, 0, 1, 0), (0, 1, 0): ("sin", 1, 0, 1, 0)}))
    5
    """
    found = model.outputs
    for layer in model.edge_layers:
        lines = sum(edge.primitive == "x" for edge in layer.symbolic)
        splines = int(layer.spline_edges().sum())
        closed = int((layer.kind != OFF).sum()) - splines
        found += lines + 3 * (closed - lines) + splines * layer.coef.shape[1]
    return found

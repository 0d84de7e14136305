"""Splines that are flat beyond an interval, and the same within it.

Letters: j basis functions, m functions, p degree.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ... import grid
from .tuning import TUNED

ROUND_OFF = 1e-9  # of the grid's length, by which an end may miss its knot


def ending(knots: Tensor, coef: Tensor, degree: int, low: float, high: float) -> tuple[Tensor, Tensor]:
    """Knots (G+4p+1,) and coefficients (G+3p, m) of functions that are those of the given ones between two knots, and
    flat beyond. They turn within a small part of the next interval.

    Args:
        knots (G+2p+1,), coef (G+p, m): the functions.
        degree: p.
        low, high: the ends, each a knot of the grid. Where both are one, the ends of the grid take their places.

    >>> knots = grid.uniform(torch.zeros(1), torch.ones(1), 4, 1)[0]
    >>> longer, line = ending(knots, torch.linspace(0, 1, 5)[:, None], 1, 0.0, 1.0)
    >>> line[:, 0]
    tensor([0.0000, 0.0000, 0.2500, 0.5000, 0.7500, 1.0000, 1.0000])
    """
    breaks = grid.breaks_of(knots[None], degree)[0]
    slack = ROUND_OFF * (breaks[-1] - breaks[0])
    inside = ((breaks >= low - slack) & (breaks <= high + slack)).nonzero()[:, 0].tolist()
    first, last = (inside[0], inside[-1]) if len(inside) > 1 else (0, len(breaks) - 1)
    before, after = degree + first, degree + len(breaks) - 1 - last  # intervals beyond: every grid keeps one size
    left, right = (TUNED.turn * (breaks[one + 1] - breaks[one]) for one in (first, last - 1))
    steps = torch.arange(1, max(before, after) + 1).to(knots)
    within = breaks[first : last + 1]
    longer = torch.cat([within[0] - left * steps[:before].flip(0), within, within[-1] + right * steps[:after]])
    finer = grid.from_breaks(longer[None], degree)
    own = knots[None, first : last + 2 * degree + 1]
    coef = grid.insert(own, coef[None, first : last + degree], finer, degree)[0]
    met = before, before + last - first + degree - 1  # bases that reach into the interval
    return finer[0], coef[torch.arange(len(coef)).clamp(*met)]

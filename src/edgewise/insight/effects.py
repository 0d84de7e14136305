"""effects: the curve of each column, with a band that tells how sure it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import grid
from ..config import is_number
from ..errors import ConfigError, knows_keywords, shown
from ..limits import NUMBER, refuse_too_large, times
from ..metadata import MISSING
from ..model import KAN, Fitted, as_kan
from ..train.evidence.uncertainty import Doubt
from .explain import explain

POINTS = 200  # of a curve: a picture shows no more


@dataclass(frozen=True, eq=False)
class Effect:
    """What one column alone adds to the outputs.

    Attributes:
        column: its name.
        at (p,): its values, or the levels of a column of text.
        value (p, outputs): what it adds, less the mean over the rows.
        low, high (p, outputs): the ends of the band; None where the fit tells of none.
        level: the part of the bands that should hold the truth, in the mean over the rows.
        outputs: names of the outputs.
    """

    column: str
    at: Tensor | tuple[str, ...]
    value: Tensor
    low: Tensor | None
    high: Tensor | None
    level: float
    outputs: tuple[str, ...]

    def __repr__(self) -> str:
        size = float(self.value.amax() - self.value.amin()) if self.value.numel() else 0.0
        band = "" if self.low is None or self.high is None else f", {self.level:.0%} band"
        return f"Effect({self.column}: {len(self.at)} points, range {size:.3g}{band})"


@knows_keywords
def effects(model: KAN | Fitted, X: Any = None, *, level: float = 0.95, points: int = POINTS) -> tuple[Effect, ...]:
    """The curve of each column that acts by itself, largest range first.

    What a column does together with others is not in its curve; `ew.explain` has it. Bands come with the result of a
    fit by evidence: they are those of its posterior. Such a band holds the true curve, centred alike, at about `level`
    of the rows in the mean. It counts neither the choice of the columns nor constraints, which only narrow it.

    Args:
        model: the KAN, or the result of its fit, which also tells its bands.
        X (n, features): rows over whose mean each curve is zero, and whose range it runs over. Default: the rows of the
            fit, where the result still holds them.
        level (above 0, below 1): of the bands.
        points: of each curve.

    Returns:
        An `Effect` for each column. Parts of dates, which only act together, have none.

    Raises:
        StructureError: `model` holds no KAN.
        ConfigError: no X, or a level or number of points that cannot be.
        DataError, ShapeError: rows that cannot be used.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(200, 2, dtype=torch.float64)
    >>> found = ew.fit(ew.KAN((2, 1)), X, X[:, 0] ** 2, optimizer="evidence", progress=False)
    >>> ew.effects(found)[0].column
    'x1'
    """
    network = as_kan(model, "effects")
    if not is_number(level) or not 0 < level < 1:
        raise ConfigError(f"level is a part above 0 and below 1, such as 0.95, got {shown(level)}")
    if not isinstance(points, int) or isinstance(points, bool) or points < 2:
        raise ConfigError(f"points must be a whole number of at least 2, got {shown(points)}")
    refuse_too_large(f"points={shown(points)}", times(NUMBER * network.features, points), "take fewer")
    if X is None:
        seen = getattr(model, "seen", None)
        if seen is None:
            raise ConfigError("effects needs rows: give X, or the result of a fit that still holds its own")
        X = seen.x.to(network.dtype)
    doubts: list[Doubt] = getattr(getattr(model, "ending", None), "doubts", [])
    rows = network.finite_input(X, "effects")
    found = [_effect(network, rows, *one, doubts, float(level)) for one in _columns(network, rows, points)]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: -_range(one)))


def _columns(model: KAN, rows: Tensor, points: int) -> Iterator[tuple[str, Tensor | tuple[str, ...], Tensor]]:
    """Each column, its values or levels, and rows (p, features) at which it has them, all else alike."""
    metadata, middle = model.metadata, rows.median(0).values
    names = model.input_names
    sources = metadata.sources() or names
    for group in metadata.terms() or [(number,) for number in range(model.features)]:
        column = sources[group[0]]
        levels = metadata.categories.get(column, ())
        if levels:
            made = middle.repeat(len(levels), 1)
            for place, level in enumerate(levels):
                made[place, list(group)] = 0.0
                if f"{column}={level}" in names:
                    made[place, names.index(f"{column}={level}")] = 1.0
            yield column, levels, made
            continue
        gap = f"{column}={MISSING}"
        numbers = [number for number in group if names[number] != gap]
        if len(numbers) != 1 or column in metadata.encoding.dates:
            continue
        at = _along_grid(model, numbers[0], rows[:, numbers[0]].double(), points).to(rows)
        made = middle.repeat(points, 1)
        made[:, numbers[0]] = at
        if gap in names:
            made[:, names.index(gap)] = 0.0
        yield column, at, made


def _along_grid(model: KAN, number: int, values: Tensor, points: int) -> Tensor:
    """So many points over the range of an input's values (n,), as many in each interval of its grid: an input that
    spans powers of ten has points in all of them."""
    low, high = float(values.min()), float(values.max())
    ids, layer = model.topology.node_ids[0], model.edge_layers[0]
    if number not in ids:
        return torch.linspace(low, high, points, dtype=torch.float64)
    breaks = grid.breaks_of(layer.knots.detach(), layer.degree)[ids.index(number)].double()
    breaks = breaks * float(model.input_scale[number]) + float(model.input_shift[number])
    breaks[0], breaks[-1] = min(low, float(breaks[0])), max(high, float(breaks[-1]))
    steps = np.arange(len(breaks))
    first, last = np.interp([low, high], breaks.numpy(), steps)
    found = np.interp(np.linspace(first, last, points), steps, breaks.numpy())
    found[0], found[-1] = low, high
    return torch.from_numpy(found)


def _effect(
    model: KAN, rows: Tensor, column: str, at: Tensor | tuple[str, ...], made: Tensor, doubts: list[Doubt], level: float
) -> Effect | None:
    """The effect of a column; None where it does not act by itself."""
    found = explain(model, made, background=rows)
    if (column,) not in found.terms:
        return None
    value = found.values[:, found.terms.index((column,))]
    effect = Effect(column, at, value, None, None, level, found.outputs)
    sources = model.metadata.sources() or model.input_names
    ids = model.topology.node_ids[0]
    mine = [doubt for doubt in doubts if {sources[ids[place]] for place in doubt.variable.inputs} == {column}]
    if not mine:
        return effect
    deviation = torch.zeros_like(value)
    for doubt in mine:
        deviation[:, doubt.output] = doubt.deviation(model.scale_inputs(made).double()).to(value)
    reach = NormalDist().inv_cdf(0.5 + level / 2) * deviation
    return replace(effect, low=value - reach, high=value + reach)


def _range(effect: Effect) -> float:
    return float(effect.value.amax() - effect.value.amin())

"""redraw: the curve of a column as an expert wants it, in place of the one that was found."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .. import grid
from ..errors import ConfigError, DataError, EdgewiseWarning, StructureError, did_you_mean, knows_keywords, shown
from ..fitting import dense_basis
from ..layers import BOTH, SPLINE, KANLayer
from ..metadata import Edit
from ..model import KAN, Fitted, as_kan
from .explain import output_names
from .shares import shares_of, slope_of

POINTS = 8  # in each interval of the grid, at which the new curve is met
TOLD = 1e-9  # part of the largest value, below which a change is round-off
ROUNDED = 10  # the same in steps of the last digit, for short floats
SEEN = 1e-3  # part of the largest change that the range holds: beyond a bend a spline swings ever less
MISSED = 0.05  # part of a change, root mean square, that a grid may miss: steps do until a hundredth holds them

Curve = Callable[[Any, Any], Any]


@knows_keywords
def redraw(model: KAN | Fitted, X: Any, column: str, curve: Curve, *, output: int = 0) -> KAN:
    """The model with another curve for a column, all else alike.

    Args:
        model: the KAN, or the result of its fit. Its outputs are sums in which the column has an edge of its own, as
            without hidden layers.
        X (n, features): rows over whose mean the present curve is zero, and over whose range it is redrawn.
        column: its name.
        curve: takes values of the column and what it adds there, arrays (p,), and returns what it is to add (p,). The
            edge follows as near as its grid allows, and a warning says where that is not near. `ew.refine` makes the
            grid finer. Beyond these rows it goes on as it ends there: along a tangent, or along logarithms where its
            grid does. It turns flat where the present curve does, which may be far outside. The present one goes on at
            the new level where these rows end before those of the fit.
        output: position of the output.

    Returns:
        The new model. `edits` records the column, the range in which its curve changed and by how much.

    Raises:
        StructureError: no such curve: the column acts only with others, or as a closed form or as levels.
        ConfigError: there is no such column or output.
        DataError, ShapeError: rows or a curve that cannot be used.

    >>> import numpy as np, edgewise as ew
    >>> X = torch.rand(200, 2, dtype=torch.float64)
    >>> found = ew.fit(ew.KAN((2, 1)), X, X[:, 0] ** 2, optimizer="evidence", progress=False)
    >>> steps = ew.redraw(found, X, "x1", lambda x, y: np.maximum.accumulate(y))
    >>> steps.edits[-1].action
    'redraw'
    """
    model = as_kan(model, "redraw")
    rows = model.finite_input(X, "redraw")
    names = model.metadata.sources() or model.input_names
    if not isinstance(column, str) or column not in names:
        raise ConfigError(f"column is {shown(column)}, which the model does not have; {did_you_mean(column, names)}")
    if isinstance(output, bool) or not isinstance(output, int) or not 0 <= output < model.outputs:
        raise ConfigError(f"output must be a whole number from 0 to {model.outputs - 1}, got {shown(output)}")
    number = names.index(column)
    if names.count(column) > 1 or number not in model.topology.node_ids[0]:
        raise StructureError(f"{column} has no curve: it has levels, parts or missing cells, or is not in use")
    layer, src = model.edge_layers[0], model.topology.node_ids[0].index(number)
    dst, slope = _edge(model, column, src, output)
    made, inside = _points(model, rows, number, src)
    mean = _share(model, rows, number, output).mean()
    old = _share(model, made, number, output) - mean
    x = made[inside, number]
    new = _called(curve, x, old[inside])
    at, knots = model.scale_inputs(made)[:, src], layer.knots[src]
    along = _along(grid.breaks_of(knots[None], layer.degree)[0], at)
    ends = x.new_tensor((model.metadata.ranges or {number: (float(x[0]), float(x[-1]))})[number])
    told = max(TOLD, ROUNDED * torch.finfo(x.dtype).eps)
    reached = (x[[0, -1]] - ends) * ends.new_tensor([-1, 1]) >= 0
    change = _gone_on(new, old, made[:, number], along, inside, reached, told) - old
    basis, met = dense_basis(at[:, None], knots[None], degree=layer.degree)[:, 0], ~change.isnan()
    parts = layer.parts()
    parts["coef"] = parts["coef"].detach().clone()
    spline = _spline(basis[met], change[met])
    parts["coef"][src, :, dst] += spline / (slope * model.output_scale[output])
    moved = basis[inside] @ spline
    small = told * float(torch.stack([old[inside], new]).abs().max())
    said = _told(x, moved, small)
    _tell_misses(column, x, change[inside] - moved, change[inside], small)
    layers = [KANLayer.build(**parts), *(KANLayer.build(**later.parts()) for later in model.edge_layers[1:])]
    return model.build(layers=layers, edit=Edit("redraw", f"{column} in {output_names(model)[output]}: {said}"))


def _edge(model: KAN, column: str, src: int, output: int) -> tuple[int, float]:
    """The subnode of the first layer that the edge of a column goes into and on to an output, and the slope there."""
    layer, found = model.edge_layers[0], []
    if model.topology.depth == 1:
        found = [(output, 1.0)]
    elif model.topology.depth == 2:
        first = 0
        for node, factors in enumerate(model.topology.factors[1]):
            slope = slope_of(model.edge_layers[1], node, output)
            if len(factors) == 1 and slope is not None and slope != 0:
                found.append((first, slope))
            first += len(factors)
    for dst, slope in found:
        if int(layer.kind[src, dst]) in (SPLINE, BOTH):
            return dst, slope
    raise StructureError(
        f"{column} has no spline of its own that goes into output {output}; ew.effects lists the columns that have a"
        " curve, and ew.unset_symbolic makes splines of closed forms"
    )


def _points(model: KAN, rows: Tensor, number: int, src: int) -> tuple[Tensor, Tensor]:
    """Rows (p, d) in which an input rises over its grid, some in each interval, and over the range of the rows; and
    which of them are inside of this range (p,)."""
    layer = model.edge_layers[0]
    breaks = grid.breaks_of(layer.knots[src : src + 1], layer.degree)[0]
    part = torch.arange(POINTS, dtype=breaks.dtype, device=breaks.device) / POINTS
    inner = torch.cat([(breaks[:-1, None] + breaks.diff()[:, None] * part).reshape(-1), breaks[-1:]])
    ends = model.scale_inputs(rows)[:, src].aminmax()
    low, high = rows[:, number].aminmax()
    if not high > low:
        raise DataError("the rows hold one value of this column; a curve needs at least two")
    inner = inner[(inner != ends.min) & (inner != ends.max)]
    x = low + (high - low) * (inner - ends.min) / (ends.max - ends.min)
    x = torch.cat([x, low[None], high[None]]).sort().values
    made = rows.median(0).values.repeat(len(x), 1)
    made[:, number] = x
    return made, (x >= low) & (x <= high)


def _along(breaks: Tensor, at: Tensor) -> Tensor:
    """Where values (p,) are on a scale whose steps are the intervals of a grid: equal, or as logarithms are."""
    place = torch.searchsorted(breaks[1:-1].contiguous(), at.contiguous())
    return place + (at - breaks[place]) / breaks.diff()[place]


def _gone_on(
    new: Tensor, old: Tensor, x: Tensor, along: Tensor, inside: Tensor, reached: Tensor, told: float
) -> Tensor:
    """What the curve is to be at points x (p,), from what it is at those inside of the range of the rows: beyond, it
    rises along their scale as in the last interval. Where the present curve `old` turns flat in the end, it rises along
    its tangent, as far as `old` is straight.

    Nothing is asked, NaN, beyond that, and at an end where `old` turns flat at once, or is as steep in this interval,
    or where the rows have not reached those that it was fitted to: reached (2,).
    """
    first, last = inside.nonzero()[[0, -1], 0].tolist()
    found = torch.full_like(old, torch.nan).masked_scatter(inside, new)
    small = told * float(old.max() - old.min())
    left = first, min(first + POINTS, last), torch.arange(first - 1, -1, -1)
    right = last, max(last - POINTS, first), torch.arange(last + 1, len(old))
    for (end, near, beyond), there in zip((left, right), reached.tolist(), strict=True):
        rise, scale = found[end] - found[near], along
        if not there or len(beyond) < 2 or float((rise - old[end] + old[near]).abs()) <= small:
            continue
        if float(old[beyond[-2:]].diff().abs()) <= small:
            beyond, scale = beyond[: _straight(old[beyond], small)], x
        found[beyond] = found[end] + rise * (scale[beyond] - scale[end]) / (scale[end] - scale[near])
    return found


def _straight(y: Tensor, small: float) -> int:
    """How many values y (p,), at points that are equally far apart in each interval of the grid, come before a curve
    that was straight and not flat over an interval turns; none where it was not."""
    rise = y.diff()
    kept = ((rise[1:].abs() > small) & (rise.diff().abs() <= small)).nonzero()[:, 0]
    return int(kept[-1]) + 3 if len(kept) >= POINTS // 2 else 0


def _share(model: KAN, rows: Tensor, number: int, output: int) -> Tensor:
    """What an input alone adds to an output (n,)."""
    found = shares_of(model, rows)
    return found.values[:, found.columns.index((number,)), output]


def _called(curve: Curve, x: Tensor, old: Tensor) -> Tensor:
    """What the curve is to be (p,). Raises `ConfigError` and `DataError`."""
    if not callable(curve):
        raise ConfigError(f"curve must be a function of values and what they add, got {shown(curve)}")
    made = curve(x.numpy(force=True).copy(), old.numpy(force=True).copy())
    try:
        found = torch.as_tensor(made).to(old)
    except Exception:  # of torch, or of what the value's own methods raise
        found = old[:0]
    if found.shape != x.shape or not bool(found.isfinite().all()):
        raise DataError(f"curve must return {len(x)} finite numbers, one for each value; got {shown(made)}")
    return found


def _told(x: Tensor, moved: Tensor, small: float) -> str:
    """Where a curve changed at values (p,), by how much of `moved` (p,); what is `small` is round-off."""
    moved = moved.abs()
    most = float(moved.max())
    if most <= small:
        return "unchanged"
    seen = x[moved > SEEN * most]
    outside = float(moved.masked_fill((x >= seen.min()) & (x <= seen.max()), 0.0).max())
    ends = f", elsewhere by up to {outside:.1g}" if outside > small else ""
    return f"between {float(seen.min()):.6g} and {float(seen.max()):.6g} by up to {most:.3g}{ends}"


def _tell_misses(column: str, x: Tensor, missed: Tensor, asked: Tensor, small: float) -> None:
    """Warn where a grid is too coarse for a change that was asked for (p,): by how much it misses it at values (p,)."""
    worst = int(missed.abs().argmax())
    if float(missed[worst].abs()) > small and float(missed.norm()) > MISSED * float(asked.norm()):
        warnings.warn(
            EdgewiseWarning(
                f"the grid is too coarse for the new curve of {column}: it misses what was asked for by up to"
                f" {float(missed[worst].abs()):.3g}, near {float(x[worst]):.6g}; ew.refine makes it finer"
            ),
            stacklevel=4,  # past this, redraw and what checks its keywords
        )


def _spline(basis: Tensor, y: Tensor) -> Tensor:
    """The coefficients (j,) of the spline that is nearest to y (p,), where its functions are basis (p, j); those that
    no point reaches stay near zero slope."""
    basis = basis.double()
    smooth = torch.eye(basis.shape[1], dtype=torch.float64, device=basis.device).diff(dim=0)
    goal = torch.cat([y.double(), y.new_zeros(len(smooth)).double()])
    return torch.linalg.lstsq(torch.cat([basis, 1e-6 * smooth]), goal[:, None]).solution[:, 0].to(y)

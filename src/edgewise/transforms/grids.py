"""Changes of the grid: refine (same function, more intervals), extend (same function, wider), adapt (knots to the
data)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from .. import grid, ops
from ..config import is_number, is_sequence, refuse_widths
from ..errors import ConfigError, GridError, knows_keywords, shown
from ..fitting import project
from ..layers import KANLayer
from ..metadata import Edit
from ..model import KAN, Fitted, as_kan


@knows_keywords
def refine(model: KAN | Fitted, factor: int | None = None, *, grid_size: int | Sequence[int] | None = None) -> KAN:
    """The same function on a finer grid, by exact knot insertion: outputs change by round-off only.

    Args:
        model: the KAN, or the result of its fit.
        factor: every layer gets so many times its intervals; 2 where nothing is given.
        grid_size: the new number of intervals, one for all layers or one per layer, in place of `factor`. A size that
            is no multiple of the old one splits the widest intervals.

    Returns:
        The new model.

    Raises:
        ConfigError: both settings, or one that is no whole number from 1 on.
        GridError: a new size below the old one.

    Source: arXiv 2404.19756, section 2.4, with knot insertion in place of its sampled refit.

    >>> refine(KAN((2, 3, 1), grid_size=5)).layers[0].grid_size
    10
    """
    model = as_kan(model, "refine")
    if factor is not None and grid_size is not None:
        raise ConfigError("refine takes factor or grid_size, not both")
    if grid_size is None:
        factor = 2 if factor is None else factor
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 1:
            raise ConfigError(f"factor must be an integer >= 1, got {shown(factor)}")
        sizes = [layer.grid_size * factor for layer in model.edge_layers]
    else:
        sizes = _per_layer(model, grid_size)
    refuse_widths(model.config.widths, sizes, model.config.degree)
    layers = [_refined(layer, size) for layer, size in zip(model.edge_layers, sizes, strict=True)]
    return model.build(layers=layers, edit=Edit("refine", f"grid_size={sizes}"))


def _per_layer(model: KAN, grid_size: int | Sequence[int]) -> list[int]:
    depth = model.topology.depth
    sizes: Sequence[Any] = grid_size if is_sequence(grid_size) else [grid_size] * depth
    if len(sizes) != depth or not all(
        isinstance(size, int) and not isinstance(size, bool) and size >= 1 for size in sizes
    ):
        raise ConfigError(
            f"grid_size must be an integer >= 1, or one per layer of edges ({depth}), got {shown(grid_size)}"
        )
    return list(sizes)


def _refined(layer: KANLayer, size: int) -> KANLayer:
    if size == layer.grid_size:
        return KANLayer.build(**layer.parts())
    breaks = grid.refined_breaks(grid.breaks_of(layer.knots, layer.degree).double(), size)
    knots = grid.from_breaks(breaks, layer.degree)
    coef = grid.insert(layer.knots.double(), layer.coef.detach().double(), knots, layer.degree)
    return KANLayer.build(
        **{**layer.parts(), "knots": knots.to(layer.knots), "coef": coef.to(layer.coef), "uniform": None}
    )


@knows_keywords
def extend(model: KAN | Fitted, X: Any) -> KAN:
    """Grids made longer where X overruns them; on the old input intervals the model stays bit-identical.

    In the new intervals a spline follows its old tangent closely: its new coefficients lie on that line. Layers are
    extended one after the other, since each sees the activations of those before it. A hidden grid may be overrun
    already by inputs inside the old intervals. It keeps that end, as the tangent beyond is part of the old function.

    Args:
        model: the KAN, or the result of its fit.
        X (b, features): rows that the grids shall cover, of any kind that `KAN.predict` takes.

    Returns:
        The new model.

    Raises:
        GridError: no row, numbers that are not finite, or rows so far away that `adapt` is the better tool.

    >>> extend(KAN((1, 1), grid_size=4), [[1.4]]).layers[0].grid_size
    5
    """
    model = as_kan(model, "extend")
    a, layers = model.scale_inputs(model.as_input(X)), []
    box = model.edge_layers[0].interval  # where the old function must not change, as seen by each layer
    with torch.no_grad():
        for number, layer in enumerate(model.edge_layers, start=1):
            low, high = _range(a, "extend")
            first, last = layer.interval
            low = first if bool((box[0] < first).any()) else low
            high = last if bool((box[1] > last).any()) else high
            layers.append(_extended(layer, low, high))
            a = model.multiply(number, layers[-1](a))
            box = _image(model, number, layer, box)
    return model.build(layers=layers, edit=Edit("extend", f"grid_size={[layer.grid_size for layer in layers]}"))


def grown(model: KAN, X: Any, size: int = 1, most: float = float("inf")) -> KAN:
    """Grids refined to at least `size` intervals, then extended over X and the activations it causes; no knot is lost.

    Hidden grids are extended even where inputs of the old intervals overrun them already: the new splines follow the
    old tangent closely, no more.

    Args:
        model: the KAN.
        X (b, features): rows that the grids shall cover.
        size: the least number of intervals.
        most: how much longer a hidden grid may become on either side, in units of its length.

    Raises:
        GridError: activations that are not finite, or too far away.
    """
    a, layers = model.scale_inputs(model.as_input(X)), []
    with torch.no_grad():
        for number, layer in enumerate(model.edge_layers, start=1):
            low, high = _range(a, "fit")
            if number > 1:
                first, last = layer.interval
                low, high = (
                    torch.maximum(low, first - most * (last - first)),
                    torch.minimum(high, last + most * (last - first)),
                )
            layers.append(_extended(_refined(layer, max(size, layer.grid_size)), low, high))
            a = model.multiply(number, layers[-1](a))
    return model.build(layers=layers)


def reaching(model: KAN, other: KAN) -> KAN:
    """Grids extended over the intervals of those of another network of the same shape."""
    ends = [layer.interval for layer in other.edge_layers]
    return model.build(
        layers=[
            _extended(layer, *(e.to(layer.knots) for e in far))
            for layer, far in zip(model.edge_layers, ends, strict=True)
        ]
    )


def _image(
    model: KAN, number: int, layer: KANLayer, box: tuple[Tensor, Tensor], points: int = 512
) -> tuple[Tensor, Tensor]:
    """A box that holds the layer's node values when its inputs lie in `box`: sums of the edges' ranges, then ranges of
    products."""
    t = torch.linspace(0, 1, points, dtype=box[0].dtype, device=box[0].device)[:, None]
    values = layer.edge_values(box[0] * (1 - t) + box[1] * t)  # (points, i, o)
    low, high = values.amin(0).sum(0) + layer.bias, values.amax(0).sum(0) + layer.bias
    slack = 1e-3 * (high - low)
    low, high = low - slack, high + slack
    if not model.topology.has_products(number):
        return low, high
    ends, start = [], 0
    for node in model.topology.factors[number]:
        bounds = torch.stack([low[start], high[start]])
        for factor in range(start + 1, start + len(node)):
            bounds = torch.outer(bounds, torch.stack([low[factor], high[factor]])).flatten()
            bounds = torch.stack([bounds.min(), bounds.max()])
        ends.append(bounds)
        start += len(node)
    stacked = torch.stack(ends)
    return stacked[:, 0], stacked[:, 1]


def _range(a: Tensor, verb: str) -> tuple[Tensor, Tensor]:
    if a.shape[0] == 0 or not bool(torch.isfinite(a).all()):
        got = "no row" if a.shape[0] == 0 else "NaN or infinite values"
        raise GridError(f"{verb} needs at least one row of X and finite values throughout, got {got}")
    return a.amin(0), a.amax(0)


def _extended(layer: KANLayer, low: Tensor, high: Tensor) -> KANLayer:
    p = layer.degree
    knots, left, right = grid.extended(layer.knots, p, low, high)
    if left == right == 0:
        return KANLayer.build(**layer.parts())
    centres = grid.greville(knots, p)  # (i, j)
    ends = torch.stack(layer.interval)  # (2, i)
    common: dict[str, Any] = {"degree": p, "uniform": layer.uniform}
    value = ops.edge_values(ends, layer.coef.detach(), layer.knots, **common)  # (2, i, o)
    slope = (
        ops.edge_values(ends, layer.coef.detach(), layer.knots, derivative=1, **common)
        if p
        else torch.zeros_like(value)
    )
    line = value[:, :, None] + slope[:, :, None] * (centres - ends[:, :, None])[..., None]  # (2, i, j, o)
    count = knots.shape[1] - p - 1
    coef = torch.cat([line[0, :, :left], layer.coef.detach(), line[1, :, count - right :]], dim=1)
    return KANLayer.build(**{**layer.parts(), "knots": knots, "coef": coef})


@knows_keywords
def adapt(
    model: KAN | Fitted,
    X: Any,
    *,
    grid_size: int | Sequence[int] | None = None,
    quantile: float = 0.0,
    margin: float = 0.0,
) -> KAN:
    """Knots moved to the range of X and of the activations it causes; every edge is refitted to its old function there.

    The refit is least squares at fixed points of each interval, so it does not depend on where the rows lie. Its
    largest error, relative to the largest value of the layer, stands in the last edit's detail.

    Args:
        model: the KAN, or the result of its fit.
        X (b, features): the rows whose range counts, of any kind that `KAN.predict` takes.
        grid_size: the new number of intervals, one for all layers or one per layer; the old one by default.
        quantile (0 to 1): 0 spaces knots evenly, 1 puts equal numbers of rows between them.
        margin: the part of the range by which the grid is longer on either side.

    Returns:
        The new model.

    Raises:
        ConfigError: a setting outside its range.
        GridError: no row, or numbers that are not finite.

    >>> adapt(KAN((1, 1)), 3 * torch.rand(50, 1, dtype=torch.float64)).edits[-1].action
    'adapt'
    """
    model = as_kan(model, "adapt")
    if not all(map(is_number, (quantile, margin))) or not 0 <= quantile <= 1 or margin < 0:
        raise ConfigError(
            f"adapt needs 0 <= quantile <= 1 and margin >= 0, got quantile={shown(quantile)}, margin={shown(margin)}"
        )
    sizes = [layer.grid_size for layer in model.edge_layers] if grid_size is None else _per_layer(model, grid_size)
    refuse_widths(model.config.widths, sizes, model.config.degree)
    a, layers, errors = model.scale_inputs(model.as_input(X)), [], []
    with torch.no_grad():
        for number, (layer, size) in enumerate(zip(model.edge_layers, sizes, strict=True), start=1):
            _range(a, "adapt")
            knots = grid.from_samples(a, size, layer.degree, quantile=quantile, margin=margin)
            fresh, error = regrid(layer, knots)
            layers.append(fresh)
            errors.append(error)
            a = model.multiply(number, fresh(a))
    residual = ", ".join(f"{error:.2g}" for error in errors)
    return model.build(layers=layers, edit=Edit("adapt", f"grid_size={sizes}; residual per layer: {residual}"))


def regrid(layer: KANLayer, knots: Tensor) -> tuple[KANLayer, float]:
    """The layer's splines projected onto other knots (i, G'+2p+1), and the largest error relative to the largest spline
    value."""
    splines: Callable[[Tensor], Tensor] = lambda x: ops.edge_values(  # noqa: E731
        x, layer.coef.detach(), layer.knots, degree=layer.degree, uniform=layer.uniform
    )
    coef, residual = project(splines, knots, layer.degree)
    scale = float(layer.coef.detach().abs().max()) or 1.0
    return KANLayer.build(**{**layer.parts(), "knots": knots, "coef": coef, "uniform": None}), float(
        residual.max()
    ) / scale

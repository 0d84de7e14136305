"""Changes of the grid: refine (same function, more intervals), extend (same function, wider)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar, overload

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import ConfigError, knows_keywords, shown
from ..layers import KANLayer
from ..metadata import Edit
from ..model import KAN, Fitted
from .basis_grids import extending, refining
from .layer_grids import extended, refined
from .modules import Change, Edges, as_holder, inputs_of, layers_of, refuse_rows, size_of
from .rebuilding import changed_layers, rebuilt, refuse_sizes, sizes_per_layer

M = TypeVar("M", bound=nn.Module)


@overload
def refine(
    model: M,
    factor: int | None = None,
    *,
    grid_size: int | Sequence[int] | None = None,
    optimizer: Optimizer | None = None,
) -> M: ...
@overload
def refine(
    model: Fitted,
    factor: int | None = None,
    *,
    grid_size: int | Sequence[int] | None = None,
    optimizer: Optimizer | None = None,
) -> KAN: ...
@knows_keywords
def refine(
    model: Any,
    factor: int | None = None,
    *,
    grid_size: int | Sequence[int] | None = None,
    optimizer: Optimizer | None = None,
) -> Any:
    """The same function on a finer grid, by exact knot insertion: outputs change by round-off only.

    Args:
        model: the KAN, any module that holds layers of edges, or the result of a fit.
        factor: every layer gets so many times its intervals; 2 where nothing is given.
        grid_size: the new number of intervals, one for all layers or one per layer, in place of `factor`. A size that
            is no multiple of the old one splits the widest intervals. On another basis it is the number of functions.
        optimizer: one that trains the model. It goes on with the new one: its parameters are exchanged in place, and
            its state follows them.

    Returns:
        The new model.

    Raises:
        ConfigError: both settings, or one that is no whole number from 1 on; an optimizer that cannot go on.
        GridError: a new size below the old one.
        StructureError: no layer of edges, or one that cannot be replaced. A `GaussianLayer` cannot be refined either,
            as narrower bumps do not hold the functions of wider ones.

    Source: arXiv 2404.19756, section 2.4, with knot insertion in place of its sampled refit.

    >>> refine(KAN((2, 3, 1), grid_size=5)).layers[0].grid_size
    10
    >>> net = nn.Sequential(nn.Linear(2, 3), KANLayer(3, 1))
    >>> refine(net, optimizer=torch.optim.Adam(net.parameters()))[1].grid_size
    10
    """
    old = as_holder(model, "refine")
    layers = layers_of(old)
    if factor is not None and grid_size is not None:
        raise ConfigError("refine takes factor or grid_size, not both")
    if grid_size is None:
        factor = 2 if factor is None else factor
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 1:
            raise ConfigError(f"factor must be an integer >= 1, got {shown(factor)}")
        sizes = [size_of(layer) * factor for layer in layers]
    else:
        sizes = sizes_per_layer(layers, grid_size)
    refuse_sizes(old, layers, sizes)

    def change_of(layer: Edges, number: int) -> Change:
        size = sizes[number]
        return partial(refined, size=size) if isinstance(layer, KANLayer) else refining(layer, size)

    changes, fresh = changed_layers(old, "refine", change_of)
    return rebuilt(old, changes, fresh, Edit("refine", f"grid_size={sizes}"), optimizer)


@overload
def extend(model: M, X: Any, *, optimizer: Optimizer | None = None) -> M: ...
@overload
def extend(model: Fitted, X: Any, *, optimizer: Optimizer | None = None) -> KAN: ...
@knows_keywords
def extend(model: Any, X: Any, *, optimizer: Optimizer | None = None) -> Any:
    """Grids made longer where X overruns them; on the old input intervals a KAN stays bit-identical.

    In the new intervals a spline turns to its old tangent: its new coefficients lie on that line. It reaches the line
    after `degree` intervals. Before, a cubic spline is off by up to a fifth of its second derivative at the old end,
    times the square of an interval's width. To learn there, rather than to keep the function, is what the new intervals
    are for.

    The layers of a KAN are extended one after the other, since each sees the activations of those before it. A hidden
    grid may be overrun already by inputs inside the old intervals. It keeps that end, as the tangent beyond is part of
    the old function. In other modules every grid is extended over what reaches it now.

    Layers on other bases get a longer domain, and stay the same functions everywhere. They have more bumps or waves
    then, or another unit for the powers of quotients.

    Args:
        model: the KAN, any module that holds layers of edges, or the result of a fit.
        X (b, features): rows that the grids shall cover, of any kind that `KAN.predict` takes. For other modules: the
            tensor that it takes, or a tuple of its arguments.
        optimizer: one that trains the model; it goes on with the new one, as in `refine`.

    Returns:
        The new model.

    Raises:
        GridError: no row, numbers that are not finite, or rows so far away that `adapt` is the better tool.
        DataError: no tensor, for modules that take one.
        StructureError: no layer of edges, or one that cannot be replaced. A `ChebyshevLayer` that rows overrun cannot
            be extended either, as no polynomial goes on along tangents.
        ConfigError: an optimizer that cannot go on.

    >>> extend(KAN((1, 1), grid_size=4), [[1.4]]).layers[0].grid_size
    5
    """
    old = as_holder(model, "extend")
    ends = _kan_ends(old, X) if isinstance(old, KAN) else _module_ends(old, X)

    def change_of(layer: Edges, number: int) -> Change:
        low, high = ends[number]
        if isinstance(layer, KANLayer):
            return partial(extended, low=low, high=high)
        return extending(layer, float(low.min()), float(high.max()))

    changes, fresh = changed_layers(old, "extend", change_of)
    edit = Edit("extend", f"grid_size={[size_of(layer) for layer in fresh]}")
    return rebuilt(old, changes, fresh, edit, optimizer)


@torch.no_grad()
def _kan_ends(model: KAN, X: Any) -> list[tuple[Tensor, Tensor]]:
    """The intervals that the grids of a KAN shall cover: those of the activations, as extended layers give them."""
    x, ends = model.as_input(X), []
    a = model.scale_inputs(x)
    box = model.edge_layers[0].interval  # where the old function must not change, as seen by each layer
    for number, layer in enumerate(model.edge_layers, start=1):
        refuse_rows(a, "extend", model, number - 1, [x])
        low, high = a.amin(0), a.amax(0)
        first, last = layer.interval
        low = first if bool((box[0] < first).any()) else low
        high = last if bool((box[1] > last).any()) else high
        ends.append((low, high))
        a = model.multiply(number, extended(layer, low, high)(a))
        box = _image(model, number, layer, box)
    return ends


def _module_ends(module: nn.Module, X: Any) -> list[tuple[Tensor, Tensor]]:
    """The intervals that the grids of a module shall cover: those of what reaches them."""
    return [
        (a.amin(0), a.amax(0)) if a is not None else _ends(layer)
        for layer, a in zip(layers_of(module), inputs_of(module, X, "extend"), strict=True)
    ]


def _ends(layer: Edges) -> tuple[Tensor, Tensor]:
    """Where the grid or the domain of a layer ends: (i,) or (1,) both."""
    if isinstance(layer, KANLayer):
        return layer.interval
    low, high = torch.tensor(layer.domain, dtype=torch.float64)
    return low[None], high[None]


def grown(model: KAN, X: Any, size: int = 1) -> KAN:
    """Grids refined to at least `size` intervals, then extended over X and the activations it causes; no knot is lost.

    Hidden grids are extended even where inputs of the old intervals overrun them already: there the function changes
    until the new splines reach the old tangent, as `extend` says.

    Args:
        model: the KAN.
        X (b, features): rows that the grids shall cover.
        size: the least number of intervals.

    Raises:
        GridError: activations that are not finite, or too far away.
    """
    x, layers = model.as_input(X), []
    a = model.scale_inputs(x)
    with torch.no_grad():
        for number, layer in enumerate(model.edge_layers, start=1):
            refuse_rows(a, "fit", model, number - 1, [x])
            layers.append(extended(refined(layer, max(size, layer.grid_size)), a.amin(0), a.amax(0)))
            a = model.multiply(number, layers[-1](a))
    return model.build(layers=layers)


def reaching(model: KAN, other: KAN) -> KAN:
    """Grids extended over the intervals of those of another network of the same shape."""
    ends = [layer.interval for layer in other.edge_layers]
    return model.build(
        layers=[
            extended(layer, *(e.to(layer.knots) for e in far))
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

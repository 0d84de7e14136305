"""Changes of the grid: refine (same function, more intervals), extend (same function, wider), adapt (knots to the
data)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar, overload

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from .. import grid
from ..config import is_number, is_sequence, refuse_widths
from ..errors import ConfigError, GridError, knows_keywords, shown
from ..layers import KANLayer
from ..metadata import Edit
from ..model import KAN, Fitted
from .layer_grids import Change, extended, onto, refined, regrid
from .modules import as_holder, inputs_of, layers_of, replaced
from .optimizer_state import carry, check_optimizer

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
        model: the KAN, any module that holds KAN layers, or the result of a fit.
        factor: every layer gets so many times its intervals; 2 where nothing is given.
        grid_size: the new number of intervals, one for all layers or one per layer, in place of `factor`. A size that
            is no multiple of the old one splits the widest intervals.
        optimizer: one that trains the model. It goes on with the new one: its parameters are exchanged in place, and
            its state follows them.

    Returns:
        The new model.

    Raises:
        ConfigError: both settings, or one that is no whole number from 1 on; an optimizer that cannot go on.
        GridError: a new size below the old one.
        StructureError: no KAN layer, or one that cannot be replaced.

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
        sizes = [layer.grid_size * factor for layer in layers]
    else:
        sizes = _per_layer(layers, grid_size)
    _refuse_sizes(old, layers, sizes)
    changes: list[Change] = [partial(refined, size=size) for size in sizes]
    return _rebuilt(old, changes, Edit("refine", f"grid_size={sizes}"), optimizer)


def _per_layer(layers: Sequence[KANLayer], grid_size: int | Sequence[int]) -> list[int]:
    depth = len(layers)
    sizes: Sequence[Any] = grid_size if is_sequence(grid_size) else [grid_size] * depth
    if len(sizes) != depth or not all(
        isinstance(size, int) and not isinstance(size, bool) and size >= 1 for size in sizes
    ):
        raise ConfigError(
            f"grid_size must be an integer >= 1, or one per layer of edges ({depth}), got {shown(grid_size)}"
        )
    return list(sizes)


def _refuse_sizes(model: nn.Module, layers: Sequence[KANLayer], sizes: Sequence[int]) -> None:
    """Raise `ConfigError` for grids that this machine cannot hold."""
    if isinstance(model, KAN):
        return refuse_widths(model.config.widths, sizes, model.config.degree)
    for layer, size in zip(layers, sizes, strict=True):
        refuse_widths([(layer.in_features, ()), (layer.out_features, ())], [size], layer.degree)


def _rebuilt(
    old: nn.Module,
    changes: Sequence[Change],
    edit: Edit,
    optimizer: Optimizer | None,
    fresh: Sequence[KANLayer] | None = None,
) -> nn.Module:
    """The module with its layers changed, one change for each, and the optimizer that goes on with it.

    `fresh` are the changed layers, where they are known already.
    """
    if optimizer is not None:
        check_optimizer(optimizer, old)
    layers = layers_of(old)
    if fresh is None:
        fresh = [change(layer) for change, layer in zip(changes, layers, strict=True)]
    new = old.build(layers=fresh, edit=edit) if isinstance(old, KAN) else replaced(old, fresh, edit)
    if optimizer is not None:
        carry(optimizer, old, new, list(zip(layers, layers_of(new), changes, strict=True)))
    return new


@overload
def extend(model: M, X: Any, *, optimizer: Optimizer | None = None) -> M: ...
@overload
def extend(model: Fitted, X: Any, *, optimizer: Optimizer | None = None) -> KAN: ...
@knows_keywords
def extend(model: Any, X: Any, *, optimizer: Optimizer | None = None) -> Any:
    """Grids made longer where X overruns them; on the old input intervals a KAN stays bit-identical.

    In the new intervals a spline follows its old tangent closely: its new coefficients lie on that line. The layers of
    a KAN are extended one after the other, since each sees the activations of those before it. A hidden grid may be
    overrun already by inputs inside the old intervals. It keeps that end, as the tangent beyond is part of the old
    function. In other modules every grid is extended over what reaches it now.

    Args:
        model: the KAN, any module that holds KAN layers, or the result of a fit.
        X (b, features): rows that the grids shall cover, of any kind that `KAN.predict` takes. For other modules: the
            tensor that it takes, or a tuple of its arguments.
        optimizer: one that trains the model; it goes on with the new one, as in `refine`.

    Returns:
        The new model.

    Raises:
        GridError: no row, numbers that are not finite, or rows so far away that `adapt` is the better tool.
        DataError: no tensor, for modules that take one.
        StructureError: no KAN layer, or one that cannot be replaced.
        ConfigError: an optimizer that cannot go on.

    >>> extend(KAN((1, 1), grid_size=4), [[1.4]]).layers[0].grid_size
    5
    """
    old = as_holder(model, "extend")
    ends = _kan_ends(old, X) if isinstance(old, KAN) else _module_ends(old, X)
    changes: list[Change] = [partial(extended, low=low, high=high) for low, high in ends]
    with torch.no_grad():
        fresh = [change(layer) for change, layer in zip(changes, layers_of(old), strict=True)]
    edit = Edit("extend", f"grid_size={[layer.grid_size for layer in fresh]}")
    return _rebuilt(old, changes, edit, optimizer, fresh)


@torch.no_grad()
def _kan_ends(model: KAN, X: Any) -> list[tuple[Tensor, Tensor]]:
    """The intervals that the grids of a KAN shall cover: those of the activations, as extended layers give them."""
    a, ends = model.scale_inputs(model.as_input(X)), []
    box = model.edge_layers[0].interval  # where the old function must not change, as seen by each layer
    for number, layer in enumerate(model.edge_layers, start=1):
        low, high = _range(a, "extend")
        first, last = layer.interval
        low = first if bool((box[0] < first).any()) else low
        high = last if bool((box[1] > last).any()) else high
        ends.append((low, high))
        a = model.multiply(number, extended(layer, low, high)(a))
        box = _image(model, number, layer, box)
    return ends


def _module_ends(module: nn.Module, X: Any) -> list[tuple[Tensor, Tensor]]:
    """The intervals that the grids of a module shall cover: those of what reaches them."""
    seen = zip(layers_of(module), inputs_of(module, X), strict=True)
    return [layer.interval if a is None else _range(a, "extend") for layer, a in seen]


def grown(model: KAN, X: Any, size: int = 1) -> KAN:
    """Grids refined to at least `size` intervals, then extended over X and the activations it causes; no knot is lost.

    Hidden grids are extended even where inputs of the old intervals overrun them already: the new splines follow the
    old tangent closely, no more.

    Args:
        model: the KAN.
        X (b, features): rows that the grids shall cover.
        size: the least number of intervals.

    Raises:
        GridError: activations that are not finite, or too far away.
    """
    a, layers = model.scale_inputs(model.as_input(X)), []
    with torch.no_grad():
        for number, layer in enumerate(model.edge_layers, start=1):
            low, high = _range(a, "fit")
            layers.append(extended(refined(layer, max(size, layer.grid_size)), low, high))
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


def _range(a: Tensor, verb: str) -> tuple[Tensor, Tensor]:
    if a.shape[0] == 0 or not bool(torch.isfinite(a).all()):
        got = "no row" if a.shape[0] == 0 else "NaN or infinite values"
        raise GridError(f"{verb} needs at least one row of X and finite values throughout, got {got}")
    return a.amin(0), a.amax(0)


@overload
def adapt(
    model: M,
    X: Any,
    *,
    grid_size: int | Sequence[int] | None = None,
    quantile: float = 0.0,
    margin: float = 0.0,
    optimizer: Optimizer | None = None,
) -> M: ...
@overload
def adapt(
    model: Fitted,
    X: Any,
    *,
    grid_size: int | Sequence[int] | None = None,
    quantile: float = 0.0,
    margin: float = 0.0,
    optimizer: Optimizer | None = None,
) -> KAN: ...
@knows_keywords
def adapt(
    model: Any,
    X: Any,
    *,
    grid_size: int | Sequence[int] | None = None,
    quantile: float = 0.0,
    margin: float = 0.0,
    optimizer: Optimizer | None = None,
) -> Any:
    """Knots moved to the range of X and of the activations it causes; every edge is refitted to its old function there.

    The refit is least squares at fixed points of each interval, so it does not depend on where the rows lie. Its
    largest error, relative to the largest value of the layer, stands in the last edit's detail of a KAN.

    Args:
        model: the KAN, any module that holds KAN layers, or the result of a fit.
        X (b, features): the rows whose range counts, of any kind that `KAN.predict` takes. For other modules: the
            tensor that it takes, or a tuple of its arguments.
        grid_size: the new number of intervals, one for all layers or one per layer; the old one by default.
        quantile (0 to 1): 0 spaces knots evenly, 1 puts equal numbers of rows between them.
        margin: the part of the range by which the grid is longer on either side.
        optimizer: one that trains the model; it goes on with the new one, as in `refine`.

    Returns:
        The new model.

    Raises:
        ConfigError: a setting outside its range; an optimizer that cannot go on.
        GridError: no row, or numbers that are not finite.
        DataError: no tensor, for modules that take one.
        StructureError: no KAN layer, or one that cannot be replaced.

    >>> adapt(KAN((1, 1)), 3 * torch.rand(50, 1, dtype=torch.float64)).edits[-1].action
    'adapt'
    """
    old = as_holder(model, "adapt")
    layers = layers_of(old)
    if not all(map(is_number, (quantile, margin))) or not 0 <= quantile <= 1 or margin < 0:
        raise ConfigError(
            f"adapt needs 0 <= quantile <= 1 and margin >= 0, got quantile={shown(quantile)}, margin={shown(margin)}"
        )
    sizes = [layer.grid_size for layer in layers] if grid_size is None else _per_layer(layers, grid_size)
    _refuse_sizes(old, layers, sizes)
    kan = old if isinstance(old, KAN) else None
    seen = [None] * len(layers) if kan else inputs_of(old, X)
    rows: Any = kan.scale_inputs(kan.as_input(X)) if kan else None
    fresh, changes, errors = [], [], []
    with torch.no_grad():
        for number, (layer, size) in enumerate(zip(layers, sizes, strict=True)):
            rows = rows if kan else seen[number]
            knots = layer.knots
            if rows is not None:
                _range(rows, "adapt")
                knots = grid.from_samples(rows, size, layer.degree, quantile=float(quantile), margin=float(margin))
            changes.append(partial(onto, knots=knots))
            made, error = regrid(layer, knots)
            fresh.append(made)
            errors.append(error)
            rows = kan.multiply(number + 1, made(rows)) if kan else None
    residual = ", ".join(f"{error:.2g}" for error in errors)
    edit = Edit("adapt", f"grid_size={sizes}; residual per layer: {residual}")
    return _rebuilt(old, changes, edit, optimizer, fresh)

"""adapt: knots, or the domain of another basis, moved to the data, and every edge refitted."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar, overload

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from .. import knots_by_samples
from ..config import is_number
from ..errors import ConfigError, EdgewiseWarning, few, knows_keywords, shown
from ..layers import KANLayer
from ..metadata import Edit
from ..model import KAN, Fitted
from .basis_grids import refitting, unchanged
from .layer_grids import onto, regrid
from .modules import Change, Edges, as_holder, inputs_of, layers_of, named_layers, refuse_rows, size_of
from .rebuilding import for_each_layer, rebuilt, refuse_sizes, sizes_per_layer

M = TypeVar("M", bound=nn.Module)
TOLD = 0.01  # relative change of an edge, as one sees it in a picture, from which a refit of another basis warns


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
    largest error, relative to the largest value of the layer, stands in the last edit's detail of a KAN. A layer on
    another basis gets one domain for all its inputs; where its functions change by more than 1 %, a warning says so.

    Args:
        model: the KAN, any module that holds layers of edges, or the result of a fit.
        X (b, features): the rows whose range counts, of any kind that `KAN.predict` takes. For other modules: the
            tensor that it takes, or a tuple of its arguments.
        grid_size: the new number of intervals, or of other basis functions, one for all layers or one per layer; the
            old one by default.
        quantile (0 to 1): 0 spaces knots evenly, 1 puts equal numbers of rows between them. Other bases have no knots.
        margin: the part of the range by which the grid is longer on either side.
        optimizer: one that trains the model; it goes on with the new one, as in `refine`.

    Returns:
        The new model.

    Raises:
        ConfigError: a setting outside its range; an optimizer that cannot go on.
        GridError: no row, or numbers that are not finite.
        DataError: no tensor, for modules that take one.
        StructureError: no layer of edges, or one that cannot be replaced.

    Warns:
        EdgewiseWarning: the functions of another basis changed by more than 1 %.

    >>> adapt(KAN((1, 1)), 3 * torch.rand(50, 1, dtype=torch.float64)).edits[-1].action
    'adapt'
    """
    old = as_holder(model, "adapt")
    layers = layers_of(old)
    if not all(map(is_number, (quantile, margin))) or not 0 <= quantile <= 1 or margin < 0:
        raise ConfigError(
            f"adapt needs 0 <= quantile <= 1 and margin >= 0, got quantile={shown(quantile)}, margin={shown(margin)}"
        )
    sizes = [size_of(layer) for layer in layers] if grid_size is None else sizes_per_layer(layers, grid_size)
    refuse_sizes(old, layers, sizes)
    way = {"quantile": float(quantile), "margin": float(margin)}
    if isinstance(old, KAN):
        made = _kan_refits(old, X, sizes, way)
    else:
        seen = inputs_of(old, X, "adapt")
        made = for_each_layer(old, "adapt", lambda layer, number: _refit(layer, seen[number], sizes[number], **way))
    changes, fresh, errors = zip(*made, strict=True)
    _tell_errors(old, errors)
    residual = ", ".join(f"{error:.2g}" for error in errors)
    edit = Edit("adapt", f"grid_size={sizes}; residual per layer: {residual}")
    return rebuilt(old, changes, fresh, edit, optimizer)


@torch.no_grad()
def _kan_refits(model: KAN, X: Any, sizes: Sequence[int], way: dict[str, float]) -> list[tuple[Change, Edges, float]]:
    """The refits of a KAN's layers, each to what the refitted ones before it give."""
    x, found = model.as_input(X), []
    rows = model.scale_inputs(x)
    for number, (layer, size) in enumerate(zip(model.edge_layers, sizes, strict=True), start=1):
        refuse_rows(rows, "adapt", model, number - 1, [x])
        found.append(_refit(layer, rows, size, **way))
        rows = model.multiply(number, found[-1][1](rows))
    return found


def _refit(layer: Edges, rows: Tensor | None, size: int, quantile: float, margin: float) -> tuple[Change, Edges, float]:
    """How a layer changes to cover rows (b, i), None for those that it covers now; the new layer, and its error."""
    if not isinstance(layer, KANLayer):
        if rows is None:
            change, error = unchanged(layer), 0.0
        else:
            change, error = refitting(layer, float(rows.min()), float(rows.max()), size, margin)
        return change, change(layer), error
    knots = layer.knots
    if rows is not None:
        knots = knots_by_samples.from_samples(rows, size, layer.degree, quantile=quantile, margin=margin)
    made, error = regrid(layer, knots)
    return partial(onto, knots=knots), made, error


def _tell_errors(module: nn.Module, errors: Sequence[float]) -> None:
    """Warn of other bases whose functions a refit has changed visibly."""
    told = [
        f"{name or 'the layer'} ({type(layer).__name__}) by {100 * error:.2g} %"
        for (name, layer), error in zip(named_layers(module), errors, strict=True)
        if not isinstance(layer, KANLayer) and error > TOLD
    ]
    if told:
        warnings.warn(
            EdgewiseWarning(
                f"adapt changed functions, relative to the largest value: {few(told)}; a larger grid_size=, or a"
                " margin= beside bumps, follows them more closely"
            ),
            stacklevel=4,  # past this, adapt and what checks its keywords
        )

"""What refine, extend and adapt share: one size for each layer, one change for each, and the module that holds the
changed ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer

from ..config import is_sequence, refuse_widths
from ..errors import ConfigError, GridError, StructureError, shown
from ..layers import KANLayer
from ..limits import layer_bytes, refuse_too_large
from ..metadata import Edit
from ..model import KAN
from .modules import Edges, layers_of, named_layers, replaced
from .optimizer_state import carry, check_optimizer

Change = Callable[[Any], Any]  # what makes of a layer the same layer on another grid, or another basis


def each(module: nn.Module, verb: str, make: Callable[[Edges, int], Any]) -> list[Any]:
    """What is made of each layer of edges and its number. An error about another basis names the layer."""
    found = []
    for number, (name, layer) in enumerate(named_layers(module)):
        try:
            found.append(make(layer, number))
        except (StructureError, GridError) as error:
            if isinstance(layer, KANLayer):
                raise
            where = name or "the layer"
            raise type(error)(f"{verb} cannot change {where}, a {type(layer).__name__}: {error}") from error
    return found


def per_layer(layers: Sequence[Edges], grid_size: int | Sequence[int]) -> list[int]:
    """The size for each layer. Raises `ConfigError` for what is none."""
    depth = len(layers)
    sizes: Sequence[Any] = grid_size if is_sequence(grid_size) else [grid_size] * depth
    if len(sizes) != depth or not all(
        isinstance(size, int) and not isinstance(size, bool) and size >= 1 for size in sizes
    ):
        raise ConfigError(
            f"grid_size must be an integer >= 1, or one per layer of edges ({depth}), got {shown(grid_size)}"
        )
    return list(sizes)


def refuse_sizes(model: nn.Module, layers: Sequence[Edges], sizes: Sequence[int]) -> None:
    """Raise `ConfigError` for grids that this machine cannot hold."""
    if isinstance(model, KAN):
        return refuse_widths(model.config.widths, sizes, model.config.degree)
    for layer, size in zip(layers, sizes, strict=True):
        if isinstance(layer, KANLayer):
            refuse_widths([(layer.in_features, ()), (layer.out_features, ())], [size], layer.degree)
        else:
            needed = layer_bytes(layer.in_features, layer.out_features, size, 0)
            refuse_too_large(f"grid_size={shown(size)}", needed, "take fewer basis functions")


def rebuilt(
    old: nn.Module,
    changes: Sequence[Change],
    edit: Edit,
    optimizer: Optimizer | None,
    fresh: Sequence[Any] | None = None,
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

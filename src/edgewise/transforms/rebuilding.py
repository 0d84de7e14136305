"""What refine, extend and adapt share: one size for each layer, one change for each, and the module that holds the
changed ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from ..config import is_count, is_sequence, refuse_widths
from ..errors import ConfigError, GridError, StructureError, shown
from ..layers import KANLayer
from ..limits import layer_bytes, refuse_too_large
from ..metadata import Edit
from ..model import KAN
from .modules import Change, Edges, layers_of, named_layers, replaced
from .optimizer_state import carry, check_optimizer


@torch.no_grad()
def for_each_layer(module: nn.Module, verb: str, make: Callable[[Edges, int], Any]) -> list[Any]:
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


def changed_layers(
    module: nn.Module, verb: str, change_of: Callable[[Edges, int], Change]
) -> tuple[list[Change], list[Edges]]:
    """The change for each layer of edges and its number, and the layers that they make."""

    def make(layer: Edges, number: int) -> tuple[Change, Edges]:
        change = change_of(layer, number)
        return change, change(layer)

    changes, fresh = zip(*for_each_layer(module, verb, make), strict=True)
    return list(changes), list(fresh)


def sizes_per_layer(layers: Sequence[Edges], grid_size: int | Sequence[int]) -> list[int]:
    """The size for each layer. Raises `ConfigError` for what is none."""
    depth = len(layers)
    sizes: Sequence[Any] = grid_size if is_sequence(grid_size) else [grid_size] * depth
    if len(sizes) != depth or not all(is_count(size, 1) for size in sizes):
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
    fresh: Sequence[Any],
    edit: Edit,
    optimizer: Optimizer | None,
) -> nn.Module:
    """The module with a fresh layer for each, which a change has made of it, and the optimizer that goes on with it."""
    if optimizer is not None:
        check_optimizer(optimizer, old)
    new = old.build(layers=fresh, edit=edit) if isinstance(old, KAN) else replaced(old, fresh, edit)
    if optimizer is not None:
        carry(optimizer, old, new, list(zip(layers_of(old), layers_of(new), changes, strict=True)))
    return new

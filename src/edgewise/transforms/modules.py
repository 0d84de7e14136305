"""Any module that holds layers of edges: which they are, what reaches them, and a copy in which they are replaced."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from ..devices import is_shard
from ..errors import DataError, GridError, StructureError, few, shown
from ..layers import KANLayer
from ..metadata import Edit
from ..model import KAN, as_kan
from ..nn.basis_layer import BasisLayer

Edges = KANLayer | BasisLayer  # the layers that a grid, or a basis, belongs to
HOOKS = (  # of torch.nn.utils: what a layer under one is, and what takes it away
    (BasePruningMethod, "is pruned", "prune.remove"),
    (WeightNorm, "has a weight norm", "remove_weight_norm"),
    (SpectralNorm, "has a spectral norm", "remove_spectral_norm"),
)
Change = Callable[[Any], Any]  # what makes of one of them the same layer on another grid, or another basis


def as_holder(model: Any, what: str) -> nn.Module:
    """The module itself, or the one that the result of a fit holds; it holds layers of edges that can be replaced.

    Args:
        model: a KAN, a module with layers of edges (`Edges`) anywhere inside, or what has one of them as `.model`.
        what: the verb that was called, for the message.

    Raises:
        StructureError: no layer of edges, or one that cannot be replaced without others knowing.

    >>> as_holder(nn.Sequential(nn.Linear(2, 3), KANLayer(3, 1)), "refine")[0]
    Linear(in_features=2, out_features=3, bias=True)
    """
    held = model if isinstance(model, nn.Module) else getattr(model, "model", model)
    if isinstance(held, KAN) or not isinstance(held, nn.Module):
        return as_kan(held, what)
    if not layers_of(held):
        raise StructureError(
            f"{what} takes an edgewise.KAN, got {type(held).__name__}; a module that holds edgewise.KANLayer will do"
        )
    wrong = [f"{name or 'the layer'} {fault}" for name, layer in named_layers(held) if (fault := _fault(layer))]
    wrong += [f"{name} is held by two modules" for name in _tied(held)]
    if wrong:
        raise StructureError(f"{what} cannot make new layers in the place of these: {few(wrong)}")
    return held


def named_layers(module: nn.Module) -> Iterator[tuple[str, Edges]]:
    """The layers of edges in a module with their names, each once."""
    return ((name, part) for name, part in module.named_modules() if isinstance(part, Edges))


def layers_of(module: nn.Module) -> list[Edges]:
    """The layers of edges in a module, each once; those of a KAN from first to last."""
    return [layer for _, layer in named_layers(module)]


def size_of(layer: Edges) -> int:
    """Intervals of a grid, or functions of another basis."""
    return layer.grid_size if isinstance(layer, KANLayer) else layer.num_basis


def _fault(layer: Edges) -> str:
    """What keeps a layer from being made anew, in words."""
    if is_parametrized(layer):
        return "is parametrized; torch.nn.utils.parametrize.remove_parametrizations makes it plain"
    for hook in layer._forward_pre_hooks.values():  # each keeps a parameter as a plain attribute, made from others
        for kind, words, way in HOOKS:
            if isinstance(hook, kind):
                return f"{words}; torch.nn.utils.{way} makes it plain"
    if type(layer).__init__ not in (KANLayer.__init__, BasisLayer.__init__):
        return f"is a {type(layer).__name__}, whose own __init__ a new layer would not go through"
    if is_shard(layer.coef):
        return "is sharded over processes; change it before fully_shard"
    return "is on the device 'meta', which holds no values" if layer.coef.is_meta else ""


def _tied(module: nn.Module) -> list[str]:
    """Parameters of these layers that another module holds as well: in a copy they would part without a word."""
    holders: dict[int, int] = {}
    for part in module.modules():
        for p in part.parameters(recurse=False):
            holders[id(p)] = holders.get(id(p), 0) + 1
    return [
        f"{name}.{own}".lstrip(".")
        for name, layer in named_layers(module)
        for own, p in layer.named_parameters(recurse=False)
        if holders[id(p)] > 1
    ]


def replaced(module: nn.Module, fresh: Sequence[Edges], edit: Edit) -> nn.Module:
    """A copy of the module with other layers of edges, in the order of `layers_of`, which become its own.

    A layer that stands in several places does so in the copy. What is frozen stays so. A KAN inside notes the edit.
    """
    layers, memo = layers_of(module), {}
    for old, new in zip(layers, fresh, strict=True):
        if isinstance(old, KANLayer) and isinstance(new, KANLayer) and type(old) is not KANLayer:
            new = type(old).build(**new.parts())
        for name, p in old.named_parameters():
            getattr(new, name).requires_grad_(p.requires_grad)
        memo[id(old)] = new.train(old.training)
    held = copy.deepcopy(module, memo)
    for part in held.modules():
        if isinstance(part, KAN):
            sizes = tuple(layer.grid_size for layer in part.edge_layers)
            part.config = replace(part.config, grid_size=sizes)
            part.edits = (*part.edits, edit)
    return held


def inputs_of(module: nn.Module, X: Any, what: str) -> list[Tensor | None]:
    """What reaches each layer of edges (rows, i) in the order of `layers_of`, or None where nothing does.

    The module is called once, on a copy in evaluation mode, so that neither dropout nor running means take part.

    Args:
        module: any module.
        X: the tensor that it takes, or a tuple of its positional arguments.
        what: the verb that was called, for the message.

    Raises:
        DataError: something else.
        GridError: no row reaches a layer, or numbers that are not finite.
    """
    arguments = X if isinstance(X, tuple) else (X,)
    if not arguments or not all(isinstance(x, Tensor) for x in arguments):
        raise DataError(
            f"X must be the tensor that the module takes, or a tuple of such tensors, got {shown(X)}; for tables and"
            " arrays use torch.as_tensor"
        )
    probe = copy.deepcopy(module).eval()
    layers = layers_of(probe)
    seen: dict[int, list[Tensor]] = {id(layer): [] for layer in layers}

    def note(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        seen[id(layer)].append(given[0].detach().reshape(-1, given[0].shape[-1]))

    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    with torch.no_grad():
        probe(*arguments)
    for hook in hooks:
        hook.remove()
    found = [torch.cat(rows).to(layer.coef) if (rows := seen[id(layer)]) else None for layer in layers]
    for number, rows in enumerate(found):
        if rows is not None:
            refuse_rows(rows, what, module, number, arguments)
    return found


def refuse_rows(rows: Tensor, what: str, module: nn.Module, number: int, given: Sequence[Tensor]) -> None:
    """Raise `GridError` for rows over which no grid can lie, as there is none, or numbers are not finite.

    Args:
        rows (b, i): what reaches a layer.
        what: the verb that was called, for the message.
        module: the whole one.
        number: of the layer, from 0, in the order of `layers_of`.
        given: the tensors that the module was called with.
    """
    needed = f"{what} needs at least one row of X and finite values throughout, got"
    if rows.shape[0] == 0:
        raise GridError(f"{needed} no row")
    if bool(rows.isfinite().all()):
        return
    if not all(bool(x.isfinite().all()) for x in given):
        raise GridError(f"{needed} NaN or infinite values")
    name, layer = list(named_layers(module))[number]
    place = f"{what} needs finite activations; those that reach {name or 'the layer'} ({type(layer).__name__})"
    if broken := [key for key, p in module.named_parameters() if not bool(p.isfinite().all())]:
        raise GridError(f"{place} are not, as parameters are NaN or infinite: {few(broken)}; make these anew")
    wider = "" if rows.dtype == torch.float64 else ", or the model in torch.float64, by .double()"
    raise GridError(f"{place} overflow {rows.dtype}, though X is finite; take rows that lie nearer{wider}")

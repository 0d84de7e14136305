"""A network of pykan as it is: its tensors, checked against each other, and the words beside them.

Letters: i input node, j basis function, o subnode, t knot. Source: pykan 0.2.8, kan/MultKAN.py and kan/KANLayer.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..config import is_int
from ..devices import unreadable
from ..errors import CheckpointError, clipped, few, problems, shown
from .flat_yaml import Unread

NODES = ("node_scale", "node_bias", "subnode_scale", "subnode_bias")
SPLINES = ("grid", "coef", "mask", "scale_base", "scale_sp")
SYMBOLS = ("mask", "affine")
BASES = {"silu": "silu", "SiLU": "silu", "identity": "identity", "Identity": "identity", "zero": "none"}
MOST = 8  # faults in one message


@dataclass(frozen=True)
class PykanLayer:
    """A layer of edges and the nodes behind it.

    grid (i, t); coef (i, o, j); mask, scale_base, scale_sp (i, o); symbolic_mask (o, i); affine (o, i, 4): a, b, c, d;
    names (o, i): of closed forms, empty where there are none; node_scale, node_bias (nodes,); subnode_scale,
    subnode_bias (o,); arities: how many subnodes each product multiplies.
    """

    grid: Tensor
    coef: Tensor
    mask: Tensor
    scale_base: Tensor
    scale_sp: Tensor
    symbolic_mask: Tensor
    affine: Tensor
    names: Sequence[Sequence[Any]]
    node_scale: Tensor
    node_bias: Tensor
    subnode_scale: Tensor
    subnode_bias: Tensor
    arities: tuple[int, ...]

    @property
    def degree(self) -> int:
        """Of the splines: there are `degree + 1` knots more than basis functions."""
        return self.grid.shape[1] - self.coef.shape[2] - 1

    @property
    def width(self) -> tuple[int, tuple[int, ...]]:
        """(sums, factors of the products) of the nodes behind the edges."""
        return len(self.node_scale) - len(self.arities), self.arities


@dataclass(frozen=True)
class PykanNetwork:
    """All of a network. base: "silu", "identity" or "none". columns: of the rows that it reads, where that is known."""

    layers: tuple[PykanLayer, ...]
    base: str
    columns: tuple[int, ...] | None = None


def record_of(settings: Mapping[str, Any], state: Mapping[str, Tensor], columns: Any = None) -> PykanNetwork:
    """The record of these settings and tensors.

    Args:
        settings: entries as pykan writes them; needed are base_fun_name and mult_arity, and the names of closed forms.
        state: tensors by their names in pykan.
        columns: that the network reads, where that is known.

    Raises:
        CheckpointError: what is missing or does not belong together.
    """
    depth = sum(name.startswith("node_scale_") for name in state)
    if any(name.startswith("biases.") for name in state) or not depth and "act_fun.0.coef" in state:
        raise CheckpointError("the tensors are those of pykan 0.0 or 0.1; load and save the model with pykan 0.2 first")
    wanted = _names(max(depth, 1))
    missing, strange = sorted(wanted - state.keys()), sorted(state.keys() - wanted)
    problems(
        [f"the tensors {few(missing)} are missing"] * bool(missing)
        + [f"the tensors {few([*map(shown, strange)])} do not belong there"] * bool(strange),
        CheckpointError,
    )
    tensors = {name: _plain(name, state[name]) for name in sorted(wanted)}
    layers = tuple(_layer(settings, tensors, number) for number in range(depth))
    found = list(_faults(layers, settings))
    problems(found[:MOST], CheckpointError)
    return PykanNetwork(layers, _base(settings.get("base_fun_name"), layers), columns)


def _names(depth: int) -> set[str]:
    return {
        name
        for number in range(depth)
        for name in (
            *(f"{one}_{number}" for one in NODES),
            *(f"act_fun.{number}.{one}" for one in SPLINES),
            *(f"symbolic_fun.{number}.{one}" for one in SYMBOLS),
        )
    }


def _plain(name: str, value: Any) -> Tensor:
    """A tensor that can be read, detached. Raises `CheckpointError` for anything else."""
    if not isinstance(value, Tensor):
        raise CheckpointError(f"{name} is a {type(value).__name__}, wanted a tensor")
    if fault := unreadable(value):
        raise CheckpointError(f"{name} is a tensor that is {fault}")
    if not value.is_floating_point():
        raise CheckpointError(f"{name} is {value.dtype}, wanted numbers with a point")
    if not value.ndim:
        raise CheckpointError(f"{name} has shape (), a single number, wanted one axis at least")
    return value.detach().cpu()


def _layer(settings: Mapping[str, Any], tensors: Mapping[str, Tensor], number: int) -> PykanLayer:
    splines = {name: tensors[f"act_fun.{number}.{name}"] for name in SPLINES}
    nodes = {name: tensors[f"{name}_{number}"] for name in NODES}
    enabled = settings.get("symbolic_enabled", True) is not False
    mask = tensors[f"symbolic_fun.{number}.mask"]
    names = settings.get(f"symbolic.funs_name.{number}")
    return PykanLayer(
        **splines,
        **nodes,
        symbolic_mask=mask if enabled else torch.zeros_like(mask),
        affine=tensors[f"symbolic_fun.{number}.affine"],
        names=names if isinstance(names, list) and all(isinstance(row, list) for row in names) else [],
        arities=_arities(settings.get("mult_arity", 2), nodes, number),
    )


def _arities(told: Any, nodes: Mapping[str, Tensor], number: int) -> tuple[int, ...]:
    """How many subnodes each product behind layer `number` multiplies. Where all have as many, the number of products
    is that which the numbers of nodes and subnodes leave."""
    more = nodes["subnode_scale"].numel() - nodes["node_scale"].numel()
    if is_int(told) and told >= 2:
        if more % (told - 1):
            raise CheckpointError(f"layer {number} has {more} subnodes more than nodes, no multiple of {told - 1}")
        return (int(told),) * (more // (told - 1))
    listed = told[number + 1] if isinstance(told, list) and len(told) > number + 1 else None
    if not isinstance(listed, list) or not all(is_int(arity) and arity >= 2 for arity in listed):
        raise CheckpointError(
            f"mult_arity must be a number >= 2, or a list of such for every layer of nodes, got {_told(told)}"
        )
    return tuple(map(int, listed))


def _faults(layers: Sequence[PykanLayer], settings: Mapping[str, Any]) -> Iterator[str]:
    """What does not belong together, in words."""
    inputs = layers[0].grid.shape[0] if layers[0].grid.ndim else 0
    for number, layer in enumerate(layers):
        i, o, nodes = inputs, layer.subnode_scale.numel(), layer.node_scale.numel()
        j = layer.coef.shape[-1] if layer.coef.ndim else 0
        t = layer.grid.shape[-1] if layer.grid.ndim else 0
        shapes = {
            "grid": (i, t),
            "coef": (i, o, j),
            "mask": (i, o),
            "scale_base": (i, o),
            "scale_sp": (i, o),
            "symbolic_mask": (o, i),
            "affine": (o, i, 4),
            "node_scale": (nodes,),
            "node_bias": (nodes,),
            "subnode_scale": (o,),
            "subnode_bias": (o,),
        }
        wrong = [name for name, shape in shapes.items() if tuple(getattr(layer, name).shape) != shape]
        yield from (
            f"{name} of layer {number} has shape {tuple(getattr(layer, name).shape)}, wanted {shapes[name]}"
            for name in wrong
        )
        if not wrong:
            yield from _layer_faults(layer, number)
        inputs = nodes
    yield from _width_faults(layers, settings.get("width"))


def _layer_faults(layer: PykanLayer, number: int) -> Iterator[str]:
    sums, arities = layer.width
    basis, degree = layer.coef.shape[2], layer.degree
    if not layer.coef.numel() or sums < 0 or sums + sum(arities) != len(layer.subnode_scale):
        counts = f"{len(layer.node_scale)} nodes and {len(layer.subnode_scale)} subnodes"
        yield f"layer {number} has {counts}, which is no number of sums and products"
    if not 1 <= degree < basis:
        yield f"layer {number} has {layer.grid.shape[1]} knots for {basis} basis functions, which is no degree"
    for name in ("grid", "coef", "mask", "scale_base", "scale_sp", "symbolic_mask", "affine", *NODES):
        if not bool(torch.isfinite(getattr(layer, name)).all()):
            yield f"{name} of layer {number} holds numbers that are not finite"
    flat = (layer.grid.diff(dim=1) <= 0).nonzero()
    if len(flat):
        node, at = flat[0].tolist()
        yield f"knots {at} and {at + 1} of input {node} of layer {number} do not increase, as of a constant column"


def _width_faults(layers: Sequence[PykanLayer], width: Any) -> Iterator[str]:
    """Where the numbers of nodes that the settings tell are others than those of the tensors; what is no plain number,
    such as numpy's, is let be."""
    found = [[layers[0].grid.shape[0], 0], *([sums, len(arities)] for sums, arities in (one.width for one in layers))]
    plain = isinstance(width, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(map(is_int, pair)) for pair in width
    )
    if plain and width != found:
        yield f"width is {shown(width)} in the settings, but {shown(found)} by the tensors"


def _base(told: Any, layers: Sequence[PykanLayer]) -> str:
    """Our name of the base function; "none" where no edge has a share of it."""
    if not any(bool((layer.mask * layer.scale_base).any()) for layer in layers):
        return "none"
    name = told if isinstance(told, str) else told.what if isinstance(told, Unread) else type(told).__name__
    base = BASES.get(name.rpartition(".")[2])
    if base is None:
        raise CheckpointError(
            f"the base function {clipped(_told(told), 60)} is none of silu, identity and zero, which are known here"
        )
    return base


def _told(value: Any) -> str:
    return value.what if isinstance(value, Unread) else shown(value)

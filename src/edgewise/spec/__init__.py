"""The description of a model: all of it that is no tensor, as plain JSON values, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import Tensor

from ..layers import KANLayer
from ..model import KAN
from .description import Description
from .overflow import refuse_overflow
from .tensors import check_tensors

SCALING = ("input_shift", "input_scale", "output_shift", "output_scale")


def spec_of(model: KAN) -> dict[str, Any]:
    """The description of a model; `from_spec` makes an equal one of it and the state dict.

    >>> spec_of(KAN((2, 3, 1)))["config"]["widths"]
    ((2, ()), (3, ()), (1, ()))
    """
    return asdict(Description.of(model))


def check(spec: Any, state: Mapping[str, Tensor]) -> Description:
    """The description as checked values. Raises `CheckpointError` unless it and the tensors form a model that works.

    Every field has its type and range, the fields agree, and every tensor has the dtype, shape and kind of values that
    the fields ask for. Nothing is made of the size that a field claims before the tensors show it.

    >>> model = KAN((2, 3, 1))
    >>> check(spec_of(model), model.state_dict()).topology == model.topology
    True
    """
    described = Description.read(spec)
    check_tensors(described, state)
    return described


def from_spec(spec: Any, state: Mapping[str, Tensor]) -> KAN:
    """The model of this description.

    Args:
        spec: what `spec_of` gave, tuples as lists where it went through JSON.
        state: the tensors by their names, as in `model.state_dict()`; they are copied.

    Raises:
        CheckpointError: the two do not form a model that works, see `check` and `refuse_overflow`.

    >>> model = KAN((2, 3, 1))
    >>> from_spec(spec_of(model), model.state_dict()).topology == model.topology
    True
    """
    described = check(spec, state)
    layers = []
    for number, layer in enumerate(described.layers):
        names = ("knots", "coef", "bias", "kind", "base_scale", "affine")
        tensors: dict[str, Any] = {name: state.get(f"layers.{number}.{name}") for name in names}
        layers.append(KANLayer.build(**vars(layer), **tensors))
    scaling = [state[name].clone() for name in SCALING]
    model = KAN.assemble(described.config, described.topology, layers, scaling, described.metadata, described.edits)
    refuse_overflow(model)
    return model

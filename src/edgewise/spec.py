"""The description of a model: all of it that is no tensor, as plain JSON values, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import Tensor

from .config import KANConfig
from .errors import CheckpointError
from .layers import KANLayer, SymbolicEdge
from .metadata import Edit, Metadata
from .model import KAN
from .topology import Topology

SCALING = ("input_shift", "input_scale", "output_shift", "output_scale")


def spec_of(model: KAN) -> dict[str, Any]:
    """The description of a model; `from_spec` makes an equal one of it and the state dict.

    >>> spec_of(KAN((2, 3, 1)))["config"]["widths"]
    ((2, ()), (3, ()), (1, ()))
    """
    return {
        "config": asdict(model.config),
        "topology": asdict(model.topology),
        "layers": [
            {
                "degree": layer.degree,
                "base": layer.base,
                "uniform": layer.uniform,
                "symbolic": [list(edge) for edge in layer.symbolic],
            }
            for layer in model.edge_layers
        ],
        "metadata": asdict(model.metadata),
        "edits": [asdict(edit) for edit in model.edits],
    }


def from_spec(spec: Mapping[str, Any], state: Mapping[str, Tensor]) -> KAN:
    """The model of this description.

    Args:
        spec: what `spec_of` gave, tuples as lists where it went through JSON.
        state: the tensors by their names, as in `model.state_dict()`; they are copied.

    Raises:
        CheckpointError: the two do not form a model.

    >>> model = KAN((2, 3, 1))
    >>> from_spec(spec_of(model), model.state_dict()).topology == model.topology
    True
    """
    try:
        config = KANConfig.create(**{name: _tuples(value) for name, value in spec["config"].items()})
        ids, factors = (_tuples(spec["topology"][name]) for name in ("node_ids", "factors"))
        topology = Topology(spec["topology"]["features"], ids, factors)
        layers = [_layer(entry, state, number) for number, entry in enumerate(spec["layers"])]
        scaling = [state[name].clone() for name in SCALING]
        _check_sizes(topology, layers, scaling)
        notes: dict[str, Any] = {
            name: value if isinstance(value, str) else _tuples(value) for name, value in spec["metadata"].items()
        }
        edits = tuple(Edit(**entry) for entry in spec["edits"])
        return KAN.assemble(config, topology, layers, scaling, Metadata(**notes), edits)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
        raise CheckpointError(
            f"the description and the tensors do not form a model: {type(error).__name__}: {error}"
        ) from error


def _layer(entry: Mapping[str, Any], state: Mapping[str, Tensor], number: int) -> KANLayer:
    tensors: dict[str, Any] = {name: state[f"layers.{number}.{name}"] for name in ("knots", "coef", "bias", "kind")}
    tensors |= {name: state.get(f"layers.{number}.{name}") for name in ("base_scale", "affine")}
    return KANLayer.build(
        degree=entry["degree"],
        base=entry["base"],
        uniform=entry["uniform"],
        symbolic=[SymbolicEdge(*edge) for edge in entry["symbolic"]],
        **tensors,
    )


def _check_sizes(topology: Topology, layers: list[KANLayer], scaling: list[Tensor]) -> None:
    """Raise `ValueError` unless layers and scaling have the sizes of the topology."""
    wanted = [(len(topology.node_ids[k]), len(topology.subnode_ids(k + 1))) for k in range(topology.depth)]
    got = [(*layer.kind.shape,) for layer in layers]
    if got != wanted:
        raise ValueError(f"layers of {got} edges where the topology has {wanted}")
    ends = [topology.features, len(topology.node_ids[-1])]
    if [value.numel() for value in scaling[1::2]] != ends:
        raise ValueError(f"scalings of {[value.numel() for value in scaling[1::2]]} columns where the model has {ends}")


def _tuples(value: Any) -> Any:
    """Lists to tuples all the way down: JSON has no tuples."""
    if isinstance(value, list | tuple):
        return tuple(_tuples(v) for v in value)
    return {k: _tuples(v) for k, v in value.items()} if isinstance(value, Mapping) else value

"""composed: a network whose outputs go into another one, as one network."""

from __future__ import annotations

from ..errors import StructureError
from ..metadata import Edit
from ..model import KAN
from ..topology import Topology
from .draft import Draft


def composed(first: KAN, second: KAN) -> KAN:
    """The network that gives what a second one makes of the outputs of a first one.

    The layers of the second stand behind those of the first. Its knots move to the units of the first, so that no layer
    is added and no value changes.

    Args:
        first: gives names and the scaling of the inputs.
        second: its inputs are the outputs of the first, and nothing but splines leads from them. Degree, base and
            number format are those of the first. It gives the scaling of the outputs.

    Raises:
        StructureError: where the networks differ in these.

    >>> import torch, edgewise as ew
    >>> first, second = (ew.KAN(shape, base="none", dtype=torch.float64) for shape in ((3, 1), (1, 2)))
    >>> both, x = composed(first, second), torch.rand(50, 3, dtype=torch.float64)
    >>> both.topology.shape_text(), bool(torch.allclose(both(x), second(first(x))))
    ('[3, 1, 2]', True)
    """
    _refuse(first, second)
    draft, behind = Draft.of(first), Draft.of(second).layers
    shift = (second.input_shift - first.output_shift) / first.output_scale
    scale = second.input_scale / first.output_scale
    behind[0]["knots"] = behind[0]["knots"] * scale[:, None] + shift[:, None]
    draft.layers += behind
    one, other = first.topology, second.topology
    draft.topology = Topology(one.features, one.node_ids + other.node_ids[1:], one.factors + other.factors[1:])
    units = {"output_shift": second.output_shift, "output_scale": second.output_scale}
    return draft.build(Edit("compose", f"with a network {other.shape_text()}"), scaling=units)


def _refuse(first: KAN, second: KAN) -> None:
    said = [
        ("degree", first.config.degree, second.config.degree),
        ("base", first.config.base, second.config.base),
        ("number format", first.dtype, second.dtype),
    ]
    for what, mine, theirs in said:
        if mine != theirs:
            raise StructureError(f"composed takes networks of the same {what}, got {mine} and {theirs}")
    if second.topology.node_ids[0] != first.topology.node_ids[-1] or second.columns is not None:
        raise StructureError(
            f"the second network must take the outputs {first.topology.node_ids[-1]} of the first, its inputs are"
            f" {second.topology.node_ids[0]}"
        )
    layer = second.edge_layers[0]
    if layer.symbolic or (layer.base_scale is not None and bool((layer.base_scale != 0).any())):
        raise StructureError("edges from the inputs of the second network must be splines alone")

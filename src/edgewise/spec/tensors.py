"""What each tensor of a model must be: its number format, shape and values, as the model's description tells.

Letters: i input node, j basis function, o output subnode, n closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice

import torch
from torch import Tensor

from .. import grid
from ..devices import FORMATS
from ..errors import CheckpointError, few, problems, shown
from ..layers import BOTH, OFF, SPLINE, SYMBOLIC
from ..state_notes import without_notes
from .description import MOST, Description, LayerDescription

Fault = Callable[[Tensor], str]  # what is wrong with the values, in words; "" where they are right


@dataclass(frozen=True)
class Wanted:
    """A tensor as it must be; without a `dtype` it has the one number format of the model."""

    shape: tuple[int, ...]
    fault: Fault
    dtype: torch.dtype | None = None


def wanted_tensors(described: Description) -> dict[str, Wanted]:
    """Every tensor that a model of this description has, by its name in the state dict."""
    topology = described.topology
    features, outputs = topology.features, len(topology.node_ids[-1])
    found = {
        "input_shift": Wanted((features,), not_finite),
        "input_scale": Wanted((features,), not_invertible),
        "output_shift": Wanted((outputs,), not_finite),
        "output_scale": Wanted((outputs,), not_invertible),
    }
    for number, layer in enumerate(described.layers):
        i, o, p = len(topology.node_ids[number]), len(topology.subnode_ids(number + 1)), layer.degree
        j = described.config.grid_size[number] + p
        tensors = {
            "knots": Wanted((i, j + p + 1), partial(no_knots, layer)),
            "kind": Wanted((i, o), partial(other_kinds, layer), torch.uint8),
            "coef": Wanted((i, j, o), not_finite),
            "bias": Wanted((o,), not_finite),
        }
        if layer.base != "none":
            tensors["base_scale"] = Wanted((i, o), not_finite)
        if layer.symbolic:
            tensors["affine"] = Wanted((len(layer.symbolic), 4), not_finite)
        found |= {f"layers.{number}.{name}": tensor for name, tensor in tensors.items()}
    return found


def check_tensors(described: Description, tensors: Mapping[str, Tensor]) -> None:
    """Raise one `CheckpointError` unless these are the tensors of a model of this description, and make it work."""
    wanted = wanted_tensors(described)
    missing, strange = sorted(wanted.keys() - tensors.keys()), sorted(without_notes(tensors).keys() - wanted.keys())
    problems(
        [f"the tensors {few(missing)} are missing"] * bool(missing)
        + [f"the tensors {few([*map(shown, strange)])} do not belong there"] * bool(strange),
        CheckpointError,
    )
    dtype = tensors["input_shift"].dtype
    if dtype not in FORMATS:
        raise CheckpointError(f"input_shift is {dtype}, wanted one of {', '.join(map(str, FORMATS))}")
    problems(islice(_faults(wanted, tensors, dtype), MOST), CheckpointError)


def _faults(wanted: Mapping[str, Wanted], tensors: Mapping[str, Tensor], dtype: torch.dtype) -> Iterator[str]:
    for name, tensor in wanted.items():
        got = tensors[name].detach()
        if got.dtype != (tensor.dtype or dtype):
            why = "" if tensor.dtype else ", as input_shift is"
            yield f"{name} is {got.dtype}, wanted {tensor.dtype or dtype}{why}"
        elif tuple(got.shape) != tensor.shape:
            yield f"{name} has shape {tuple(got.shape)}, wanted {tensor.shape}"
        elif fault := tensor.fault(got):
            yield f"{name} {fault}"


# ---------------------------------------------------------------------- values


def not_finite(values: Tensor) -> str:
    """Parameters are finite: a single other one turns all predictions into NaN."""
    return _where(~torch.isfinite(values), values, "finite numbers")


def not_invertible(scale: Tensor) -> str:
    """Scales divide, on the way in or in the next fit. Negative ones turn an axis round, and may."""
    fine = torch.isfinite(scale) & torch.isfinite(scale.reciprocal())
    return _where(~fine, scale, "finite numbers that one can divide by")


def no_knots(layer: LayerDescription, knots: Tensor) -> str:
    """Knots are finite and increase, by steps that one can divide by, and evenly where the description says so."""
    if fault := not_finite(knots):
        return fault
    steps = knots.diff(dim=1)
    usable = (steps > 0) & torch.isfinite(steps.reciprocal()) & torch.isfinite(knots[:, -1:] - knots[:, :1])
    if fault := _where(~usable, steps, "steps from knot to knot that are above zero and that one can divide by"):
        return fault
    return "" if not layer.uniform or evenly_laid(knots) else "is said to be uniform, but its steps differ"


def evenly_laid(knots: Tensor) -> bool:
    """Whether the knots (i, G+2p+1) of every input are equally spaced in the number format that they were laid in: a
    model that was made wider, by `model.double()`, keeps the rounding of the narrow format."""

    def even(row: Tensor) -> bool:
        narrow = [row.to(dtype) for dtype in FORMATS]
        return any(grid.is_uniform(laid) for laid in [row, *narrow] if torch.equal(laid.to(row.dtype), row))

    return grid.is_uniform(knots) or all(even(row) for row in knots.split(1))


def other_kinds(layer: LayerDescription, kind: Tensor) -> str:
    """Every kind is known, and the edges with a closed form are those of the description."""
    known = torch.isin(kind, kind.new_tensor([OFF, SPLINE, SYMBOLIC, BOTH]))
    if fault := _where(~known, kind, "kinds from 0 to 3"):
        return fault
    told = torch.zeros_like(kind, dtype=torch.bool)
    told[[edge.src for edge in layer.symbolic], [edge.dst for edge in layer.symbolic]] = True
    other = (told != ((kind == SYMBOLIC) | (kind == BOTH))).nonzero()
    first = few([tuple(edge) for edge in other[:9].tolist()])
    return f"gives closed forms to other edges than the description: {first}" if len(other) else ""


def _where(bad: Tensor, values: Tensor, wanted: str) -> str:
    """How many values are bad, the first of them and its place; "" where none is."""
    places = bad.nonzero()
    if not len(places):
        return ""
    first = tuple(places[0].tolist())
    return f"holds {values[first].item():.6g} at {first} ({len(places)} of {bad.numel()}), wanted {wanted}"

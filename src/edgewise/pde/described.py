"""A solution as plain values and KANs, for a file: its networks, where its slabs end, and its form.

Letters: n point, d dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from ..config import is_number
from ..errors import CheckpointError, ConfigError
from ..model import KAN
from ..spec.fields import empty_or, fixed, number, one_of, record, refuse, rows, whole
from .ansatz import Ansatz
from .domain import Domain
from .form import Form, HardValues
from .interface import InterfaceKink
from .regions import Disc, Interval, Polygon, Region
from .time_slabs import TimeSlabs

_PAIR = fixed(number(), number())
_SHAPE = {
    "interval": fixed(number(), number()),
    "disc": record(centre=_PAIR, radius=number()),
    "polygon": record(corners=rows(_PAIR), holes=rows(rows(_PAIR))),
}
_FUNCTION = record(kind=one_of(("number", "network", "kink")), value=number())


def _shape(value: Any, place: str) -> Region:
    """A region from its kind and its numbers."""
    kind, given = fixed(one_of(tuple(_SHAPE)), lambda value, _: value)(value, place)
    known = _SHAPE[kind](given, place)
    if kind == "interval":
        return Interval(*known) if known[0] < known[1] else refuse(value, place, "an interval with its low end first")
    return Disc(**known) if kind == "disc" else Polygon(**known)


_RULE = record(
    value=_FUNCTION,
    outputs=rows(whole()),
    sides=rows(fixed(whole(), whole())),
    derivative=empty_or(fixed(whole())),
)
_FORM = record(
    domain=rows(_shape), outputs=whole(1), rules=rows(_RULE), features=rows(_FUNCTION), scales=rows(number())
)
_SOLUTION = record(networks=whole(1), times=rows(number()), form=empty_or(fixed(_FORM)))


def described(model: nn.Module) -> tuple[dict[str, Any], list[KAN]]:
    """A model of `solve` as plain values, and the KANs that they count.

    Raises `CheckpointError` for another module, or functions that no file can hold.
    """
    form, whole_model = (model.form, model.network) if isinstance(model, Ansatz) else (None, model)
    networks = list(whole_model.networks) if isinstance(whole_model, TimeSlabs) else [whole_model]
    kans = [network for network in networks if isinstance(network, KAN)]
    if len(kans) < len(networks):
        raise CheckpointError(
            f"save takes networks that are KANs, got {type(networks[0]).__name__}; for other modules use safetensors or"
            " torch.save"
        )
    times = whole_model.times.tolist() if isinstance(whole_model, TimeSlabs) else []
    about: dict[str, Any] = {"networks": len(kans), "times": times, "form": []}
    if form is not None:
        about["form"] = [_form(form, kans)]
    return about, kans


def rebuilt(about: Any, kans: Sequence[KAN]) -> nn.Module:
    """The model from what `described` gave. Raises `CheckpointError` for what describes none."""
    try:
        known = _SOLUTION(about, "solution")
        count, times, form = known["networks"], list(known["times"]), known["form"]
        if count > len(kans) or len(times) != count - 1:
            told = f"{count} networks, {len(kans)} parts and {len(times)} times between slabs"
            raise CheckpointError(f"solution has {told}")
        whole_model = TimeSlabs(list(kans[:count]), times) if count > 1 else kans[0]
        return whole_model if not form else Ansatz(whole_model, _formed(form[0], kans))
    except ConfigError as error:
        raise CheckpointError(f"solution cannot be built: {error}") from error


def _form(form: Form, kans: list[KAN]) -> dict[str, Any]:
    """A form in words; its functions are added to the KANs."""

    def written(function: Any, what: str) -> dict[str, Any]:
        if is_number(function):
            return {"kind": "number", "value": float(function)}
        inner = function.level if isinstance(function, InterfaceKink) else function
        if not isinstance(inner, KAN):
            raise CheckpointError(
                f"{what} is a Python function, which no file can hold: give it as a KAN, or save the .network of the"
                " model and put it into its form again by edgewise.pde.constrained"
            )
        kans.append(inner)
        return {"kind": "kink" if isinstance(function, InterfaceKink) else "network", "value": len(kans) - 1}

    return {
        "domain": [_written_shape(shape) for shape in form.domain.shapes],
        "outputs": form.outputs,
        "rules": [
            {
                "value": written(rule.value, "the value of a hard condition"),
                "outputs": list(rule.outputs),
                "sides": [list(side) for side in rule.sides],
                "derivative": [] if rule.derivative is None else [rule.derivative],
            }
            for rule in form.rules
        ],
        "features": [written(feature, "a feature, or the level of an interface,") for feature in form.features],
        "scales": list(form.scales),
    }


def _written_shape(shape: Region) -> list[Any]:
    """A region as its kind and its numbers."""
    if isinstance(shape, Interval):
        return ["interval", [shape.low, shape.high]]
    if isinstance(shape, Disc):
        return ["disc", {"centre": [float(c) for c in shape.centre], "radius": float(shape.radius)}]
    assert isinstance(shape, Polygon)
    lines = [[[float(c) for c in corner] for corner in line] for line in (shape.corners, *shape.holes)]
    return ["polygon", {"corners": lines[0], "holes": lines[1:]}]


def _formed(known: dict[str, Any], kans: Sequence[KAN]) -> Form:
    """The form from its words. Raises `CheckpointError` where they do not fit together."""

    def function(told: dict[str, Any]) -> Callable[[Any], Any] | float:
        if told["kind"] == "number":
            return told["value"]
        if not 0 <= told["value"] < len(kans) or told["value"] % 1:
            raise CheckpointError(f"solution names part {told['value']:g} of {len(kans)}")
        kan = kans[int(told["value"])]
        return InterfaceKink(kan) if told["kind"] == "kink" else kan

    domain, outputs = Domain(known["domain"]), known["outputs"]
    rules = tuple(
        HardValues(
            function(rule["value"]),
            rule["outputs"],
            rule["sides"],
            rule["derivative"][0] if rule["derivative"] else None,
        )
        for rule in known["rules"]
    )
    features = [function(told) for told in known["features"]]
    sides = [side for rule in rules for side in rule.sides]
    shapes = domain.shapes
    sound = (
        all(output < outputs for rule in rules for output in rule.outputs)
        and all(number < len(shapes) and side < shapes[number].sides for number, side in sides)
        and all(callable(feature) for feature in features)
        and len(known["scales"]) in (0, outputs)
        and bool(shapes)
    )
    if not sound:
        raise CheckpointError("solution has a form with outputs, sides or features that there are not")
    return Form(domain, outputs, rules, tuple(feature for feature in features if callable(feature)), known["scales"])

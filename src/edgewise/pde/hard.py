"""From conditions to the form of a solution that meets the hard ones exactly.

Letters: n point, d dimension, o output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from ..config import is_number, is_sequence
from ..errors import ConfigError, ShapeError, shown
from .conditions import Condition, Dirichlet, outputs_of, values_of
from .domain import Domain, chosen
from .form import Form, HardValues, feature_at
from .function_jets import function_jets
from .indices import Indices
from .interface import Interface
from .regions import Interval
from .residual_terms import called
from .tuning import TUNED

SOFT = "make one of them hard=False"


def form_of(conditions: Sequence[Condition], features: Any, domain: Domain, networks: int, timed: bool) -> Form:
    """The form that the hard conditions, the interfaces and the features ask for, around a network with so many
    outputs.

    Raises:
        ConfigError: hard conditions that cannot hold exactly, or not together; features that cannot be used; a
            network with too few outputs.
    """
    given = () if features is None else tuple(features) if is_sequence(features) else (features,)
    for feature in given:
        _refuse_feature(feature, domain)
    kinks = tuple(condition.kink for condition in conditions if isinstance(condition, Interface))
    parts = 1 + len(given) + len(kinks)
    if networks % parts:
        raise ConfigError(
            f"a solution with {parts - 1} features is a sum of {parts} networks for each output: the model needs"
            f" {parts} outputs, or a multiple of it; it has {networks}"
        )
    outputs = networks // parts
    rules = [
        _on_sides(c, domain, outputs, timed) if isinstance(c, Dirichlet) else _at_start(c, domain, outputs)
        for c in conditions
        if is_hard(c)
    ]
    _refuse_meeting([rule for rule in rules if rule.derivative is None], domain)
    _refuse_orders([rule for rule in rules if rule.derivative is not None], outputs)
    form = Form(domain, outputs, tuple(rules), (*given, *kinks))
    if not rules:
        return form
    x = domain.interior(TUNED.fresh, 0)
    for rule in rules:
        _refuse_values(rule, x[: TUNED.tried])
        _refuse_disagreeing(form, rule)
    return replace(form, scales=tuple((1 / form.factor(x).amax(0)).tolist()))


def is_hard(condition: Any) -> bool:
    """Whether a condition shall hold exactly. Raises `ConfigError` for a flag that is none."""
    hard = getattr(condition, "hard", False)
    if not isinstance(hard, bool):
        raise ConfigError(f"hard of a {type(condition).__name__} condition must be True or False, got {shown(hard)}")
    return hard


def _on_sides(condition: Dirichlet, domain: Domain, outputs: int, timed: bool) -> HardValues:
    """A Dirichlet condition on the whole sides that its `where` selects."""
    shapes, sides = domain.shapes[:-1] if timed else domain.shapes, []
    for number, shape in enumerate(shapes):
        for side in range(shape.sides):
            x = _side_points(domain, number, side)
            kept = torch.ones(len(x), dtype=torch.bool) if condition.where is None else chosen(condition.where, x)
            if bool(kept.any() & ~kept.all()):
                raise ConfigError(
                    "a hard Dirichlet condition holds on whole sides of the domain, but its `where` is True on a part"
                    f" of one, as at {_told(x[kept][0])} and not at {_told(x[~kept][0])}: take hard=False"
                )
            if len(x) and bool(kept.all()):
                sides.append((number, side))
    if not sides:
        raise ConfigError("a condition holds nowhere: its `where` is False at every point of the boundary")
    return HardValues(condition.value, tuple(outputs_of(condition.outputs, outputs, "Dirichlet")), tuple(sides))


def _at_start(condition: Any, domain: Domain, outputs: int) -> HardValues:
    """An Initial condition. Where it cannot be one, its own term says why."""
    if not isinstance(domain.shapes[-1], Interval):
        raise ConfigError("an Initial condition needs time as the last coordinate: end the domain with (low, high)")
    if condition.derivative not in range(4):
        raise ConfigError(f"derivative of an Initial condition must be 0 to 3, got {shown(condition.derivative)}")
    own = tuple(outputs_of(condition.outputs, outputs, "Initial"))
    return HardValues(condition.value, own, derivative=int(condition.derivative))


def _side_points(domain: Domain, number: int, side: int) -> Tensor:
    """Points (n, d) of one side of one shape, all other coordinates anywhere in the domain."""
    uniform = SobolEngine(domain.dims, scramble=True, seed=0).draw(TUNED.tried, dtype=torch.float64)
    low, high = torch.tensor(domain.box, dtype=torch.float64).unbind(1)
    x, shape = low + uniform * (high - low), domain.shapes[number]
    first = sum(other.dims for other in domain.shapes[:number])
    x[:, first : first + shape.dims] = shape.side(side, uniform[:, first])
    return x[domain.inside(x)]


def _refuse_meeting(rules: Sequence[HardValues], domain: Domain) -> None:
    """Raise where two conditions on one output share a point, where no function is smooth and has both values."""
    for one, other in combinations(rules, 2):
        if not set(one.outputs) & set(other.outputs):
            continue
        for a, first in one.sides:
            for b, second in other.sides:
                if a != b or domain.shapes[a].meet(first, second):
                    raise ConfigError(
                        "two hard Dirichlet conditions meet in a point: give them as one, whose value is a smooth"
                        f" function with both values, or {SOFT}"
                    )


def _refuse_orders(rules: Sequence[HardValues], outputs: int) -> None:
    """Raise where the start has a derivative but not all that are below it, or one twice."""
    for output in range(outputs):
        orders = sorted(rule.derivative or 0 for rule in rules if output in rule.outputs)
        if orders != list(range(len(orders))):
            raise ConfigError(
                f"hard Initial conditions of output {output} have the derivatives {orders}: they must be 0, 1, ...,"
                " each once and none left out"
            )


def _refuse_values(rule: HardValues, x: Tensor) -> None:
    """Raise where a value has a wrong shape, or does not know its own slopes."""
    kind = "Dirichlet" if rule.derivative is None else "Initial"
    name = f"the value of a hard {kind} condition"
    values_of(rule.value, x, len(rule.outputs), name)
    if not is_number(rule.value):
        _refuse_slopes(rule.at, x, name)


def _refuse_disagreeing(form: Form, rule: HardValues) -> None:
    """Raise where the form does not have the values of a rule, as another rule asks for others there."""
    domain, dims = form.domain, form.domain.dims
    if rule.derivative is None:
        x, order = torch.cat([_side_points(domain, *side) for side in rule.sides]), 0
        if any(other.derivative is not None for other in form.rules):  # both meet at the start
            x = torch.cat([x, torch.cat([x[:, :-1], torch.full_like(x[:, -1:], domain.box[-1][0])], 1)])
    else:
        x, order = domain.interior(TUNED.tried, 0), rule.derivative
        x[:, -1] = domain.box[-1][0]
    indices = Indices.closing([(0,) * (dims - 1) + (order,)])
    got = function_jets(form.lift, x, indices)[-1][:, list(rule.outputs)]
    want = rule.at(x).detach()
    off = (got - want).abs().amax(1)
    worst = int(off.argmax())
    if not float(off[worst]) <= TUNED.disagreeing * (1 + float(want.abs().max())):
        raise ConfigError(
            f"hard conditions disagree at {_told(x[worst])}, where one asks for {float(want[worst].max()):.4g} and the"
            f" others for {float(got[worst].max()):.4g}: {SOFT}"
        )


def _refuse_feature(feature: Any, domain: Domain) -> None:
    """Raise for a feature that is no function of x with a value, and a slope in torch, at every point."""
    name = "a feature"
    if not callable(feature):
        raise ConfigError(f"features are functions of x (n, d) that give (n,), such as torch.abs; got {shown(feature)}")
    x = domain.interior(TUNED.tried, 0)
    found = called(feature, name, x)
    if not isinstance(found, Tensor) or found.shape not in ((len(x),), (len(x), 1)):
        got = tuple(found.shape) if isinstance(found, Tensor) else shown(found)
        raise ShapeError(f"{name} must give ({len(x)},) for {len(x)} points, got {got}")
    if not bool(found.isfinite().all()):
        raise ConfigError(f"{name} is not finite at {_told(x[~found.reshape(-1).isfinite()][0])}")
    function: Any = feature
    _refuse_slopes(lambda x: feature_at(function, x), x, name)


def _refuse_slopes(function: Callable[[Tensor], Tensor], x: Tensor, name: str) -> None:
    """Raise where autograd gives other slopes than differences do: the function leaves torch, or detaches.

    At a kink both may differ, so the middle one of many points counts.
    """
    widths, ways = x.amax(0) - x.amin(0), torch.zeros(len(x), 1, dtype=x.dtype)

    def along(way: Tensor) -> Tensor:  # the diagonal of the domain, as metres and hours may stand side by side
        return function(x + way * widths)

    slopes = function_jets(along, ways, Indices.closing([(1,)]))[1]
    step = TUNED.difference
    with torch.no_grad():
        want = (along(ways + step) - along(ways - step)) / (2 * step)
        size = function(x).abs().max() + want.abs().max()
    off = (slopes - want).abs().amax(1).median()
    if not float(off) <= TUNED.slope_off * float(size):
        raise ConfigError(
            f"{name} has slopes that autograd does not see: it must stay in torch from x to the result, without"
            " detach(), no_grad() or numpy"
        )


def _told(x: Tensor) -> list[float]:
    """A point (d,) as a message shows it."""
    return [round(value, 6) for value in x.tolist()]

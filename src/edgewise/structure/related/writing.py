"""Relations in closed forms, where there are any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import EdgewiseError
from ...model import KAN
from ...symbolic.column_names import in_formula
from ...symbolic.formula import formula
from ...symbolic.symbolify import symbolify
from ...train.fit import fit
from ...transforms import deepen, set_symbolic
from .parts import Parts, told, unexplained
from .tuning import TUNED

# n rows


@dataclass(frozen=True)
class Transform:
    """A function of a column whose value may be a simpler function of the others.

    Attributes:
        name: in words, around the name of the column.
        forward: the function.
        inverse: the closed form that takes it back; "" for none, as of a square where a column has both signs.
        domain: whether a column (n,) can be transformed.
    """

    name: str
    forward: Callable[[np.ndarray], np.ndarray]
    inverse: str
    domain: Callable[[np.ndarray], bool]


def _positive(y: np.ndarray) -> bool:
    return bool(np.all(y > 0))


PLAIN = Transform("{}", lambda y: y, "", lambda y: True)
INVERTED = (
    Transform("log({})", np.log, "exp", _positive),
    Transform("1/{}", np.reciprocal, "1/x", lambda y: bool(np.all(y > 0) or np.all(y < 0))),
    Transform("{}**2", np.square, "sqrt", _positive),
    Transform("sqrt({})", np.sqrt, "x^2", _positive),
    Transform("exp({})", np.exp, "log", lambda y: bool(np.all(np.abs(y) < np.log(1e6)))),
)
IMPLICIT = (
    Transform("{}**2", np.square, "", lambda y: True),
    Transform("cos({})", np.cos, "", lambda y: True),
    Transform("sin({})", np.sin, "", lambda y: True),
)


@dataclass(frozen=True, eq=False)
class ColumnForm:
    """A closed form of a function of a column.

    Attributes:
        expression: in the other columns (sympy).
        transform: the function of the column that it equals.
        model: a network of closed forms that computes it.
        column, parents: what is explained by what.
    """

    expression: Any
    transform: Transform
    model: KAN
    column: int
    parents: tuple[int, ...]

    def text(self, names: Sequence[str]) -> str:
        """What it equals, in words."""
        return self.transform.name.format(in_formula(names[self.column]))

    def left(self, X: np.ndarray) -> float:
        """The part of the variance that it leaves at rows (n, d); infinite where it has no value."""
        target = self.transform.forward(X[:, self.column])
        part = unexplained(told(self.model, X[:, list(self.parents)]), target)
        return part if np.isfinite(part) else np.inf


def written(parts: Parts, column: int, parents: Sequence[int], left: float) -> ColumnForm | None:
    """The closed form of a column in others; None where there is none as good as the fit.

    The column, or a function of it, is tried as a sum of functions of the others. Where nothing else does, networks
    with products or a hidden node are tried. The rows that judge are asked for nothing.

    Args:
        parts: the rows.
        column, parents: what is explained by what.
        left: the part of the variance that a fit leaves on the rows that choose.
    """
    y = np.concatenate([parts.known[:, column], parts.judging[:, column]])
    choices = [PLAIN, *(one for one in INVERTED if one.domain(y))]
    fitted = [(one, *_additive(parts, column, parents, one)) for one in choices]
    # the plain column first, where it leaves less than twice as much as any
    for transform, model, own in sorted(fitted, key=lambda one: one[2] * (0.5 if one[0] is PLAIN else 1.0)):
        if model is not None and own <= max(TUNED.closed * left, TUNED.exact):
            found = _form(parts, column, parents, transform, model, left)
            if found is not None:
                return found
    return next(_layered(parts, column, parents, left), None)


def written_implicit(parts: Parts, column: int, parents: Sequence[int], left: float) -> ColumnForm | None:
    """The closed form of a function of a column in others; None where there is none."""
    for transform in IMPLICIT:
        model, own = _additive(parts, column, parents, transform)
        if model is not None and own <= max(TUNED.closed * left, TUNED.exact):
            found = _form(parts, column, parents, transform, model, max(left, own))
            if found is not None:
                return found
    return None


def _additive(parts: Parts, column: int, parents: Sequence[int], transform: Transform) -> tuple[KAN | None, float]:
    """A function of a column as a sum of functions of others, and the part of its variance that is left."""
    kept, target, choosing = list(parents), transform.forward(parts.fitting[:, column]), parts.choosing
    if not np.ptp(target) or not np.isfinite(target).all():
        return None, np.inf
    model = fit(KAN((len(kept), 1)), parts.fitting[:, kept], target, optimizer="evidence", progress=False).model
    return model, unexplained(told(model, choosing[:, kept]), transform.forward(choosing[:, column]))


def _form(
    parts: Parts, column: int, parents: Sequence[int], transform: Transform, model: KAN, left: float
) -> ColumnForm | None:
    """The closed form of a fitted network, with what it was fitted to taken back; None where it is worse, or has none.

    It must be as good as a fit on the rows that choose.
    """
    rows, kept = parts.fitting, list(parents)
    try:
        closed = symbolify(model, rows[:, kept], transform.forward(rows[:, column]), progress=False)
        if any(bool(layer.spline_edges().any()) for layer in closed.edge_layers):
            return None
        if transform.inverse:
            closed = deepen(closed, closed.topology.depth)
            last, node = closed.topology.depth - 1, closed.topology.node_ids[-1][0]
            closed = set_symbolic(closed, {(last, node, node): (transform.inverse, 1.0, 0.0, 1.0, 0.0)})
        (found,) = formula(closed, inputs=[parts.names[other] for other in kept])
    except EdgewiseError:  # no closed form that can be written
        return None
    expression, target = (found.simplify(), PLAIN) if transform.inverse else (found, transform)
    form = ColumnForm(expression, target, closed, column, tuple(kept))
    return form if form.left(parts.choosing) <= max(TUNED.closed * left, TUNED.precise) else None


def _layered(parts: Parts, column: int, parents: Sequence[int], left: float) -> Iterator[ColumnForm]:
    """Closed forms of networks of products, and of those with a hidden node where the relation looks exact."""
    rows, kept = parts.fitting, list(parents)
    networks = [(KAN((len(kept), (1, TUNED.products), 1)), "evidence")] if len(kept) > 1 else []
    networks += [(KAN((len(kept), 1, 1)), "auto")] if left <= TUNED.exact else []
    for network, optimizer in networks:
        model = fit(network, rows[:, kept], rows[:, column], optimizer=optimizer, progress=False).model
        found = _form(parts, column, parents, PLAIN, model, left)
        if found is not None:
            yield found

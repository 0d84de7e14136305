"""Steps that leave fewer columns: scalings and translations that the surrogate shows.

Letters: n rows, d columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from ..formulas.tree import ONE, Apply, Node, Num, Var, monomial, number, on_columns, product, total
from ..linear_algebra.directions import Directions, near_zero, null_directions
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from .states import ReducedProblem, Reduction
from .surrogate import SurrogatePair


def scaled(state: ReducedProblem, Z: Tensor, pair: SurrogatePair) -> list[ReducedProblem]:
    """Columns out of which scalings are divided, and the power of them that g itself has; the most scalings first.

    If g(s^a1 z1, ..., s^ad zd) = s^b g(z), then sum a_i z_i g_i = b g: a null vector of [z_i g_i, g]. All of them
    together are Buckingham's theorem without units.
    """
    d = Z.shape[1]
    A, wrong = (torch.cat([Z * gradient, values[:, None]], 1) for gradient, values in _both(Z, pair))
    return [scaled_along(state, found) for found in null_directions(A, wrong, pivots=d, shy=near_zero(Z))]


def scaled_along(state: ReducedProblem, found: Directions, kind: str = "scalings") -> ReducedProblem:
    """The state with columns that do not change along these scalings."""
    pivots = [Var(i) for i in found.pivots]
    # along the vector of a pivot, that pivot counts once: so its power in g is -b, and in column i it is a_i
    outer = monomial(pivots, [-vector[-1] for vector in found.vectors])
    columns = [
        product(Var(i), monomial(pivots, [-vector[i] for vector in found.vectors]))
        for i in range(len(state.columns))
        if i not in found.pivots
    ]
    return _onto(state, outer, columns, kind, found)


def translated(state: ReducedProblem, Z: Tensor, pair: SurrogatePair) -> list[ReducedProblem]:
    """Columns in which only differences and sums are left: null vectors of the gradient itself, the most first."""
    d = Z.shape[1]
    A, wrong = (gradient for gradient, _ in _both(Z, pair))
    return [_translated_along(state, found) for found in null_directions(A, wrong, pivots=d)]


def grown(state: ReducedProblem, Z: Tensor, pair: SurrogatePair) -> list[ReducedProblem]:
    """Two columns that are one: z_j exp(c z_i), where moving z_i does what scaling z_j does, g_i = c z_j g_j."""
    (gradient, _), (wrong, _) = _both(Z, pair)
    found = []
    for i in range(Z.shape[1]):
        for j in range(Z.shape[1]):
            own, other = gradient[:, i], Z[:, j] * gradient[:, j]
            size = float(other.square().sum())
            if i == j or size == 0 or not float(own.square().sum()) > 0:
                continue
            c = float((own * other).sum()) / size
            left = float((own - c * other).square().mean().sqrt() / own.square().mean().sqrt())
            unsure = wrong[:, i] - c * Z[:, j] * wrong[:, j]
            noise = float(unsure.square().mean().sqrt() / own.square().mean().sqrt())
            if left <= min(
                LINEAR_ALGEBRA.null_factor * noise + LINEAR_ALGEBRA.null_round_off, LINEAR_ALGEBRA.null_most
            ):
                found += [_grown_along(state, i, j, rate, left) for rate in _rates(c, 2 * (noise + left))]
    return sorted(found, key=lambda one: one.trail[-1].rest)


def _rates(c: float, unsure: float) -> list[Num]:
    """A number as a short fraction where one is near, and as it is."""
    near = float(Fraction(c).limit_denominator(LINEAR_ALGEBRA.denominator))
    return [*([number(near)] if near and abs(near - c) <= max(unsure, 1e-3) * abs(c) else []), Num(c)]


def _grown_along(state: ReducedProblem, i: int, j: int, rate: Num, left: float) -> ReducedProblem:
    column = product(Var(j), Apply("exp", product(rate, Var(i))))
    columns = [column if n == j else Var(n) for n in range(len(state.columns)) if n != i]
    trail = (*state.trail, Reduction("mixed scalings", 1, left))
    return ReducedProblem(state.prefactor, tuple(on_columns(one, state.columns) for one in columns), trail)


def _translated_along(state: ReducedProblem, found: Directions) -> ReducedProblem:
    """The state with columns that do not change along these translations."""
    columns: list[Node] = []
    for i in range(len(state.columns)):
        if i not in found.pivots:
            shifts = zip(found.pivots, (vector[i] for vector in found.vectors), strict=True)
            columns.append(total(Var(i), *(_times(-c, Var(p)) for p, c in shifts if c)))
    return _onto(state, ONE, columns, "translations", found)


def _both(Z: Tensor, pair: SurrogatePair) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """(gradient, values) of the finer surrogate, and by how much the coarser one differs."""
    fine, coarse = ((one.gradient(Z), one.values(Z)) for one in (pair.fine, pair.coarse))
    ease = pair.ease
    return fine, (ease * (fine[0] - coarse[0]), ease * (fine[1] - coarse[1]))


def _times(c: Fraction, node: Node) -> Node:
    return node if c == 1 else product(number(float(c)), node)


def _onto(state: ReducedProblem, outer: Node, columns: Sequence[Node], kind: str, found: Directions) -> ReducedProblem:
    """The state with formulas of its columns in their place."""
    return ReducedProblem(
        product(state.prefactor, on_columns(outer, state.columns)),
        tuple(on_columns(column, state.columns) for column in columns),
        (*state.trail, Reduction(kind, len(found.vectors), found.rest)),
    )

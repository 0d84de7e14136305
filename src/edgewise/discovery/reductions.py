"""Steps that leave fewer columns: scalings and translations that the surrogate shows.

Letters: n rows, d columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from .directions import Directions, null_directions
from .states import ReducedProblem, Reduction
from .surrogate import SurrogatePair
from .tree import ONE, Node, Var, number, on_columns, power, product, total


def scaled(state: ReducedProblem, Z: Tensor, pair: SurrogatePair) -> list[ReducedProblem]:
    """Columns out of which scalings are divided, and the power of them that g itself has; the most scalings first.

    If g(s^a1 z1, ..., s^ad zd) = s^b g(z), then sum a_i z_i g_i = b g: a null vector of [z_i g_i, g]. All of them
    together are Buckingham's theorem without units.
    """
    d = Z.shape[1]
    A, wrong = (torch.cat([Z * gradient, values[:, None]], 1) for gradient, values in _both(Z, pair))
    return [_scaled_along(state, found) for found in null_directions(A, wrong, pivots=d)]


def _scaled_along(state: ReducedProblem, found: Directions) -> ReducedProblem:
    """The state with columns that do not change along these scalings."""
    pivots = [Var(i) for i in found.pivots]
    # along the vector of a pivot, that pivot counts once: so its power in g is -b, and in column i it is a_i
    outer = _monomial(pivots, [-vector[-1] for vector in found.vectors])
    columns = [
        product(Var(i), _monomial(pivots, [-vector[i] for vector in found.vectors]))
        for i in range(len(state.columns))
        if i not in found.pivots
    ]
    return _onto(state, outer, columns, "scalings", found)


def translated(state: ReducedProblem, Z: Tensor, pair: SurrogatePair) -> list[ReducedProblem]:
    """Columns in which only differences and sums are left: null vectors of the gradient itself, the most first."""
    d = Z.shape[1]
    A, wrong = (gradient for gradient, _ in _both(Z, pair))
    return [_translated_along(state, found) for found in null_directions(A, wrong, pivots=d)]


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
    # where degrees come in steps, the difference of neighbours is larger than what the finer one is wrong by
    ease = min(1.0, pair.fine.error / max(pair.coarse.error, 1e-300)) ** 0.5
    return fine, (ease * (fine[0] - coarse[0]), ease * (fine[1] - coarse[1]))


def _times(c: Fraction, node: Node) -> Node:
    return node if c == 1 else product(number(float(c)), node)


def _monomial(columns: Sequence[Node], powers: Sequence[Fraction]) -> Node:
    return product(*(power(column, float(p)) for column, p in zip(columns, powers, strict=True) if p))


def _onto(state: ReducedProblem, outer: Node, columns: Sequence[Node], kind: str, found: Directions) -> ReducedProblem:
    """The state with formulas of its columns in their place."""
    return ReducedProblem(
        product(state.prefactor, on_columns(outer, state.columns)),
        tuple(on_columns(column, state.columns) for column in columns),
        (*state.trail, Reduction(kind, len(found.vectors), found.rest)),
    )

"""Ends of curves that one row decides: the outermost, where nothing else says how a curve goes on.

A curve that bends up to one far target goes on along a tangent of it, and the next new row beyond may be off by many
ranges of the targets. Without that row the curve would go elsewhere. So it turns flat there: what such a row says of
its own place is believed, and what it says of all places beyond is not.

Letters: n rows, d inputs, m functions of an edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ...fitting import dense_basis
from .chosen_terms import Model, among_of, model_of
from .edge_basis import EdgeBasis
from .fit_task import Task
from .terms import Term
from .tuning import TUNED


def lone_ends(task: Task, found: Model) -> list[tuple[int, int]]:
    """The inputs, each with 0 for the left end or 1 for the right one, at which the curve is steep, and one row alone
    decides it: by a fit to all others, it is far from there. Only of squares, and of rows that are not many."""
    if task.classes > 1 or task.loss_of is not None or len(task.x) > TUNED.rows_validated or not found.believed:
        return []
    least = TUNED.lone_range * found.posterior.noise**0.5
    return [
        (number, side)
        for number, side, row, reach in _steep(task, found)
        if reach > least and _decides(task, found, number, row, reach)
    ]


def _steep(task: Task, found: Model) -> Iterator[tuple[int, int, int, float]]:
    """Ends at which a tangent is steep, and the only row there has much to say of its own place: the input, the side,
    that row, and the range of the curve."""
    sizes = [len(term.roughness) for term in found.terms]
    each = zip(found.terms, found.posterior.coef.split(sizes), _leverages(task, found), strict=True)
    for term, coef, leverage in each:
        variable = task.variables[term.variables[0]]
        if leverage is None or len(term.variables) > 1 or variable.whole:
            continue
        for number, effect, mine in variable.parts(coef):
            if not isinstance(effect, EdgeBasis) or number == variable.missing or not bool((mine != 0).any()):
                continue
            x = task.x[:, number]
            ends, own = torch.stack(x.aminmax()), effect.coef[:, : len(mine)] @ mine
            low, high = (effect.values(x)[:, : len(mine)] @ mine).aminmax()
            slope = dense_basis(ends[:, None], effect.knots[None], degree=effect.degree, derivative=1)[:, 0] @ own
            for side, end in enumerate(ends):
                rows = (x == end).nonzero()[:, 0]
                if len(rows) > 1 or float(leverage[rows[0]]) < TUNED.lone_leverage:
                    continue
                if float(slope[side].abs() * x.std()) > TUNED.lone_steep * float(high - low):
                    yield number, side, int(rows[0]), float(high - low)


def _leverages(task: Task, found: Model) -> Iterator[Tensor | None]:
    """For each term, how much of what it predicts at a row (n,) is due to that row; None for terms that went."""
    spread, first = found.posterior.spread, 0
    place = {} if spread is None else {number: place for place, number in enumerate(spread.terms)}
    for number, term in enumerate(found.terms):
        if spread is None or number not in place or len(term.variables) > 1:
            yield None
        else:
            at = place[number]
            functions, (covariance,) = task.functions([term])[:, spread.places[at] - first], spread.covariance[at]
            yield task.weight * ((functions @ covariance) * functions).sum(1) / found.posterior.noise
        first += len(term.roughness)


def _decides(task: Task, found: Model, number: int, row: int, reach: float) -> bool:
    """Whether the function of an input is elsewhere at this row by a fit of the same terms to all others: by a large
    part of its range, and by so many standard deviations that no noise does it."""
    others = (torch.arange(len(task.x)) != row).nonzero()[:, 0]
    again = model_of(task.take(others), found.terms, found.common, None, among_of(found.terms))
    posterior = again.posterior if again.believed else again.posterior.nothing()
    x = task.x[row : row + 1, number]
    with_it, without = (
        _function(task, found.terms, coef, number, x) for coef in (found.posterior.coef, posterior.coef)
    )
    return abs(with_it - without) > max(TUNED.lone_part * reach, TUNED.lone_noise * found.posterior.noise**0.5)


def _function(task: Task, terms: Sequence[Term], coef: Tensor, number: int, x: Tensor) -> float:
    """The function of an input alone at x (1,), with these coefficients (m,) of all terms."""
    total = 0.0
    for term, mine in zip(terms, coef.split([len(term.roughness) for term in terms]), strict=True):
        if len(term.variables) == 1:
            parts = task.variables[term.variables[0]].parts(mine)
            total += sum(float(effect.values(x)[0, : len(c)] @ c) for place, effect, c in parts if place == number)
    return total

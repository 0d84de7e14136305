"""Whether functions go on beyond the rows, as a law does, or are flat there.

Slopes at the outermost rows are those that noise bends most. A few new rows beyond them, far out or with products that
grow there, may then make most of the error. The outermost rows of all columns say which is nearer, by a fit to all
others.

Letters: n rows, d inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .chosen_terms import Model, Task, carried, model_of
from .edge_basis import EdgeBasis
from .marginal import Posterior
from .terms import Term, edge_term, pair_term, pooled_term
from .tuning import TUNED
from .variables import Variable

Within = Callable[[Tensor], tuple[Sequence[Variable], Sequence[Task]]]


def are_flat(tasks: Sequence[Task], ends: Sequence[Model], within: Within) -> bool:
    """Whether functions that are flat beyond the other rows are clearly nearer to the outermost ones.

    In sum they must be, by more than noise, and to half of the rows or more: one row that is far off says little of a
    law that most rows follow.

    Args:
        tasks: all rows, with the variables of these.
        ends: what was found for each task.
        within: from some rows to the variables of these alone, and to the tasks of these rows.
    """
    x = tasks[0].x
    rows = torch.linspace(0, len(x) - 1, min(len(x), TUNED.rows_searched), dtype=torch.float64).round().long()
    numbers = _numbers(tasks[0].variables)
    outer = outermost(x[rows][:, numbers])
    others, judges = rows[~outer], rows[outer]
    if not any(end.believed for end in ends) or len(judges) > TUNED.most_outermost * len(rows):
        return False
    inner = x[others][:, numbers]
    there = x[judges][:, numbers]
    judges = judges[((there < inner.amin(0)) | (there > inner.amax(0))).any(1)]
    if not len(judges):
        return False
    variables, parts = within(others)
    flat = [variable.ending(x[others]) for variable in variables]
    on, off = x.new_zeros(len(judges)), x.new_zeros(len(judges))
    for task, part, end in zip(tasks, parts, ends, strict=True):
        terms = _again(end, variables)
        found = model_of(part, terms, end.common, carried(end, terms), (len(terms), len(terms))).posterior
        for total, functions in ((on, variables), (off, flat)):
            total += _nats(task.take(judges).by(functions), terms, found, end.posterior)
    gained = on - off
    clear = float(gained.sum()) > max(TUNED.flat_worth, TUNED.flat_gains * float(on.sum()))
    return clear and float((gained > 0).double().mean()) >= TUNED.flat_rows


def outermost(x: Tensor) -> Tensor:
    """Whether each row (n,) has one of the smallest or largest values of a column of x (n, d).

    >>> x = torch.arange(20.0)[:, None]
    >>> outermost(x).nonzero()[:, 0].tolist()
    [0, 1, 2, 17, 18, 19]
    """
    found = torch.zeros(len(x), dtype=torch.bool)
    for column in x.T:
        order = column.argsort(stable=True)
        found[order[: TUNED.outermost]] = True
        found[order[-TUNED.outermost :]] = True
    return found


def _numbers(variables: Sequence[Variable]) -> list[int]:
    """The inputs that are no levels: their functions have curves."""
    pairs = [pair for variable in variables for pair in zip(variable.inputs, variable.effects, strict=True)]
    return [number for number, effect in pairs if isinstance(effect, EdgeBasis) and effect.size > effect.lines]


def _again(found: Model, variables: Sequence[Variable]) -> list[Term]:
    """The terms of a model, of these variables."""
    made = []
    for term in found.terms:
        if len(term.variables) == 1:
            made.append(edge_term(term.variables[0], variables[term.variables[0]]))
        elif term.pooled:
            made.append(pooled_term(*term.variables, variables))
        else:
            made.append(pair_term(*term.variables, variables, term.most))
    return made


def _nats(rows: Task, terms: Sequence[Term], posterior: Posterior, whole: Posterior) -> Tensor:
    """What each row (n,) loses; squares are measured by the noise of the fit to all rows, `whole`."""
    if rows.by_sums:
        return rows.losses(terms, posterior) / (2 * whole.noise)
    return rows.judged(whole.likelihood if rows.loss_of is not None else None).losses(terms, posterior)

"""A law in place of a network that follows it: where a network leaves next to nothing, and its edges have no closed
forms that leave less, `discover` reads the law off the rows themselves.

A network can follow a law closely by other functions than those that it is written with: `a*exp(-b)` as a sum of
products of splines, or by hidden nodes that share the work. Then no edge alone has a closed form, or only one that is
near its spline and means nothing.
"""

from __future__ import annotations

import math
import traceback
from dataclasses import replace

from torch import Tensor

from ..data import Table
from ..discovery.one_table import INTERRUPTED, Discovery, gathered, judged
from ..discovery.tables.split_rows import as_task
from ..errors import EdgewiseError
from ..imports.from_formula import from_formula
from ..model import KAN
from ..screen import bar_wanted
from ..size import summary
from .choosing import as_good, explained
from .closed_forms import Closed, splines_left, thin
from .tuning import TUNED

FOUND = "A law was found on the rows themselves: every edge has a closed form."


def with_law(closed: Closed, model: KAN, training: Table, choosing: Table | None, progress: bool = False) -> Closed:
    """What came of the search for closed forms, or a law where that left splines or errors. A bug in the search for it
    costs no network: its traceback comes back. Ctrl-C in it is raised.

    Args:
        closed: the closed forms of the edges of `model`, as far as there are any.
        model: the network whose edges these are.
        training: the rows that it was fitted to.
        choosing: the rows that say whether a law is as good, and is shown by them. Without them, the training rows do.
        progress: show a bar.
    """
    judging = training if choosing is None else choosing
    if is_law(closed, judging) or not may_hide_one(model, judging):
        return closed
    try:
        law = law_of(model, training, progress)
    except Exception as error:
        said = f"{closed.message} The search for a law ended in a bug ({type(error).__name__}: {error})."
        return replace(closed, message=said, failure=traceback.format_exc())
    found = model if closed.model is None else closed.model
    if law is None or not as_good(law, found, judging):
        return closed
    simpler = splines_left(found) > 0 or summary(law).edges < summary(found).edges
    if not simpler and as_good(found, law, judging):
        return closed
    return Closed(law, None, FOUND, closed.failure, apart=True)


def is_law(closed: Closed, rows: Table) -> bool:
    """Whether closed forms of all edges leave nothing but round-off."""
    forms = closed.model
    return forms is not None and not splines_left(forms) and explained(forms, rows) >= 1 - TUNED.exact


def may_hide_one(model: KAN, rows: Table) -> bool:
    """Whether the network leaves so little that a law is behind the rows, of so few inputs that a search ends."""
    plain = rows.classes is None and not model.metadata.link and rows.weight is None
    few = 0 < len(model.used_inputs) <= TUNED.law_inputs
    return plain and few and explained(model, rows) > 1 - TUNED.law_left


def law_of(model: KAN, training: Table, progress: bool) -> KAN | None:
    """The network that is a law of every target, of the inputs that `model` reads. None where not all have one."""
    rows, columns = thin(training, TUNED.law_rows), list(model.used_inputs)
    names, laws = [f"x{column}" for column in range(len(training.inputs))], []
    for target in rows.y.T:
        unit = _unit(target)
        try:
            found = searched(rows.X[:, columns], target / unit, [names[column] for column in columns], progress)
        except EdgewiseError:  # rows that no law can be looked for on: a constant target, or too few
            return None
        if not found.is_law:
            return None
        laws.append(found.best if unit == 1.0 else unit * found.best.expression)
    try:
        return from_formula(laws, inputs=names)
    except EdgewiseError:  # a function that no edge holds
        return None


def _unit(y: Tensor) -> float:
    """The power of ten in which targets (n,) are searched. Of targets near 1e-6, a few steps find other formulas.

    >>> import torch
    >>> [_unit(torch.tensor([0.0, size])) for size in (50.0, 5e-6)]
    [1.0, 1e-05]
    """
    spread = float(y.std())
    power = round(math.log10(spread)) if spread > 0 else 0
    return 10.0**power if abs(power) > TUNED.law_powers else 1.0


def searched(X: Tensor, y: Tensor, names: list[str], progress: bool) -> Discovery:
    """What `discover` finds soon. Its work is counted, not its time, which would be another on another machine."""
    task = as_task(X, y, names, None, 0)
    told = gathered(task, math.inf, 1, bar_wanted(progress), TUNED.law_events)
    if told.ending == INTERRUPTED:
        raise KeyboardInterrupt
    return judged(told.front(task), task, told.steps, told.ending)

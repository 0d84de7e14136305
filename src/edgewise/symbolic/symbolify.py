"""symbolify: edges become closed forms where the error of the whole network says so."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..config import is_number
from ..errors import ConfigError, knows_keywords, shown
from ..layers import OFF
from ..metadata import Edit
from ..model import KAN, Fitted, as_kan
from ..primitives import Primitive, resolve
from ..screen import told_by
from ..threads import threads_for
from .candidates import candidates
from .drop import drop_terms
from .given_rows import given_rows
from .program import Program
from .search import FormSearch, FoundForms
from .snap import snap
from .stepwise import finer, restored, sharpened, stepwise
from .task import RelativeSquares, SymbolicTask, edge_samples, present_forms, to_model
from .tuning import TUNED
from .work import Work, checked_budget, progress_bar

SPENT = "the budget of {:g} units was spent"


@knows_keywords
def symbolify(
    model: KAN | Fitted,
    X: Any,
    y: Any = None,
    *,
    validation: Any = None,
    primitives: Iterable[str | Primitive] | None = None,
    tolerance: float = 0.1,
    sample_weight: Any = None,
    budget: float | None = None,
    progress: bool = True,
) -> KAN:
    """A new model whose edges are closed forms c f(a x + b) + d, wherever the network is then as good as it was.

    Every edge is ranked against the forms. Combinations of candidates are fitted to the rows, most likely first, all
    constants together. If none is as good as the network, edges are taken one at a time, and the rest is fitted again
    after each. An edge without a closed form stays a spline. When all edges have one, terms that the rows do not need
    are dropped. Constants become simple numbers where the rows cannot tell them apart; the model then works in the
    units of X and y, without scaling.

    The search is deterministic: it counts its work and never looks at a clock.

    Args:
        model: a KAN, or the result of a fit. It stays as it is.
        X (n, features): rows that the forms are fitted to; a tensor, an array or a DataFrame.
        y (n,), (n, outputs) or class labels (n,): the targets. Without them the model's own outputs are, to 0.1 %.
        validation: rows that accept a network or refuse it, and to which nothing is fitted.
            A pair (Xv, yv): these rows accept.
            The result of a fit to X and y: the rows that chose its states accept. Those that judge it take part in
            nothing.
            None: all rows of X are fitted to and accept, with a correction for the number of constants. The error on
            rows that accepted is too low; report it from others.
        primitives: names or objects of the forms to choose from. Default: all that `edgewise.primitives.ranked` lists.
        tolerance (share): how much the root of the mean loss may rise. 0.1 allows 10 %.
        sample_weight (n,): what each row of X counts.
        budget (units): how much work the search may do; one unit is about a millisecond of one core. When it is spent,
            the best network so far comes back, and edges that were not reached are splines.
            `edgewise.symbolic.budget_spent` tells. Default: 45,000.
        progress: show on a terminal or in a notebook what is being done. Files and pipes stay clean.

    Returns:
        The new model. Its edit "symbolify" tells how many edges have a closed form, and the errors before and after.

    Raises:
        ConfigError: a tolerance below 0, a budget that is no number above 0, or an unusable `validation`.
        StructureError: for anything but a KAN.
        DataError, ShapeError: rows that do not fit the model.
        SymbolicError: unknown primitives.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(200, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    >>> fitted = ew.fit(ew.KAN((1, 1)), X, torch.exp(2 * X), progress=False)
    >>> ew.formula(symbolify(fitted.model, X, torch.exp(2 * X)))
    [exp(2*x1)]
    """
    model = as_kan(model, "symbolify")
    endless = isinstance(tolerance, float) and tolerance == math.inf
    if not endless and (not is_number(tolerance) or tolerance < 0):
        raise ConfigError(f"tolerance must be a number >= 0, got {shown(tolerance)}")
    units, forms = checked_budget(budget), resolve(primitives)
    with progress_bar(units, progress) as bar, told_by((work := Work(units, bar)).say):
        with threads_for(0.0):
            task = SymbolicTask.create(model, *given_rows(model, X, y, sample_weight, validation))
            if any(form.name == "x" for form in forms):
                task = task.lines_placed()
        with threads_for(2.0 * len(task.X) * sum(p.numel() for p in model.parameters()) ** 2):
            return _symbolified(model, task, forms, tolerance, work)


def _symbolified(model: KAN, task: SymbolicTask, forms: tuple[Primitive, ...], tolerance: float, work: Work) -> KAN:
    with work.until(TUNED.search_share):
        sharp = sharpened(task, work)
        if task.stands(sharp.model, tolerance):  # what is fitted further may follow the rows of the fit alone
            task = sharp
        task, best = _searched(task, forms, tolerance, work)
    if best is not None and task.allowed(best.program, best.loss, best.constants, tolerance):
        return _finished(task, model, best, tolerance, work)
    with work.until(TUNED.edges_share):
        partly = stepwise(task, forms, tolerance, work)
    rest = edge_samples(task, partly).keys() - present_forms(partly).keys()
    if not rest:
        done = replace(task, model=partly)
        best = _found(done, forms, tolerance, work)
        if best is not None and task.allowed(best.program, best.loss, best.constants, tolerance):
            return _finished(done, restored(partly.build(), model), best, tolerance, work)
    total = sum(int((layer.kind != OFF).sum()) for layer in partly.edge_layers)
    before = f"{total - len(rest)} of {total} edges; {_error(task, task.error)} before"
    return restored(partly.build(edit=_edit(before, task, partly, work)), model)


def _searched(
    task: SymbolicTask, forms: tuple[Primitive, ...], tolerance: float, work: Work
) -> tuple[SymbolicTask, FoundForms | None]:
    """The task with the finest splines that are worth their while, and the best network of closed forms found on the
    way there."""
    best = _found(task, forms, tolerance, work)
    while best is None or not best.exact:
        next_task = finer(task, work)
        if next_task is None or not task.stands(next_task.model, tolerance):
            break
        task = next_task
        best = _better(best, _found(task, forms, tolerance, work), task.x.shape[0])
    return task, best


def _found(task: SymbolicTask, forms: tuple[Primitive, ...], tolerance: float, work: Work) -> FoundForms | None:
    """The best network of closed forms that the shapes of the task's model suggest."""
    fixed = present_forms(task.model)
    samples = {place: one for place, one in edge_samples(task).items() if place not in fixed}
    work.say(f"ranking closed forms of {len(samples)} edges")
    ranked = candidates(samples, forms, math.sqrt(task.error), work)
    return FormSearch(task, fixed, ranked, tolerance, work).run(forms, TUNED.tries)


def _better(one: FoundForms | None, other: FoundForms | None, rows: int) -> FoundForms | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda found: found.criterion(rows))


def _finished(task: SymbolicTask, model: KAN, found: FoundForms, tolerance: float, work: Work) -> KAN:
    """The model with a network of closed forms in it: needless terms dropped, constants set to simple numbers. What
    held-out rows do not accept is not done."""
    program, loss = drop_terms(found.program, found.loss, task, work)
    if not task.stands(program, tolerance):
        program, loss = found.program, found.loss
    work.say("setting constants to simple numbers")
    snapped = snap(program, task.x, task.y, loss=task.loss, weight=task.weight, rise=task.exact, work=work)
    if snapped.program.inside(task.x) and task.stands(snapped.program, tolerance):
        program, loss = snapped.program, snapped.loss
    told = f"all edges; {_error(task, task.error)} before, {_error(task, loss).split()[-1]} after"
    return to_model(task, model, program, _edit(told, task, program, work))


def _error(task: SymbolicTask, loss: float) -> str:
    """A loss in words."""
    if isinstance(task.loss, RelativeSquares):
        return f"relative error {math.sqrt(max(loss, 0.0)):.3g}"
    return f"loss {loss:.3g}"


def _edit(detail: str, task: SymbolicTask, network: Program | KAN, work: Work) -> Edit:
    """The record of what was done, with the errors on held-out rows, and a note where the budget ended it."""
    if task.judge is not None:
        after = _error(task, task.held_out_loss(network)).split()[-1]
        detail += f"; on {len(task.judge.X)} held-out rows {_error(task, task.judge.bar)} before, {after} after"
    return Edit("symbolify", detail + (f"; {SPENT.format(work.budget)}" if work.short else ""))


def budget_spent(model: KAN) -> bool:
    """Whether the last `symbolify` of this model ended because its budget was spent: a larger one may find more.

    >>> import torch, edgewise as ew
    >>> X = torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None]
    >>> budget_spent(symbolify(ew.KAN((1, 1)), X, X**2, budget=1))
    True
    """
    details = [edit.detail for edit in as_kan(model, "budget_spent").edits if edit.action == "symbolify"]
    return bool(details) and SPENT.split("{")[0] in details[-1]

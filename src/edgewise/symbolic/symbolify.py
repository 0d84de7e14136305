"""symbolify: edges become closed forms where the error of the whole network says so."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..errors import ConfigError, knows_keywords
from ..metadata import Edit
from ..model import KAN, Fitted, as_kan
from ..primitives import Primitive, resolve
from ..threads import threads_for
from .candidates import candidates
from .drop import drop_terms
from .search import Found, Search
from .snap import snap
from .stepwise import finer, restored, sharpened, stepwise
from .task import Task, edge_samples, present_forms, to_model
from .tuning import TUNED
from .work import Work, checked_budget, progress_bar

SPENT = "the budget of {:g} units was spent"


@knows_keywords
def symbolify(
    model: KAN | Fitted,
    X: Any,
    y: Any = None,
    *,
    primitives: Iterable[str | Primitive] | None = None,
    tolerance: float = 0.1,
    sample_weight: Any = None,
    budget: float | None = None,
    progress: bool = True,
) -> KAN:
    """A new model whose edges are closed forms c f(a x + b) + d, wherever the network as a whole is then as good as it
    was.

    X (b, features), y (b,), (b, outputs) or class labels: what the forms are judged on; without y the model's own
    outputs, to 0.1 %. Every edge is ranked against `primitives` (names or objects; by default all); combinations of
    candidates are fitted to the data, most likely first, all constants together. If none is as good as the network can
    be (its error times 1 + `tolerance`, both corrected for the number of their constants), edges are taken one at a
    time and the rest is fitted again after each; an edge without closed form stays a spline. When all edges have one,
    terms that the data do not need are dropped, and constants snap to simple numbers that the data cannot tell them
    from; the model then works in the units of X and y, without scaling. The edit "symbolify" tells the errors before
    and after.

    The search is deterministic: it counts its work and never looks at a clock. It ends where `budget` units are spent
    (one is about a millisecond of one core; default: `SymbolicTuning.budget`). The best network so far comes back,
    edges that were not reached are splines, and `budget_spent(model)` says so. `progress`: show on a terminal what is
    being done.

    Raises `ConfigError`, `StructureError`, `DataError`, `ShapeError` and, for unknown primitives, `SymbolicError`.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(200, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    >>> fitted = ew.fit(ew.KAN((1, 1)), X, torch.exp(2 * X), progress=False).model
    >>> ew.formula(symbolify(fitted, X, torch.exp(2 * X)))
    [exp(2*x1)]
    """
    model = as_kan(model, "symbolify")
    if not isinstance(tolerance, (int, float)) or isinstance(tolerance, bool) or not tolerance >= 0:
        raise ConfigError(f"tolerance must be a number >= 0, got {tolerance!r}")
    units, forms = checked_budget(budget), resolve(primitives)
    with threads_for(0.0):
        task = Task.create(model, X, y, sample_weight)
    with threads_for(2.0 * len(task.X) * sum(p.numel() for p in model.parameters()) ** 2):
        with progress_bar(units, progress) as bar:
            return _symbolified(model, task, forms, tolerance, Work(units, bar))


def _symbolified(model: KAN, task: Task, forms: tuple[Primitive, ...], tolerance: float, work: Work) -> KAN:
    with work.until(TUNED.search_share):
        task, best = _searched(sharpened(task, work), forms, tolerance, work)
    if best is not None and task.allowed(best.loss, best.constants, tolerance):
        return _finished(task, model, best, work)
    with work.until(TUNED.edges_share):
        partly = stepwise(task, forms, tolerance, work)
    rest = edge_samples(task, partly).keys() - present_forms(partly).keys()
    if not rest:
        done = replace(task, model=partly)
        best = _found(done, forms, tolerance, work)
        if best is not None and task.allowed(best.loss, best.constants, tolerance):
            return _finished(done, restored(partly.build(), model), best, work)
    total = sum(int((layer.kind != 0).sum()) for layer in partly.edge_layers)
    detail = f"{total - len(rest)} of {total} edges; relative error {math.sqrt(task.error):.3g} before"
    return restored(partly.build(edit=_edit(detail, work)), model)


def _searched(task: Task, forms: tuple[Primitive, ...], tolerance: float, work: Work) -> tuple[Task, Found | None]:
    """The task with the finest splines that are worth their while, and the best network of closed forms found on the
    way there."""
    best = _found(task, forms, tolerance, work)
    while best is None or not best.exact:
        next_task = finer(task, work)
        if next_task is None:
            break
        task = next_task
        best = _better(best, _found(task, forms, tolerance, work), task.x.shape[0])
    return task, best


def _found(task: Task, forms: tuple[Primitive, ...], tolerance: float, work: Work) -> Found | None:
    """The best network of closed forms that the shapes of the task's model suggest."""
    fixed = present_forms(task.model)
    samples = {place: one for place, one in edge_samples(task).items() if place not in fixed}
    work.say(f"ranking closed forms of {len(samples)} edges")
    ranked = candidates(samples, forms, math.sqrt(task.error), work)
    return Search(task, fixed, ranked, tolerance, work).run(forms, TUNED.tries)


def _better(one: Found | None, other: Found | None, rows: int) -> Found | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda found: found.criterion(rows))


def _finished(task: Task, model: KAN, found: Found, work: Work) -> KAN:
    """The model with a network of closed forms in it: needless terms dropped, constants snapped."""
    program, loss = drop_terms(found.program, found.loss, task, work)
    work.say("setting constants to simple numbers")
    snapped = snap(program, task.x, task.y, loss=task.loss, weight=task.weight, rise=TUNED.exact_loss, work=work)
    if not snapped.program.inside(task.x):
        snapped = None
    final = program if snapped is None else snapped.program
    after = loss if snapped is None else snapped.loss
    what = "loss" if task.loss.name != "squared_error" else "relative error"
    before, after = (
        (math.sqrt(task.error), math.sqrt(max(after, 0.0))) if what == "relative error" else (task.error, after)
    )
    return to_model(task, model, final, _edit(f"all edges; {what} {before:.3g} before, {after:.3g} after", work))


def _edit(detail: str, work: Work) -> Edit:
    """The record of what was done, with a note where the budget ended it."""
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

"""symbolify: edges become closed forms where the error of the whole network says so."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..errors import ConfigError
from ..metadata import Edit
from ..model import KAN, as_kan
from ..primitives import Primitive, resolve
from ..threads import threads_for
from .candidates import candidates
from .drop import drop_terms
from .program import Program
from .search import Found, Search
from .snap import snap
from .stepwise import finer, restored, sharpened, stepwise
from .task import EXACT, Task, edge_samples, present_forms, to_model

# combinations of candidates that are fitted, at each fineness of the splines, before the edges are taken one at a time
TRIES = 30


def symbolify(
    model: KAN,
    X: Any,
    y: Any = None,
    *,
    primitives: Iterable[str | Primitive] | None = None,
    tolerance: float = 0.1,
    sample_weight: Any = None,
) -> KAN:
    """A new model whose edges are closed forms c f(a x + b) + d, wherever the network as a whole is then as good as it
    was.

    X (b, features), y (b,), (b, outputs) or class labels: what the forms are judged on; without y the model's own
    outputs, to 0.1 %. Every edge is ranked against `primitives` (names or objects; by default all); combinations of
    candidates are fitted to the data, most likely first, all constants together. If none is as good as the network can
    be (its error times 1 + `tolerance`, both corrected for the number of their constants), edges are taken one at a
    time and the rest is fitted again after each; an edge without closed form stays a spline. When all edges have one,
    terms that the data do not need are dropped, and constants snap to simple numbers that the data cannot tell them
    from; the model then works in the units of X and y, without scaling. The last edit tells the errors before and
    after. Deterministic.

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
    with threads_for(2.0 * len(X) * sum(p.numel() for p in model.parameters()) ** 2):
        return _symbolified(model, X, y, resolve(primitives), tolerance, sample_weight)


def _symbolified(model: KAN, X: Any, y: Any, forms: tuple[Primitive, ...], tolerance: float, sample_weight: Any) -> KAN:
    task: Task | None = sharpened(Task.create(model, X, y, sample_weight))
    best: Found | None = None
    finest = task
    while task is not None:
        finest = task
        best = _better(best, _find(task, forms, tolerance), task.x.shape[0])
        task = None if best is not None and best.exact else finer(task)
    task = finest
    if best is not None and task.allowed(best.loss, best.constants, tolerance):
        return _finished(task, model, best.program, best.loss)
    partly = stepwise(task, forms, tolerance)
    rest = edge_samples(task, partly).keys() - present_forms(partly).keys()
    if not rest:
        done = replace(task, model=partly)
        best = _find(done, forms, tolerance)
        if best is not None and task.allowed(best.loss, best.constants, tolerance):
            return _finished(done, partly.build().to(dtype=model.dtype, device=model.device), best.program, best.loss)
    total = sum(int((layer.kind != 0).sum()) for layer in partly.edge_layers)
    detail = f"{total - len(rest)} of {total} edges; relative error {math.sqrt(task.error):.3g} before"
    return restored(partly.build(edit=Edit("symbolify", detail)), model)


def _find(task: Task, forms: tuple[Primitive, ...], tolerance: float) -> Found | None:
    """The best network of closed forms that the shapes of the task's model suggest."""
    fixed = present_forms(task.model)
    samples = {place: one for place, one in edge_samples(task).items() if place not in fixed}
    ranked = candidates(samples, forms, math.sqrt(task.error))
    return Search(task, fixed, ranked, tolerance).run(forms, TRIES)


def _better(one: Found | None, other: Found | None, rows: int) -> Found | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda found: found.criterion(rows))


def _finished(task: Task, model: KAN, program: Program, loss: float) -> KAN:
    """The model with a network of closed forms in it: needless terms dropped, constants snapped."""
    program, loss = drop_terms(program, loss, task)
    snapped = snap(program, task.x, task.y, loss=task.loss, weight=task.weight, rise=EXACT)
    if not snapped.program.inside(task.x):
        snapped = None
    final = program if snapped is None else snapped.program
    after = loss if snapped is None else snapped.loss
    what = "loss" if task.loss.name != "squared_error" else "relative error"
    before, after = (
        (math.sqrt(task.error), math.sqrt(max(after, 0.0))) if what == "relative error" else (task.error, after)
    )
    return to_model(task, model, final, f"all edges; {what} {before:.3g} before, {after:.3g} after")

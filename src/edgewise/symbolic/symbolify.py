"""symbolify: edges become closed forms where the error of the whole network says so."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..errors import ConfigError, SymbolicError, problems
from ..model import KAN
from ..primitives import Primitive, resolve
from .drop import drop_terms
from .network import EXACT, Task, edge_samples, present_forms, to_model
from .search import Found, candidates, search
from .snap import snap

TRIES = 60


def symbolify(
    model: KAN,
    X: Any,
    y: Any = None,
    *,
    primitives: Iterable[str | Primitive] | None = None,
    tolerance: float = 0.1,
    sample_weight: Any = None,
) -> KAN:
    """A new model in which edges are closed forms, wherever the network as a whole is then as good as before.
    """
    forms = resolve(primitives)
    task = Task.create(model, X, y, sample_weight)
    samples = edge_samples(task)
    fixed = present_forms(task.model)
    splines = {place: pair for place, pair in samples.items() if place not in fixed}
    ranked = candidates(splines, forms, math.sqrt(task.error))
    found = search(task, fixed, ranked, tolerance, TRIES)
    if found is not None and task.allowed(found.loss, len(found.program.theta), tolerance):
        program, loss = drop_terms(found.program, found.loss, task)
        snapped = snap(program, task.x, task.y, loss=task.loss, weight=task.weight, rise=EXACT)
        return to_model(task, model, snapped.program, f'{task.error} {snapped.loss}')
    return found

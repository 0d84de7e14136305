"""Closed forms one edge at a time, the rest of the network fitted again after each: for networks of which only a part
has closed forms."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ..layers import OFF, SYMBOLIC
from ..model import KAN
from ..primitives import Primitive
from ..size import summary
from ..train.problems.kan import NetworkProblem
from ..train.problems.losses import CrossEntropy, SquaredError
from ..train.solvers.levenberg_marquardt import minimize
from ..transforms import refine, remove, set_symbolic
from .candidates import candidates
from .rank import Candidate
from .task import Place, RelativeSquares, Task, edge_samples

MOST, GAIN = (
    1000,
    0.25,
)  # parameters, and the share of the loss that a finer grid must leave at most to be worth its while
STEPS, ATTEMPTS = 12, 3  # Levenberg-Marquardt steps after a substitution, candidates of an edge that are tried


def stepwise(task: Task, primitives: tuple[Primitive, ...], tolerance: float) -> KAN:
    """The task's model with closed forms on all edges that can carry one without the network getting worse; float64,
    scaling as it was."""
    model, given_up = task.model, set[Place]()
    while True:
        places = [place for place in _splines(model) if place not in given_up]
        if not places:
            return model
        samples = edge_samples(task, model, raw=False)
        ranked = candidates({place: samples[place] for place in places}, primitives, math.sqrt(task.error))
        for place in sorted(places, key=lambda p: _harm(ranked[p], samples[p].influence)):
            changed = _substitute(task, model, place, ranked[place][:ATTEMPTS], tolerance)
            if changed is not None:
                model = changed
                break
            given_up.add(place)
        else:
            return model


def _splines(model: KAN) -> list[Place]:
    return [
        (number, *place)
        for number, layer in enumerate(model.edge_layers)
        for place in layer.spline_edges().nonzero().tolist()  # type: ignore[misc]
    ]


def _harm(ranked: list[Candidate], influence: float) -> float:
    """How much the output would move, to first order, if the edge became its best candidate: the clearest edges come
    first."""
    return influence * ranked[0].relative if ranked else math.inf


def _substitute(task: Task, model: KAN, place: Place, ranked: list[Candidate], tolerance: float) -> KAN | None:
    identity = model.topology.edge_at(*place)
    for candidate in ranked:
        if not candidate.inside:
            continue
        if candidate.primitive == "0":
            if not _may_go(model, place):
                continue
            trial = remove(model, edges=[identity], X=task.X)
        else:
            trial = set_symbolic(model, {identity: (candidate.primitive, *candidate.constants)})
        trial, loss = refit_network(task, trial)
        if math.isfinite(loss) and task.allowed(loss, min(summary(trial).parameters, task.parameters), tolerance):
            return trial
    return None


def _may_go(model: KAN, place: Place) -> bool:
    """Whether the edge's target keeps another edge."""
    number, src, dst = place
    others = model.edge_layers[number].kind[:, dst] != OFF
    return int(others.sum()) > 1


def refit_network(task: Task, model: KAN, steps: int = STEPS) -> tuple[KAN, float]:
    """All constants and splines of the model fitted to the task's data, and its loss in the task's units."""
    loss: Any
    if isinstance(task.loss, CrossEntropy):
        loss, target = task.loss, task.y
    else:
        assert isinstance(task.loss, RelativeSquares)
        loss = RelativeSquares(task.loss.scale / model.output_scale)
        target = (task.y + task.offset - model.output_shift) / model.output_scale
        if bool((loss.scale == 1).all()):
            loss = SquaredError()
    problem = NetworkProblem(model.build(), model.scale_inputs(task.X), target, loss, task.weight)
    found = minimize(problem, problem.start(), steps=steps)
    problem.flat.load(found.theta)
    return problem.model.build(), found.value


def sharpened(task: Task) -> Task:
    """The task with its model fitted a little further, without penalty: a model made sparse by one shows its shapes
    blurred."""
    if task.own or not _may_have(task, summary(task.model).parameters):
        return task
    model, loss = refit_network(task, task.model)
    return replace(task, model=model, error=loss) if loss < task.error else task


def _may_have(task: Task, parameters: int) -> bool:
    """Whether a network with that many parameters can be fitted without following the noise."""
    return parameters <= min(MOST, task.y.numel() // 5)


def finer(task: Task) -> Task | None:
    """The task with its model's splines on twice as many intervals and fitted again, or None where that gains little:
    shapes on a coarse grid are wrong near poles, cusps and fast waves."""
    closed = all(bool((layer.kind == SYMBOLIC).all()) for layer in task.model.edge_layers)
    if task.own or closed or not _may_have(task, 2 * summary(task.model).parameters):
        return None
    model, loss = refit_network(task, refine(task.model, factor=2))
    better = replace(task, error=loss, parameters=2 * task.parameters)
    if not better.error * task.x.shape[0] / max(task.x.shape[0] - better.parameters, 1) < GAIN * task.error:
        return None
    return replace(better, model=model, parameters=min(summary(model).parameters, task.x.shape[0] // 5))


def restored(model: KAN, like: KAN) -> KAN:
    """The model in the number format and place of another."""
    return model.build().to(dtype=like.dtype, device=like.device)

"""Closed forms one edge at a time, the rest of the network fitted again after each.

For networks of which only a part has closed forms. Where rows are few beside the splines, nothing else moves.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from ..layers import OFF, SYMBOLIC
from ..losses import SquaredError, within
from ..model import KAN
from ..primitives import Primitive
from ..size import summary
from ..train.problems.kan import NetworkProblem
from ..train.solvers.levenberg_marquardt import minimize
from ..transforms import refine, remove
from ..transforms.symbolic import with_forms
from .candidates import candidates
from .rank import FittedForm
from .task import EdgePlace, RelativeSquares, SymbolicTask, edge_samples, mean_loss
from .tuning import TUNED
from .work import Work, price_of_network


def stepwise(task: SymbolicTask, primitives: tuple[Primitive, ...], tolerance: float, work: Work) -> KAN:
    """The task's model with closed forms on all edges that can carry one without the network getting worse; float64,
    scaling as it was. Edges that are not reached before the work is spent stay splines."""
    model, given_up, samples, ranked = task.model, set[EdgePlace](), {}, {}
    while True:
        left = _splines(model)
        work.say(f"one edge at a time, {len(left)} splines left")
        places = [place for place in left if place not in given_up]
        if not places or work.out:
            return model
        if not ranked or _fits_again(task, model):
            samples = edge_samples(task, model, raw=False)
            ranked = candidates({place: samples[place] for place in places}, primitives, math.sqrt(task.error), work)
        for place in sorted(places, key=lambda p: _harm(ranked[p], samples[p].influence)):
            changed = _substitute(task, model, place, ranked[place][: TUNED.attempts], tolerance, work)
            if changed is not None:
                model = changed
                break
            given_up.add(place)
        else:
            return model


def _splines(model: KAN) -> list[EdgePlace]:
    return [
        (number, *place)
        for number, layer in enumerate(model.edge_layers)
        for place in layer.spline_edges().nonzero().tolist()  # type: ignore[misc]
    ]


def _harm(ranked: list[FittedForm], influence: float) -> float:
    """How much the output would move, to first order, if the edge became its best candidate: the clearest edges come
    first."""
    return influence * ranked[0].relative if ranked else math.inf


def _substitute(
    task: SymbolicTask, model: KAN, place: EdgePlace, ranked: list[FittedForm], tolerance: float, work: Work
) -> KAN | None:
    identity = model.topology.edge_at(*place)
    for candidate in ranked:
        if work.out:
            return None
        if not candidate.inside:
            continue
        if candidate.primitive == "0":
            if not _may_go(model, place):
                continue
            trial = remove(model, edges=[identity], X=task.X)
        else:
            trial = with_forms(model, [(*place, candidate.primitive, candidate.constants)])
        trial, loss = refit_network(task, trial, work) if _fits_again(task, trial) else (trial, _loss(task, trial))
        if math.isfinite(loss) and task.allowed(
            trial, loss, min(summary(trial).parameters, task.parameters), tolerance
        ):
            return trial
    return None


def _fits_again(task: SymbolicTask, model: KAN) -> bool:
    """Whether the rest of the network is fitted again after each edge: without a penalty, few rows would bend the
    splines that stay."""
    return _may_have(task, summary(model).parameters)


def _may_go(model: KAN, place: EdgePlace) -> bool:
    """Whether the edge's target keeps another edge."""
    number, src, dst = place
    others = model.edge_layers[number].kind[:, dst] != OFF
    return int(others.sum()) > 1


def refit_network(task: SymbolicTask, model: KAN, work: Work) -> tuple[KAN, float]:
    """All constants and splines of the model fitted to the task's rows, as far as the work goes, and its loss.

    The loss is in the task's units, and infinite where no step can be paid.
    """
    loss: Any
    if not isinstance(task.loss, RelativeSquares):
        loss, target = within(task.loss, model.output_shift, model.output_scale), task.y
    else:
        loss = RelativeSquares(task.loss.scale / model.output_scale)
        target = (task.y + task.offset - model.output_shift) / model.output_scale
        if bool((loss.scale == 1).all()):
            loss = SquaredError()
    problem = NetworkProblem(model.build(), model.scale_inputs(task.X), target, loss, task.weight)
    start = problem.start()
    price = _price(model, task.X.shape[0], start.numel(), problem.blocks.size)
    steps = work.steps(TUNED.network_steps, 2 * price)  # a step evaluates twice
    if steps == 0:
        return model, math.inf
    found = minimize(problem, start, steps=steps)
    work.spend(found.evaluations * price)
    problem.flat.load(found.theta)
    return problem.model.build(), found.value


def _loss(task: SymbolicTask, model: KAN) -> float:
    """The loss of the model as it is on the rows of the task."""
    with torch.no_grad():
        return mean_loss(task.loss, model(task.X) - task.offset, task.y, task.weight)


def _price(model: KAN, rows: int, free: int, laid_out: int) -> float:
    """Units of work for one evaluation of the model on so many rows. free: parameters that move; laid_out: columns of
    its Jacobian."""
    edges = sum(int((layer.kind != OFF).sum()) for layer in model.edge_layers)
    closed = sum(len(layer.symbolic) for layer in model.edge_layers)
    return price_of_network(rows, len(model.topology.node_ids[-1]), model.topology.depth, edges, closed, free, laid_out)


def sharpened(task: SymbolicTask, work: Work) -> SymbolicTask:
    """The task with its model fitted a little further, without penalty: a model made sparse by one shows its shapes
    blurred."""
    if task.own or not _may_have(task, summary(task.model).parameters):
        return task
    work.say("fitting the network a little further")
    model, loss = refit_network(task, task.model, work)
    return task.with_model(model, loss, task.parameters) if loss < task.error else task


def _may_have(task: SymbolicTask, parameters: int) -> bool:
    """Whether a network with that many parameters can be fitted without following the noise."""
    return parameters <= min(TUNED.most_parameters, task.y.numel() // TUNED.rows_per_parameter)


def finer(task: SymbolicTask, work: Work) -> SymbolicTask | None:
    """The task with its model's splines on twice as many intervals and fitted again, or None where that gains little.

    Shapes on a coarse grid are wrong near poles, cusps and fast waves.
    """
    closed = all(bool((layer.kind == SYMBOLIC).all()) for layer in task.model.edge_layers)
    if task.own or closed or not _may_have(task, 2 * summary(task.model).parameters):
        return None
    if work.out:
        return None
    work.say("fitting the network on a finer grid")
    model, loss = refit_network(task, refine(task.model, factor=2), work)
    rows = task.x.shape[0]
    if not loss * rows / max(rows - 2 * task.parameters, 1) < TUNED.finer_gain * task.error:
        return None
    return task.with_model(model, loss, min(summary(model).parameters, rows // TUNED.rows_per_parameter))


def restored(model: KAN, like: KAN) -> KAN:
    """The model in the number format and place of another."""
    return model.build().to(dtype=like.dtype, device=like.device)

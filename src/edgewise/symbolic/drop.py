"""Terms that the law does not need: where constants of a network are not determined by the data, fewer terms say the
same."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .normal_form import NormalForm, normal_forms
from .program import ConstantsProblem, Program, Stage, refit
from .task import RelativeSquares, SymbolicTask
from .tuning import TUNED
from .work import Work


def undetermined(program: Program, task: SymbolicTask, free: Tensor | None = None) -> int:
    """How many directions of the free constants (all but the known scales and shifts of nodes, when None) leave the
    loss unchanged."""
    form = next(normal_forms(program, limit=1)) if free is None else NormalForm(program, free)
    if not bool(form.free.any()):
        return 0
    problem = ConstantsProblem(form.program, task.x, task.y, task.loss, task.weight, form.free)
    curvature = problem.quadratic(form.program.theta[form.free])[2]
    if not bool(torch.isfinite(curvature).all()):
        return 0
    scale = curvature.diagonal().sqrt()
    scale = torch.where(scale > 0, scale, 1.0)
    return int((torch.linalg.eigvalsh(curvature / scale / scale[:, None]) < TUNED.flat_direction).sum())


def drop_terms(program: Program, loss: float, task: SymbolicTask, work: Work) -> tuple[Program, float]:
    """Take terms away one by one, least important first, while the loss stays where it is.

    Any may go while the constants are undetermined, otherwise only those that hardly move the output. Where the work
    is spent, the rest stays.
    """
    small = task.thinned(TUNED.drop_rows)
    while True:
        work.say("dropping needless terms")
        free = undetermined(program, task) > 0
        for share, stage, term in _by_importance(program, small):
            if share > TUNED.weak_term and not free:
                return program, loss
            if work.out:
                return program, loss
            trial = without(program, stage, term)
            if trial is None:
                continue
            trial, value = refit(
                trial, small.x, small.y, loss=small.loss, weight=small.weight, steps=TUNED.drop_steps, work=work
            )
            if not value <= TUNED.drop_promising * loss + TUNED.drop_promising_exact * task.exact:
                continue
            trial, value = refit(
                trial, task.x, task.y, loss=task.loss, weight=task.weight, steps=TUNED.drop_steps, work=work
            )
            if value <= loss * (1 + TUNED.drop_rise / task.x.shape[0]) + task.exact:
                program, loss = trial, value
                break
        else:
            return program, loss


def _by_importance(program: Program, task: SymbolicTask) -> list[tuple[float, int, int]]:
    """(how far it moves the output, in spreads of y, stage, term) of all terms, those first that move it least."""
    spread = task.loss.scale if isinstance(task.loss, RelativeSquares) else torch.ones((), dtype=task.x.dtype)
    _, jacobian = program.jacobian(program.theta, task.x)
    found, start = [], 0
    for number, stage in enumerate(program.stages):
        t = len(stage.terms)
        for n in range(t):
            c = float(program.theta[start + 2 * t + n])
            share = (jacobian[:, :, start + 2 * t + n] * c).std(0, unbiased=False) / spread
            found.append((float(share.norm()), number, n))
        start += stage.count
    return sorted(entry for entry in found if math.isfinite(entry[0]))


def without(program: Program, stage: int, term: int) -> Program | None:
    """The program less one term and all that hung on it; None where an output would have no term left."""
    parts = [[list(p) for p in layer] for layer in _lists(program)]
    alive = [
        [n for n in range(len(s.terms)) if (number, n) != (stage, term)] for number, s in enumerate(program.stages)
    ]
    changed = True
    while changed:
        changed = False
        for number, s in enumerate(program.stages):
            fed_nodes = None if number == 0 else _fed(program.stages[number - 1], alive[number - 1])
            used = (
                None
                if number == len(program.stages) - 1
                else {program.stages[number + 1].terms[n].src for n in alive[number + 1]}
            )
            for n in list(alive[number]):
                dead_end = used is not None and _owner(s, s.terms[n].dst) not in used
                constant = fed_nodes is not None and s.terms[n].src not in fed_nodes
                if not dead_end and not constant:
                    continue
                if constant and not dead_end:
                    value = _constant_value(program, number, s.terms[n].src, parts)
                    a, b, c, bias = parts[number]
                    z = torch.tensor(a[n] * value + b[n], dtype=torch.float64)
                    bias[s.terms[n].dst] += c[n] * float(s.terms[n].primitive.safe(z))
                alive[number].remove(n)
                changed = True
    last = program.stages[-1]
    if any(not any(last.terms[n].dst in node for n in alive[-1]) for node in last.factors):
        return None
    stages, theta = [], []
    for s, keep, (a, b, c, bias) in zip(program.stages, alive, parts, strict=True):
        stages.append(Stage(tuple(s.terms[n] for n in keep), s.factors))
        theta += [*(a[n] for n in keep), *(b[n] for n in keep), *(c[n] for n in keep), *bias]
    return Program(tuple(stages), torch.tensor(theta, dtype=torch.float64))


def _lists(program: Program) -> list[tuple[list[float], ...]]:
    return [tuple(v.tolist() for v in layer) for layer in program.split()]


def _owner(stage: Stage, subnode: int) -> int:
    return next(number for number, node in enumerate(stage.factors) if subnode in node)


def _fed(stage: Stage, alive: list[int]) -> set[int]:
    """Nodes that some living term feeds."""
    return {_owner(stage, stage.terms[n].dst) for n in alive}


def _constant_value(program: Program, number: int, node: int, parts: list) -> float:
    """Value of a node that nothing feeds: the product of its biases."""
    bias: list[float] = parts[number - 1][3]
    return math.prod(bias[subnode] for subnode in program.stages[number - 1].factors[node])

"""When a run ends: the best state, patience, and one protocol for callbacks, early stopping and solvers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from edgewise.train.solvers import conjugate_gradients, lbfgs, levenberg_marquardt, quasi_newton
from edgewise.train.solvers.status import Status
from edgewise.train.solvers.stop import BestSoFar, Patience, Step, Stop

from ..zoo import regression_problem


def states(*values: float) -> list[Tensor]:
    return [torch.tensor([value], dtype=torch.float64) for value in values]


def stop(losses: list[float | None], patience: Patience | None = None, ends_at: int = 99, first: float = 1.0) -> Stop:
    """A `Stop` whose judge gives these losses one after another; the user ends the run at a step."""
    left = iter(losses)
    return Stop(
        torch.zeros(1, dtype=torch.float64),
        first,
        judge=lambda theta: next(left),
        note=lambda step, judged: step.number >= ends_at,
        patience=patience,
    )


def steps(thetas: list[Tensor]) -> list[Step]:
    return [Step(number, 1.0, theta, 1.0) for number, theta in enumerate(thetas, start=1)]


def test_the_state_of_the_lowest_held_out_loss_is_the_best():
    asked = stop([0.5, 0.2, 0.4])
    thetas = states(1, 2, 3)
    assert [asked(step) for step in steps(thetas)] == [False, False, False]
    assert asked.best == BestSoFar(thetas[1], 0.2, 2) and asked.last is thetas[2] and asked.steps == 3


def test_the_start_is_the_best_where_no_step_is_better():
    asked = stop([2.0, math.nan])
    for step in steps(states(1, 2)):
        asked(step)
    assert asked.best.step == 0 and float(asked.best.state) == 0.0


@pytest.mark.parametrize("first", [math.nan, math.inf])
def test_a_start_that_cannot_be_judged_is_left_behind(first: float):
    asked = stop([5.0], first=first)
    asked(steps(states(1))[0])
    assert asked.best.loss == 5.0


def test_the_newest_state_is_the_best_where_nothing_judges():
    asked = stop([None, None], Patience(1))
    thetas = states(1, 2)
    assert not any(asked(step) for step in steps(thetas))
    assert asked.best.state is thetas[1]


def test_patience_ends_a_run_and_the_user_does_not():
    asked = stop([0.5, 0.6, 0.7, 0.8], Patience(3))
    assert [asked(step) for step in steps(states(1, 2, 3, 4))] == [False, False, False, True]
    assert not asked.by_user


def test_the_user_ends_a_run_whatever_the_loss():
    asked = stop([0.5, 0.4], Patience(3), ends_at=2)
    assert [asked(step) for step in steps(states(1, 2))] == [False, True]
    assert asked.by_user and asked.best.loss == 0.4  # the last step counts


SOLVERS: dict[str, Any] = {
    "lm": levenberg_marquardt.minimize,
    "lm-cg": conjugate_gradients.minimize_cg,
    "lbfgs": lambda problem, start, **how: lbfgs.minimize(problem.value_gradient, start, **how),
    "ssbroyden": lambda problem, start, **how: quasi_newton.minimize(problem.value_gradient, start, **how),
}


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_asks_after_every_step_and_obeys(name: str):
    problem = regression_problem()
    seen: list[Step] = []

    def watch(step: Step) -> bool:
        seen.append(step)
        return len(seen) == 4

    end = SOLVERS[name](problem, problem.start(), watch=watch)
    assert end.status is Status.STOPPED and len(seen) == 4
    assert [step.value for step in seen] == sorted((step.value for step in seen), reverse=True)
    assert seen[-1].theta is end.theta and seen[-1].value == end.value
    numbers = [step.number for step in seen]
    assert numbers == sorted(set(numbers)) and numbers[-1] == end.steps

"""Rounds: points go where the residual is, the best state on fresh points is kept."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.pde.boundary_problem import Use
from edgewise.pde.placing import placed
from edgewise.pde.refinement import Rounds, sizes_of, weighed
from edgewise.pde.residual_terms import ResidualTerm
from edgewise.train.monitor import Monitor
from helpers import assert_close, assert_equal, state_of

from .test_boundary_problem import TASK


def rounds() -> Rounds:
    return Rounds(TASK, placed(ew.KAN((2, 3, 1), degree=5, base=None, seed=1), TASK.domain), Monitor(progress=False))


def test_points_of_later_rounds_go_where_the_residual_is():
    it = rounds()
    steep = TASK.equation.term
    it.task = TASK.__class__(**{**TASK.__dict__, "equation": Steep(steep)})  # type: ignore[arg-type]
    x = it._points(it.start, 1)
    assert len(x) == TASK.points and bool(TASK.domain.inside(x).all())
    assert int((x[:, 0] > 0.9).sum()) > 25, "all candidates there, and a tenth of the other points"


class Steep:
    """An equation whose residual lies at x0 > 0.9."""

    def __init__(self, term) -> None:
        self.plain, self.unknowns = term, ()

    def term(self, x: torch.Tensor) -> ResidualTerm:
        plain = self.plain(x)
        there = (x[:, :1] > 0.9).double()
        return ResidualTerm(plain.name, x, there, lambda u, x, given: given + 0 * u(), plain.indices)


def test_a_worse_state_is_not_kept():
    it = rounds()
    problem, theta = it._problem(it.start, it.fresh)
    it.running = run = it._minimised(problem, theta, it.start, "test", 5)
    it.rescue()
    best = it.best
    assert weighed(it.weights, best.fresh) < math.inf
    it._keep(type(run)(run.problem, run.module, run.theta + 1.0))
    assert it.best is best


@pytest.mark.parametrize(("trained", "size", "told"), [(0.01, 1.0, True), (0.5, 1.0, False), (0.01, 1e20, False)])
def test_residuals_on_fresh_points_are_told_of_the_state_that_is_given_back(trained, size, told):
    it = rounds()
    it.best = replace(it.best, fresh=[1.0], trained=trained)
    judgement = replace(it.judgement(), sizes=torch.tensor([size]))
    assert it.overfitted(judgement).startswith("On fresh points the residual is 10 times") == told


def test_a_state_knows_its_residual_on_the_points_of_training():
    it = rounds()
    problem, theta = it._problem(it.start, TASK.terms(TASK.points_for(Use.TRAINING, TASK.points), Use.TRAINING))
    run = it._minimised(problem, theta, it.start, "test", 5)
    it._keep(run)
    assert_close(it.best.trained, problem.mean_squares(run.theta)[0])


def test_starts_leave_the_network_alone():
    it = rounds()
    before = state_of(it.start)
    first = it._first()
    assert sizes_of(first) == [5, 5]
    assert_equal(state_of(it.start), before)


def test_sums_that_are_not_finite_are_infinite():
    assert weighed([1.0, 2.0], [3.0, 4.0]) == 11.0 and weighed([1.0], [math.nan]) == math.inf


def test_grids_count_intervals_as_if_each_layer_had_as_many():
    it = rounds()
    x = TASK.domain.interior(200, 0)
    once, twice = it._finer(it.start, 8, x), it._finer(it.start, None, x)  # type: ignore[arg-type]
    assert once is not None and twice is not None
    for found, size in ((once, 8), (twice, 10)):  # 6 edges and then 3
        first, second = sizes_of(found)
        assert first >= 5 and second >= 5 and 9 * size - 3 < 6 * first + 3 * second <= 9 * size
    assert it._finer(once, 8, x) is None

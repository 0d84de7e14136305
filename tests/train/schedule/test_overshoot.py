"""Wild networks: exact at the rows, absurd in the corners of the data; they are known and come last."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.losses import CrossEntropy, SquaredError
from edgewise.train.job import Job
from edgewise.train.schedule import overshoot
from edgewise.train.schedule.candidate import Candidate, best_first
from edgewise.train.schedule.tuning import TUNED
from edgewise.train.solvers.status import Status

from ..zoo import points


def job(x: Tensor, y: Tensor) -> Job:
    """The rows, none held out."""
    return Job(x, y, SquaredError())


def with_end(slope: float) -> ew.KAN:
    """(2, 1): the sum of two lines, the first of which has this slope beyond 0.9."""
    x = points(400, 2)
    model = ew.fit(ew.KAN((2, 1), grid_size=20), x, x.sum(1), grids=(20,), progress=False).model
    bent = torch.where(x[:, 0] > 0.9, slope * (x[:, 0] - 0.9), 0.0) + x.sum(1)
    return ew.fit(model, x, bent, grids=(20,), progress=False).model


def test_made_rows_take_outermost_values_of_few_columns() -> None:
    x = points(200, 7, seed=2)
    made = overshoot.made(x, seed=3)
    assert made.shape == (TUNED.corner_rows, 7)
    assert torch.equal(made, overshoot.made(x, seed=3)) and not torch.equal(made, overshoot.made(x, seed=4))
    low, high = x.sort(0).values[19], x.sort(0).values[-20]
    assert bool(((made >= x.amin(0)) & (made <= x.amax(0))).all())
    for column in range(7):
        assert bool(torch.isin(made[:, column], x[:, column]).all())
        assert float(((made[:, column] <= low[column]) | (made[:, column] >= high[column])).double().mean()) > 4 / 7
    whole = (made[:, None, :4] == x[None, :, :4]).all(2).any(1).double().mean()
    assert float(whole) < 0.1  # hardly one is a row of the data in its first four columns


@pytest.mark.slow
def test_the_overshoot_is_measured_in_ranges_of_the_targets() -> None:
    x = points(400, 2)
    found = overshoot.Corners.of(job(x, x.sum(1)[:, None]))
    assert found is not None
    assert found.overshoot(with_end(0.0)) < 0.05
    assert found.overshoot(with_end(300.0)) == pytest.approx(float(found.x[:, 0].max() - 0.9) * 300 / 4, rel=0.1)


def test_numbers_that_are_none_overshoot_without_bound() -> None:
    model = with_end(0.0)
    with torch.no_grad():
        model.output_shift.fill_(float("nan"))
    found = overshoot.Corners.of(job(points(50, 2), points(50, 1)))
    assert found is not None and found.overshoot(model) == float("inf")


def test_classes_and_single_columns_have_no_corners() -> None:
    assert overshoot.Corners.of(job(points(50, 1), points(50, 1))) is None
    assert overshoot.Corners.of(Job(points(50, 2), torch.zeros(50, dtype=torch.long), CrossEntropy())) is None


def state(judged: float, overshoot: float) -> Candidate:
    return Candidate(ew.KAN((2, 1)), judged, judged, Status.CONVERGED, overshoot=overshoot)


@pytest.mark.parametrize(("loss", "wins"), [(0.5, False), (0.5 / TUNED.handicap, True)])
def test_a_wild_candidate_must_be_better_by_far(loss: float, wins: bool) -> None:
    tame, wild = state(1.0, 0.1), state(loss, 5.0)
    assert best_first([tame, wild]) == ([wild, tame] if wins else [tame, wild])


def test_growth_that_all_candidates_show_is_not_wild() -> None:
    a, b = state(1.0, 2.0), state(0.5, 5.0)
    assert best_first([a, b]) == [b, a]


def test_candidates_without_a_loss_come_last() -> None:
    a, b = state(float("nan"), 0.0), state(1.0, 0.0)
    assert best_first([a, b]) == [b, a]


def test_round_off_in_a_constant_output_is_not_wild() -> None:
    x = points(300, 2)
    model = ew.KAN((2, 2))
    y = torch.stack([x[:, 0], torch.full((300,), 7.0, dtype=torch.float64)], 1)
    model = ew.fit(model, x, y, grids=(3,), steps=3, progress=False).model
    found = overshoot.Corners.of(job(x, y))
    assert found is not None and found.overshoot(model) < 1

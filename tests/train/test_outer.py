"""A function of a sum is found by turns, and refitted to other rows without what the first ones said of them."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.losses import SquaredError
from edgewise.train.monitor import watched
from edgewise.train.outer import Outer, Turns, by_all, job_of, refitted, searched, wanted
from edgewise.train.result import FitResult
from edgewise.train.solvers.status import Status
from helpers import all_but_slow

DRAW = torch.Generator().manual_seed(0)
X = 2 * torch.rand(400, 2, dtype=torch.float64, generator=DRAW) - 1
SUM = X[:, :1] + X[:, 1:] ** 2
NOISE = 0.02 * torch.randn(400, 1, dtype=torch.float64, generator=DRAW)
LAWS = {
    "cut off": lambda total: total.clamp(min=0.2),
    "levels off": lambda total: torch.tanh(3 * total),
    "falls": lambda total: (-2 * total).exp(),
}


def added(x: Tensor, y: Tensor, weight: Tensor | None = None) -> FitResult:
    return by_all(ew.KAN((2, 1)), x, y, weight)


def found(y: Tensor) -> Turns:
    rows = (X, y, None)
    return Turns.begun(added(X, y), rows).taken(rows, lambda _, target, weight: added(X, target, weight))


def result_of(turns: Turns, y: Tensor) -> FitResult:
    return replace(added(X, y), model=turns.model, ending=Outer(turns.inner, SquaredError()))


@pytest.mark.parametrize("law", all_but_slow(["levels off"], LAWS))
def test_a_function_of_a_sum_leaves_the_noise(law: str):
    y = LAWS[law](SUM)
    turns = found(y + NOISE)
    error = float((turns.model(X) - y).detach().square().mean())
    assert error < 0.25 * float(NOISE.square().mean())
    assert turns.left == pytest.approx(float((turns.model(X) - y - NOISE).detach().square().mean()))
    assert turns.model.topology.shape_text() == "[2, 1, 1]"


def test_a_round_that_goes_astray_is_not_taken_nor_any_after_it():
    y = LAWS["levels off"](SUM) + NOISE
    rows, rounds = (X, y, None), []

    def astray(before: Turns, after: Turns) -> bool:
        rounds.append((before, after))
        return len(rounds) == 2

    last = Turns.begun(added(X, y), rows).taken(rows, lambda _, target, weight: added(X, target, weight), astray=astray)
    (_, first), (before, _) = rounds
    assert last is first is before


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.slow
def test_a_refit_finds_it_anew_by_other_rows(law: str):
    y = LAWS[law](SUM)
    first = result_of(found(y + NOISE), y)
    again = ew.refit(first, X[:300], (y + NOISE)[:300], progress=False)
    assert isinstance(again.ending, Outer) and "function" in again.message
    error = float((again.model(X[300:]) - y[300:]).detach().square().mean())
    assert error < 0.5 * float(NOISE.square().mean())
    twice = ew.refit(pickle.loads(pickle.dumps(first)), X[:300], (y + NOISE)[:300], progress=False)
    assert torch.equal(again.model(X), twice.model(X))


@pytest.mark.slow
def test_a_row_of_weight_two_is_two_rows():
    y = LAWS["levels off"](SUM) + NOISE
    first = result_of(found(y), y)
    weight = torch.ones(400, dtype=torch.float64)
    weight[:100] = 2
    weighed = ew.refit(first, X, y, sample_weight=weight, progress=False)
    copied = ew.refit(first, torch.cat([X, X[:100]]), torch.cat([y, y[:100]]), progress=False)
    assert float((weighed.model(X) - copied.model(X)).detach().abs().max()) < 0.02


def test_a_sum_that_meets_the_rows_is_wanted_as_it_is():
    inner = added(X, SUM).model
    t = torch.linspace(-1.2, 2.2, 300, dtype=torch.float64)[:, None]
    outer = by_all(ew.KAN((1, 1)), t, (2 * t).exp(), None).model
    total = inner(X).detach()
    target, weight = wanted(inner, outer, (X, outer(total).detach(), None))
    assert torch.allclose(target, total) and float(weight.sum()) == pytest.approx(400)
    steep = float(weight[total[:, 0].argmax()] / weight[(total[:, 0] - 0.9).abs().argmin()])
    assert steep == pytest.approx(float((4 * (total.max() - 0.9)).exp()), rel=0.2)  # as the square of the slope


def test_a_constant_outer_function_changes_nothing():
    inner, flat = added(X, SUM).model, by_all(ew.KAN((1, 1)), SUM, torch.ones_like(SUM), None).model
    target, weight = wanted(inner, flat, (X, SUM, None))
    assert torch.isfinite(target).all() and torch.allclose(weight, torch.ones_like(weight))


def test_an_interrupted_fit_of_the_sum_ends_the_turns():
    y = LAWS["cut off"](SUM)
    rows, first = (X, y, None), added(X, y)
    with pytest.raises(KeyboardInterrupt):
        Turns.begun(first, rows).taken(rows, lambda *_: replace(first, status=Status.INTERRUPTED))


def test_precise_weights_are_taken_at_their_word():
    draws = torch.Generator().manual_seed(3)
    x = torch.rand(300, 1, generator=draws, dtype=torch.float64)
    weight = 3 * torch.rand(300, generator=draws, dtype=torch.float64) ** 4 + 0.01  # alike noise: they only weigh
    y = (3 * x).sin() + 0.3 * torch.randn(300, 1, generator=draws, dtype=torch.float64)
    precise, doubtful = (by_all(ew.KAN((1, 1)), x, y, weight, precise=how) for how in (True, False))
    off = [float((fit.model(x) - (3 * x).sin()).detach().square().mean()) for fit in (precise, doubtful)]
    assert off[0] > 1.5 * off[1]  # it follows the noise of rows that are said to have less


@pytest.mark.parametrize(("count", "known"), [(None, True), ([1.0, 2.0], True), ([0.5, 1.5], False)])
def test_steps_are_precise_unless_rows_only_weigh_against_each_other(count: list[float] | None, known: bool):
    weight = None if count is None else torch.tensor(count, dtype=torch.float64).repeat(200)
    slopes, first = (0.1 + X[:, 1].abs()) * (1 if weight is None else weight), added(X, SUM + NOISE)
    slopes *= (400 if weight is None else weight.sum()) / slopes.sum()
    found = searched(ew.KAN((2, 1)), (X, SUM, weight))(first, SUM + NOISE, slopes)
    same = by_all(ew.KAN((2, 1)), X, SUM + NOISE, slopes, precise=known)
    assert torch.equal(found.model(X), same.model(X))
    other = by_all(ew.KAN((2, 1)), X, SUM + NOISE, slopes, precise=not known)
    assert not torch.equal(found.model(X), other.model(X))
    job, _ = job_of(X, SUM, weight)
    with watched((), False) as monitor:
        again = refitted(job, monitor)(found, SUM + NOISE, slopes)
    doubtful = ew.refit(found, X, SUM + NOISE, sample_weight=slopes, progress=False)
    assert torch.allclose(again.model(X), doubtful.model(X), rtol=0, atol=1e-9) is not known

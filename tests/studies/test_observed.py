"""Copies of a row are one observation; counts stay counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.data import Table, distinct, from_arrays
from edgewise.losses import Binomial, CrossEntropy, Loss, Poisson, SquaredError
from edgewise.studies.observed import observed
from helpers import assert_close, assert_equal

DRAW = np.random.default_rng(1)
X, Y = DRAW.normal(size=(40, 3)), DRAW.normal(size=40)
TABLE = from_arrays(X, Y)
QUICK: dict[str, Any] = {"progress": False, "formula": False, "effort": "quick"}


def weighted(weight: Any, table: Table = TABLE) -> Table:
    return replace(table, weight=torch.as_tensor(weight, dtype=torch.float64))


def of(table: Table) -> tuple[Any, ...]:
    found = observed(table, SquaredError())
    return found.X, found.y, found.weight


def test_rows_without_copies_and_weights_stay():
    assert observed(TABLE, SquaredError()) is TABLE


def test_repeats_and_whole_weights_are_the_same_relative_weights():
    weight = np.arange(40) % 4 + 1
    repeated = TABLE.take(torch.from_numpy(np.repeat(np.arange(40), weight)))
    assert_equal(of(repeated), of(distinct(weighted(weight))))
    found = observed(repeated, SquaredError())
    assert found.weight is not None
    assert_close(found.weight.sort().values, torch.from_numpy(np.sort(weight / weight.mean())), like="float64")
    assert found.notes[-1] == "60 of 100 rows are copies of others: all copies of a row are one observation."


def test_copies_are_counted_as_they_stand_whatever_they_weigh():
    twice = TABLE.take(torch.arange(40).repeat(2))
    found = observed(replace(twice, weight=torch.full((80,), 0.25, dtype=torch.float64)), SquaredError())
    assert found.weight is None
    assert found.notes[-1] == "40 of 80 rows are copies of others: all copies of a row are one observation."


def test_equal_weights_are_none():
    assert observed(weighted(np.full(40, 5)), SquaredError()).weight is None


def test_relative_weights_stay_as_they_are_and_nothing_is_said():
    once = observed(weighted(np.arange(40) % 4 + 1), SquaredError())
    twice = observed(once, SquaredError())
    assert_equal((twice.X, twice.y, twice.weight), (once.X, once.y, once.weight))
    assert twice.notes == once.notes


def test_rows_that_meet_by_chance_count():
    levels = DRAW.integers(0, 2, (200, 3)).astype(float)
    table = from_arrays(levels, DRAW.normal(size=200) + levels[:, 0] > 0.5)
    counts = distinct(table)
    assert counts.weight is not None and counts.count == 200
    for one in (table, counts):
        assert observed(one, CrossEntropy()) is one


@pytest.mark.parametrize("loss", [Poisson(), Binomial()])
@pytest.mark.parametrize("times", [1, 20])
def test_exposures_and_trials_are_relative(loss: Loss, times: int):
    weight = times * (torch.arange(40.0, dtype=torch.float64) + 1)
    shares = weighted(weight, from_arrays(X, DRAW.uniform(size=40)))
    for table in (shares, shares.take(torch.arange(6))):
        found, mine = observed(table, loss), weight[: len(table)]
        assert_close(found.weight, mine / mine.mean(), like="float64")


def test_counts_that_meet_by_chance_stay_counts():
    rare = from_arrays(DRAW.integers(0, 4, (400, 3)).astype(float), np.arange(400) == 7)
    counts = replace(distinct(rare), y=distinct(rare).y[:, None].double(), classes=None)
    assert observed(counts, Poisson()) is counts
    assert observed(counts, SquaredError()) is not counts
    copies = weighted(np.full(40, 3), from_arrays(X, DRAW.integers(0, 9, 40).astype(float)))
    assert observed(copies, Poisson()).weight is None


@pytest.mark.parametrize("loss", [Poisson(), Binomial()])
def test_whole_weights_of_counts_at_values_that_vary_freely_are_relative(loss: Loss):
    weight = 500 * (torch.arange(40.0, dtype=torch.float64) + 1)
    found = observed(weighted(weight, from_arrays(X[:, :1], (DRAW.uniform(size=40) > 0.5).astype(float))), loss)
    assert_close(found.weight, weight / weight.mean(), like="float64")


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "binomial"])
@pytest.mark.slow
def test_whole_weights_weigh_as_others_do(loss: str):
    draw = np.random.default_rng(0)
    x, weight = draw.uniform(-1, 1, (150, 3)), draw.integers(1, 50, 150)
    mean = 1 / (1 + np.exp(-2 * x[:, 0]))
    y = mean + 0.3 * draw.normal(size=150) if loss == "squared_error" else draw.binomial(weight, mean) / weight
    whole, parts = (
        ew.KANRegressor(effort="quick", loss=loss, random_state=0).fit(x, y, sample_weight=factor * weight).predict(x)
        for factor in (1, 0.37)
    )
    assert_close(torch.from_numpy(whole), torch.from_numpy(parts), like="float32")


def test_noise_that_stands_there_five_times_is_noise():
    five = np.repeat(np.arange(40), 5)
    found = ew.study(X[five], Y[five], **QUICK)
    assert "no better than the mean" in found.message and found.message.count("160 of 200 rows are copies") == 1
    assert found.table.notes == found.rest.notes and len(found.table) == 200
    assert found.model(torch.from_numpy(X)).std() < 0.5 * Y.std()


def test_a_study_of_counts_says_nothing_of_copies():
    levels = DRAW.integers(0, 2, (300, 3)).astype(float)
    found = ew.study(levels, DRAW.normal(size=300) + 3 * levels[:, 0] > 1.5, **QUICK)
    network = found.scores["this network"]
    assert isinstance(network, dict)
    assert "copies" not in found.message and network["accuracy"] > 0.8

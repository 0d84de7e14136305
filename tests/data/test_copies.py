"""Rows of equal inputs and targets are copies, unless equal inputs have other targets as well."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgewise.data import Table, few_possible, firsts, folds, from_arrays, observations, originals, split
from helpers import assert_equal

DRAW = np.random.default_rng(0)
X, Y = torch.from_numpy(DRAW.normal(size=(40, 3))), torch.from_numpy(DRAW.normal(size=40))
PLACES = torch.from_numpy(DRAW.permutation(np.repeat(np.arange(40), 3)))


def test_copies_share_a_number_in_the_order_of_their_originals():
    number = originals(X[PLACES], Y[PLACES])
    assert number is not None
    same = PLACES[:, None] == PLACES[None]
    assert_equal(number[:, None] == number[None], same)
    assert_equal(number[firsts(number)], torch.arange(40))
    assert_equal(firsts(number), same.double().argmax(1).unique())


def test_rows_that_differ_in_the_last_bit_are_no_copies():
    moved = X.clone()
    moved[:, 2] = torch.from_numpy(np.nextafter(X[:, 2].numpy(), np.inf))
    assert_equal(originals(torch.cat([X, moved]), torch.cat([Y, Y])), torch.arange(80))


@pytest.mark.parametrize("kind", ["whole", "wide", "float32", "images"])
def test_copies_are_found_among_inputs_of_any_kind(kind: str):
    made = {
        "whole": torch.cartesian_prod(torch.arange(5), torch.arange(8)),
        "wide": torch.cat([torch.zeros(40, 300), torch.eye(40)], 1),
        "float32": X.float(),
        "images": X[:, :, None, None].expand(40, 3, 4, 4),
    }[kind]
    number = originals(made[PLACES], Y[PLACES])
    assert number is not None and len(number.unique()) == 40


def test_zeros_have_no_sign():
    x = torch.arange(20.0)[:, None]
    assert_equal(
        originals(torch.cat([x, -x[:1]]), torch.cat([x, x[:1]])), torch.cat([torch.arange(20), torch.zeros(1)]).long()
    )


def test_equal_inputs_with_other_targets_are_observations_each():
    both = torch.cat([X, X[:1], X[:1]]), torch.cat([Y, Y[:1], Y[1:2]])
    assert originals(*both) is None
    assert_equal(observations(*both), torch.arange(42))


def test_very_few_different_rows_are_observations_each():
    few = torch.arange(40.0)[:, None] % 4
    assert originals(few, few) is None


@pytest.mark.parametrize(("times", "copies"), [(3, True), (8, True), (12, False)])
def test_rows_that_may_meet_by_chance_are_copies_down_to_one_in_ten_that_is_different(times: int, copies: bool):
    x = torch.arange(40.0)[:, None]
    assert (originals(x.repeat(times, 1), (x[:, 0] > 20).repeat(times)) is not None) is copies


@pytest.mark.parametrize("times", [12, 1000])
def test_rows_that_hardly_meet_by_chance_are_copies_however_often_they_stand(times: int):
    for y in (Y, Y > 0):
        number = originals(X, y, torch.full((40,), float(times)))
        assert number is not None and len(number.unique()) == 40


def test_levels_of_one_column_are_no_columns_of_their_own():
    levels = torch.eye(12)
    assert few_possible(levels, torch.arange(12) > 5)
    assert not few_possible(torch.arange(36.0).reshape(12, 3), torch.arange(12) > 5)


@pytest.mark.parametrize("times", [12, 1000])
def test_values_of_one_column_that_vary_freely_hardly_meet(times: int):
    number = originals(X[:, :1], Y > 0, torch.full((40,), float(times)))
    assert number is not None and len(number.unique()) == 40


def test_values_that_are_too_far_apart_for_a_gap_have_no_warning():
    far = torch.tensor([-1.7e308, 0.0, 5e-324, 1.7e308], dtype=torch.float64)[:, None]
    assert not few_possible(far, far)


def test_a_grid_of_few_levels_holds_observations():
    grid = torch.cartesian_prod(torch.arange(5.0), torch.arange(4.0)).repeat(12, 1)
    assert originals(grid, grid.prod(1)) is None
    once = grid[:20]
    assert originals(once, once.prod(1), torch.full((20,), 12.0)) is None  # as weights say it


def test_one_clash_among_many_copies_changes_little():
    both = torch.cat([X[PLACES], X[:1]]), torch.cat([Y[PLACES], Y[1:2]])
    number = originals(*both)
    assert number is not None and len(number.unique()) == 41


def test_many_clashes_among_copies_are_observations_each():
    other = Y.clone()
    other[:4] += 1  # of one input in ten
    both = torch.cat([X[PLACES], X]), torch.cat([Y[PLACES], other])
    assert originals(*both) is None


def test_a_table_without_rows_has_no_copies():
    assert originals(torch.zeros(0, 2), torch.zeros(0)) is None
    assert len(observations(torch.zeros(0, 2), torch.zeros(0))) == 0


def rows(table: Table) -> set[tuple[float, ...]]:
    return {tuple(row) for row in table.X.tolist()}


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_copies_stay_on_one_side_of_a_split_and_in_one_fold(classes: bool, weighted: bool):
    y = (Y > 0).numpy() if classes else Y.numpy()
    table = from_arrays(X, y).take(torch.arange(40) if weighted else PLACES)
    if weighted:
        table = Table(**{**vars(table), "weight": torch.full((40,), 3.0).double()})
    for rest, held in [split(table, 0.25, seed=2), *folds(table, 4)]:
        assert len(held) and not rows(rest) & rows(held)
        assert len(rows(rest) | rows(held)) == 40 and len(rest) + len(held) == len(table)


def test_rows_that_meet_by_chance_are_split_one_by_one():
    draw = np.random.default_rng(1)
    levels = draw.integers(0, 2, (200, 4)).astype(float)
    table = from_arrays(levels, draw.normal(size=200) + levels[:, 0] > 0.5)
    rest, held = split(table, 0.2)
    assert rows(rest) & rows(held) and abs(len(held) - 40) <= 1

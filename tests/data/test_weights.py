"""Weights count rows: whole ones stay, others are relative; a row that occurs again is one of weight two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from edgewise.data import Table, as_weights, distinct, folds, from_arrays, from_dataframe, split
from edgewise.errors import DataError, ShapeError
from helpers import assert_close, assert_equal


def table(rows: int = 40, classes: bool = False, weight: Any = None) -> Table:
    draw = np.random.default_rng(0)
    y = draw.integers(0, 2, rows).astype(bool) if classes else draw.normal(size=rows)
    found = from_arrays(draw.normal(size=(rows, 2)), y)
    return found if weight is None else replace(found, weight=torch.as_tensor(weight, dtype=torch.float64))


def sums(*parts: Table) -> dict[tuple[float, ...], float]:
    """How often each row of the parts counts in all."""
    found: dict[tuple[float, ...], float] = {}
    for part in parts:
        y = part.y.reshape(len(part), -1).double()
        weight = torch.ones(len(part)) if part.weight is None else part.weight
        for row, count in zip(torch.cat([part.X, y], 1).tolist(), weight.tolist(), strict=True):
            found[tuple(row)] = found.get(tuple(row), 0.0) + count
    return found


@pytest.mark.parametrize("scale", [1e-3, 0.7, 12.0 / 7, 1e9])
def test_the_unit_of_weights_changes_no_bit(scale: float):
    weight = np.append(np.random.default_rng(1).uniform(1e-6, 1.3, 298), [1e-100, 0.0])
    one, other = as_weights(weight, rows=300), as_weights(scale * weight, rows=300)
    assert torch.equal(one, other)
    np.testing.assert_allclose(one / one.max(), weight / weight.max(), rtol=1e-12)
    assert float(one.sum()) == pytest.approx(299)


def test_whole_weights_stay_and_others_are_as_many_as_the_rows():
    assert_equal(as_weights([3, 0, 1], rows=3), torch.tensor([3.0, 0, 1]).double())
    assert_equal(as_weights(np.array([True, False]), rows=2), torch.tensor([1.0, 0]).double())
    for scale in (1.0, 1e-300, 1e300):
        found = as_weights(scale * np.array([0.5, 0.0, 1.0]), rows=3)
        assert_close(found, torch.tensor([2 / 3, 0, 4 / 3], dtype=torch.float64), like="float64")


@pytest.mark.parametrize("wrong", [[-1.0, 1.0], [0.0, 0.0], ["a", "b"], [np.inf, 1.0], [np.nan, 1.0]])
def test_weights_that_are_none_are_refused(wrong: Any):
    with pytest.raises(DataError, match="sample_weight"):
        as_weights(wrong, rows=2)
    with pytest.raises(ShapeError, match="sample_weight"):
        as_weights([1.0, 2.0, 3.0], rows=2)


def test_a_weight_that_is_not_finite_is_told_by_its_row_alone():
    with pytest.raises(DataError, match=r"^sample_weight is not finite in row 1 \(is nan\)"):
        as_weights([1.0, np.nan], rows=2)


@pytest.mark.parametrize("classes", [False, True])
def test_repeated_rows_in_any_order_are_whole_weights(classes: bool):
    draw = np.random.default_rng(1)
    weight = draw.integers(0, 4, 40)
    plain = table(classes=classes)
    again = plain.take(torch.from_numpy(draw.permutation(np.repeat(np.arange(40), weight))))
    one, other = distinct(replace(plain, weight=torch.from_numpy(weight).double())), distinct(again)
    assert_equal((one.X, one.y, one.weight), (other.X, other.y, other.weight))
    assert one.count == weight.sum() and len(one) == (weight > 0).sum()


def test_rows_that_count_once_have_no_weight():
    found = distinct(table())
    assert found.weight is None and sums(found) == sums(table()) and found.count == 40


def test_equal_inputs_with_other_targets_are_other_rows():
    assert len(distinct(from_arrays([[1.0], [1.0], [2.0]], [0.0, 1.0, 0.0]))) == 3


WEIGHTS = {"none": None, "whole": np.arange(40) % 5 + 1, "large": np.arange(40) * 1000 + 7, "real": np.arange(40) + 0.5}


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("name", WEIGHTS)
def test_a_split_divides_what_the_rows_count(name: str, classes: bool):
    whole = table(classes=classes, weight=WEIGHTS[name])
    rest, held = split(whole, 0.25, seed=3)
    together, wanted = sums(rest, held), sums(whole)
    assert together.keys() == wanted.keys()
    assert all(abs(together[row] - wanted[row]) < 1e-9 * wanted[row] for row in wanted)
    assert 0.15 < held.count / whole.count < 0.35
    if name != "real":
        assert all(part.weight is None or bool((part.weight == part.weight.round()).all()) for part in (rest, held))


@pytest.mark.parametrize("name", WEIGHTS)
def test_folds_hold_out_everything_once(name: str):
    whole = table(weight=WEIGHTS[name])
    parts = list(folds(whole, 4))
    out, wanted = sums(*(held for _, held in parts)), sums(whole)
    assert all(abs(out[row] - wanted[row]) < 1e-9 * wanted[row] for row in wanted) and out.keys() == wanted.keys()
    for rest, held in parts:
        both = sums(rest, held)
        assert all(abs(both[row] - wanted[row]) < 1e-9 * wanted[row] for row in wanted)


def test_few_rows_have_few_folds():
    assert len(list(folds(table(4), 10))) == 4
    with pytest.raises(DataError, match="2 rows are too few"):
        list(folds(table(2), 5))


@pytest.mark.parametrize("ties", [0, 1, 3])
def test_rows_are_sorted_by_all_columns_whatever_ties(ties: int):
    draw = np.random.default_rng(2)
    X = draw.normal(size=(200, 3))
    X[:, :ties] = draw.integers(0, 3, (200, ties))
    found = distinct(from_arrays(X, X[:, 2] > 0))
    rows = np.column_stack([found.X.numpy(), found.y.numpy()])
    assert rows.tolist() == sorted(map(list, {tuple(row) for row in rows.tolist()}))


def test_rows_of_two_groups_are_two_rows():
    x = [[1.0], [1.0], [1.0], [2.0]]
    found = distinct(from_arrays(x, [3.0, 3.0, 3.0, 4.0], groups=["a", "b", "b", "a"]))
    assert found.X[:, 0].tolist() == [1.0, 1.0, 2.0] and found.groups is not None
    assert found.groups.tolist() == [0, 1, 0] and found.weight is not None and found.weight.tolist() == [1, 2, 1]


def test_rows_of_two_rare_texts_are_two_rows():
    who = [*"aaaabbbbcccc", "d", "d", "e", "e"]
    frame = pd.DataFrame({"who": who, "x": [1.0] * 16, "z": [*range(12), 1, 2, 1, 2], "y": [*range(12), 1, 2, 1, 2]})
    found = distinct(from_dataframe(frame, "y"))
    assert len(found) == 16 and found.weight is None and sorted(found.texts["who"]) == sorted(who)

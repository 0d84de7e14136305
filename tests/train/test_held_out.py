"""The split: drawn by the seed, found again on the same rows, kept by later fits."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, DataError
from edgewise.train.held_out import ENOUGH, FEWEST, FEWEST_GROUPS, HeldOut, again, digest, draw
from edgewise.train.result import FitResult
from helpers import assert_equal


def table(rows: int = 120, seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(rows, 2, dtype=torch.float64, generator=generator) - 1
    return X, torch.sin(3 * X[:, 0]) + X[:, 1] ** 2 + 0.3 * torch.randn(rows, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("rows", [FEWEST, 100, 500, 1000, 20_000])
def test_no_row_has_two_tasks(rows: int):
    held = draw(table(rows)[0], seed=1)
    assert held is not None
    everything = torch.cat([held.training, held.choosing, held.judging])
    assert_equal(everything.sort().values, torch.arange(rows))


def test_rows_of_equal_inputs_have_one_task():
    X, _ = table(60)
    held = draw(X.repeat(3, 1), seed=1)
    assert held is not None
    once = [{place % 60 for place in part.tolist()} for part in (held.training, held.choosing, held.judging)]
    assert [len(part) for part in once] == [48, 6, 6] and len(set.union(*once)) == 60
    assert len(held.choosing) == len(held.judging) == 18


def test_rows_of_a_group_have_one_task():
    X, _ = table(120)
    groups = torch.arange(120) % 12
    held = draw(X, 1, groups)
    assert held is not None
    parts = [set(groups[part].tolist()) for part in (held.training, held.choosing, held.judging)]
    assert [len(part) for part in parts] == [8, 2, 2] and len(set.union(*parts)) == 12
    assert draw(X, 1, groups % (FEWEST_GROUPS - 1)) is None


def test_judging_rows_are_a_tenth_until_these_are_enough():
    counts = [len(drawn(table(rows)[0]).judging) for rows in (100, 10 * ENOUGH, 15 * ENOUGH, 40 * ENOUGH)]
    assert counts == [10, ENOUGH, ENOUGH, 2 * ENOUGH]


def test_few_rows_are_not_split():
    assert draw(table(FEWEST - 1)[0], 0) is None


def test_a_record_is_of_these_values_and_no_others():
    X, _ = table()
    held = drawn(X, 5)
    assert again(X.clone(), held.record) == 5
    assert again(X[1:], held.record) is None and again(X + 1e-12, held.record) is None and again(X, None) is None
    assert digest(X) != digest(X.flip(0))
    groups = torch.arange(len(X)) % 20
    of = draw(X, 5, groups)
    assert of is not None and again(X, of.record, groups) == 5
    assert again(X, of.record) is None and again(X, of.record, groups.flip(0)) is None


def split(result: FitResult) -> HeldOut:
    """The rows that a fit left out."""
    assert result.held_out is not None
    return result.held_out


def drawn(X: torch.Tensor, seed: int = 0) -> HeldOut:
    """The split of these rows."""
    held = draw(X, seed)
    assert held is not None
    return held


def quick(model: ew.KAN, X: torch.Tensor, y: torch.Tensor, **settings: Any) -> FitResult:
    return ew.fit(model, X, y, grids=(3,), steps=3, restarts=0, progress=False, **settings)


def test_a_later_fit_of_the_model_leaves_the_same_rows_out_whatever_its_seed():
    X, y = table()
    first = quick(ew.KAN((2, 1), grid_size=3), X, y, seed=1)
    second = quick(ew.prune(first.model, X), X, y, seed=2)
    assert_equal(split(second).judging, split(first).judging)
    assert_equal(split(second).choosing, split(first).choosing)
    other = quick(first.model, *table(seed=4), seed=2)
    assert not torch.equal(split(other).judging, split(first).judging)


def test_the_split_goes_with_a_saved_model(tmp_path):
    X, y = table()
    first = quick(ew.KAN((2, 1), grid_size=3), X, y, seed=7)
    ew.save(first.model, tmp_path / "kan.safetensors")
    second = quick(ew.load(tmp_path / "kan.safetensors"), X, y)
    assert_equal(split(second).judging, split(first).judging)


def test_a_result_as_validation_gives_its_split_to_another_model():
    X, y = table()
    first = quick(ew.KAN((2, 1), grid_size=3), X, y, seed=1)
    second = quick(ew.KAN((2, 2, 1), grid_size=3), X, y, seed=2, validation=first)
    assert_equal(split(second).judging, split(first).judging)
    with pytest.raises(DataError, match="other rows"):
        quick(ew.KAN((2, 1), grid_size=3), *table(seed=9), validation=first)
    given = quick(ew.KAN((2, 1), grid_size=3), X, y, validation=(X, y))
    with pytest.raises(ConfigError, match="held no rows out"):
        quick(ew.KAN((2, 1), grid_size=3), X, y, validation=given)


@pytest.mark.parametrize("sparsity", [0.0, 0.01])
@pytest.mark.slow
def test_the_targets_of_the_judging_rows_change_nothing_but_what_is_claimed(sparsity: float):
    X, y = table()
    results = []
    for shift in (0.0, 100.0):
        targets = y.clone()
        targets[drawn(X).judging] += shift
        results.append(
            ew.fit(
                ew.KAN((2, 2, 1), grid_size=3), X, targets, grids=(3, 6), steps=20, sparsity=sparsity, progress=False
            )
        )
    assert_equal(results[0].model.state_dict(), results[1].model.state_dict())
    assert results[0].metrics["rmse"] == results[1].metrics["rmse"]
    assert results[1].metrics["validation_rmse"] > 50 > results[0].metrics["validation_rmse"]

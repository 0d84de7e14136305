"""Columns that do not matter go, those that do stay, and a search says so."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.discovery.formulas.tree import Var
from edgewise.discovery.reductions.idle_columns import without_idle
from edgewise.discovery.reductions.states import ReducedProblem
from edgewise.discovery.reductions.surrogated import SurrogatedProblem
from edgewise.discovery.reductions.tuning import REDUCTIONS
from edgewise.discovery.tables.split_rows import as_task


def rows(n: int, d: int) -> torch.Tensor:
    return 1 + 2 * torch.rand(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def known(X: torch.Tensor, y: torch.Tensor):
    task = as_task(X, y, None, None, 0)
    return SurrogatedProblem.of(ReducedProblem.whole(X.shape[1]), task, with_pair=True), task


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_idle_columns_go_and_no_other(noise):
    X = rows(2000, 5)
    y = X[:, 1] / (X[:, 3] + X[:, 4]) + noise * torch.randn(2000, dtype=torch.float64)
    fewer = without_idle(*known(X, y))
    assert fewer is not None and fewer.state.columns == (Var(1), Var(3), Var(4))


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_columns_of_small_influence_stay(noise):
    X = rows(2000, 3)
    y = X[:, 0] * X[:, 1] + 0.02 * X[:, 2] ** 2 + noise * torch.randn(2000, dtype=torch.float64)
    assert without_idle(*known(X, y)) is None


def test_a_law_among_idle_columns_is_found_and_they_are_named():
    X = rows(1000, 5)
    found = ew.discover(X, X[:, 0] * torch.sin(X[:, 1]), seconds=3600, progress=False)
    assert str(found.best.expression) == "x1*sin(x2)" and found.is_law
    assert any("x3, x4, x5 are not needed" in str(step) for step in found.steps)


@pytest.mark.parametrize("seed", [0, 8])
def test_a_surrogate_that_sees_no_more_than_one_pole_takes_no_column_away(seed):
    """The rows that choose spread a tenth as far as those that fit: its error there looks small, and is all of y."""
    X = torch.randn(500, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    found, task = known(X, X[:, 0] / X[:, :2].norm(dim=1) ** 3)
    assert found.left < REDUCTIONS.guides * task.spread and found.left > task.held_spread
    assert without_idle(found, task) is None

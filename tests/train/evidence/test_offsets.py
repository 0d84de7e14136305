"""Offsets of groups: sums are those of the posterior with them, and a column of groups has a witness for each group."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.train.evidence import fit_task, ties
from edgewise.train.evidence.by_evidence import structures_of
from edgewise.train.evidence.fit_task import Task
from edgewise.train.evidence.offsets import apart
from edgewise.train.evidence.terms import edge_term
from edgewise.train.evidence.ties import tie_of
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.evidence.variables import variables

GROUPS, EACH = 40, 6


def posed(reach: float, groups: int = GROUPS, each: int = EACH, slope: float = 0.0) -> tuple[torch.Tensor, ...]:
    """Rows of two columns, the first of which is constant in each group, their targets, and the groups. The targets are
    a line of the second column, one of the first, offsets that reach so far, and noise of 1."""
    draw = torch.Generator().manual_seed(5)
    code = torch.arange(groups).repeat_interleave(each)
    age, offset = torch.randn(2, groups, dtype=torch.float64, generator=draw)[:, code]
    dose, noise = torch.randn(2, len(code), dtype=torch.float64, generator=draw)
    return torch.stack([age, dose], 1), 2 * dose + slope * age + reach * offset + noise, code


def task_of(X: torch.Tensor, y: torch.Tensor, code: torch.Tensor | None, weight: torch.Tensor | None = None) -> Task:
    weight = torch.ones(len(X), dtype=torch.float64) if weight is None else weight
    found = variables(ew.KAN((X.shape[1], 1), seed=0).double(), X, weight, TUNED.intervals)
    return Task(X, weight, y, 1, found, lambda loss: False, groups=code)


def totals(X: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
    """Sums over rows apart, of their columns, targets and weights."""
    functions, targets, weights = next(apart(lambda: iter([(X, y, weight)]), code, 2.0)())
    return torch.cat([weights @ functions, (weights @ targets)[None], weights.sum()[None]])


@pytest.mark.parametrize("blocks", [1, 3])
def test_sums_over_rows_apart_are_those_of_a_covariance_with_offsets(blocks: int):
    X, y, code = posed(1.0, groups=5, each=3)
    one, tied = torch.ones(len(X), dtype=torch.float64), 0.7
    rows = [*zip(X.chunk(blocks), y.chunk(blocks), one.chunk(blocks), strict=True)]
    made = [torch.cat(part) for part in zip(*apart(lambda: iter(rows), code, tied)(), strict=True)]
    covariance = torch.eye(len(X)).double() + tied * (code[:, None] == code)
    whole = torch.cat([X, y[:, None], one[:, None]], 1)
    wanted = whole.T @ torch.cholesky_solve(whole, torch.linalg.cholesky(covariance))
    found = torch.cat([made[0], made[1][:, None], one[:, None]], 1)
    torch.testing.assert_close(found.T @ (made[2][:, None] * found), wanted)


def test_a_row_that_counts_twice_is_two_rows():
    X, y, code = posed(1.0, groups=4, each=3)
    weight = torch.ones(len(X), dtype=torch.float64)
    weight[4] = 2
    twice = torch.arange(len(X)).repeat_interleave(weight.long())
    once = torch.ones(len(twice), dtype=torch.float64)
    torch.testing.assert_close(totals(X, y, weight, code), totals(X[twice], y[twice], once, code[twice]))


@pytest.mark.parametrize("reach", [0.3, 1.0, 3.0])
def test_the_reach_of_offsets_is_found(reach: float):
    task = task_of(*posed(reach, groups=200))
    found = tie_of(task, [edge_term(number, task.variables[number]) for number in range(2)])
    assert reach**2 / 3 < found < 4 * reach**2


def test_an_exact_law_with_offsets_is_found_to_round_off():
    X, _, code = posed(0.0)
    offset = torch.randn(GROUPS, dtype=torch.float64, generator=torch.Generator().manual_seed(1))[code]
    model = fitted(X, 3 * X[:, 1] + offset, code)
    ends = model(torch.tensor([[0.0, -1.0], [0.0, 1.0]]).double()).detach()[:, 0]
    assert abs(float(ends[1] - ends[0]) - 6) < 1e-6


def test_many_rows_of_small_groups_are_looked_at_by_whole_groups(monkeypatch):
    X, y, code = posed(2.0, groups=3000, each=2)
    monkeypatch.setattr(fit_task, "TUNED", replace(TUNED, rows_searched=1000))
    monkeypatch.setattr(ties, "TUNED", replace(TUNED, rows_searched=1000))
    task = task_of(X, y, code)
    few = ties.fewer_rows(task, code)
    assert few.groups is not None and len(few.x) == 1000 and len(few.groups.unique()) == 500
    large = code // 600
    assert len(ties.fewer_rows(task, large).x) == 1000
    assert 1 < tie_of(task, [edge_term(number, task.variables[number]) for number in range(2)]) < 12


@pytest.mark.parametrize("why", ["no offsets", "no two rows of a group", "two groups", "no groups"])
def test_groups_may_say_nothing(why: str):
    X, y, code = posed(0.0)
    code = {"no two rows of a group": torch.arange(len(X)), "two groups": code // (GROUPS // 2)}.get(why, code)
    task = task_of(X, y, None if why == "no groups" else code)
    found = tie_of(task, [edge_term(number, task.variables[number]) for number in range(2)])
    assert found < 0.2 if why == "no offsets" else found == 0


@pytest.mark.slow
def test_offsets_of_few_groups_are_seldom_curves():
    curved = {"groups": 0, "rows alone": 0}
    for seed in range(8):
        draw = torch.Generator().manual_seed(seed)
        code = torch.arange(8).repeat_interleave(10)
        X = torch.randn(8, 2, dtype=torch.float64, generator=draw)[code]
        y = 0.5 * torch.randn(8, dtype=torch.float64, generator=draw)[code]
        y = y + torch.randn(80, dtype=torch.float64, generator=draw)
        curved["groups"] += bool(fitted(X, y, code).active_edges())
        curved["rows alone"] += bool(fitted(X, y, None).active_edges())
    assert curved["groups"] <= 1 < 3 <= curved["rows alone"]


def fitted(X: torch.Tensor, y: torch.Tensor, groups: torch.Tensor | None) -> ew.KAN:
    how = {"validation": (X, y), "progress": False, "groups": groups}
    return ew.fit(ew.KAN((2, 1), seed=0), X, y, optimizer="evidence", **how).model


def test_offsets_are_no_curve_of_a_column_that_tells_groups_apart():
    X, y, code = posed(2.0)
    there = torch.linspace(-2, 2, 41, dtype=torch.float64)
    rows = torch.stack([there, torch.zeros_like(there)], 1)
    spread = [float(fitted(X, y, groups)(rows).std().detach()) for groups in (None, code)]
    assert spread[0] > 1 and spread[1] < 0.3 * spread[0]


def test_a_column_of_groups_that_matters_stays():
    X, y, code = posed(0.5, slope=1.5)
    rows = torch.tensor([[-1.0, 0.0], [1.0, 0.0]]).double()
    low, high = fitted(X, y, code)(rows).detach()[:, 0]
    assert abs(float(high - low) - 3) < 0.4


def test_a_refit_takes_offsets_as_far_as_the_fit_found_them():
    X, y, code = posed(2.0)
    first = ew.fit(ew.KAN((2, 1), seed=0), X, y, optimizer="evidence", groups=code, validation=(X, y), progress=False)
    again = ew.refit(first, X, y, groups=code, progress=False)
    assert structures_of(first)[0].tied > 1 and structures_of(again) == structures_of(first)
    torch.testing.assert_close(again.model(X), first.model(X), atol=1e-3, rtol=0)
    with pytest.raises(ConfigError, match="give groups="):
        ew.refit(first, X, y, progress=False)
    table = ew.from_arrays(X, y, groups=code)
    torch.testing.assert_close(ew.refit(first, table, progress=False).model(X), again.model(X))


def test_the_names_of_groups_do_not_matter():
    X, y, code = posed(1.0)
    named = [f"patient {number:02d}" for number in code.tolist()]
    assert torch.equal(fitted(X, y, code)(X), fitted(X, y, named)(X))  # type: ignore[arg-type]

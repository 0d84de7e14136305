"""The search for pairs that act together."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.data import from_dataframe
from edgewise.train.evidence import pair_search
from edgewise.train.evidence.chosen_terms import Model, sparse
from edgewise.train.evidence.fit_task import Task
from edgewise.train.evidence.pair_search import looked, search
from edgewise.train.evidence.terms import edge_term
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.evidence.unseen import Try, unseen_losses
from edgewise.train.evidence.variables import variables

N, D, MOST = 110, 18, 20


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.slow
def test_of_many_pairs_that_say_nothing_none_is_taken(seed: int):
    """There are 153 products, of which there is room for 20: the best of them by all rows fit all rows, by chance."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(N, D, dtype=torch.float64, generator=draw)
    y = x @ torch.linspace(1, 0.2, D, dtype=torch.float64) + 1.5 * torch.randn(N, dtype=torch.float64, generator=draw)
    weight, start = torch.ones(N, dtype=torch.float64), ew.KAN((D, 1), seed=0).double()
    task = Task(x, weight, y, 1, variables(start, x, weight, TUNED.intervals), lambda loss: False)
    found = search(task, range(D), list(combinations(range(D), 2)), MOST)
    assert found.believed
    assert not found.structure.pooled


def test_copies_of_a_row_are_left_out_together():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(30, 2, dtype=torch.float64, generator=draw).repeat(3, 1)
    weight, start = torch.ones(90, dtype=torch.float64), ew.KAN((2, 1), seed=0).double()
    task = Task(x, weight, x[:, 0], 1, variables(start, x, weight, TUNED.intervals), lambda loss: False)
    found, parts = search(task, range(2), [], 0), []

    def noted(part: Task) -> Model:
        parts.append(part.x)
        return found

    unseen_losses(task, [noted], found)
    assert len(parts) == TUNED.folds
    for part in parts:
        assert set(part[:, 0].unique(return_counts=True)[1].tolist()) == {3}


def wide(signal: float, seed: int) -> Model:
    """What is chosen of 50 columns on 80 rows, of which two may matter."""
    rows, columns = 80, 50
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, columns, dtype=torch.float64, generator=draw)
    y = signal * (x[:, 0] - x[:, 1]) + 0.5 * torch.randn(rows, dtype=torch.float64, generator=draw)
    weight, start = torch.ones(rows, dtype=torch.float64), ew.KAN((columns, 1), seed=0).double()
    task = Task(x, weight, y, 1, variables(start, x, weight, TUNED.intervals), lambda loss: False)
    terms = [edge_term(number, task.variables[number]) for number in range(columns)]
    assert sum(len(term.roughness) for term in terms) > rows
    return sparse(task, terms, None, (columns, 0))


def test_of_many_columns_on_few_rows_those_that_matter_are_found():
    """The functions of all columns outnumber the rows, and can follow noise. From there no term is worth nothing."""
    found = wide(1.0, seed=0)
    kept = {term.variables for term in found.terms}
    assert found.believed and {(0,), (1,)} <= kept and len(kept) < 10
    assert 0.15 < found.posterior.noise < 0.4


@pytest.mark.slow
def test_of_many_columns_of_noise_on_few_rows_nothing_is_believed():
    assert sum(wide(0.0, seed).believed for seed in range(6)) <= 1


def two_columns_of_levels(rows: int, cells: float, seed: int = 0) -> Task:
    """12 cities by 10 kinds, and a number. cells: how large the means of the cells are, beside those of the levels."""
    draw = np.random.default_rng(seed)
    city, kind, x = draw.integers(0, 12, rows), draw.integers(0, 10, rows), draw.normal(size=rows)
    y = draw.normal(size=12)[city] + cells * draw.normal(size=(12, 10))[city, kind] + 0.5 * draw.normal(size=rows)
    frame = pd.DataFrame({"city": [f"c{i}" for i in city], "kind": [f"k{i}" for i in kind], "x": x, "y": y + 0.5 * x})
    table, weight = from_dataframe(frame, "y"), torch.ones(rows, dtype=torch.float64)
    start = ew.KAN((len(table.inputs), 1)).build(metadata=table.metadata()).double()
    return Task(table.X, weight, table.y[:, 0], 1, variables(start, table.X, weight, 20), lambda loss: False)


PAIRS = list(combinations(range(3), 2))


def test_two_columns_of_many_levels_are_crossed_where_the_rows_bear_it():
    task = two_columns_of_levels(800, 1.0)
    levels = tuple(number for number, variable in enumerate(task.variables) if variable.whole)
    found = search(task, range(3), PAIRS, MOST)
    assert levels in found.structure.pairs
    assert found.posterior.noise < 1.2 * 0.25
    few = task.take(torch.arange(300))  # they bear no such pair, but what is known is fitted
    assert levels not in search(few, range(3), PAIRS, MOST).structure.pairs
    again = search(few, range(3), PAIRS, MOST, found.structure)
    assert levels in again.structure.pairs and math.isfinite(again.score)
    assert levels in looked(task, range(3), PAIRS, MOST, False).structure.pairs


def test_the_cells_of_a_pair_are_confirmed_by_unseen_rows(monkeypatch: pytest.MonkeyPatch):
    task = two_columns_of_levels(800, 1.0)
    asked = []

    def refused(part: Task, tries: list[Try], judge: Model) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
        losses, constant, weight = unseen_losses(part, tries, judge)
        if judge.structure.pairs:
            asked.append(judge)
            losses[1] = losses[0]
        return losses, constant, weight

    monkeypatch.setattr(pair_search, "unseen_losses", refused)
    assert not search(task, range(3), PAIRS, MOST).structure.pairs
    assert asked


def test_levels_that_only_add_are_not_crossed():
    for seed in range(3):
        assert not search(two_columns_of_levels(800, 0.0, seed), range(3), PAIRS, MOST).structure.pairs

"""The search for pairs that act together."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch

import edgewise as ew
from edgewise.train.evidence.chosen_terms import Model, sparse
from edgewise.train.evidence.fit_task import Task
from edgewise.train.evidence.pair_search import search
from edgewise.train.evidence.terms import edge_term
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.evidence.unseen import unseen_losses
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

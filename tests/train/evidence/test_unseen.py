"""What rows say of a fit that have not seen it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.train.evidence.chosen_terms import Model
from edgewise.train.evidence.fit_task import Task
from edgewise.train.evidence.pair_search import search
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.evidence.unseen import is_clear, is_confirmed, unseen_losses
from edgewise.train.evidence.variables import variables


def drawn(rows: int, columns: int, seed: int) -> tuple[Tensor, Tensor]:
    """Columns and noise, both normal."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, columns, dtype=torch.float64, generator=draw)
    return x, torch.randn(rows, dtype=torch.float64, generator=draw)


def task_of(x: Tensor, y: Tensor) -> Task:
    weight, start = torch.ones(len(x), dtype=torch.float64), ew.KAN((x.shape[1], 1), seed=0).double()
    y = (y - y.mean()) / y.std()
    return Task(x, weight, y, 1, variables(start, x, weight, TUNED.intervals), lambda loss: False)


def found_in(x: Tensor, y: Tensor) -> Model:
    columns = range(x.shape[1])
    return search(task_of(x, y), columns, list(combinations(columns, 2)), 20)


def explained(found: Model, x: Tensor, y: Tensor) -> float:
    """R2 on these rows."""
    task = task_of(x, y)
    return 1 - float(task.losses(found.terms, found.posterior).mean() / task.y.var(correction=0))


@pytest.mark.slow
def test_skewed_noise_is_not_taken_for_a_law():
    """Its few large values can be followed, and normal noise has none. Three of these were believed before."""
    claims = 0
    for seed in range(16):
        x, noise = drawn(50, 8 + seed % 4, seed)
        claims += explained(found_in(x, noise.exp()), x, noise.exp()) > 0.02
    assert claims <= 1


@pytest.mark.parametrize("seed", range(3))
def test_a_law_of_few_rows_without_noise_is_believed(seed: int):
    x, _ = drawn(40, 5, seed)
    y = x[:, 0] * x[:, 1] + (2 * x[:, 2]).sin()
    assert explained(found_in(x, y), x, y) > 0.9


@pytest.mark.slow
def test_a_line_with_skewed_noise_is_believed():
    believed = 0
    for seed in range(8):
        x, noise = drawn(50, 8, seed)
        believed += found_in(x, 3 * x[:, 0] + noise.exp()).believed
    assert believed >= 6


def test_what_follows_nearly_every_row_is_not_clear():
    x, noise = drawn(40, 1, seed=0)
    task = task_of(x, x[:, 0] + 0.1 * noise)
    found = search(task, [0], [], 0)
    assert is_clear(task, found)
    every = torch.full_like(found.posterior.effective, 39 / len(found.posterior.effective))
    assert not is_clear(task, replace(found, posterior=replace(found.posterior, effective=every)))


@pytest.mark.slow
def test_copies_of_rows_leave_nothing_over():
    """24 of 30 such tables were believed when copies counted as rows."""
    believed = 0
    for seed in range(4):
        x, noise = drawn(100, 3, seed)
        number = torch.arange(100).repeat_interleave(torch.arange(100) % 4 + 1)
        believed += found_in(x[number], (1.5 * noise).exp()[number]).believed
    assert believed <= 1


def test_a_constant_is_judged_by_rows_it_has_not_seen():
    x, noise = drawn(100, 1, seed=0)
    task = task_of(x, noise)
    found = search(task, [0], [], 0)
    _, constant, weight = unseen_losses(task, [lambda part: search(part, [0], [], 0)], found)
    assert float(constant.mean()) > float((task.y - task.y.mean()).square().mean())  # by a mean of fewer rows
    assert weight.shape == constant.shape == (100,)


def test_ranks_confirm_only_what_is_likely():
    """Most rows gain a little, one loses a lot."""
    x, noise = drawn(60, 1, seed=0)
    law, weak = task_of(x, x[:, 0] + 0.01 * noise), task_of(x, x[:, 0] + 2 * noise)
    losses, constant = torch.full((60,), 0.5, dtype=torch.float64), torch.ones(60, dtype=torch.float64)
    losses += 1e-3 * torch.arange(60)  # equal ones would count as copies
    losses[0] = 100.0
    assert is_confirmed(law, search(law, [0], [], 0), losses, constant, law.weight)
    assert not is_confirmed(weak, search(weak, [0], [], 0), losses, constant, weak.weight)


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_follows_the_few_farthest_targets_is_not_clear(seed: int):
    """Heavy tails: five in a hundred targets hold most of the squares, so that to follow these gains many nats."""
    x, noise = drawn(100, 4, seed)
    y = noise.exp()
    y[:5] = 40 * (1 + x[:5, 0].abs())
    found = found_in(x, y)
    few = replace(found, posterior=found.posterior.nothing())  # parameters are not what it is about
    task = task_of(x, y)
    assert [is_clear(task, replace(few, score=score)) for score in (60.0, 300.0)] == [False, True]

"""When a search may end: at a law that leaves nothing, and at nothing less."""

from __future__ import annotations

from dataclasses import replace

import torch

from edgewise.discovery.formulas.tree import Apply, Num, Var, number, power, product, total
from edgewise.discovery.polishing.least_squares import error
from edgewise.discovery.polishing.polish import Polished
from edgewise.discovery.search.ending import SearchEnding, excess
from edgewise.discovery.search.steps import Pause
from edgewise.discovery.search.strategy import search
from edgewise.discovery.search.tuning import SEARCH
from edgewise.discovery.tables.split_rows import as_task


def task(noise: float = 0.05, n: int = 1500):
    generator = torch.Generator().manual_seed(0)
    X = 1 + torch.rand(n, 2, dtype=torch.float64, generator=generator)
    y = X[:, 0] * torch.exp(-X[:, 1]) + noise * torch.randn(n, dtype=torch.float64, generator=generator)
    return as_task(X, y, None, None, 0)


LAW = product(Var(0), Apply("exp", product(number(-1.0), Var(1))))
NEAR = product(Num(0.4), Var(0), power(Var(1), -1.5))


def told(node, task):
    return Polished(node, error(node, task.choosing))


def test_a_plain_law_ends_a_search_and_an_approximation_does_not():
    given = task(0.005)
    ending = SearchEnding(given)
    assert not ending.at(told(NEAR, given)) and not ending.at(Pause(3))
    assert ending.at(told(LAW, given))


def test_a_law_with_fitted_constants_ends_a_search_only_at_a_pause_for_so_many():
    """They may stand in for a shorter formula, which is found later."""
    given = task()
    longer = total(product(Num(1.00001), LAW), product(Num(1e-7), Var(1)))
    ending = SearchEnding(given)
    assert not ending.at(told(longer, given)) and not ending.at(Pause(0)) and ending.at(Pause(2))


def test_a_long_law_without_fitted_constants_ends_a_search_at_any_pause():
    given = task()
    longer = product(Num(0.99999), LAW, *(power(Var(1), float(p)) for p in (2, 3, 4, -9)))
    ending = SearchEnding(given)
    assert excess(longer) > SEARCH.plain_bits and not ending.at(told(longer, given)) and ending.at(Pause(0))


def test_few_rows_end_no_search_and_an_exact_law_always_does():
    assert not SearchEnding(few := task(0.02, n=300)).at(told(LAW, few))
    assert SearchEnding(exact := task(0.0, n=300)).at(told(LAW, exact))


def test_a_search_under_noise_ends_early_at_the_law():
    """It would take the table apart otherwise, which yields hundreds of formulas."""
    assert sum(1 for _ in search(task(0.01))) < 60


def test_rows_that_judge_end_no_search():
    """Else what judges would have taken part in the choice."""
    given = task(0.01)
    others = replace(given, judging=replace(given.judging, y=-given.judging.y))
    assert SearchEnding(others).at(told(LAW, others))

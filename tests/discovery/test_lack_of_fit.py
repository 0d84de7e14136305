"""What a formula leaves: structure of several kinds is seen, and noise of several kinds is not taken for it."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.lack_of_fit import along_parts, chance_of, chances, of_neighbours, of_row_order, of_waves
from edgewise.discovery.split_rows import LawRows, as_task
from edgewise.discovery.tree import Apply, Num, Var, product, total
from edgewise.discovery.tuning import TUNED


def table(n: int, d: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows in [0.5, 1.5], and noise."""
    generator = torch.Generator().manual_seed(seed)
    X = 0.5 + torch.rand(n, d, dtype=torch.float64, generator=generator)
    return X, torch.randn(n, dtype=torch.float64, generator=generator)


def test_the_chance_of_noise_is_even():
    """Under noise the chance is uniform: its mean over many tables is a half."""
    generator = torch.Generator().manual_seed(0)
    design = torch.randn(200, 12, dtype=torch.float64, generator=generator)
    chances = [chance_of(torch.randn(200, dtype=torch.float64, generator=generator), design, 0) for _ in range(200)]
    mean = sum(chances) / len(chances)
    assert abs(mean - 0.5) < 4 / (12 * 200) ** 0.5  # four standard errors of a mean of uniform numbers


@pytest.mark.parametrize("kind", ["even", "growing", "wild", "levels"])
def test_noise_shows_no_waves_and_no_neighbours(kind):
    """Where its size follows a column, where it has outliers, and where a column has three values."""
    low, count = 0, 20
    for seed in range(count):
        X, noise = table(400, 1 + seed % 4, seed)
        noise = {"growing": noise * X[:, -1] ** 4, "wild": noise**3}.get(kind, noise)
        if kind == "levels":
            X[:, 0] = (2 * X[:, 0]).round()
        noise = noise - noise.mean()
        low += min(of_waves(X, noise), of_neighbours(X, noise)) < 0.01
    assert low <= 4  # 0.4 are to be expected


WAVES = {
    "a column": lambda X: torch.sin(150 * X[:, 0]),
    "a difference": lambda X: torch.sin(60 * X[:, 0] - 90 * X[:, 1]),
    "a product": lambda X: torch.sin(60 * X[:, 0] * X[:, 1]),
    "a quotient": lambda X: torch.sin(60 * X[:, 0] / X[:, 1]),
    "two waves": lambda X: torch.sin(100 * X[:, 0]) * torch.sin(70 * X[:, 1]),
}


@pytest.mark.parametrize("name", WAVES)
def test_waves_of_many_periods_are_seen_under_more_noise(name):
    """No polynomial that the rows allow shows them."""
    X, noise = table(4000, 3, 0)
    left = WAVES[name](X) + noise
    assert of_waves(X, left - left.mean()) < 1e-9


def test_what_is_alike_on_rows_that_lie_close_is_seen():
    X, noise = table(4000, 2, 1)
    rings = torch.sin(40 * (X - 1).square().sum(1)).sign()
    assert of_neighbours(X, rings + noise) < 1e-9


def test_a_wrong_function_of_the_right_argument_is_seen_along_it():
    """The curve over a product of three columns is a small part of all that polynomials of three columns may be."""
    X, noise = table(2000, 3, 2)
    argument = product(Var(0), Var(1), Var(2))
    z = X.prod(1)
    left = 0.1 * (z - 1).square() + 0.2 * noise
    found = along_parts(total(Num(1.0), Apply("exp", argument)), X, left - left.mean(), 0)
    assert found < 1e-4 < min(chance_of(left, torch.randn(2000, 200, dtype=torch.float64), 0), 1.0)


def test_a_law_leaves_nothing_and_half_a_law_does():
    X, noise = table(2000, 2, 3)
    y = X[:, 0] + 0.1 * torch.sin(80 * X[:, 1]) + 0.05 * noise
    wave = product(Num(0.1), Apply("sin", product(Num(80.0), Var(1))))
    task = as_task(X, y, None, None, 0)
    assert min(chances(total(Var(0), wave), task)) > TUNED.chance
    assert min(chances(Var(0), task)) < 1e-9
    undefined = Apply("log", total(Var(0), Num(-1.0)))
    assert list(chances(undefined, task)) == [0.0]


def test_what_is_alike_on_rows_that_follow_each_other_is_seen():
    """Such as the drift of an instrument, which no column tells. Rows that were sorted by y show none."""
    X, noise = table(400, 1, 4)
    place = torch.randperm(400, generator=torch.Generator().manual_seed(4))
    drift = torch.sin(place / 20.0)
    rows = LawRows(X, X[:, 0] + noise + drift, place)
    assert of_row_order(rows, noise + drift) < 1e-9
    assert of_row_order(rows, noise) > TUNED.chance
    ordered = LawRows(X, noise, noise.argsort().argsort())
    assert of_row_order(ordered, noise) == of_row_order(LawRows(X, noise), noise) == 1.0


def test_noise_that_has_outliers_or_grows_shows_no_order():
    low = 0
    for seed in range(100):
        X, noise = table(60, 1, seed)
        place = torch.arange(60)
        left = noise**3 if seed % 2 else noise * place / 60
        low += of_row_order(LawRows(X, left, place), left) < 0.01
    assert low <= 7  # one is to be expected, and of seven the chance is below 1e-4

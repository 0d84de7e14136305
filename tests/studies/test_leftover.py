"""What a network leaves: noise is told from what hidden layers could find."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.data import Table, from_arrays
from edgewise.studies.leftover import something_left


def table(seed: int, law: int, noise: float, n: int = 300) -> Table:
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(n, 3, dtype=torch.float64, generator=generator) - 1
    y = [X[:, 0] + X[:, 1], torch.sin(4 * X.prod(1)) * 3 + torch.exp(X.sum(1))][law]
    return from_arrays(X, y + noise * torch.randn(n, dtype=torch.float64, generator=generator))


def left(rows: Table, outputs: int = 1) -> bool:
    how = {"optimizer": "evidence", "progress": False, "loss": "squared_error" if outputs == 1 else "cross_entropy"}
    return something_left(ew.fit(ew.KAN((3, outputs)), rows.X, rows.y, **how).model, rows)


@pytest.mark.slow
def test_noise_is_nothing():
    assert sum(left(table(seed, 0, 0.5)) for seed in range(20)) <= 2


def test_what_all_inputs_say_together_is_something():
    assert all(left(table(seed, 1, 0.5)) for seed in range(5))


def test_rows_without_noise_may_hold_a_law():
    assert left(table(0, 0, 0.0))


def test_classes():
    rows = table(0, 1, 0.1, 800)
    middle = rows.y.median()
    for law, expected in ((rows.y[:, 0] > middle, True), (torch.rand(800) < 0.5, False)):
        assert left(from_arrays(rows.X, law.numpy()), 2) is expected


@pytest.mark.parametrize("loss", ["squared_error", pytest.param("huber", marks=pytest.mark.slow)])
@pytest.mark.parametrize("unit", [1e-12, 1e-3, 1e5])
def test_the_unit_of_the_targets_does_not_matter(unit: float, loss: str):
    for law, expected in ((1, True), (0, False)):
        rows = table(0, law, 0.5)
        fitted = ew.fit(ew.KAN((3, 1)), rows.X, unit * rows.y, optimizer="evidence", loss=loss, progress=False)
        assert fitted.seen is not None
        asked = from_arrays(rows.X, unit * rows.y)
        assert (
            something_left(fitted.model, asked, loss=None if loss == "squared_error" else fitted.seen.loss) is expected
        )

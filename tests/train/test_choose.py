"""What 'auto' takes: the best method whose cost fits the parameters, rows, residuals and logits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edgewise.errors import ConfigError
from edgewise.model import KAN
from edgewise.train import choose
from edgewise.train.fit import fit
from edgewise.train.ways import by_module

from .optimizers import mlp, rows


@pytest.mark.parametrize(
    ("size", "want"),
    [
        ((4000, 1000, 1), "lm"),
        ((4001, 1000, 1), "lbfgs"),
        ((2000, 100_000, 1), "adam"),
        ((50_001, 100, 1), "adam"),
        ((500, 20_000, 20), "lbfgs"),
        ((200, 200_000, 1), "lm"),
        ((500, 200_000, 1), "adam"),
    ],
)
def test_auto_takes_the_best_method_whose_cost_fits(size: tuple[int, int, int], want: str):
    assert choose.choose(*size) == want


@pytest.mark.parametrize(
    ("size", "want"),
    [
        ((300, 1000, 1), "lm"),
        ((9000, 1000, 1), "lm"),
        ((11_000, 1000, 1), "lbfgs"),
        ((9000, 1000, 2), "lbfgs"),
        ((400, 10, 30), "lm"),
    ],
)
def test_auto_counts_residuals_where_a_module_has_fewer_of_them_than_parameters(size: tuple[int, int, int], want: str):
    assert choose.choose_for_module(*size) == want


def test_the_number_of_passes_falls_with_the_rows():
    few, many, more = (choose.epochs_for(count) for count in (1000, 200_000, 2_000_000))
    assert few == 200 > many > more >= 1
    assert choose.epochs_for(200_000, batch_size=2560) > many


def test_auto_counts_the_logits_of_classes(monkeypatch: pytest.MonkeyPatch):
    seen: list[tuple[Any, ...]] = []
    chosen = choose.choose_for_module
    monkeypatch.setattr(by_module, "choose_for_module", lambda *sizes: seen.append(sizes) or chosen(*sizes))
    X, y = rows(60)
    fit(mlp(outputs=7), X, (y > 0.5).long(), loss="cross_entropy", steps=1, progress=False)
    assert seen[0][2] == 7


def test_auto_counts_the_residuals(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choose, "TUNED", replace(choose.TUNED, lm_work=1e5))
    X, y = rows(200)
    few, many = (
        fit(mlp(), residual=lambda model, n=n: model(X[:n])[:, 0] - y[:n], steps=1, progress=False) for n in (20, 200)
    )
    assert "Levenberg-Marquardt" in few.message and "L-BFGS" in many.message


@pytest.mark.parametrize("model", [mlp, lambda: KAN((2, 1))], ids=["mlp", "kan"])
def test_a_batch_size_is_refused_where_auto_takes_all_rows(model: Any):
    with pytest.raises(ConfigError, match="batch_size is for mini-batches, 'auto' is Levenberg-Marquardt"):
        fit(model(), *rows(), batch_size=16, progress=False)

"""KANs by gradient methods: they learn, grids never shrink, sparsity works, and units of targets change nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from edgewise.errors import ConfigError
from edgewise.model import KAN
from edgewise.train.fit import fit
from edgewise.train.priors import sparsity
from helpers import assert_close, assert_equal, state_of

from ..optimizers import OPTIMIZERS, rows


@pytest.mark.parametrize(
    ("name", "enough"),
    [("lbfgs", 1e-3), ("ssbroyden", 1e-3), ("ssbfgs", 1e-3), ("lm-cg", 1e-3), ("adam", 0.2), ("AdamW", 0.3)],
)
def test_a_kan_learns_by_gradient_methods(name: str, enough: float):
    X, y = rows(300)
    model = KAN((2, 1), grid_size=4)
    before = state_of(model)
    result = fit(model, X, y, optimizer=OPTIMIZERS[name], steps=80, grids=(4, 8), progress=False)
    assert result.metrics["validation_rmse"] < enough
    assert {row["grid_size"] for row in result.history} <= {4, 8}
    assert_equal(state_of(model), before)


@pytest.mark.parametrize("name", ["lbfgs", "adam"])
def test_a_second_fit_by_a_gradient_method_never_shrinks_grids(name: str):
    X, y = rows(100)
    first = fit(
        KAN((2, 2, 1), grid_size=6), X, y, optimizer="lm", grids=(6,), steps=10, restarts=0, progress=False
    ).model
    again = fit(first, 0.5 * X, y, optimizer=name, steps=5, grids=(3, 6), progress=False).model
    for new, old in zip(again.edge_layers, first.edge_layers, strict=True):
        assert new.grid_size >= old.grid_size
        assert bool((new.interval[0] <= old.interval[0] + 1e-9).all()) and bool(
            (new.interval[1] >= old.interval[1] - 1e-9).all()
        )


def test_the_papers_sparsity_works_on_gradient_optimizers():
    X, y = rows(150)
    target = torch.sin(2 * X[:, 0])
    dense = fit(KAN((2, 2, 1)), X, target, optimizer="lbfgs", steps=40, grids=(5,), progress=False).model
    sparse = fit(
        KAN((2, 2, 1)), X, target, optimizer="lbfgs", steps=40, grids=(5,), sparsity=0.05, progress=False
    ).model

    def unused(model: KAN) -> float:
        sizes = model.trace(X)[1].edges[0].detach().abs().mean(0)
        return float(sizes[1].sum() / sizes.sum())

    assert unused(sparse) < 0.5 * unused(dense)


@pytest.mark.parametrize(("name", "most"), [("adam", 256), ("AdamW", 256), ("lbfgs", 500), ("torch LBFGS", 500)])
def test_a_penalised_step_sees_its_batch_or_a_sample_of_the_rows(name: str, most: int, monkeypatch: pytest.MonkeyPatch):
    X, y = rows(3000)
    seen: list[int] = []
    trace = KAN.trace

    def counted(model: KAN, x: Tensor) -> Any:
        if torch.is_grad_enabled():
            seen.append(x.shape[0])
        return trace(model, x)

    monkeypatch.setattr(KAN, "trace", counted)
    monkeypatch.setattr(sparsity, "TUNED", replace(sparsity.TUNED, sample=500))
    fit(KAN((2, 1)), X, y, optimizer=OPTIMIZERS[name], steps=1, grids=(5,), sparsity=0.1, progress=False)
    assert seen and max(seen) <= most


@pytest.mark.parametrize("name", ["adam", "lbfgs", "ssbroyden", "AdamW"])
@pytest.mark.parametrize("unit", [2.0**-60, 2.0**-20, 2.0**40])
def test_the_units_of_the_targets_change_nothing(name: str, unit: float):
    X, y = rows(100)
    plain, other = (
        fit(KAN((2, 1)), X, s * y, optimizer=OPTIMIZERS[name], steps=60, grids=(4,), progress=False)
        for s in (1.0, unit)
    )
    assert plain.metrics["r2"] > 0.3
    assert_close(other.metrics["r2"], plain.metrics["r2"], like="difference")
    assert_close(
        other.history[-1]["validation_loss"], unit**2 * plain.history[-1]["validation_loss"], like="difference"
    )
    assert_close(other.validation_loss, unit**2 * plain.validation_loss, like="difference")  # type: ignore[operator]


def test_a_network_with_a_forward_pass_of_its_own_is_trained_as_it_is():
    class Positive(KAN):
        def forward(self, x: Tensor) -> Tensor:
            return torch.exp(super().forward(x))

    X, y = rows()
    result = fit(Positive((2, 1)), X, torch.exp(y), steps=40, progress=False)
    assert type(result.model) is Positive
    assert bool((result.model(X) > 0).all()) and result.metrics["r2"] > 0.99


def test_frozen_parameters_of_a_kan_are_named():
    model = KAN((2, 1))
    model.edge_layers[0].coef.requires_grad_(False)
    with pytest.raises(ConfigError, match=r"1 parameter of the KAN .*coef.* model.requires_grad_"):
        fit(model, *rows(), progress=False)

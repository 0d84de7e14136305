"""Fits of residuals: differential equations are solved, runs end when asked to, and what is unusable is named."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgewise.errors import ConfigError, ShapeError, TrainingError
from edgewise.model import KAN
from edgewise.train import choose
from edgewise.train.fit import fit
from edgewise.train.solvers.status import Status
from helpers import assert_equal, state_of

from ..optimizers import mlp, rows


def growth(dtype: torch.dtype = torch.float64) -> Any:
    """u' = u on [0, 1], u(0) = 1."""
    x = torch.linspace(0, 1, 40, dtype=dtype)[:, None].requires_grad_()
    origin = torch.zeros(1, 1, dtype=dtype)

    def residual(model: nn.Module) -> Tensor:
        u = model(x)
        slope = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
        return torch.cat([(slope - u)[:, 0], 10 * (model(origin) - 1)[0]])

    return residual


@pytest.mark.parametrize("optimizer", ["auto", *choose.FULL_BATCH])
def test_a_differential_equation_is_solved(optimizer: str, leaves_no_trace: Any):
    model = KAN((1, 1), grid_size=8, domain=(0, 1))
    before = state_of(model)
    result = fit(model, residual=growth(), optimizer=optimizer, progress=False)
    x = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    assert float((result.model(x) - x.exp()).detach().abs().max()) < 1e-4
    assert result.metrics["rms"] ** 2 == pytest.approx(result.train_loss)
    assert result.validation_loss is None
    assert_equal(state_of(model), before)
    assert result.model.edits[-1].action == "fit" and "residual" in result.message
    assert set(result.history[0]) == {
        "step",
        "stage",
        "grid_size",
        "loss",
        "train_loss",
        "validation_loss",
        "damping",
        "seconds",
    }


def test_a_differential_equation_is_solved_by_a_perceptron():
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    result = fit(model, residual=growth(), progress=False)
    x = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    assert float((result.model(x) - x.exp()).detach().abs().max()) < 1e-4
    assert result.model.training


@pytest.mark.parametrize("optimizer", choose.FULL_BATCH)
def test_ctrl_c_in_a_residual_fit_returns_the_best_so_far(optimizer: str):
    def interrupt(row: dict[str, Any]) -> None:
        if row["step"] == 3:
            raise KeyboardInterrupt

    result = fit(
        KAN((1, 1), domain=(0, 1)), residual=growth(), optimizer=optimizer, callbacks=(interrupt,), progress=False
    )
    assert result.status is Status.INTERRUPTED and len(result.history) == 3
    assert result.train_loss == pytest.approx(result.history[-1]["loss"])


def test_a_callback_ends_a_residual_fit():
    result = fit(
        KAN((1, 1), domain=(0, 1)), residual=growth(), callbacks=(lambda row: row["step"] == 2,), progress=False
    )
    assert result.status is Status.STOPPED and "callback" in result.message and len(result.history) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "adam"}, "'lm', 'lm-cg', 'lbfgs', 'ssbroyden' or 'ssbfgs', got 'adam'"),
        ({"sparsity": 0.1}, "sparsity does not go with residual"),
        ({"validation": 1, "sample_weight": 2}, "2 problems: validation does not go with residual.*sample_weight"),
        ({"grids": (3, 6)}, "grids does not go with residual"),
        ({"X": torch.zeros(2, 1)}, "X and y, or residual, not both"),
        ({"residual": 3}, "must be a function of the model, got 3"),
    ],
)
def test_unusable_settings_of_a_residual_fit(settings: dict[str, Any], words: str):
    with pytest.raises(ConfigError, match=words):
        fit(KAN((1, 1)), **({"residual": growth(), "progress": False} | settings))


@pytest.mark.parametrize(
    ("residual", "error", "words"),
    [
        (lambda model: 1.0, ShapeError, "must return a tensor of real numbers"),
        (lambda model: torch.ones(3), TrainingError, "does not depend on the model"),
        (lambda model: model(torch.rand(5, 1, dtype=torch.float64)), TrainingError, "different each time"),
        (lambda model: model(torch.zeros(2, 1, dtype=torch.float64)) / 0.0, TrainingError, "not finite at the start"),
    ],
    ids=["number", "constant", "random", "infinite"],
)
def test_unusable_residuals(residual: Any, error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        fit(KAN((1, 1)), residual=residual, progress=False)


def test_a_loss_does_not_go_with_a_residual():
    with pytest.raises(ConfigError, match="loss does not go with residual"):
        fit(mlp(), residual=lambda model: model(rows()[0])[:, 0], loss="mse", progress=False)

"""Fits under a ridge penalty: noise is not followed, whatever the units, and rows that come back refit the same."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.data import observations
from edgewise.errors import ConfigError
from edgewise.losses import SquaredError
from edgewise.train.job import Job
from edgewise.train.problems.kan import NetworkProblem
from edgewise.train.result import FitResult
from edgewise.train.solvers.status import Status
from edgewise.train.ways.by_ridge import Judged, Ridged, Shrunk, _folds


def rows(count: int, seed: int = 0) -> Tensor:
    return 2 * torch.rand(count, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) - 1


def law(X: Tensor) -> Tensor:
    return torch.sin(2 * X.sum(1)) + X[:, 0]


def noise(count: int, seed: int = 1) -> Tensor:
    return torch.randn(count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def fitted(X: Tensor, y: Tensor, **how: object) -> FitResult:
    return ew.fit(ew.KAN((X.shape[1], 8, 1)), X, y, optimizer="ridge", progress=False, **how)  # type: ignore[arg-type]


def error(result: FitResult, seed: int = 7) -> float:
    X = rows(500, seed)
    with torch.no_grad():
        return float((result.model(X)[:, 0] - law(X)).square().mean().sqrt())


@pytest.mark.slow
def test_a_law_in_noise_is_found_better_than_without_the_penalty():
    X = rows(200)
    y = law(X) + 0.5 * noise(200)
    free = ew.fit(ew.KAN((3, 8, 1)), X, y, optimizer="lbfgs", grids=(5,), progress=False)
    assert error(fitted(X, y)) < 0.3 < error(free)


@pytest.mark.slow
def test_noise_gives_a_constant_back():
    result = fitted(rows(100), noise(100))
    assert result.status is Status.NOTHING
    assert not result.model.active_edges()


@pytest.mark.slow
def test_units_do_not_matter():
    X = rows(100)
    y = law(X) + 0.3 * noise(100)
    one, other = fitted(X, y), fitted(1e-3 * X, 1e6 * y + 1e5)
    assert one.message.split("penalty of")[1].split()[0] == other.message.split("penalty of")[1].split()[0]
    with torch.no_grad():
        gap = (1e6 * one.model(X) + 1e5 - other.model(1e-3 * X)) / 1e6
    assert float(gap.abs().max()) < 0.05  # runs of hundreds of steps part by round-off


@pytest.mark.parametrize("unit", [1e-5, 1e3])
def test_the_units_of_one_output_do_not_matter_to_another(unit: float):
    X = rows(100)
    y = torch.stack([noise(100), law(X) + 0.3 * noise(100, 2)], 1)
    units = torch.tensor([1.0, unit], dtype=torch.float64)
    one, other = (
        ew.fit(ew.KAN((3, 8, 2)), X, each, optimizer="ridge", steps=30, progress=False) for each in (y, y * units)
    )
    assert one.message.split("penalty of")[1].split()[0] == other.message.split("penalty of")[1].split()[0]
    with torch.no_grad():
        assert float((one.model(X) - other.model(X) / units).abs().max()) < 1e-5


@pytest.mark.parametrize(
    "value", [3.0, pytest.param(0.0, marks=pytest.mark.slow), pytest.param(1e6, marks=pytest.mark.slow)]
)
def test_a_constant_target_gives_a_constant_back(value: float):
    result = ew.fit(ew.KAN((3, 3, 1)), rows(60), torch.full((60,), value), optimizer="ridge", progress=False)
    assert result.status is Status.NOTHING


@pytest.mark.parametrize("optimizer", ["ridge", "lm"])
@pytest.mark.parametrize("loss", [torch.nn.HuberLoss(), lambda p, t: ((p - t) / 300).square().square().sum(1)])
@pytest.mark.slow
def test_a_fitted_model_keeps_its_units_under_any_loss(loss: Any, optimizer: str):
    X = rows(100)
    y = 1000 + 300 * law(X)
    first = ew.fit(ew.KAN((3, 4, 1)), X, y, steps=10, progress=False)
    again = ew.fit(first.model, X, y, optimizer=optimizer, loss=loss, steps=20, progress=False)
    with torch.no_grad():
        assert float((again.model(X)[:, 0] - y).square().mean().sqrt()) < 60


@pytest.mark.slow
def test_classes_of_a_model_that_was_fitted_to_numbers_are_learnt():
    X = rows(120)
    y = (law(X) > 0).long()
    first = ew.fit(ew.KAN((3, 4, 2)), X, 20 * torch.nn.functional.one_hot(y).double(), steps=10, progress=False)
    again = ew.fit(first.model, X, y, loss="cross_entropy", optimizer="ridge", steps=50, progress=False)
    assert again.train_loss < 0.4


def test_the_penalty_is_of_coefficients_and_scales_alone():
    model = ew.KAN((3, (2, (2,)), 2), seed=0).double()
    form = {model.active_edges()[-1]: ("sin", 1.0, 0.2, 0.7, 0.3)}
    model = ew.set_symbolic(ew.remove(model, edges=model.active_edges()[:2]), form)
    X, y = rows(30), torch.stack([noise(30), noise(30, 2)], 1)
    target = Ridged(NetworkProblem(model.build(), X, y, SquaredError()), 0.1)
    theta = target.problem.start()
    value, gradient = target.value_gradient(theta)
    parts = [part for layer in model.edge_layers for part in (layer.coef, layer.base_scale) if part is not None]
    penalty = 0.1 * float(torch.stack([part.detach().square().sum() for part in parts]).sum())
    assert value == pytest.approx(target.problem.value(theta) + penalty)
    step = 1e-6 * torch.randn(theta.shape, dtype=theta.dtype, generator=torch.Generator().manual_seed(0))
    ahead, behind = target.value_gradient(theta + step)[0], target.value_gradient(theta - step)[0]
    assert (ahead - behind) / 2 == pytest.approx(float(gradient @ step), rel=1e-5)


@pytest.mark.slow
def test_outliers_are_told_in_any_unit():
    X = rows(80)
    y = law(X) + 0.1 * noise(80)
    y[::16] += 20
    one, other = (fitted(X, unit * y, loss="huber", steps=30) for unit in (1.0, 1e-3))
    with torch.no_grad():
        assert float((one.model(X) - 1e3 * other.model(X)).abs().max()) < 0.1
    assert error(one) < 0.5 * error(fitted(X, y, steps=30))


def test_a_product_that_finds_nothing_stays_a_network():
    result = ew.fit(ew.KAN((3, (0, 1))), rows(40), noise(40), optimizer="ridge", steps=30, progress=False)
    assert result.status is not Status.NOTHING


def test_a_constant_is_refitted_as_one():
    first = fitted(rows(40), noise(40), steps=30)
    last = ew.refit(first, rows(40), noise(40), progress=False)
    assert last.status is Status.NOTHING
    with torch.no_grad():
        assert float((last.model(rows(40)) - noise(40).mean()).abs().max()) < 1e-9


def test_half_a_run_takes_no_place_of_a_whole_one():
    X = rows(60)
    y = law(X) + 0.1 * noise(60)
    whole = fitted(X, y, steps=30)
    cut = fitted(X, y, steps=30, callbacks=[lambda row: row["step"] > len(whole.history) - 29])
    assert cut.status is Status.STOPPED
    assert cut.metrics["rmse"] < 1.5 * whole.metrics["rmse"]


def test_classes_keep_their_chances():
    X = rows(400)
    chance = torch.sigmoid(2 * law(X))
    y = (torch.rand(400, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) < chance).long()
    result = ew.fit(ew.KAN((3, 8, 2)), X, y, loss="cross_entropy", optimizer="ridge", steps=50, progress=False)
    with torch.no_grad():
        told = result.model(X).softmax(1)[:, 1]
    assert float((told - chance).abs().mean()) < 0.1


@pytest.mark.parametrize("loss", ["quantile", "poisson"])
@pytest.mark.slow
def test_other_losses_have_their_own_unit(loss: str):
    X = rows(80)
    y = (law(X) + 0.3 * noise(80)).exp()
    result = fitted(X, y, loss=loss, steps=50)
    assert result.status is not Status.NOTHING
    assert all(torch.isfinite(p).all() for p in result.model.parameters())


@pytest.mark.slow
def test_all_rows_come_back_under_the_same_penalty():
    X = rows(120)
    y = law(X) + 0.3 * noise(120)
    first = fitted(X, y)
    last = ew.refit(first, X, y, progress=False)
    assert isinstance(last.ending, Shrunk) and isinstance(first.ending, Shrunk)
    assert last.ending.strength == first.ending.strength
    assert last.metrics["validation_rmse"] == first.metrics["validation_rmse"]
    assert not torch.equal(last.model(X), first.model(X))
    assert torch.equal(ew.refit(last, X, y, progress=False).model(X), last.model(X))


def test_the_same_seed_gives_the_same_bits():
    X = rows(60)
    y = law(X) + 0.3 * noise(60)
    assert torch.equal(fitted(X, y, steps=30).model(X), fitted(X, y, steps=30).model(X))


def test_a_callback_ends_it_with_a_network():
    X = rows(60)
    result = fitted(X, law(X), callbacks=[lambda row: row["step"] >= 20])
    assert result.status is Status.STOPPED and len(result.history) == 20
    assert result.model.active_edges() and result.ending is None


def test_a_result_can_be_pickled_and_refitted():
    X = rows(60)
    y = law(X) + 0.3 * noise(60)
    first = fitted(X, y, steps=30)
    again = pickle.loads(pickle.dumps(first))
    assert torch.equal(ew.refit(again, X, y, progress=False).model(X), ew.refit(first, X, y, progress=False).model(X))


def test_copies_of_a_row_are_on_one_side():
    X = rows(20).repeat(3, 1)
    job = Job(X, law(X)[:, None], SquaredError())
    number = observations(job.x, job.y)
    unseen = []
    for known, out in _folds(job):
        assert set(number[known].tolist()).isdisjoint(number[out].tolist())
        unseen += out.tolist()
    assert sorted(unseen) == list(range(60))


def test_rows_of_a_group_are_on_one_side():
    X, groups = rows(60), torch.arange(60) % 15
    for known, out in _folds(Job(X, law(X)[:, None], SquaredError(), groups=groups)):
        assert len(out) and set(groups[known].tolist()).isdisjoint(groups[out].tolist())


@pytest.mark.parametrize(
    "given", [{"grids": (3, 6)}, {"sparsity": 0.1}, {"restarts": 2}, {"batch_size": 10}, {"resume": "a.fit"}]
)
def test_what_it_has_no_use_for_is_refused(given: dict[str, object]):
    with pytest.raises(ConfigError, match="leave"):
        fitted(rows(40), law(rows(40)), **given)


def test_other_modules_are_refused():
    with pytest.raises(ConfigError, match="is for an edgewise.KAN, fitted to X and y"):
        ew.fit(torch.nn.Linear(3, 1), rows(40).float(), law(rows(40)).float(), optimizer="ridge", progress=False)


def test_one_row_of_any_weight_is_a_constant():
    result = ew.fit(
        ew.KAN((2, 1)), torch.zeros(1, 2), torch.ones(1, 1), sample_weight=[5.0], optimizer="ridge", progress=False
    )
    assert float(result.model.predict(torch.zeros(1, 2))) == pytest.approx(1.0, abs=1e-5)


def test_rows_of_whole_weights_are_as_sure_as_their_copies():
    losses = torch.rand(2, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    model, ones = ew.KAN((1, 1)), torch.ones(50, dtype=torch.float64)

    def error(copies: int, weight: float) -> float:
        one, other = (
            Judged(1.0, each.repeat(copies), weight * ones.repeat(copies), model, Status.CONVERGED) for each in losses
        )
        return one.gain(other)[1]

    assert error(1, 9.0) == pytest.approx(error(9, 1.0))

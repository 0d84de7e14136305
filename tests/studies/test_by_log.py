"""A network of the logarithm of the mean takes the place of one of the mean where errors grow with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.data import from_arrays, split
from edgewise.studies import by_log
from edgewise.studies.by_log import spread_grows
from edgewise.studies.study import Study
from edgewise.studies.tuning import TUNED
from edgewise.train.evidence.by_evidence import Again


def amounts(rows: int = 300, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs (n, 3), amounts (n,) whose causes multiply and whose errors are parts of them, and their means."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.rand(rows, 3, dtype=torch.float64, generator=generator)
    mean = torch.exp(2 * X[:, 0] + torch.sin(5 * X[:, 1]) + X[:, 2])
    noise = torch.exp(0.3 * torch.randn(rows, dtype=torch.float64, generator=generator) - 0.045)
    return X, mean * noise, mean


def found(loss: str = "auto") -> Study:
    X, y, _ = amounts()
    return ew.study(X, y, formula=False, effort="quick", loss=loss, progress=False)


@pytest.fixture(scope="module")
def study() -> Study:
    return found()


@pytest.mark.slow
def test_amounts_whose_causes_multiply_are_predicted_better(study: Study):
    X, _, mean = amounts(2000, 1)
    errors = [(each.model(X)[:, 0] - mean).square().mean() for each in (study, found("squared_error"))]
    assert study.trained.of_log is not None and errors[0] < 0.5 * errors[1]


def test_the_network_gives_the_mean_itself_and_ends_in_an_exponential(study: Study):
    X, y, _ = amounts()
    last = study.model.edge_layers[-1]
    assert [edge.primitive for edge in last.symbolic] == ["exp"] and study.model.metadata.loss == ""
    assert torch.equal(torch.as_tensor(study.model.predict(X)), study.model(X).detach()[:, 0])
    assert abs(float(study.model(X).detach().mean() / y.mean()) - 1) < 0.1


def test_the_scores_are_those_of_squares_and_the_verdict_tells_why(study: Study, tmp_path: Path):
    assert set(study.scores["this network"]) == {"rmse", "mae", "r2"}
    assert "exponential of one for the logarithm" in study.verdict
    study.save(tmp_path / "run")
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["training"]["stages"][-1]["name"].endswith("of the logarithm")
    loaded, (X, _, _) = ew.load(tmp_path / "run" / "model.safetensors"), amounts()
    assert torch.equal(loaded(X), study.model(X))


@pytest.mark.slow
def test_closed_forms_under_the_exponential_give_the_law():
    generator = torch.Generator().manual_seed(3)
    X = 1 + torch.rand(400, 2, dtype=torch.float64, generator=generator)
    y = X[:, 0] ** 2 / X[:, 1] * torch.exp(0.05 * torch.randn(400, dtype=torch.float64, generator=generator))
    study = ew.study(X, y, hidden=(), progress=False, interactions=0)
    new = 1 + torch.rand(500, 2, dtype=torch.float64, generator=generator)
    error = (study.model(new)[:, 0] / (new[:, 0] ** 2 / new[:, 1]) - 1).square().mean().sqrt()
    assert study.trained.of_log is not None and error < 0.02
    assert len(study.formulas) == 1 and study.message


def counts(rows: int = 300, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs (n, 3), counts (n,) whose causes multiply, and their means."""
    X, _, mean = amounts(rows, seed)
    return X, torch.poisson(mean / 3, generator=torch.Generator().manual_seed(seed)), mean / 3


@pytest.mark.parametrize("parts", [1.0, 0.3])
def test_counts_and_amounts_with_zeros_are_predicted_better(parts: float):
    X, y, mean = counts()
    assert bool((y == 0).any())
    new, _, law = counts(2000, 1)
    studies = [
        ew.study(X, parts * y, formula=False, effort="quick", interactions=0, loss=loss, progress=False)
        for loss in ("auto", "squared_error")
    ]
    errors = [(each.model(new)[:, 0] - parts * law).square().mean() for each in studies]
    assert studies[0].trained.of_log is not None and errors[0] < 0.5 * errors[1]
    assert studies[0].model.metadata.loss == "" and "exponential of one" in studies[0].verdict


def test_counts_whose_causes_add_up_stay_as_they_are():
    X, _, _ = amounts(400)
    y = torch.poisson(0.3 + 6 * X[:, 0] + 5 * X[:, 1] ** 2, generator=torch.Generator().manual_seed(0))
    study = ew.study(X, y, formula=False, effort="quick", progress=False)
    assert bool((y == 0).any()) and study.trained.of_log is None


@pytest.mark.parametrize("kind", ["below zero", "yes and no", "two amounts", "shares", "percentages"])
def test_targets_below_zero_or_with_two_ends_stay_as_they_are(kind: str):
    X, y, _ = counts()
    some = {
        "below zero": y - 1,
        "yes and no": (y > 3).double(),
        "two amounts": 50 * (y > 3),
        "shares": (y / 20).clamp(max=1),
        "percentages": (20 * y).clamp(max=100),
    }
    assert by_log.loss_of(some[kind][:, None]) is None
    study = ew.study(X, some[kind], formula=False, effort="quick", interactions=0, progress=False, task="regression")
    assert study.trained.of_log is None and "exponential" not in study.verdict


@pytest.mark.parametrize("least", [0.0, -1.0])
def test_a_target_that_has_no_logarithm_may_judge(least: float):
    X, y, _ = amounts() if least == 0 else counts()
    place = int(split(from_arrays(X, torch.arange(300.0)), 0.2, 0)[1].y[0])
    y = torch.where(torch.arange(300) == place, least, y)
    study = ew.study(X, y, formula=False, effort="quick", interactions=0, progress=False)
    assert study.trained.of_log is not None and study.model is study.trained.model


def test_errors_of_one_size_are_no_reason():
    X, _, mean = amounts()
    noise = 0.1 * torch.randn(300, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    table = from_arrays(X, X[:, 0] + 5 + noise)
    model = ew.fit(ew.KAN((3, 1)), table.X, table.y, optimizer="evidence", progress=False).model
    assert not spread_grows(model, table)


def test_exact_rows_have_no_spread():
    X, _, _ = amounts()
    table = from_arrays(X, X[:, 0] + 5)
    model = ew.fit(ew.KAN((3, 1)), table.X, table.y, optimizer="evidence", progress=False).model
    assert not spread_grows(model, table)


@pytest.mark.slow
def test_the_estimator_predicts_means():
    X, y, mean = amounts()
    model = ew.KANRegressor(effort="quick", random_state=0).fit(X.numpy(), y.numpy())
    assert model.learned_.trained.of_log is not None
    assert model.score(X.numpy(), mean.numpy()) > 0.95 and "exp" in str(model.formula_)


@pytest.mark.slow
def test_amounts_without_noise_over_many_decades_end_in_a_network():
    pandas, draw = pytest.importorskip("pandas"), np.random.default_rng(3)
    a, b = draw.uniform(0, 2, (2, 150))
    frame = pandas.DataFrame({"a": a, "b": b, "g": draw.choice(["u", "v", "w"], 150), "y": np.exp(14 * a)})
    study = ew.study(frame, target="y", effort="quick", hidden=(), formula=False, progress=False)
    network = study.scores["this network"]
    assert isinstance(network, dict) and network["r2"] > 0.999999


def test_a_mistyped_cell_is_not_foretold_far_beyond_all_rows(study: Study):
    X, _, _ = amounts()
    means, wrong = study.model(X).detach(), torch.cat([X[:1] + 1000 * row for row in torch.eye(3, dtype=torch.float64)])
    assert float(study.model(wrong).detach().max()) <= 2.0001 * float(means.max())


def test_of_many_rows_the_logarithm_has_the_pairs_of_the_mean(monkeypatch: pytest.MonkeyPatch):
    """Nothing is searched for: a fit would fail."""
    monkeypatch.setattr(by_log, "TUNED", replace(TUNED, log_searched=200))
    monkeypatch.setattr(by_log, "fit", None)
    study, plain = found(), found("squared_error")
    assert study.trained.of_log is not None and study.trained.of_log < 1
    ending, of_mean = study.trained.chosen.ending, plain.trained.chosen.ending
    assert isinstance(ending, Again) and isinstance(of_mean, Again)
    assert of_mean.structures[0].pairs and set(ending.structures[0].pairs) <= set(of_mean.structures[0].pairs)
    new, _, mean = amounts(2000, 1)
    errors = [(each.model(new)[:, 0] - mean).square().mean() for each in (study, plain)]
    assert errors[0] < 0.5 * errors[1]


def test_of_many_rows_the_ones_that_choose_judge_a_mean_that_is_no_fit_by_evidence(monkeypatch: pytest.MonkeyPatch):
    """No fit to parts of the rows is asked for: it would fail. Counts whose causes multiply are better by logarithms,
    and those whose causes add up are not."""
    monkeypatch.setattr(by_log, "TUNED", replace(TUNED, log_rows=200))
    monkeypatch.setattr(by_log, "unseen", None)
    X, y, mean = counts(500)
    sums = 0.3 + 6 * X[:, 0] + 5 * X[:, 1] ** 2
    added = torch.poisson(sums, generator=torch.Generator().manual_seed(0))
    results = []
    for target in (y, added):
        training, choosing = from_arrays(X[:400], target[:400]), from_arrays(X[400:], target[400:])
        how = {"validation": (choosing.X, choosing.y), "progress": False}
        plain = ew.fit(ew.KAN((3, 1)), training.X, training.y, steps=20, **how)
        assert not isinstance(plain.ending, Again)
        monkeypatch.setattr(by_log, "asked", lambda *_: ew.losses.Poisson())
        results.append(by_log.by_log(plain, ew.KAN((3, 1)), ew.KAN((3, 1)), training, choosing, how))
    assert results[0] is not None and 0 < results[0].ratio < 1 and results[1] is None


@pytest.mark.parametrize("searched", [200, 10_000])
@pytest.mark.slow
def test_no_zero_anywhere_among_the_targets_ends_in_an_error(searched: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(by_log, "TUNED", replace(TUNED, log_searched=searched))
    X, y, _ = amounts(90)
    for place in range(0, 90, 9):
        zero = torch.where(torch.arange(90) == place, 0.0, y)
        ew.study(X, zero, formula=False, effort="quick", interactions=0, progress=False)


def test_convex_functions_stay_so_and_need_no_bound():
    X, y, _ = amounts()
    study = ew.study(X, y, formula=False, effort="quick", constraints={"x1": "convex"}, progress=False)
    at = torch.stack([torch.linspace(-1, 4, 60, dtype=torch.float64), *X[:1, 1:].T.expand(2, 60)], 1)
    assert float(study.model(at).detach()[:, 0].diff(n=2).min()) > -1e-9

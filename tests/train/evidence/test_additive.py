"""Additive networks by their evidence: what the data say is found, what they do not say is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.train.evidence import additive, pair_search, tuning
from edgewise.train.evidence.by_evidence import structures_of
from edgewise.train.evidence.chosen_terms import model_of
from edgewise.train.evidence.fit_task import Task
from edgewise.train.evidence.sums import Sums
from edgewise.train.evidence.terms import edge_term, pair_term
from edgewise.train.evidence.variables import variables
from edgewise.train.result import FitResult
from helpers import assert_close, assert_equal, state_of

LOSS = {1: "squared_error", 2: "cross_entropy"}


def rows(seed: int, n: int = 300, d: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(n, d, dtype=torch.float64, generator=generator) - 1
    return X, torch.randn(n, dtype=torch.float64, generator=generator)


def fit(X: Tensor, y: Any, outputs: int = 1, **how: Any) -> FitResult:
    return ew.fit(ew.KAN((X.shape[1], outputs)), X, y, optimizer="evidence", progress=False, **how)


def curve(X: Tensor) -> Tensor:
    return torch.sin(3 * X[:, 0]) + 2 * X[:, 1]


def error(result: FitResult, seed: int = 99) -> float:
    X = rows(seed, 2000)[0]
    return float((result.model(X)[:, 0] - curve(X)).detach().square().mean().sqrt())


def test_a_smooth_function_is_found_under_noise():
    errors = []
    for seed in range(5):
        X, noise = rows(seed)
        errors.append(error(fit(X, curve(X) + 0.5 * noise)))
    assert sorted(errors)[2] < 0.12  # 15 or so parameters from 285 rows with a noise of 0.5: 0.11


@pytest.mark.parametrize("degree", [1, 2, 5])
def test_other_degrees_find_it_as_well(degree: int):
    X, noise = rows(0)
    model = ew.KAN((4, 1), degree=degree)
    result = ew.fit(model, X, curve(X) + 0.3 * noise, optimizer="evidence", progress=False)
    assert error(result) < 0.12


def test_without_noise_the_function_is_found_closely():
    X, _ = rows(0)
    assert error(fit(X, curve(X))) < 1e-3


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.slow
def test_noise_alone_gives_a_constant(outputs: int):
    constants = 0
    for seed in range(20):
        X, noise = rows(seed, 150, 6)
        result = fit(X, noise if outputs == 1 else (noise > 0).long(), outputs, loss=LOSS[outputs])
        constants += result.status.name == "NOTHING" and ew.summary(result.model).edges == 0
    assert constants >= 17  # one in forty or so is taken for something


def test_a_weak_effect_in_enough_rows_is_no_noise():
    X, noise = rows(0, 400, 6)
    assert fit(X, X[:, 0] + 1.5 * noise).status.name == "CONVERGED"  # a share of 0.13 is explained


def test_noise_alone_explains_next_to_nothing():
    explained = []
    for seed in range(10):
        X, noise = rows(seed, 150, 6)
        model = fit(X, noise).model
        new, unseen = rows(seed + 100, 5000, 6)
        explained.append(1 - float((model(new)[:, 0] - unseen).detach().square().mean() / unseen.var()))
    assert min(explained) > -0.2 and sorted(explained)[5] > -0.02  # least squares of these 78 functions: about -1


def test_a_line_stays_nearly_a_line():
    bends = []
    for seed in range(5):
        X, noise = rows(seed, 200, 1)
        model = fit(X, 3 * X[:, 0] + 0.3 * noise).model
        at = model(torch.tensor([[-0.8], [0.0], [0.8]], dtype=torch.float64))[:, 0].detach()
        bends.append(abs(float(at[0] + at[2] - 2 * at[1])))
    assert sorted(bends)[2] < 0.1  # the line rises by 4.8 between these points


def test_beyond_the_data_it_goes_on_along_its_tangents():
    X, noise = rows(0, 200, 1)
    model = fit(X.abs(), X.abs()[:, 0] + 0.1 * noise).model
    assert abs(float(model(torch.tensor([[3.0]], dtype=torch.float64)).detach()) - 3) < 0.5


@pytest.mark.parametrize("loss", ["cross_entropy", "binomial"])
def test_beyond_the_data_chances_stay_where_they_are(loss: str):
    X, noise = rows(0, 300, 2)
    labels = X[:, 0] + X[:, 1] + 0.5 * noise > 0
    model = (
        fit(X, labels.long(), 2, loss=loss).model
        if loss == "cross_entropy"
        else fit(X, labels.double(), loss=loss).model
    )
    ends = X.amax(0)
    width = float(ends[0] - X.amin(0)[0])
    at, far, farther = (model(ends[None] + out * width).detach()[0, -1] for out in (0.0, 1.0, 50.0))
    assert_close(farther, far)
    assert 0.9 < float(far / at) < 1.5  # of some intervals; along tangents it would be thrice as much


def test_beyond_the_data_convex_log_odds_stay_convex():
    X, noise = rows(0, 300, 2)
    labels = (X.square().sum(1) + 0.3 * noise > 0.6).long()
    how = {"loss": "cross_entropy", "constraints": {0: "convex"}}
    model = fit(X, labels, 2, **how).model
    line = torch.linspace(-9, 9, 1000, dtype=torch.float64)
    one, other = (torch.stack([line, 0 * line], 1), torch.stack([0 * line, line], 1))
    bends, others = (model(points).detach()[:, 1].diff().diff() for points in (one, other))
    assert float(bends.min()) > -1e-9
    assert float(others.min()) < -1e-3
    assert float(others[-100:].abs().max()) < 1e-12


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_units_do_not_matter(factor: float):
    X, noise = rows(0)
    y = curve(X) + 0.3 * noise
    one, other = fit(X, y), fit(X * factor + 3 * factor, y * factor - factor)
    assert_close(other.model(X * factor + 3 * factor), one.model(X) * factor - factor, like="adapt")


@pytest.mark.slow
def test_blocks_of_rows_change_round_off_alone(monkeypatch: pytest.MonkeyPatch):
    X, noise = rows(0)
    y, classes = curve(X) + 0.3 * noise, curve(X) + noise > 0
    whole = fit(X, y), fit(X, classes, 2)
    small = tuning.EvidenceTuning(block=1000)
    for module in (additive, __import__("edgewise.train.evidence.edge_basis", fromlist=["TUNED"])):
        monkeypatch.setattr(module, "TUNED", small)
    for one, other in zip(whole, (fit(X, y), fit(X, classes, 2)), strict=True):
        assert_close(other.model(X), one.model(X), like="adapt")


def test_every_output_has_a_smoothness_of_its_own():
    X, noise = rows(0)
    y = torch.stack([curve(X) + 0.3 * noise, noise, X[:, 2]], 1)
    result = fit(X, y, 3)
    assert_close(result.model(X)[:, :1], fit(X, y[:, 0]).model(X), like="adapt")
    assert float((result.model(X)[:, 2] - X[:, 2]).detach().abs().max()) < 1e-3
    assert float(result.model(X)[:, 1].detach().std()) < 1e-9  # noise: a constant


@pytest.mark.slow
def test_probabilities_are_those_of_the_law():
    divergence = []
    for seed in range(5):
        X, _ = rows(seed, 600)
        drawn = torch.rand(600, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        result = fit(X, (drawn < torch.sigmoid(curve(X))).long(), 2, loss="cross_entropy")
        new = rows(99, 2000)[0]
        odds = curve(new)
        true = torch.stack([-odds, odds], 1).sigmoid()
        divergence.append(float((true * (true.log() - result.model(new).detach().log_softmax(1))).sum(1).mean()))
    assert sorted(divergence)[2] < 0.02


def test_separable_classes_keep_finite_odds():
    X, _ = rows(0, 100)
    result = fit(X, (X[:, 0] > 0).long(), 2, loss="cross_entropy")
    assert result.metrics["accuracy"] > 0.97
    assert float(result.model(X).detach().log_softmax(1).abs().max()) < 100


def test_three_classes():
    X, noise = rows(0, 400)
    labels = torch.bucketize(curve(X) + 0.3 * noise, torch.tensor([-1.0, 1.0], dtype=torch.float64))
    result = fit(X, labels, 3, loss="cross_entropy")
    assert result.metrics["validation_accuracy"] > 0.75


def test_edges_that_say_nothing_are_off_and_a_constant_says_so():
    X, noise = rows(3, 60, 2)
    result = fit(X, torch.zeros(60, dtype=torch.float64) + 2.0)
    assert result.status.name == "NOTHING" and ew.summary(result.model).edges == 0
    assert_close(result.model(X), torch.full((60, 1), 2.0, dtype=torch.float64), like="float64")


@pytest.mark.slow
def test_more_columns_than_rows():
    X, noise = rows(0, 60, 200)
    result = fit(X, 3 * X[:, 7] + 0.1 * noise)
    new, _ = rows(1, 1000, 200)
    assert float((result.model(new)[:, 0] - 3 * new[:, 7]).detach().square().mean().sqrt()) < 0.3


def test_refit_takes_all_rows():
    X, noise = rows(0)
    y = curve(X) + 0.3 * noise
    first = fit(X, y)
    last = ew.refit(first, X, y, progress=False)
    everything = fit(X, y, validation=(X[:5], y[:5]))
    assert_close(last.model(X), everything.model(X), like="adapt")
    assert last.metrics["validation_rmse"] == first.metrics["validation_rmse"]


def test_same_seed_same_bits():
    X, noise = rows(0)
    assert_equal(state_of(fit(X, curve(X) + noise).model), state_of(fit(X, curve(X) + noise).model))


@pytest.mark.parametrize(
    ("model", "how", "said"),
    [
        (ew.KAN((4, 2, 1)), {}, "without hidden layers"),
        (torch.nn.Linear(4, 1).double(), {}, "for an edgewise.KAN"),
        (ew.KAN((4, 1), degree=0), {}, "steps of degree 0"),
        (ew.KAN((4, 1)), {"grids": (3, 6)}, "no use for grids"),
        (ew.KAN((4, 1)), {"sparsity": 0.1, "steps": 3}, "no use for sparsity, steps"),
    ],
)
def test_what_has_no_effect_is_refused(model: torch.nn.Module, how: dict[str, Any], said: str):
    X, y = rows(0)
    with pytest.raises(ConfigError, match=said):
        ew.fit(model, X, y, optimizer="evidence", progress=False, **how)


def acting_together(X: Tensor) -> Tensor:
    return 2 * X[:, 0] * X[:, 1] + torch.sin(3 * X[:, 2])


def fit_pairs(X: Tensor, y: Any, outputs: int = 1, products: int = 8, **how: Any) -> FitResult:
    start = ew.KAN((X.shape[1], (outputs, products), outputs))
    return ew.fit(start, X, y, optimizer="evidence", progress=False, **how)


def pairs_in(result: FitResult) -> set[tuple[int, ...]]:
    """Inputs that the products of a network multiply."""
    model, found = result.model, set()
    for node, factors in zip(model.topology.node_ids[1], model.topology.factors[1], strict=True):
        if len(factors) == 2:
            found.add(tuple(sorted(edge[1] for edge in model.active_edges() if edge[0] == 0 and edge[2] in factors)))
        assert node in model.topology.node_ids[1]
    return found


@pytest.mark.slow
def test_the_pair_that_acts_together_is_found_and_no_other():
    for seed in range(5):
        X, noise = rows(seed, 300, 6)
        result = fit_pairs(X, acting_together(X) + 0.3 * noise)
        assert pairs_in(result) == {(0, 1)}
        new, _ = rows(99, 2000, 6)
        assert float((result.model(new)[:, 0] - acting_together(new)).detach().square().mean().sqrt()) < 0.12


def many_weak_pairs(X: Tensor) -> Tensor:
    Q = torch.randn(len(X[0]), len(X[0]), dtype=torch.float64, generator=torch.Generator().manual_seed(5)).triu(1)
    return X.sum(1) + 0.7 * ((X @ Q) * X).sum(1)


def test_many_pairs_that_are_weak_alone_are_found_together():
    X, noise = rows(0, 250, 8)
    y = many_weak_pairs(X)
    result = fit_pairs(X, y + y.std() * noise, products=28)
    assert len(pairs_in(result)) >= 15
    new = rows(99, 2000, 8)[0]
    left = (result.model(new)[:, 0].detach() - many_weak_pairs(new)).square().mean().sqrt()
    assert float(left) < 0.5 * float(y.std())  # few pairs leave 0.6


def test_refit_of_many_weak_pairs_keeps_them():
    X, noise = rows(0, 250, 8)
    y = many_weak_pairs(X)
    y = y + y.std() * noise
    result = fit_pairs(X, y, products=28)
    again = ew.refit(result, X, y, progress=False)
    assert len(pairs_in(again)) >= 15


def test_a_product_alone_is_found_where_no_single_input_says_anything():
    X, noise = rows(0, 300, 4)
    assert pairs_in(fit_pairs(X, 2 * X[:, 0] * X[:, 3] + 0.3 * noise)) == {(0, 3)}


def test_without_pairs_there_is_no_hidden_layer():
    X, noise = rows(0)
    result = fit_pairs(X, curve(X) + 0.3 * noise)
    assert result.model.topology.depth == 1
    assert_equal(state_of(result.model), state_of(fit(X, curve(X) + 0.3 * noise).model))


@pytest.mark.slow
def test_pairs_of_noise_are_rare():
    found = 0
    for seed in range(20):
        X, noise = rows(seed, 150, 6)
        found += bool(pairs_in(fit_pairs(X, X[:, 0] + noise)))
    assert found <= 2  # one in forty


@pytest.mark.parametrize("outputs", [2, 3])
def test_classes_that_two_inputs_decide_together(outputs: int):
    X, noise = rows(0, 600, 4)
    ends = torch.linspace(-0.5, 0.5, outputs - 1, dtype=torch.float64)
    labels = torch.bucketize(4 * X[:, 0] * X[:, 1] + 0.3 * noise, ends)
    result = fit_pairs(X, labels, outputs, loss="cross_entropy")
    assert pairs_in(result) == {(0, 1)} and result.metrics["validation_accuracy"] > 0.75


def test_edges_that_are_off_stay_off():
    X, noise = rows(0, 300, 4)
    start = ew.remove(ew.KAN((4, (1, 4), 1)), edges=[(0, 0, k) for k in range(9)] + [(0, 3, 0)])
    result = ew.fit(start, X, acting_together(X) + X[:, 3] + 0.3 * noise, optimizer="evidence", progress=False)
    assert {edge[1:] for edge in result.model.active_edges() if edge[0] == 0} == {(2, 0)}


def test_room_for_few_products_keeps_the_largest():
    X, noise = rows(0, 500, 4)
    y = 3 * X[:, 0] * X[:, 1] + 0.5 * X[:, 2] * X[:, 3] + 0.05 * noise
    assert pairs_in(fit_pairs(X, y)) == {(0, 1), (2, 3)}
    assert pairs_in(fit_pairs(X, y, products=1)) == {(0, 1)}


def test_refit_of_pairs_keeps_them():
    X, noise = rows(0, 300, 6)
    y = acting_together(X) + 0.3 * noise
    first = fit_pairs(X, y)
    assert pairs_in(ew.refit(first, X, y, progress=False)) == pairs_in(first) == {(0, 1)}


def test_a_constant_target_leaves_nothing_to_look_for():
    X, noise = rows(0, 60)
    result = fit_pairs(X, torch.stack([torch.full((60,), 7.0).double(), X[:, 0] + 0.1 * noise], 1), outputs=2)
    assert not pairs_in(result)
    assert_equal(result.model(X)[:, 0].detach(), torch.full((60,), 7.0).double())


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.slow
def test_a_weight_is_as_many_rows(classes: bool):
    """The knots are at quantiles of the rows that are there, whatever they count, so it is not quite the same."""
    X, noise = rows(0, 100)
    y = curve(X) + 0.5 * noise
    again = torch.arange(100).repeat_interleave(4)
    outputs, target = (2, (y > 0).long()) if classes else (1, y)
    how: dict[str, Any] = {"loss": LOSS[outputs], "validation": (X[:2], target[:2])}
    results = [
        fit(X, target, outputs, sample_weight=torch.full((100,), 4), **how),
        fit(X[again], target[again], outputs, **how),
        fit(X, target, outputs, **how),
    ]
    weighted, repeated, once = (result.model(X)[:, -1].detach() for result in results)
    assert float((weighted - repeated).std()) < 0.02 * float((once - repeated).std())


@pytest.mark.slow
def test_few_inputs_among_many():
    X, noise = rows(0, 300, 60)
    result = fit(X, curve(X) + 0.3 * noise)
    assert {edge[1] for edge in result.model.active_edges()} == {0, 1}


def test_inputs_that_say_the_same_stay_together():
    X, noise = rows(0, 200, 8)
    shared = X[:, :1] + 0.1 * rows(1, 200, 8)[0]
    result = fit(shared, shared.mean(1) + 0.5 * noise)
    assert len(result.model.active_edges()) == 8


def test_fewer_rows_than_functions_change_nothing_but_the_algebra():
    """The posterior by n x n matrices is that by m x m matrices."""
    from edgewise.train.evidence import terms, variables

    X, noise = rows(0, 60, 8)
    y = curve(X) + 0.3 * noise
    ones = torch.ones(60, dtype=torch.float64)
    task = Task(X, ones, y, 1, variables.variables(ew.KAN((8, 1)), X, ones, 20), lambda loss: False)
    every = [terms.edge_term(number, variable) for number, variable in enumerate(task.variables)]
    prior = terms.prior_of(every)
    sums = Sums.of(task.blocks(every), prior)
    assert sums.design is not None
    other = Sums(**{**vars(sums), "matrix": sums.design.T @ sums.design, "design": None})
    precision = prior.roughness.numpy() * 3
    for one, two in zip(sums.solve(precision, 0.2), other.solve(precision, 0.2), strict=True):
        assert_close(torch.as_tensor(one), torch.as_tensor(two), like="adapt")


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.slow
def test_terms_that_a_part_of_the_rows_chose_are_fitted_to_all(monkeypatch: pytest.MonkeyPatch, outputs: int):
    X, noise = rows(1, 1500)
    y = curve(X) + 2 * X[:, 2] * X[:, 3] + 0.5 * noise
    y = y if outputs == 1 else y > 0
    how: dict[str, Any] = {"optimizer": "evidence", "progress": False}
    model = ew.KAN((4, (outputs, 4), outputs))
    whole = ew.fit(model, X, y, **how)
    monkeypatch.setattr(pair_search, "TUNED", replace(tuning.TUNED, rows_searched=500))
    part = ew.fit(model, X, y, **how)
    assert [one.pairs for one in structures_of(part)] == [one.pairs for one in structures_of(whole)] == [[(2, 3)]]
    gap = (part.model(X) - whole.model(X)).detach().square().mean().sqrt()
    assert float(gap) < 0.02 * float(whole.model(X).detach().std())  # the same rows, under nearly the same prior


def test_sums_of_fewer_terms_are_a_part_of_those_of_more():
    X, noise = rows(0, 400)
    weight = torch.ones_like(noise)
    found = variables(ew.KAN((4, 1)), X, weight, 20)
    task = Task(X, weight, curve(X) + noise, 1, found, lambda loss: False)
    terms = [edge_term(number, variable) for number, variable in enumerate(found)]
    many = model_of(task, terms, False, None, (4, 0))
    few = [terms[3], terms[1]]
    known, anew = (model_of(task, few, False, None, (4, 0), near) for near in (many, None))
    assert known.sums is not None and many.places([pair_term(0, 1, found)]) is None
    assert_close(known.posterior.coef, anew.posterior.coef, like="adapt")
    assert known.score == pytest.approx(anew.score, abs=1e-8)


@pytest.mark.parametrize("values", [[0.0, 0.001, 0.002, 3.0], [1.0, 2.0, 3.0, 3.001], 10 ** torch.linspace(-4, 0.5, 9)])
@pytest.mark.parametrize("seed", range(3))
def test_a_curve_through_few_values_that_crowd_at_one_end_is_no_cliff_beyond_it(seed: int, values: Any):
    draw, values = torch.Generator().manual_seed(seed), torch.as_tensor(values, dtype=torch.float64)
    which = torch.randint(len(values), (400,), generator=draw)
    X, y = values[which, None], torch.rand(len(values), dtype=torch.float64, generator=draw)[which]
    found = fit(X, y)
    crowded, outwards = (X.max(), 1) if X.mean() > X.median() + 2 or X.mean() > 2 else (X.min(), -1)
    beyond = crowded + outwards * X.std() * torch.tensor([0.001, 0.01, 0.1, 1.0], dtype=torch.float64)
    assert float((found.model(beyond[:, None]).detach() - 0.5).abs().max()) < 2  # hundreds and more along tangents


def test_curves_turn_flat_far_beyond_the_rows_and_lines_go_on():
    draw = torch.Generator().manual_seed(0)
    X = torch.rand(300, 2, dtype=torch.float64, generator=draw)
    y = (X[:, 0] - 0.3) ** 2 + 2 * X[:, 1] + 0.01 * torch.randn(300, dtype=torch.float64, generator=draw)
    found = fit(X, y).model
    place = torch.tensor([[0.5, 0.5], [-40.0, 0.5], [40.0, 0.5], [0.5, -40.0], [0.5, 40.0]], dtype=torch.float64)
    middle, left, right, low, high = found(place).detach()[:, 0].tolist()
    assert middle - 1 < left < middle + 2 and middle - 1 < right < middle + 2  # tangents come to 25 and 55
    assert low == pytest.approx(2 * -40.0, abs=2) and high == pytest.approx(2 * 40.0, abs=2)

"""Functions that are held to a shape keep it at every point, and lose no more than they must."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.train.evidence.held import nearest

F = torch.float64
POINTS = 100_000
ROUND_OFF = 1e-13  # of outputs of about one


def rows(n: int = 200, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Three inputs in (0, 1) and their effect: rising, bent upwards, a wave."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.rand(n, 3, dtype=F, generator=generator)
    effect = torch.tanh(4 * X[:, 0] - 2) + 3 * (X[:, 1] - 0.3) ** 2 + 0.5 * torch.sin(6 * X[:, 2])
    return X, effect


def noise(n: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(n, dtype=F, generator=torch.Generator().manual_seed(seed))


def along(model: ew.KAN, place: int) -> torch.Tensor:
    """The outputs at sorted random places of one input, two thirds of them beyond the rows; of classes, log odds."""
    made = torch.full((POINTS, 3), 0.4, dtype=F)
    made[:, place] = (3 * torch.rand(POINTS, dtype=F, generator=torch.Generator().manual_seed(2)) - 1).sort().values
    with torch.no_grad():
        found = model(made)
    return found[:, 0] if found.shape[1] == 1 else found[:, 1] - found[:, 0]


def fit(y: torch.Tensor, X: torch.Tensor, constraints: Any, outputs: int = 1, **how: Any) -> ew.KAN:
    return ew.fit(
        ew.KAN((3, outputs)), X, y, optimizer="evidence", constraints=constraints, progress=False, **how
    ).model


@pytest.mark.parametrize("shape", ["increasing", "decreasing"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_slopes_keep_their_sign_at_every_point(shape: str, place: int):
    X, effect = rows()
    steps = along(fit(effect + 0.4 * noise(200), X, {place: shape}), place).diff()
    assert float((steps if shape == "increasing" else -steps).min()) > -ROUND_OFF


@pytest.mark.parametrize("shape", ["convex", "concave", ("increasing", "concave"), ("decreasing", "convex")])
def test_bends_keep_their_sign_at_every_point(shape: Any):
    X, effect = rows()
    model = fit(effect + 0.4 * noise(200), X, {2: shape})
    for edge in model.active_edges():
        if edge[1] == 2:
            at = torch.linspace(-1, 2, 20_001, dtype=F)
            slopes = ew.edge(model, edge)(at, derivative=1).diff() * (1 if "convex" in shape else -1)
            assert float(slopes.min()) > -1e-12


CASES: dict[str, Any] = {
    "poisson": (lambda e, z: torch.poisson(e.exp(), torch.Generator().manual_seed(0)), {"loss": "poisson"}),
    "gamma": (lambda e, z: (e + 0.3 * z).exp(), {"loss": "gamma"}),
    "huber": (lambda e, z: e + 0.3 * z**3, {"loss": "huber"}),
    "quantile": (lambda e, z: e + 0.3 * z, {"loss": ew.losses.Quantile(0.9)}),
    "classes": (lambda e, z: (e + 0.5 * z > 0.3).long(), {"loss": "cross_entropy", "outputs": 2}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_every_loss_can_be_held(case: str):
    X, effect = rows()
    make, how = CASES[case]
    y = make(effect, noise(200))
    model = fit(y, X, {2: "increasing"}, **how)
    assert float(along(model, 2).diff().min()) > -ROUND_OFF
    free = fit(y, X, None, **how)
    assert float(along(free, 2).diff().min()) < -1e-6  # it would not be so by itself


def anywhere(n: int = POINTS) -> torch.Tensor:
    """Random rows, most of them far beyond those of a fit."""
    draw = torch.Generator().manual_seed(3)
    wide = torch.tensor([3.0, 30.0, 3e4], dtype=F)[torch.randint(3, (n, 1), generator=draw)]
    return 0.5 + wide * (torch.rand(n, 3, dtype=F, generator=draw) - 0.5)


def waves(n: int = 300, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows and an effect of which the first input repeats after 0.4."""
    X, effect = rows(n, seed)
    return X, effect - torch.tanh(4 * X[:, 0] - 2) + torch.exp(torch.sin(5 * math.pi * X[:, 0] + 1))


@pytest.mark.parametrize("words", ["periodic:0.4", ("periodic:0.4", "non-negative")])
def test_a_periodic_function_repeats_at_every_point_and_finds_the_truth(words: Any):
    X, effect = waves()
    model = fit(effect + 0.1 * noise(300), X, {0: words})
    at = anywhere()
    far = at + torch.tensor([0.4, 0.0, 0.0], dtype=F)
    with torch.no_grad():
        gap = (model(at) - model(far)).abs() / (1 + model(at).abs())
        assert float(gap[at[:, 0].abs() < 20].max()) < 1e-11
        assert float(gap.max()) < 1e-8  # digits that 30,000 leaves of a phase
        assert float((model(X)[:, 0] - effect).square().mean().sqrt()) < 0.05


def test_a_period_without_a_number_is_the_range_of_the_rows_and_stays_so():
    X, effect = waves()
    X = torch.cat([X, torch.tensor([[-0.1, 0.5, 0.5], [1.1, 0.5, 0.5]], dtype=F)])  # 1.2 is three periods
    y = torch.cat([effect + 0.1 * noise(300), torch.ones(2, dtype=F)])
    first = ew.fit(ew.KAN((3, 1)), X, y, optimizer="evidence", constraints={0: "periodic"}, progress=False)
    assert "x1 periodic:1.2" in first.message
    last = ew.refit(first, X[:250], y[:250], progress=False)
    at = anywhere(1000)
    at[:, 0] %= 5
    with torch.no_grad():
        gap = last.model(at) - last.model(at + torch.tensor([1.2, 0.0, 0.0], dtype=F))
    assert float(gap.abs().max()) < 1e-9


def test_periods_go_with_classes_of_any_number_and_with_pairs_of_others():
    X, effect = waves(400)
    at = anywhere(1000)
    at[:, 0] %= 5
    far = at + torch.tensor([0.4, 0.0, 0.0], dtype=F)
    three = fit((effect > 1).long() + (effect > 2), X, {0: "periodic:0.4"}, outputs=3, loss="cross_entropy")
    y = effect + 6 * (X[:, 1] - 0.5) * (X[:, 2] - 0.5) + 0.1 * noise(400)
    pair = ew.fit(
        ew.KAN((3, (1, 4), 1)), X, y, optimizer="evidence", constraints={0: "periodic:0.4"}, progress=False
    ).model
    assert pair.topology.has_products(1)
    for model in (three, pair):
        gap = (model(at) - model(far)).detach().abs() / (1 + model(at).detach().abs())
        assert float(gap.max()) < 1e-9
    names = {frozenset(term) for term in ew.explain(pair, X).terms}
    assert names == {frozenset({"x1"}), frozenset({"x2"}), frozenset({"x3"}), frozenset({"x2", "x3"})}


LEVELS: dict[str, Any] = {
    "alone": dict.fromkeys(range(3), "non-negative"),
    "rising": {0: ("increasing", "non-negative"), 1: "non-negative", 2: "non-negative"},
    "falling": {0: "non-negative", 1: ("non-negative", "decreasing", "convex"), 2: "non-negative"},
    "bowl": {0: "non-negative", 1: ("convex", "non-negative"), 2: "non-negative"},
    "round": {0: "non-negative", 1: "non-negative", 2: ("periodic", "non-negative")},
}


@pytest.mark.parametrize(
    ("case", "loss"),
    [*((case, "squared_error") for case in LEVELS), ("rising", "huber"), ("round", ew.losses.Quantile(0.1))],
)
def test_no_prediction_is_negative_where_no_column_may_make_it_so(case: str, loss: Any):
    X, effect = rows(100)
    y = effect - 0.5 + 0.3 * noise(100)
    model = fit(y, X, LEVELS[case], loss=loss)
    found = model(anywhere()).detach()
    assert float(found.min()) >= 0
    at = torch.zeros(2, 3, dtype=F) + 0.5
    for place, words in LEVELS[case].items():
        made = at[:1].repeat(POINTS, 1)
        made[:, place] = anywhere()[:, place].sort().values
        steps = model(made).detach()[:, 0].diff()
        size = 1e-12 * float(found.abs().max())
        assert "increasing" not in words or float(steps.min()) > -size
        assert "decreasing" not in words or float(steps.max()) < size
    assert float(fit(y, X, None, loss=loss)(anywhere()).detach().min()) < -1e-3  # it would not be so by itself


def test_a_column_alone_is_held_in_the_mean_over_the_others():
    X, effect = rows()
    y = effect - 0.6 + 0.2 * noise(200)
    several: list[dict[str | int, Any]] = [{1: "non-negative"}, {1: ("non-negative", "convex"), 2: "periodic"}]
    for constraints in several:
        found = ew.fit(ew.KAN((3, 1)), X, y, optimizer="evidence", constraints=constraints, progress=False)
        assert found.seen is not None
        least = math.inf
        for value in torch.linspace(-3, 3, 601, dtype=F):
            made = found.seen.x.clone()
            made[:, 1] = value
            least = min(least, float(found.model(made).detach().mean()))
        assert 0 <= least < 0.05  # it touches the level
        assert float(found.model(X).detach().min()) < -0.1  # of the others nothing is asked


def test_a_level_that_the_data_keep_costs_nothing():
    X, effect = rows()
    y = 3 + X[:, 0] ** 2 + (X[:, 1] - 0.4) ** 2 + 0.1 * noise(200)
    free, held = fit(y, X, None), fit(y, X, {1: "non-negative"})
    gap = (free(X) - held(X)).detach().square().mean().sqrt()
    assert float(gap) < 0.02 * float(y.std())


def test_a_wave_that_dips_between_the_points_it_is_held_at_is_lifted():
    X, _ = rows(300)
    y = torch.sin(6 * math.pi * X[:, 0]) + 1 + 0.01 * noise(300)
    model = fit(y, X, {0: ("periodic:1", "non-negative"), 1: "non-negative", 2: "non-negative"})
    assert float(model(anywhere()).detach().min()) >= 0
    assert float((model(X)[:, 0] - y).detach().square().mean().sqrt()) < 0.05


def test_targets_below_zero_leave_zero():
    X, effect = rows()
    model = fit(-5 - effect + 0.1 * noise(200), X, dict.fromkeys(range(3), "non-negative"))
    found = model(anywhere()).detach()
    assert float(found.min()) >= 0 and float(found.max()) < 0.1


@pytest.mark.slow
def test_what_a_link_or_classes_keep_above_zero_is_not_held():
    X, effect = rows(60)
    cases: list[tuple[torch.Tensor, dict[str, Any]]] = [
        ((4 * effect).exp().round(), {"loss": "poisson"}),
        ((effect > 0.3).long(), {"loss": "cross_entropy", "outputs": 2}),
    ]
    for y, how in cases:
        free, held = fit(y, X, None, **how), fit(y, X, {0: "non-negative"}, **how)
        assert torch.equal(free(X), held(X))


def test_a_shape_that_the_data_have_costs_nothing():
    X, effect = rows()
    y = effect + 0.1 * noise(200)
    free, held = fit(y, X, None), fit(y, X, {0: "increasing"})
    gap = (free(X) - held(X)).detach().square().mean().sqrt()
    assert float(gap) < 0.02 * float(y.std())


@pytest.mark.slow
def test_a_true_shape_helps_where_rows_are_few():
    """Means over seeds: noise bends a free function where the truth does not."""
    errors = {"free": 0.0, "held": 0.0}
    fresh, truth = rows(2000, seed=99)
    for seed in range(8):
        X, effect = rows(40, seed=seed)
        y = effect + 0.5 * noise(40, seed=seed + 100)
        for name, constraints in (("free", None), ("held", {0: "increasing", 1: "convex"})):
            model = fit(y, X, constraints)
            errors[name] += float((model(fresh)[:, 0] - truth).detach().square().mean())
    assert errors["held"] < errors["free"]


def test_a_shape_against_the_data_leaves_a_constant():
    X, effect = rows()
    model = fit(effect + 0.1 * noise(200), X, {0: "decreasing"})
    assert all(edge[1] != 0 for edge in model.active_edges())


def test_pairs_take_no_input_that_is_held():
    X, _ = rows(400)
    y = X[:, 0] * X[:, 1] * 3 + X[:, 2] + 0.05 * noise(400)
    how: dict[str, Any] = {"optimizer": "evidence", "progress": False}
    free = ew.fit(ew.KAN((3, (1, 4), 1)), X, y, **how).model
    assert free.topology.depth == 2
    held = ew.fit(ew.KAN((3, (1, 4), 1)), X, y, constraints={"x1": "increasing"}, **how).model
    assert float(along(held, 0).diff().min()) > -ROUND_OFF
    assert held.topology.depth == 1


def test_refit_on_all_rows_keeps_the_shape():
    X, effect = rows()
    y = effect + 0.4 * noise(200)
    first = ew.fit(ew.KAN((3, 1)), X, y, optimizer="evidence", constraints={2: "increasing"}, progress=False)
    last = ew.refit(first, X, y, progress=False)
    assert float(along(last.model, 2).diff().min()) > -ROUND_OFF
    assert "x3 increasing" in first.message


def test_other_optimizers_and_many_classes_refuse_constraints():
    X, effect = rows()
    with pytest.raises(ConfigError, match="kept by optimizer='evidence'"):
        ew.fit(ew.KAN((3, 1)), X, effect, constraints={0: "convex"}, progress=False)
    with pytest.raises(ConfigError, match="the targets have 3 classes"):
        fit((effect > 0).long() + (effect > 1), X, {0: "convex"}, outputs=3, loss="cross_entropy")


def test_the_nearest_point_satisfies_the_conditions_of_kuhn_and_tucker():
    generator = torch.Generator().manual_seed(0)
    for size, count in ((5, 3), (12, 20), (30, 8)):
        half = torch.randn(size, size, dtype=F, generator=generator)
        metric = half @ half.T + torch.eye(size, dtype=F)
        walls = torch.randn(count, size, dtype=F, generator=generator)
        inside = torch.randn(size, dtype=F, generator=generator)
        least = walls @ inside - torch.rand(count, dtype=F, generator=generator)  # so that something is allowed
        free = 3 * torch.randn(size, dtype=F, generator=generator)
        found = nearest(torch.linalg.cholesky(metric), free, walls, least)
        room = walls @ found - least
        assert float(room.min()) > -1e-9
        touching = walls[room < 1e-8]
        force = torch.linalg.lstsq(touching.T, (metric @ (found - free))[:, None]).solution[:, 0]
        assert float((touching.T @ force - metric @ (found - free)).abs().max()) < 1e-6
        assert float(force.min()) > -1e-6  # walls push, and never pull


@pytest.mark.parametrize("values", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 6, 200))])
@pytest.mark.parametrize("words", ["non-negative", ("increasing", "non-negative"), ("convex", "non-negative")])
def test_lines_and_few_values_that_cannot_have_a_shape_cost_no_more_than_a_constant(values: int, words: Any):
    X, _ = rows()
    X[:, 0] = (X[:, 0] * values).floor() / (values - 1)
    y = X[:, 0] + 3 + 0.1 * noise(200)
    left = y - fit(y, X, {0: words})(X)[:, 0].detach()
    assert float(left.std()) < 1.01 * float(y.std())
    assert abs(float(left.mean())) < 0.1 * float(y.std())
    far = (y - fit(y, X, {0: words}, loss="huber")(X)[:, 0].detach()).abs()
    assert float(far.mean()) < 1.05 * float((y - y.median()).abs().mean())


@pytest.mark.parametrize("loss", ["squared_error", "huber", "quantile=0.5"])
@pytest.mark.parametrize("words", ["non-negative", ("non-negative", "convex"), ("non-negative", "increasing")])
@pytest.mark.slow
def test_a_line_above_zero_stays_and_turns_flat_where_it_would_fall(loss: str, words: Any):
    X, _ = rows()
    y = 3 * X[:, 0] + 0.5 + 0.1 * noise(200)
    model = fit(y, X, {0: words}, loss=loss)
    far = torch.zeros(2, X.shape[1], dtype=F)
    far[:, 0] = torch.tensor([-50.0, 50.0])
    assert float((model(X)[:, 0].detach() - y).square().mean().sqrt()) < 0.15
    low, high = model(far)[:, 0].tolist()
    assert 0 <= low < float(y.quantile(0.1)) and high == pytest.approx(150.5, rel=0.1)


@pytest.mark.parametrize("words", ["non-negative", "increasing", ("non-negative", "increasing")])
@pytest.mark.parametrize("far", [None, 1e5])
def test_a_shape_costs_nothing_that_the_law_has_along_a_column_of_heavy_tails(words: Any, far: float | None):
    X, _ = rows()
    X[:, 0] = (1.5 * torch.randn(200, dtype=F, generator=torch.Generator().manual_seed(5))).exp()
    if far is not None:  # a number that lacks its point
        X[0, 0] = far
    y = X[:, 0].clamp(max=1e3).sqrt() + 1 + 0.1 * noise(200)
    free, held = fit(y, X, None), fit(y, X, {0: words})
    others = slice(1, None)
    left, kept = ((y - model(X)[:, 0].detach())[others].square().mean().sqrt() for model in (free, held))
    assert float(kept) < 1.2 * float(left)


def test_an_output_that_cannot_have_a_shape_leaves_the_others_theirs_along_a_column_of_heavy_tails():
    X, _ = rows()
    X[:, 0] = (1.8 * torch.randn(200, dtype=F, generator=torch.Generator().manual_seed(5))).exp()
    X[0, 0] = 1e6  # a number that lacks its point
    law = X[:, 0].clamp(max=1e3).log()
    y = torch.stack([law, -law], 1) + 0.3 * noise(200)[:, None]
    model = fit(y, X, {0: "increasing"}, outputs=2)
    others = slice(1, None)
    rising, falling = (y - model(X).detach())[others].square().mean(0).sqrt().tolist()
    assert rising < 0.4 and falling > 1

"""Relative weights stand for as many rows as the scores of the fit say."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.train.evidence.relative import rows_each
from edgewise.train.result import FitResult


def drawn(seed: int, rows: int = 300) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, normal noise, and weights that have nothing to do with it."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 3, dtype=torch.float64, generator=draw)
    noise = torch.randn(rows, dtype=torch.float64, generator=draw)
    return x, noise, (1.2 * torch.randn(rows, dtype=torch.float64, generator=draw)).exp()


def fit(x: Tensor, y: object, weight: Tensor | None) -> FitResult:
    return ew.fit(ew.KAN((3, 1)), x, y, optimizer="evidence", sample_weight=weight, validation=(x, y), progress=False)


@pytest.mark.parametrize("seed", range(4))
def test_noise_under_weights_that_vary_much_has_no_edge(seed: int):
    x, noise, weight = drawn(seed, rows=60)
    assert fit(x, noise, weight).model.active_edges() == []


def test_rows_count_as_their_effective_number_where_noise_is_equal():
    _, noise, weight = drawn(0, rows=20_000)
    weight /= weight.mean()
    kish = float(weight.square().mean())
    assert rows_each(weight, noise[:, None]) == pytest.approx(kish, rel=0.1)
    assert rows_each(weight, (noise / weight.sqrt())[:, None]) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("classes", [False, True])
def test_a_law_under_such_weights_is_followed_no_closer_than_rows_bear(classes: bool):
    x, noise, weight = drawn(1, rows=800)
    law = torch.sin(1.5 * x[:, 0])
    y = (law + 0.5 * noise > 0).long() if classes else law + noise
    if classes:
        plain, weighed = (
            ew.fit(ew.KAN((3, 2)), x, y, loss="cross_entropy", optimizer="evidence", sample_weight=w, progress=False)
            for w in (None, weight)
        )
        apart = (weighed.model(x).softmax(1) - plain.model(x).softmax(1)).detach()[:, 1]
        assert float(apart.square().mean().sqrt()) < 0.08
    else:
        off = fit(x, y, weight).model(x).detach()[:, 0] - law
        assert float(off.square().mean().sqrt()) < 0.3  # 0.34 where each row counts its weight


def test_inverse_variances_say_what_rows_are_worth():
    x, noise, weight = drawn(2)
    law = torch.sin(1.5 * x[:, 0])
    off = [
        float((fit(x, law + noise / weight.sqrt(), w).model(x).detach()[:, 0] - law).square().mean().sqrt())
        for w in (None, weight)
    ]
    assert off[1] < 0.8 * off[0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("effect", [0.0, 0.6])
def test_rates_under_uneven_exposures_tell_what_their_counts_tell(seed: int, effect: float):
    draw = torch.Generator().manual_seed(seed)
    x = torch.cartesian_prod(*[torch.arange(size, dtype=torch.float64) for size in (4, 4, 3)])
    exposure = (4.6 + 1.8 * torch.randn(len(x), dtype=torch.float64, generator=draw)).exp().round().clamp(min=1)
    mean = (effect * (0.5 * x[:, 0] + 0.4 * x[:, 1]) - 2.2).exp()
    rate = torch.poisson(mean * exposure, generator=draw) / exposure
    found = ew.fit(
        ew.KAN((3, 1)), x, rate, loss="poisson", optimizer="evidence", sample_weight=exposure / 7, progress=False
    )
    assert bool(found.model.active_edges()) is (effect > 0)


@pytest.mark.parametrize("per", [1.0, 0.01])
def test_counts_and_decimals_under_weights_of_two_digits_are_no_rates(per: float):
    draw = torch.Generator().manual_seed(0)
    x, _, weight = drawn(0, rows=60)
    y = per * torch.poisson(torch.full((60,), 3.0 / per, dtype=torch.float64), generator=draw)
    weight = (100 * weight).round().clamp(min=1) / 100
    found = ew.fit(ew.KAN((3, 1)), x, y, loss="poisson", optimizer="evidence", sample_weight=weight, progress=False)
    assert found.model.active_edges() == []

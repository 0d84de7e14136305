"""Curves of columns and their bands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.errors import ConfigError

F = torch.float64
TRUTH: dict[str, Callable[[Tensor], Tensor]] = {
    "x1": lambda t: torch.sin(2 * torch.pi * t),
    "x2": lambda t: torch.exp(-(((t - 0.5) / 0.15) ** 2)),
    "x3": lambda t: 2 * t,
}


def sample(n: int, seed: int) -> tuple[Tensor, Tensor, torch.Generator]:
    generator = torch.Generator().manual_seed(seed)
    X = torch.rand(n, 3, dtype=F, generator=generator)
    return X, sum((f(X[:, i]) for i, f in enumerate(TRUTH.values())), torch.zeros(n, dtype=F)), generator


def make(problem: str, effect: Tensor, generator: torch.Generator) -> tuple[Tensor, float, int, dict[str, Any]]:
    """Targets, the scale of the effect in them, outputs, and how to fit."""
    noise = torch.randn(len(effect), dtype=F, generator=generator)
    if problem == "normal":
        return effect + 0.3 * noise, 1.0, 1, {}
    if problem == "loud":
        return effect + noise, 1.0, 1, {}
    if problem == "heavy":
        chi = torch.randn(len(effect), 3, dtype=F, generator=generator).square().mean(1).sqrt()
        return effect + 0.3 * noise / chi, 1.0, 1, {"loss": "student_t"}
    if problem == "counts":
        return torch.poisson((0.7 * effect + 0.5).exp(), generator), 0.7, 1, {"loss": "poisson"}
    odds = torch.sigmoid(2 * effect - 2)
    return (torch.rand(len(effect), dtype=F, generator=generator) < odds).long(), 1.0, 2, {"loss": "cross_entropy"}


def covered(problem: str, seeds: int) -> float:
    """The part of the rows, over columns and seeds, at which the band holds the true curve."""
    parts = []
    for seed in range(seeds):
        X, effect, generator = sample(400, seed)
        y, scale, outputs, how = make(problem, effect, generator)
        found = ew.fit(ew.KAN((3, outputs)), X, y, optimizer="evidence", progress=False, **how)
        rows = found.seen.x  # type: ignore[union-attr]
        for one in ew.effects(found, points=400):
            column = int(one.column[1:]) - 1
            truth = scale * TRUTH[one.column](rows[:, column])
            truth = (truth - truth.mean()).numpy()
            assert one.low is not None and one.high is not None and isinstance(one.at, Tensor)
            low, high = (np.interp(rows[:, column], one.at, end[:, -1]) for end in (one.low, one.high))
            parts.append(float(((truth >= low) & (truth <= high)).mean()))
    return sum(parts) / len(parts)


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["normal", "loud", "heavy", "counts", "classes"])
def test_bands_hold_the_truth_under_every_noise(problem: str):
    assert 0.91 <= covered(problem, 40) <= 0.98


def test_the_curve_of_a_column_is_what_it_adds():
    X, effect, _ = sample(300, 0)
    found = ew.fit(ew.KAN((3, 1)), X, effect, optimizer="evidence", progress=False)
    curves = {one.column: one for one in ew.effects(found, X)}
    for place, (name, truth) in enumerate(TRUTH.items()):
        one = curves[name]
        assert isinstance(one.at, Tensor)
        wanted = truth(one.at) - truth(X[:, place]).mean()
        assert float((one.value[:, 0] - wanted).abs().max()) < 0.02
        torch.testing.assert_close(one.at[[0, -1]], torch.stack([X[:, place].min(), X[:, place].max()]))
    ranges = [float(one.value.amax() - one.value.amin()) for one in ew.effects(found, X)]
    assert ranges == sorted(ranges, reverse=True)


def test_more_noise_and_a_higher_level_give_wider_bands():
    X, effect, generator = sample(300, 0)
    noise = torch.randn(300, dtype=F, generator=generator)
    width = {}
    for size in (0.1, 1.0):
        for level in (0.8, 0.99):
            found = ew.fit(ew.KAN((3, 1)), X, effect + size * noise, optimizer="evidence", progress=False)
            one = next(one for one in ew.effects(found, level=level) if one.column == "x1")
            assert one.low is not None and one.high is not None
            width[size, level] = float((one.high - one.low).mean())
    assert width[0.1, 0.8] < width[0.1, 0.99] < width[1.0, 0.8] < width[1.0, 0.99]


def test_levels_gaps_and_classes_have_effects():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.uniform(0, 1, 300), "c": rng.choice(["u", "v", "w"], 300)})
    table.loc[:20, "a"] = np.nan
    kind = np.where(table.a.fillna(0) + (table.c == "v") + 0.3 * rng.normal(size=300) > 0.7, "yes", "no")
    model = ew.KANClassifier(effort="quick", random_state=0).fit(table, kind)
    found = {one.column: one for one in model.effects()}
    assert found["c"].at == ("u", "v", "w") and found["c"].value.shape == (3, 2)
    assert found["c"].outputs == ("no", "yes")
    assert int(found["c"].value[:, 1].argmax()) == 1
    assert found["a"].value.shape == (200, 2) and found["a"].low is not None


def test_a_study_and_a_network_with_hidden_layers():
    X, effect, _ = sample(200, 0)
    found = ew.study(X, effect, formula=False, effort="quick", progress=False).effects(level=0.9)
    assert [one.column for one in found] and all(one.low is not None and one.level == 0.9 for one in found)
    model = ew.KAN((3, 2, 1))
    assert ew.effects(model, X) == ()  # no column acts by itself


def test_wrong_settings_are_told():
    X = torch.rand(20, 2, dtype=F)
    with pytest.raises(ConfigError, match="level is a part above 0 and below 1"):
        ew.effects(ew.KAN((2, 1)), X, level=95)
    with pytest.raises(ConfigError, match="points must be a whole number"):
        ew.effects(ew.KAN((2, 1)), X, points=1)
    with pytest.raises(ConfigError, match="effects needs rows"):
        ew.effects(ew.KAN((2, 1)))


@pytest.mark.slow
def test_points_lie_on_the_column_however_far_it_is_from_zero():
    """Seconds since 1970 have more digits than float32."""
    start = 1.6e9
    X = start + 100 * torch.rand(300, 1, dtype=F, generator=torch.Generator().manual_seed(0))
    model = ew.fit(ew.KAN((1, 1)), X, torch.sin((X[:, 0] - start) / 10), progress=False).model
    at = torch.as_tensor(ew.effects(model, X, points=20)[0].at, dtype=F)
    part = (at - X.min()) / (X.max() - X.min())
    assert float((part - torch.linspace(0, 1, 20, dtype=F)).abs().max()) < 0.01  # as evenly as its grid
    assert at[0] == X.min() and at[-1] == X.max()


def test_a_column_that_spans_powers_of_ten_has_points_in_all_of_them():
    draw = torch.Generator().manual_seed(0)
    z = torch.randn(300, 2, dtype=F, generator=draw)
    X = (3 * z).exp()
    found = ew.fit(ew.KAN((2, 1)), X, z[:, 0] - z[:, 1], optimizer="evidence", progress=False)
    at = torch.as_tensor(ew.effects(found, points=100)[0].at, dtype=F)
    counts = torch.histc(at.log10(), bins=5, min=-2.5, max=2.5)
    assert bool((at.diff() > 0).all()) and float(counts.min()) >= 8

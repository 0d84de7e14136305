"""Where one far target alone decides how a steep curve goes on, it turns flat; laws go on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.train.evidence.lone_ends import lone_ends


def fitted(x: np.ndarray, y: np.ndarray) -> ew.KAN:
    start, X, target = ew.KAN((1, 1)), torch.tensor(x)[:, None], torch.tensor(y)[:, None]
    return ew.fit(start, X, target, optimizer="evidence", progress=False).model


def at(model: ew.KAN, *places: float) -> list[float]:
    return model(torch.tensor(places, dtype=torch.float64)[:, None]).detach()[:, 0].tolist()


def counties(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Votes in counties of very different sizes, in order; the two largest are about as large."""
    draw = np.random.default_rng(seed)
    x = np.sort(draw.lognormal(9.5, 1.2, 60))
    x[-1] = min(x[-1], 1.5 * x[-2])
    return x, 0.004 * x * np.exp(0.4 * draw.normal(size=60))


@pytest.mark.parametrize("seed", [0, 1, 2, 4])
def test_a_curve_that_follows_one_far_target_does_not_go_on_along_it(seed: int):
    x, y = counties(seed)
    y[-1] = 12 * y[-2]
    model = fitted(x, y)
    here, *beyond = at(model, x[-1], 1.5 * x[-1], 3 * x[-1])
    assert here > 0.8 * y[-1], "the curve is drawn to the row, else this shows nothing"
    assert max(beyond) < 1.1 * y[-1]


def test_two_rows_at_the_same_end_decide_together():
    x, y = counties(0)
    x, y = np.append(x, x[-1]), np.append(y, 0.0)
    y[-2:] = 12 * y[-3], 12.1 * y[-3]
    here, beyond = at(fitted(x, y), x[-1], 1.5 * x[-1])
    assert beyond > 1.5 * here


@pytest.mark.parametrize(
    "law", [lambda x: np.exp(4 * x), lambda x: 1 / (x + 0.05), lambda x: x**10, lambda x: np.sin(9 * x)]
)
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_ends_of_steep_laws_go_on(law: Callable[[np.ndarray], np.ndarray], noise: float, monkeypatch):
    found = []
    monkeypatch.setattr(
        "edgewise.train.evidence.additive.lone_ends", lambda *given: found.append(lone_ends(*given)) or found[-1]
    )
    draw = np.random.default_rng(0)
    x = draw.random(40)
    y = law(x)
    fitted(x, y + noise * y.std() * draw.normal(size=40))
    assert found and not any(found)


def test_curves_that_are_held_to_bend_go_on():
    x, y = counties(0)
    y[-1] = 12 * y[-2]
    X, target = torch.tensor(x)[:, None], torch.tensor(y)[:, None]
    how = {"optimizer": "evidence", "constraints": {0: ("increasing", "convex")}, "progress": False}
    model = ew.fit(ew.KAN((1, 1)), X, target, **how).model
    low, middle, high = at(model, x[-1], 2 * x[-1], 3 * x[-1])
    assert high - middle > 0.99 * (middle - low)

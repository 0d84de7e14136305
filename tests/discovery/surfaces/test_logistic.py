"""Logistic regressions: many at once as one by one, a sharpness that varies, labels that are wrong."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.surfaces.logistic import alone, sharpened, with_each


def normal(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_many_regressions_are_those_done_one_by_one():
    generator = torch.Generator().manual_seed(0)
    shared = torch.randn(300, 2, dtype=torch.float64, generator=generator)
    extra = torch.randn(300, 4, dtype=torch.float64, generator=generator)
    labels = (shared[:, 0] + extra[:, 1] + torch.randn(300, dtype=torch.float64, generator=generator) > 0).double()
    theta, deviance = with_each(shared, extra, labels)
    assert int(deviance.argmin()) == 1
    for n in range(4):
        own, _, off = alone(torch.cat([shared, extra[:, [n]]], 1), labels)
        assert torch.allclose(own, theta[n], atol=1e-4) and float(off - deviance[n]) == pytest.approx(0.0, abs=1e-4)


def test_steps_from_a_start_come_to_the_same_end():
    X = normal(300, 3)
    labels = (X.sum(1) + normal(300, 1, 1)[:, 0] > 0).double()
    start, _, _ = alone(X[:, :2], labels)
    cold, warm = with_each(X[:, :2], X[:, 2:], labels), with_each(X[:, :2], X[:, 2:], labels, start)
    assert torch.allclose(cold[0], warm[0], atol=1e-3) and torch.allclose(cold[1], warm[1], atol=1e-3)


def test_a_sharpness_that_varies_is_found_and_the_surface_with_it():
    """The plain regression has the surface askew."""
    X = normal(4000, 2)
    sharp = (1.5 * X[:, 0]).exp()
    noise = torch.rand(4000, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).logit()
    columns = torch.stack([X[:, 1], X[:, 0], torch.ones_like(sharp)], 1)
    labels = (sharp * 3 * (columns @ columns.new_tensor([1.0, -0.5, 0.4])) + noise > 0).double()
    found = sharpened(columns, X[:, :1], labels, 1e-3)
    assert float(found.sharpness) == pytest.approx(1.5, abs=0.3)
    assert (found.theta / found.theta[0]).tolist() == pytest.approx([1, -0.5, 0.4], abs=0.05)
    assert found.deviance < float(alone(columns, labels)[2]) - 50


def test_labels_that_are_wrong_far_from_the_surface_move_it_less_where_they_are_expected():
    x = torch.linspace(-1, 1, 2001, dtype=torch.float64)
    labels = (x > 0.2).double()
    labels[:100] = 1.0  # the farthest rows of the first class
    columns, none = torch.stack([x, torch.ones_like(x)], 1), torch.zeros(2001, 1, dtype=torch.float64)
    zero = {wrong: sharpened(columns, none, labels, wrong).theta for wrong in (1e-6, 0.05)}
    at = {wrong: -float(theta[1] / theta[0]) for wrong, theta in zero.items()}
    assert abs(at[0.05] - 0.2) < 0.02 < abs(at[1e-6] - 0.2)

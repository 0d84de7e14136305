"""Null vectors of gradients: the scalings and translations of known functions, exact or with noise."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from edgewise.discovery.linear_algebra.directions import null_directions


def gradient_rows(error: float = 0.0):
    """[x_i f_i, f] of f = a b^2 / (c - d)."""
    generator = torch.Generator().manual_seed(0)
    a, b, c, d = (1 + torch.rand(200, 4, dtype=torch.float64, generator=generator)).T
    c = c + 2
    f = a * b**2 / (c - d)
    A = torch.stack([f, 2 * f, -c * f / (c - d), d * f / (c - d), f], 1)
    wrong = error * A.abs() * torch.randn(A.shape, dtype=torch.float64, generator=generator)
    return A + wrong, wrong


@pytest.mark.parametrize("error", [0.0, 1e-6, 1e-2])
def test_all_scalings_are_found_in_whole_numbers(error):
    A, wrong = gradient_rows(error)
    found = null_directions(A, wrong, pivots=4)[0]
    assert len(found.vectors) == 3
    exact = torch.tensor([[float(entry) for entry in vector] for vector in found.vectors], dtype=torch.float64)
    assert float((gradient_rows()[0] @ exact.T).abs().max()) < 1e-12
    assert all(isinstance(entry, Fraction) for vector in found.vectors for entry in vector)


def test_a_function_without_a_scaling_has_none():
    x, y = (1 + torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))).T
    A = torch.stack([x * torch.exp(x), y * torch.cos(y), torch.exp(x) + torch.sin(y)], 1)
    assert null_directions(A, 1e-9 * A, pivots=2) == []

"""The constants of a network of closed forms, and how well the data determine them."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.errors import SymbolicError
from edgewise.symbolic import constants
from symbolic.laws import network, uniform


def test_constants_come_with_standard_errors() -> None:
    model = network((1, 1), {(0, 0, 0): ("exp", 1.23456789, 0.0, 1.0, 0.0)})
    X = uniform((0.0, 1.0))
    y = model(X).detach() + 0.1 * torch.randn(X.shape, dtype=X.dtype, generator=torch.Generator().manual_seed(0))
    free = [c for c in constants(model, X, y) if c.error > 0]
    assert [(c.edge, c.name, c.value) for c in free] == [((0, 0, 0), "a", 1.23456789)]
    # one constant: error = noise / norm of the derivative
    slope = (X * torch.exp(1.23456789 * X)).norm().item()
    assert abs(free[0].error - (y - model(X)).std().item() / slope) < 0.02 * free[0].error
    with pytest.raises(SymbolicError, match="no closed form"):
        constants(ew.KAN((1, 1)), X, y)
    loose = network(
        (1, 1, 1), {(0, 0, 0): ("x", 1.0, 0.0, 1.2345678, 0.0), (1, 0, 0): ("exp", 1.3456789, 0.0, 1.0, 0.0)}
    )
    with pytest.raises(SymbolicError, match="do not determine"):
        constants(loose, X, y)

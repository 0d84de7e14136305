"""A memory of a fit as a value, and what does not go with one."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.train.priors.exact_memory import ExactMemory
from edgewise.transforms import adapt, remove
from helpers import assert_equal, state_of

from .test_exact_memory import STEPS, drawn, error


def test_a_memory_is_a_value_without_rows_that_can_be_stored():
    X = drawn(5000, 1)
    first = ew.fit(ew.KAN((1, 1)), X, X[:, 0] ** 2, steps=3, grids=(5,), progress=False)
    stored = pickle.dumps(first.memory)
    assert len(stored) < X.numel() * X.element_size() / 2
    assert isinstance(first.memory, ExactMemory)
    before = state_of(first.model), state_of(first.memory.model), first.memory.quadratic
    results = []
    for memory in (first, first.memory, pickle.loads(stored), pickle.loads(pickle.dumps(first))):
        results.append(ew.fit(first.model, X[:50] + 1, X[:50, 0], memory=memory, steps=3, grids=(5,), progress=False))
        assert_equal(state_of(results[-1].model), state_of(results[0].model))
    assert_equal((state_of(first.model), state_of(first.memory.model), first.memory.quadratic), before)
    assert "4750 earlier rows remembered" in results[0].message
    assert repr(results[0].memory) == "Memory(4795 rows, [1, 1], squared_error)"


def test_a_network_in_float32_can_be_trained_on():
    X = torch.linspace(0, 1, 200)[:, None]
    y = torch.sin(6 * X[:, 0])
    first = ew.fit(ew.KAN((1, 1), grid_size=8, dtype=torch.float32), X[:100], y[:100], **STEPS)
    second = ew.fit(first.model, X[100:], y[100:], memory=first, **STEPS)
    assert second.model.dtype is torch.float32
    assert error(second.model, X, y) < 1e-3


def test_a_fit_by_another_optimizer_has_a_memory_too():
    X = drawn(50, 2)
    first = ew.fit(ew.KAN((2, 2, 1)), X, X[:, 0], optimizer="adam", steps=2, progress=False)
    assert (
        ew.fit(first.model, X, X[:, 0], memory=first, steps=2, progress=False).memory.rows == 85
    )  # of 50 rows, 5 only judge; the first, by Adam, held 5 more out


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        (None, {"optimizer": "lbfgs"}, "memory is for Levenberg-Marquardt, got optimizer='lbfgs'; use 'lm'"),
        (None, {"sparsity": 0.1}, "memory does not go with sparsity"),
        (
            None,
            {"loss": "cross_entropy", "y": torch.arange(20) % 2},
            "memory is of rows under squared_error, got cross_entropy",
        ),
        (lambda model: torch.nn.Linear(2, 2).double(), {}, "memory is for edgewise.KAN, the model is a Linear"),
        (lambda model: ew.KAN((2, 3, 2)), {}, r"memory is of a network \[2, 2\], degree 3, base silu, got \[2, 3, 2\]"),
        (lambda model: ew.KAN((2, 2), degree=2), {}, "got .* degree 2"),
        (lambda model: ew.KAN((2, 2)), {}, "input_shift is .*; give the model of the result that the memory is of"),
        (lambda model: remove(model, edges=[(0, 0, 0)]), {}, "edges that were removed"),
        (
            lambda model: adapt(model, drawn(20, 2), grid_size=7),
            {},
            "knots layer 0 of the model has left; .* not adapted",
        ),
    ],
)
def test_what_does_not_go_with_a_memory_is_named(change: Any, settings: dict[str, Any], words: str):
    X = drawn(20, 2) * 3 + 1
    first = ew.fit(ew.KAN((2, 2)), X, X, steps=2, progress=False)
    options = {"y": X, "memory": first, "progress": False} | settings
    with pytest.raises(ConfigError, match=words):
        ew.fit(change(first.model) if change else first.model, X, **options)


def test_a_residual_has_no_memory_and_takes_none():
    model = ew.KAN((1, 1))
    X = drawn(20, 1)
    result = ew.fit(model, residual=lambda m: (m(X) - X)[:, 0], steps=2, progress=False)
    with pytest.raises(ConfigError, match="only a fit of an edgewise.KAN to X and y has a memory"):
        _ = result.memory
    with pytest.raises(ConfigError, match="memory does not go with residual"):
        ew.fit(
            model,
            residual=lambda m: (m(X) - X)[:, 0],
            memory=ew.fit(model, X, X, steps=2, progress=False),
            progress=False,
        )

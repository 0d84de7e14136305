"""What an equation sees: derivatives by number of input, unknowns by key, clear refusals."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.errors import ConfigError
from edgewise.pde.field import Asking, Field, Unknown, index_of
from edgewise.pde.indices import Indices
from helpers import assert_equal


def test_the_order_of_differentiation_does_not_matter():
    assert index_of((1, 0, 1), 3) == index_of((1, 1, 0), 3) == (1, 2, 0)


@pytest.mark.parametrize(
    "axes, words", [((2,), "inputs are 0 to 1"), ((-1,), "inputs"), ((0.5,), "inputs"), ((0,) * 5, "order 4")]
)
def test_impossible_derivatives_are_refused(axes, words):
    with pytest.raises(ConfigError, match=words):
        index_of(axes, 2)


def test_a_field_gives_the_derivative_that_is_asked_for():
    indices = Indices.closing([(1, 1)])
    field = Field(torch.arange(8.0).view(4, 2, 1), indices, {"nu": torch.tensor(3.0)})
    assert_equal(field(1, 0), field.derivatives[indices.position[1, 1]])
    assert_equal(field(), field.derivatives[0])
    assert float(field[Unknown("nu")]) == 3.0


def test_what_was_not_asked_for_at_first_is_refused():
    field = Field(torch.zeros(1, 2, 1), Indices.closing([(0,)]), {})
    with pytest.raises(ConfigError, match="did not ask for"):
        field(0)
    with pytest.raises(ConfigError, match="did not ask for"):
        field[Unknown("nu")]


def test_asking_notes_everything():
    asking = Asking(3, 2, 2)
    assert asking(0, 1).shape == (3, 2) and float(asking[Unknown("k", 0.5)]) == 0.5
    assert asking.indices == {(1, 1)} and list(asking.unknowns) == ["k"]


def test_unknowns_of_one_name_must_be_equal():
    asking = Asking(3, 1, 1)
    assert float(asking[Unknown("k", 0.5)]) == float(asking[Unknown("k", 0.5)])
    with pytest.raises(ConfigError, match="two unknowns"):
        asking[Unknown("k", 0.6)]
    with pytest.raises(ConfigError, match="takes an edgewise.pde.Unknown"):
        asking[0]  # type: ignore[index]


@pytest.mark.parametrize("name, value", [("", 1.0), (3, 1.0), ("k", math.nan), ("k", "1")])
def test_impossible_unknowns_are_refused(name, value):
    with pytest.raises(ConfigError, match="Unknown"):
        Unknown(name, value)

"""ew.boundary: surfaces between two classes, against known ones."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import edgewise as ew
from edgewise.errors import ConfigError, DataError


def columns(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 2, (n, 3))


@pytest.mark.slow
def test_a_surface_is_found_through_wrong_labels_near_it():
    X = columns(2500)
    a, b, c = X.T
    blurred = a * b - 2 * c + 1 + 0.03 * np.random.default_rng(1).logistic(size=len(X))
    found = ew.boundary(X, blurred > 0, inputs=["a", "b", "c"])
    a, b, c = sympy.symbols("a b c")
    weights = sympy.expand(found.expression).as_coefficients_dict()
    assert set(weights) == {a * b, c, sympy.Integer(1)}, found
    assert weights[a * b] > 0
    assert float(weights[c] / weights[a * b]) == pytest.approx(-2, abs=0.1)
    assert float(weights[sympy.Integer(1)] / weights[a * b]) == pytest.approx(1, abs=0.1)
    assert found.accuracy > 0.95 and found.is_found


@pytest.mark.slow
def test_a_surface_that_is_sharp_in_one_place_and_dim_in_another_is_found_in_simple_numbers():
    """Labels are blurred nine times as much at one end as at the other, and one in a hundred is wrong anywhere."""
    X = columns(3000)
    a, b, c = X.T
    draws = np.random.default_rng(10)
    labels = a * b - 2 * c + 1 + 0.02 * (0.5 + a**2) * draws.logistic(size=len(X)) > 0
    labels ^= draws.uniform(size=len(X)) < 0.01
    found = ew.boundary(X, labels, inputs=["a", "b", "c"])
    inside = np.mean((found(X).numpy() > 0) == (a * b - 2 * c + 1 > 0))
    assert inside > 0.985, (found, inside)


@pytest.mark.slow
def test_a_circle_is_found_whose_polynomial_has_more_terms_than_pairs_lead_to():
    X = columns(1500)[:, :2]
    true = ((X - 1.2) ** 2).sum(1) > 0.25
    found = ew.boundary(X, true, inputs=["a", "b"])
    assert np.mean((found(X).numpy() > 0) == true) > 0.985, found


@pytest.mark.slow
def test_the_second_class_is_the_positive_side_and_labels_may_be_text():
    X = columns(250)[:, :2]
    labels = np.where(X[:, 0] > X[:, 1], "over", "below")
    found = ew.boundary(X, labels)
    assert (found(X).numpy() > 0).mean() == pytest.approx((labels == "over").mean(), abs=0.02)


@pytest.mark.parametrize("share", [0.8, 0.5])
@pytest.mark.slow
def test_labels_without_a_surface_are_told(share: float):
    """A coin, and one that falls on one side mostly, which any constant gets right as often."""
    draws = np.random.default_rng(3)
    found = ew.boundary(columns(300), draws.uniform(size=300) < share)
    assert not found.is_found and "nothing found" in repr(found)
    assert found.largest >= 0.5


def test_tables_without_two_classes_are_refused():
    X = columns(300)
    with pytest.raises(DataError, match="two classes, got 3"):
        ew.boundary(X, np.arange(300) % 3)
    with pytest.raises(DataError, match="at least 200"):
        ew.boundary(X[:50], X[:50, 0] > 1)
    with pytest.raises(ConfigError, match="seed"):
        ew.boundary(X, X[:, 0] > 1, seed=-1)

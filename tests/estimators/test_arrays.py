"""Arrays become tables that depend on neither the order of their rows nor their repetitions."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.data import distinct
from edgewise.errors import DataError
from edgewise.estimators.arrays import as_table, predicted
from edgewise.estimators.reading import Rows
from edgewise.metadata import Metadata
from helpers import assert_equal


def plain(X: np.ndarray, y: np.ndarray) -> Rows:
    names = tuple(f"x{place + 1}" for place in range(X.shape[1]))
    return Rows(X, y, None, names, Metadata(names), ())


def test_order_and_signs_of_zeros_make_no_difference():
    X, y = np.array([[0.0, 1.0], [-0.0, 1.0], [2.0, 1.0]]), np.array([[1.0], [1.0], [3.0]])
    one, other = (distinct(as_table(plain(X[order], y[order]), y[order], ("y",))) for order in ([0, 1, 2], [2, 1, 0]))
    assert_equal((one.X, one.y, one.weight), (other.X, other.y, other.weight))
    assert one.count == 3 and len(one) == 2 and one.inputs == ("x1", "x2")


def test_numbers_whose_squares_overflow_are_refused():
    with pytest.raises(DataError, match=r"y reaches 1e\+200"):
        as_table(plain(np.eye(2), np.zeros(2)), np.array([[1.0], [1e200]]), ("y",))


def test_many_rows_are_predicted_in_blocks():
    model, X = ew.KAN((2, 1)), np.random.default_rng(0).normal(size=(40_000, 2))
    X.flags.writeable = False
    assert_equal(predicted(model, X)[39_000:], predicted(model, X[39_000:]))


def test_rows_and_columns_in_reverse_are_predicted():
    model, X = ew.KAN((2, 1)), np.random.default_rng(0).normal(size=(10, 2))
    assert_equal(predicted(model, X[::-1, ::-1]), predicted(model, X[::-1, ::-1].copy()))

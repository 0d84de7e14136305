"""Cholesky factors of precisions."""

import numpy as np
import pytest

from edgewise.errors import TrainingError
from edgewise.train.evidence.cholesky import (
    factor_of,
    half_solved,
    inverse,
    inverse_diagonal,
    inverse_of_factor,
    occam_of,
    solved,
)
from edgewise.train.evidence.tuning import TUNED

SIZES = [0, 1, TUNED.inverted_at_once, TUNED.inverted_at_once + 1, 400]


def precision_of(size: int) -> np.ndarray:
    rows = np.random.default_rng(0).standard_normal((2 * size, size))
    return rows.T @ rows + np.eye(size)


@pytest.mark.parametrize("size", SIZES)
def test_a_factor_gives_back_its_matrix_and_solves_its_equations(size: int):
    matrix = precision_of(size)
    factor, right = factor_of(matrix), np.arange(2.0 * size).reshape(size, 2)
    np.testing.assert_allclose(factor @ factor.T, matrix, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(matrix @ solved(factor, right), right, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(matrix @ solved(factor, right[:, 0]), right[:, 0], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(factor @ half_solved(factor, right), right, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("size", SIZES)
def test_inverses_are_inverse(size: int):
    matrix = precision_of(size)
    factor, unit = factor_of(matrix), np.eye(size)
    np.testing.assert_allclose(factor @ inverse_of_factor(factor), unit, atol=1e-8)
    np.testing.assert_allclose(matrix @ inverse(factor), unit, atol=1e-8)
    np.testing.assert_allclose(inverse_diagonal(factor), np.linalg.inv(matrix).diagonal(), rtol=1e-8)


def test_what_a_factor_says_is_the_log_determinant_over_that_of_the_prior():
    precision, inner = np.array([2.0, 3.0]), np.array([[4.0, 1.0], [1.0, 5.0]])
    whole = np.linalg.slogdet(inner + np.diag(precision))[1] - np.log(precision).sum()
    assert occam_of(factor_of(inner + np.diag(precision)), precision) == pytest.approx(whole)


@pytest.mark.parametrize(
    "matrix", [np.array([[1.0, 2.0], [2.0, 1.0]]), np.full((2, 2), np.nan), np.diag([1.0, np.inf])]
)
def test_a_matrix_that_is_far_from_positive_or_not_finite_has_no_factor(matrix: np.ndarray):
    with pytest.raises(TrainingError, match="no curvature"):
        factor_of(matrix)


def test_a_matrix_is_left_as_it_is():
    matrix = precision_of(3)
    before = matrix.copy()
    factor_of(matrix)
    assert (matrix == before).all()

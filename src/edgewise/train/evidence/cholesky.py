"""Cholesky factors of precisions, and what they say: solutions, inverses, log determinants.

Arrays are NumPy's and routines are LAPACK's, as SciPy has them. The matrices are small, and a fit asks for thousands of
factors: torch takes as long to call a routine as that takes to run.

Letters: m functions, r right sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs, get_lapack_funcs

from ...errors import TrainingError
from .tuning import TUNED

Array = NDArray[np.float64]
Places = NDArray[np.int64]  # numbers of functions, or of what they belong to
_potrf, _potrs, _trtri = get_lapack_funcs(("potrf", "potrs", "trtri"), dtype=np.float64)
(_trsm,) = get_blas_funcs(("trsm",), dtype=np.float64)


def factor_of(matrix: Array) -> Array:
    """The lower Cholesky factor of a precision (m, m).

    Where almost no noise is left, round-off may take a direction of it below zero. The diagonal is then raised, by as
    little as mends that.

    Raises:
        TrainingError: it is not finite, or far from positive: the loss has no curvature that floats can hold.

    >>> round(float(factor_of(np.ones((2, 2)) - 1e-16 * np.eye(2))[0, 0]), 6)
    1.0
    """
    if not len(matrix):
        return matrix
    found, failed = _potrf(matrix.T, lower=1)  # in the order of columns, without a copy of its own
    part = np.finfo(np.float64).eps
    while _wrong(found, failed) and part < 1:
        found, failed = _potrf(matrix + np.diag(part * matrix.diagonal()), lower=1)
        part *= 10
    if _wrong(found, failed):
        raise TrainingError(
            "the loss has no curvature that numbers of 64 bits can hold; the targets may span too many powers of ten."
            " Fit their logarithm, or take another loss"
        )
    return found


def _wrong(factor: Array, failed: int) -> bool:
    """Whether this is no factor. Some builds of LAPACK do not count a number that is not finite as a failure."""
    return failed != 0 or not np.isfinite(factor.diagonal().sum())


def solved(factor: Array, right: Array) -> Array:
    """The solution (m,) or (m, r) of equations whose matrix has this factor.

    >>> solved(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([4.0, 4.0])).tolist()
    [0.0, 2.0]
    """
    return _potrs(factor, right, lower=1)[0] if right.size else np.zeros_like(right)


def half_solved(factor: Array, right: Array) -> Array:
    """The solution (m, r) of equations whose matrix is the factor itself."""
    return _trsm(1.0, factor, right, lower=1) if right.size else np.zeros_like(right)


def inverse_of_factor(factor: Array) -> Array:
    """The inverse (m, m) of a lower factor. Halves are inverted by themselves: products of blocks take less time.

    >>> inverse_of_factor(np.array([[2.0, 0.0], [1.0, 1.0]])).tolist()
    [[0.5, 0.0], [-0.5, 1.0]]
    """
    if len(factor) <= TUNED.inverted_at_once:
        return _trtri(factor, lower=1)[0] if len(factor) else factor
    half, found = len(factor) // 2, np.zeros(factor.shape, order="F")
    first, second = inverse_of_factor(factor[:half, :half]), inverse_of_factor(factor[half:, half:])
    found[:half, :half], found[half:, half:] = first, second
    found[half:, :half] = -second @ (factor[half:, :half] @ first)
    return found


def inverse(factor: Array) -> Array:
    """The inverse (m, m) of a matrix with this factor.

    >>> inverse(np.array([[2.0, 0.0], [1.0, 1.0]])).tolist()
    [[0.5, -0.5], [-0.5, 1.0]]
    """
    half = inverse_of_factor(factor)
    return half.T @ half


def inverse_diagonal(factor: Array) -> Array:
    """The diagonal (m,) of that inverse.

    >>> inverse_diagonal(np.array([[2.0, 0.0], [1.0, 1.0]])).tolist()
    [0.5, 1.0]
    """
    half = inverse_of_factor(factor)
    return np.einsum("ij,ij->j", half, half)


def occam_of(factor: Array, precision: Array) -> float:
    """Log determinant of a posterior's precision, of which this is the Cholesky factor, over that of its prior."""
    return float(2 * np.log(factor.diagonal()).sum() - np.log(precision).sum())

"""What Cholesky factors of precisions say: log determinants, and diagonals of inverses.

Letters: m functions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import TrainingError
from .tuning import TUNED


def factor_of(matrix: Tensor) -> Tensor:
    """The Cholesky factor of a precision (m, m).

    Where almost no noise is left, round-off may take a direction of it below zero. The diagonal is then raised, by as
    little as mends that.

    Raises:
        TrainingError: it is not finite, or far from positive: the loss has no curvature that floats can hold.

    >>> factor_of(torch.ones(2, 2, dtype=torch.float64) - 1e-16 * torch.eye(2)).diagonal()[0].round(decimals=6)
    tensor(1., dtype=torch.float64)
    """
    found, failed = torch.linalg.cholesky_ex(matrix)
    part = torch.finfo(matrix.dtype).eps
    while bool(failed) and part < 1:
        found, failed = torch.linalg.cholesky_ex(matrix + torch.diag(part * matrix.diagonal()))
        part *= 10
    if bool(failed):
        raise TrainingError(
            "the loss has no curvature that numbers of 64 bits can hold; the targets may span too many powers of ten."
            " Fit their logarithm, or take another loss"
        )
    return found


def inverse_diagonal(factor: Tensor) -> Tensor:
    """The diagonal of the inverse (m,) of a matrix with this Cholesky factor (m, m).

    Above its diagonal, the inverse of the factor is zero. That is left out, which takes two thirds of the time of the
    whole inverse where there are hundreds of functions.

    >>> inverse_diagonal(torch.tensor([[2.0, 0.0], [1.0, 1.0]])).tolist()
    [0.5, 1.0]
    """
    if len(factor) <= 2 * TUNED.columns_at_once:
        return torch.cholesky_inverse(factor).diagonal()
    found = []
    for first in range(0, len(factor), TUNED.columns_at_once):
        below = factor[first:, first:]
        some = torch.eye(len(below), min(TUNED.columns_at_once, len(below)), dtype=factor.dtype, device=factor.device)
        found.append(torch.linalg.solve_triangular(below, some, upper=False).square().sum(0))
    return torch.cat(found)


def occam_of(factor: Tensor, precision: Tensor) -> float:
    """Log determinant of a posterior's precision, of which this is the Cholesky factor, over that of its prior."""
    return float(2 * factor.diagonal().log().sum() - precision.log().sum())

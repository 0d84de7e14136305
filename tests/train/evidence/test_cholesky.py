"""Cholesky factors of precisions."""

import pytest
import torch

from edgewise.train.evidence.cholesky import factor_of, inverse_diagonal, occam_of
from edgewise.train.evidence.tuning import TUNED


@pytest.mark.parametrize("size", [0, 1, 2 * TUNED.columns_at_once, 2 * TUNED.columns_at_once + 1, 400])
def test_the_diagonal_of_an_inverse_is_that_of_the_whole_one(size):
    rows = torch.randn(2 * size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    factor = factor_of(rows.T @ rows + torch.eye(size, dtype=torch.float64))
    torch.testing.assert_close(inverse_diagonal(factor), torch.cholesky_inverse(factor).diagonal())


def test_what_a_factor_says_is_the_log_determinant_over_that_of_the_prior():
    precision = torch.tensor([2.0, 3.0], dtype=torch.float64)
    inner = torch.tensor([[4.0, 1.0], [1.0, 5.0]], dtype=torch.float64)
    factor = factor_of(inner + torch.diag(precision))
    whole = torch.logdet(inner + torch.diag(precision)) - precision.log().sum()
    assert occam_of(factor, precision) == pytest.approx(float(whole))

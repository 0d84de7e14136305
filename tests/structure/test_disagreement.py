"""The error of two surrogates from their distance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.structure import disagreement
from surrogates import KNOWN, waves


@pytest.mark.parametrize("size", [1e-4, 1e-2])
def test_it_is_the_error_that_both_have(size):
    known = KNOWN["decay"]
    X = known.rows()
    one, other = (waves(X, size, seed) for seed in (1, 2))
    value, slopes = disagreement(lambda x: known.f(x) + one(x), lambda x: known.f(x) + other(x), X)
    true = [np.std(wave(torch.tensor(X)).numpy()) for wave in (one, other)]
    assert value == pytest.approx(np.mean(true), rel=0.3)
    assert np.sqrt(np.sum((np.array(slopes) * X.std(0)) ** 2)) == pytest.approx(size, rel=0.4)


@pytest.mark.slow
def test_two_fits_of_noisy_rows_show_structure_that_their_residuals_hide():
    known = KNOWN["sum of products"]
    X = known.rows(4000)
    y = known.f(torch.tensor(X)).numpy()
    y = y + 0.01 * y.std() * np.random.default_rng(0).standard_normal(len(y))
    halves = [ew.fit(ew.KAN((4, 6, 1)), X[k::2], y[k::2], grids=(3,), progress=False) for k in range(2)]
    noise = disagreement(halves[0].model, halves[1].model, X[:500])
    assert ew.tree(halves[0].model, X, noise=noise).formula in ("x1 * x2 + x3 * x4", "f(x1) * f(x2) + f(x3) * f(x4)")

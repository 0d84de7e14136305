"""All pairs of terms at once, against trying them one by one."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch

from edgewise.discovery.formulas.yardstick import Yardstick
from edgewise.discovery.linear_algebra.pairs import best_sums

FINE = Yardstick(1000, 0.0, 1e-12)


def terms(n: int = 80, count: int = 14) -> torch.Tensor:
    return torch.randn(n, count, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def sums(columns, base, target, costs=None, yardstick=FINE):
    costs = torch.zeros(columns.shape[1], dtype=torch.float64) if costs is None else costs
    return best_sums(columns, costs, base, target, yardstick, singles=3, pairs=5)


def test_the_best_pair_is_that_of_a_search_one_by_one():
    columns = terms()
    target = torch.randn(80, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    one = torch.ones(80, 1, dtype=torch.float64)
    found = min((c for c in sums(columns, one, target) if len(c.places) == 2), key=lambda c: c.error)

    def left(pair: tuple[int, ...]) -> float:
        design = torch.cat([columns[:, list(pair)], one], 1)
        return float((target - design @ torch.linalg.lstsq(design, target[:, None]).solution[:, 0]).norm())

    assert tuple(sorted(found.places)) == min(combinations(range(14), 2), key=left)
    assert found.error == pytest.approx(left(found.places) / 80**0.5)


def test_three_terms_and_their_weights_are_found():
    columns, one = terms(), torch.ones(80, 1, dtype=torch.float64)
    target = 2 * columns[:, 3] - 0.5 * columns[:, 7] + 1.5 * columns[:, 11] + 4
    best = min(sums(columns, one, target), key=lambda c: c.error)
    assert best.error < 1e-12 and best.base == pytest.approx((4.0,))
    assert dict(zip(best.places, best.weights, strict=True)) == pytest.approx({3: 2.0, 7: -0.5, 11: 1.5})


def test_of_sums_as_good_as_noise_allows_the_shorter_one_comes_first():
    columns, base = terms(), torch.zeros(80, 0, dtype=torch.float64)
    columns[:, 1] = columns[:, 0] + 1e-3 * columns[:, 1]
    target, costs = columns[:, 0].clone(), torch.full((14,), 10.0, dtype=torch.float64)
    costs[0] = 90.0
    noisy = sums(columns, base, target, costs, Yardstick(1000, 0.1, 1e-2))
    assert noisy[0].places == (1,)
    assert sums(columns, base, target, costs)[0].places == (0,)

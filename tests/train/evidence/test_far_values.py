"""Values that lie farther out than the tail of a column reaches say nothing."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from edgewise.train.evidence.edge_basis import EdgeBasis, effects
from helpers import assert_close


def normal(seed: int = 0, rows: int = 200) -> Tensor:
    return torch.randn(rows, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def both(x: Tensor, logarithmic: bool = False) -> tuple[EdgeBasis, EdgeBasis]:
    """The functions of a column (n,) that go on, and those that are tame."""
    return tuple(effects(x[:, None], None, 3, 20, logarithmic=[logarithmic], tame=[tame])[0] for tame in (False, True))  # type: ignore[return-value]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_tame_functions_say_nothing_where_one_row_lies_far_away(logarithmic: bool):
    x = normal().exp() if logarithmic else normal()
    x[7] = 1e6 if logarithmic else 40.0
    most = float(x.sort().values[-2])
    one, other = both(x, logarithmic)
    assert one.ends == other.ends == (-math.inf, most)
    inside = torch.linspace(float(x.min()), most, 50, dtype=x.dtype)
    assert_close(other.values(inside).diff(dim=0), one.values(inside).diff(dim=0))  # their means differ
    beyond = other.values(x.new_tensor([x[7], 3 * x[7]]))
    assert_close(beyond[1], beyond[0])
    assert float((beyond[0] + other.mean - one.mean).abs().max()) < 1e-12  # as in the mean of the rows
    assert float(one.values(x[7:8]).abs().max()) > 10 > 1 > float(beyond.abs().max())


def test_zeros_in_place_of_what_was_not_measured_say_nothing():
    x = 5 + normal(rows=20_000) / 2
    x[:10] = 0.0
    one, other = both(x)
    assert one.ends == (float(x[10:].min()), math.inf)
    assert float(other.values(x[:1]).abs().max()) < 0.2 * float(one.values(x[:1]).abs().max())


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_of_a_tail_is_no_mistake(seed: int):
    x = torch.empty(2000, dtype=torch.float64).exponential_(generator=torch.Generator().manual_seed(seed))
    one, other = both(x)
    assert one.ends == (-math.inf, math.inf)
    assert_close(one.values(2 * x), other.values(2 * x))


@pytest.mark.parametrize("name", ["normal", "few values", "two values"])
def test_columns_without_far_values_stay_as_they_are(name: str):
    x = {"normal": normal(), "few values": normal().round(), "two values": (normal() > 0).double()}[name]
    one, other = both(x)
    assert one.ends == (-math.inf, math.inf)
    assert_close(one.values(x), other.values(x))

"""Splines that are flat beyond their ends are the same within them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise import grid
from edgewise.fitting import dense_basis
from edgewise.train.evidence.edge_basis import effects, knots_along_logarithms, knots_of
from edgewise.train.evidence.ending import ending
from edgewise.train.evidence.variables import variables
from helpers import assert_close


def skewed(seed: int, rows: int = 300) -> Tensor:
    """Log-normal values (n,)."""
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(rows, dtype=torch.float64, generator=draw).exp()


def values(x: Tensor, knots: Tensor, coef: Tensor, degree: int) -> Tensor:
    return dense_basis(x[:, None], knots[None], degree=degree)[:, 0] @ coef


@pytest.mark.parametrize("knots_from", [knots_of, knots_along_logarithms])
@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_functions_are_the_same_between_the_ends_and_flat_beyond(knots_from, degree: int):
    x = skewed(degree)
    knots = knots_from(x, degree, 20)
    coef = torch.randn(len(knots) - degree - 1, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    low, high = float(x.min()), float(x.max())
    longer, ended = ending(knots, coef, degree, low, high)
    assert len(longer) == len(knots) + 2 * degree  # of all columns alike, wherever their ends are
    inside = torch.linspace(low, high, 500, dtype=torch.float64)
    assert_close(values(inside, longer, ended, degree), values(inside, knots, coef, degree))
    near = values(x.new_tensor([low, high]), longer, ended, degree)
    turned = grid.breaks_of(longer[None], degree)[0][[0, -1]]
    slopes = dense_basis(x.new_tensor([[low], [high]]), knots[None], degree=degree, derivative=1)[:, 0] @ coef
    for place, side in ((0, -1.0), (1, 1.0)):
        beyond = values(turned[place] + side * x.new_tensor([0.0, 1.0, 1e3]), longer, ended, degree)
        assert_close(beyond, beyond[:1].expand_as(beyond), like="float32")
        reach = (turned[place] - x.new_tensor([low, high])[place]).abs()
        assert bool(((beyond[0] - near[place]).abs() <= slopes[place].abs() * reach + 1e-9).all())


def test_all_kinds_of_columns_keep_one_size_of_grid():
    x = torch.stack([skewed(0), (skewed(1) > 1).double(), torch.ones(300, dtype=torch.float64)], 1)
    ones = torch.ones(300, dtype=torch.float64)
    found = variables(ew.KAN((3, 1)), x, ones, 20, logarithmic=(0,))
    ended = [variable.ending(x) for variable in found]
    assert len({len(variable.effects[0].knots) for variable in ended}) == 1
    for one, other in zip(found, ended, strict=True):
        assert_close(other.values(x), one.values(x))


def test_functions_with_rough_parts_and_those_of_products_end_too():
    x = skewed(3)[:, None].repeat(1, 2)
    x[0] = 400.0
    for effect in effects(x, None, 3, 80, rough=20, logarithmic=[True, False], tame=[True, True]):
        ended = effect.ending(x[:, 0])
        assert_close(ended.values(x[:, 0]), effect.values(x[:, 0]))
        beyond = ended.values(x.new_tensor([500.0, 1e5]))
        assert_close(beyond[0], beyond[1], like="float32")

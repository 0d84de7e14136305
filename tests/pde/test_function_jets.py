"""Derivatives of a user's function, each known in closed form."""

from __future__ import annotations

import torch

from edgewise.pde.function_jets import function_jets
from edgewise.pde.indices import Indices
from helpers import assert_close


def test_derivatives_of_every_order():
    x = torch.rand(5, 2, dtype=torch.float64)
    indices = Indices.closing([(2, 2), (3, 0)])
    found = function_jets(lambda x: torch.exp(2 * x[:, :1] - 3 * x[:, 1:]), x, indices)
    value = torch.exp(2 * x[:, 0] - 3 * x[:, 1])
    for (a, b), got in zip(indices.entries, found[:, :, 0], strict=True):
        assert_close(got, 2.0**a * (-3.0) ** b * value)


def test_columns_that_do_not_depend_on_a_point_have_no_slopes():
    x = torch.rand(4, 2, dtype=torch.float64)
    found = function_jets(lambda x: torch.stack([x[:, 0] ** 2, torch.ones(len(x)).double()], 1), x,
                          Indices.closing([(2, 0), (0, 1)]))  # fmt: skip
    assert_close(found[:, :, 1], torch.tensor([1.0, 0, 0, 0]).double()[:, None].expand(4, 4))
    assert_close(found[-1, :, 0], torch.full((4,), 2.0).double())


def test_it_works_where_gradients_are_off():
    with torch.no_grad():
        found = function_jets(torch.sin, torch.zeros(1, 1, dtype=torch.float64), Indices.closing([(3,)]))
    assert found.flatten().tolist() == [0.0, 1.0, 0.0, -1.0] and not found.requires_grad

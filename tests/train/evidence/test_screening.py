"""The scores of pairs of variables."""

from __future__ import annotations

import torch

import edgewise as ew
from edgewise.train.evidence.screening import gains
from edgewise.train.evidence.terms import pair_term
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.evidence.variables import variables
from helpers import assert_close


def test_a_product_gains_nothing_from_what_functions_of_its_own_columns_left():
    draw = torch.Generator().manual_seed(0)
    x = (torch.rand(200, 2, dtype=torch.float64, generator=draw) < 0.3).double()
    weight, start = torch.ones(200, dtype=torch.float64), ew.KAN((2, 1), seed=0).double()
    found = variables(start, x, weight, TUNED.intervals)
    functions = {number: variable.values(x) for number, variable in enumerate(found)}
    slope = torch.randn(200, 1, dtype=torch.float64, generator=draw)
    curvature = 0.5 + torch.rand(200, 1, dtype=torch.float64, generator=draw)
    more = slope + curvature * (3 + 2 * functions[0][:, :1] - functions[1][:, :1])
    term = pair_term(0, 1, found, TUNED.products)
    assert_close(gains([term], functions, more, curvature), gains([term], functions, slope, curvature), like="float32")

"""Candidates become formulas: short ones have their turn before long ones that are nearer at first."""

from __future__ import annotations

import torch

from edgewise.discovery.formulas.tree import Apply, Num, Var, number, power, product, total, written
from edgewise.discovery.formulas.yardstick import Yardstick
from edgewise.discovery.polishing.polish import polished
from edgewise.discovery.polishing.tuning import POLISHING
from edgewise.discovery.tables.split_rows import as_task


def test_a_short_law_is_fitted_though_many_long_formulas_start_nearer():
    X = 0.5 + 3 * torch.rand(400, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = 1 / (torch.exp(1.3 * X[:, 0]) - 1)
    task = as_task(X, y, None, None, 0)
    few = task.fitting.first(POLISHING.quick_rows)
    near = [
        total(*(product(Num(1.0 + k / 100), power(Var(0), float(p))) for p in range(-2, 4)))
        for k in range(POLISHING.tries)
    ]
    short = power(total(number(-1.0), Apply("exp", product(Num(1.0), Var(0)))), -1.0)
    found = polished([*near, short], task, few, Yardstick(len(few), 0.0, task.floor))
    assert found[0].error <= 1e-9
    assert written(found[0].node, ["z"]) == "1/(exp((13/10)*z) - 1)"

"""Terms that the others can stand in for."""

from __future__ import annotations

from typing import Any

import torch

from edgewise.discovery.formulas.tree import Apply, Num, Var, product, total
from edgewise.discovery.polishing.drop_terms import without_idle_terms
from edgewise.discovery.polishing.least_squares import error
from edgewise.discovery.tables.law_task import LawRows


def wave(a: float, k: float):
    return product(Num(a), Apply("sin", product(Num(k), Var(0))))


X = torch.linspace(-2, 2, 300, dtype=torch.float64)[:, None]


def test_waves_of_nearly_one_length_become_one():
    rows = LawRows(X, torch.sin(3 * X[:, 0]) + 2)
    node: Any = without_idle_terms(total(wave(0.9, 3.0005), wave(0.11, 2.99), Num(2.0)), rows)
    assert len(node.parts) == 2 and error(node, rows) < 1e-9


def test_terms_that_are_needed_stay():
    rows = LawRows(X, torch.sin(3 * X[:, 0]) + 0.01 * torch.sin(5 * X[:, 0]))
    node = total(wave(1.0, 3.0), wave(0.01, 5.0))
    assert without_idle_terms(node, rows) == node

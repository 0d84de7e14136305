"""Exact formulas: how many digits they must give, and on which rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from edgewise.discovery.formulas.tree import Num, Product, Sum, Var, numbers_of, power
from edgewise.discovery.polishing.exactness import exact_to, is_exact
from edgewise.discovery.tables.split_rows import as_task
from edgewise.discovery.tables.tuning import TABLES


def test_fitted_constants_must_be_paid_by_digits():
    """Eight constants give nine digits of many a function that they are not."""
    z, few = Var(0), Num(1.234)
    many = Sum(tuple(Product((Num(1.1 + k), power(z, k + 1.0))) for k in range(4)))
    assert sum(one.name is None for one in numbers_of(many)) == 4
    assert exact_to(few) == exact_to(z) == TABLES.exact
    assert exact_to(many) == pytest.approx(TABLES.exact * 1e-2)


def test_a_formula_that_is_zero_where_the_rows_that_choose_are_is_not_exact():
    X = torch.rand(40, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    given = as_task(X, X[:, 0], None, None, 0)
    zeros = replace(given.choosing, y=torch.zeros_like(given.choosing.y))
    assert not is_exact(Num(0.0), replace(given, choosing=zeros))
    assert is_exact(Var(0), given)

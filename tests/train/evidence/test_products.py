"""Products summed over the rows are those of all rows, and they are summed anew where rows bend otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from edgewise.train.evidence import products as kept
from edgewise.train.evidence.products import Curved, products
from edgewise.train.evidence.tuning import TUNED
from helpers import assert_close

DRAW = torch.Generator().manual_seed(0)
ROWS, FUNCTIONS = 2 * TUNED.rows_at_once + 3, TUNED.columns_at_once + 5  # more of both than one call takes
DESIGN = torch.randn(ROWS, FUNCTIONS, dtype=torch.float64, generator=DRAW)
BENDS = 0.5 + torch.rand(2, ROWS, dtype=torch.float64, generator=DRAW)
EVERY = torch.arange(FUNCTIONS)


class Rows:
    """Two blocks of rows, and how often they were asked for."""

    def __init__(self) -> None:
        self.passes = 0

    def __call__(self):
        self.passes += 1
        nothing = torch.zeros(ROWS, dtype=torch.float64)
        return iter([(DESIGN[rows], nothing[rows], nothing[rows]) for rows in (slice(0, 900), slice(900, ROWS))])


def wanted(bends: Tensor, places: Tensor) -> Tensor:
    functions = torch.cat([torch.ones(ROWS, 1, dtype=torch.float64), DESIGN[:, places]], 1)
    return torch.stack([functions.T @ (bend[:, None] * functions) for bend in bends])


@pytest.mark.parametrize("rows", [ROWS, 50])
@pytest.mark.parametrize("places", [None, EVERY[::3], EVERY[:0]])
def test_products_are_those_of_all_rows(places, rows: int):
    here = DESIGN[:rows] if places is None else DESIGN[:rows, places]
    bends = BENDS[:, :rows]
    found = products(DESIGN[:rows], bends, places)
    assert_close(found, torch.stack([here.T @ (bend[:, None] * here) for bend in bends]))


@pytest.mark.parametrize("places", [EVERY, EVERY[1::2], EVERY[:0]])
def test_sums_have_the_constant_first(places: Tensor):
    assert_close(Curved().under(Rows(), BENDS, places), wanted(BENDS, places))


def test_a_factor_of_all_rows_and_fewer_functions_need_no_pass():
    rows, curved = Rows(), Curved()
    curved.under(rows, BENDS, EVERY[1:])
    assert_close(curved.under(rows, 3 * BENDS, EVERY[1:]), wanted(3 * BENDS, EVERY[1:]))
    assert_close(curved.under(rows, 0.5 * BENDS, EVERY[2::4]), wanted(0.5 * BENDS, EVERY[2::4]))
    assert rows.passes == 1


def test_small_changes_need_no_pass_and_leave_the_sums_nearly_right():
    rows, curved = Rows(), Curved()
    curved.under(rows, BENDS, EVERY)
    nearly = BENDS * (1 + 0.9 * TUNED.bent * torch.randn(BENDS.shape, dtype=torch.float64, generator=DRAW).sign())
    right = wanted(nearly, EVERY)
    assert rows.passes == 1
    assert float((curved.under(rows, nearly, EVERY) - right).norm()) < TUNED.bent * float(right.norm())
    assert rows.passes == 1


def test_nothing_is_kept_where_bends_take_too_much_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept, "TUNED", replace(TUNED, kept=BENDS.numel() - 1))
    rows, curved = Rows(), Curved()
    for _ in range(2):
        assert_close(curved.under(rows, BENDS, EVERY), wanted(BENDS, EVERY))
    assert rows.passes == 2 and curved.bends is None


def test_larger_changes_and_new_functions_need_one():
    rows, curved = Rows(), Curved()
    curved.under(rows, BENDS, EVERY[1:])
    assert_close(curved.under(rows, BENDS.square(), EVERY[1:]), wanted(BENDS.square(), EVERY[1:]))
    assert_close(curved.under(rows, BENDS.square(), EVERY), wanted(BENDS.square(), EVERY))
    assert rows.passes == 3

"""How much two kinds of fits weigh together."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from edgewise.train.evidence.stacking import losses, stacked
from helpers import assert_close


def logits(rows: int, seed: int = 0, classes: int = 3) -> tuple[Tensor, Tensor, torch.Generator]:
    """True logits (n, k), classes drawn by them, and the generator to go on with."""
    draw = torch.Generator().manual_seed(seed)
    true = 2 * torch.randn(rows, classes, dtype=torch.float64, generator=draw)
    return true, torch.multinomial(true.softmax(1), 1, generator=draw)[:, 0], draw


def blurred(true: Tensor, draw: torch.Generator, by: float = 2.0) -> Tensor:
    return (true + by * torch.randn(true.shape, dtype=true.dtype, generator=draw))[None]


def test_two_kinds_with_errors_of_their_own_weigh_about_the_same():
    true, y, draw = logits(4000)
    one, other = blurred(true, draw), blurred(true, draw)
    weight = torch.ones(len(y), dtype=torch.float64)
    a, b = stacked(one, other, y, weight)
    assert 0.35 < a / (a + b) < 0.65
    assert weight @ losses(a * one + b * other, y) < 0.95 * weight @ losses(one, y)


def test_the_first_kind_stays_alone_where_the_other_says_no_more():
    true, y, draw = logits(200)
    weight = torch.ones(len(y), dtype=torch.float64)
    one = blurred(true, draw, 0.1)
    assert stacked(one, one, y, weight)[1] == 0
    assert stacked(one, torch.zeros_like(one), y, weight)[1] == 0


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_many_rows_give_logits_their_size_and_few_hardly_change_it(factor: float):
    true, y, _ = logits(20_000)
    weight = torch.ones(len(y), dtype=torch.float64)
    wrong = (true / factor)[None]
    assert stacked(wrong, wrong, y, weight)[0] == pytest.approx(factor, rel=0.1)
    few = stacked(wrong[:, :5], wrong[:, :5], y[:5], weight[:5])[0]
    assert 0.6 < few < 1.7


def test_a_row_that_counts_twice_is_a_row_that_is_there_twice():
    true, y, draw = logits(60)
    one, other = blurred(true, draw), blurred(true, draw)
    twice = torch.cat([torch.arange(60), torch.arange(60)])
    doubled = losses(one, y), losses(one[:, twice], y[twice])
    assert_close(2 * doubled[0].sum(), doubled[1].sum(), like="float64")
    whole = torch.ones(60, dtype=torch.float64)
    same = stacked(one[:, twice], one[:, twice], y[twice], torch.ones(120, dtype=torch.float64))
    assert stacked(one, one, y, 2 * whole) == same
    assert stacked(one, other, y, whole)[0] > 0

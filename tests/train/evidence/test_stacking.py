"""How much two kinds of fits weigh together."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from edgewise.train.evidence.stacking import balanced, losses, share_of, size_of, sureness_of
from edgewise.train.evidence.tuning import TUNED


def logits(rows: int, seed: int = 0, classes: int = 3) -> tuple[Tensor, Tensor, torch.Generator]:
    """True logits (n, k), classes drawn by them, and the generator to go on with."""
    draw = torch.Generator().manual_seed(seed)
    true = 2 * torch.randn(rows, classes, dtype=torch.float64, generator=draw)
    return true, torch.multinomial(true.softmax(1), 1, generator=draw)[:, 0], draw


def blurred(true: Tensor, draw: torch.Generator, by: float = 2.0) -> Tensor:
    return (true + by * torch.randn(true.shape, dtype=true.dtype, generator=draw))[None]


def ones(y: Tensor) -> Tensor:
    return torch.ones(len(y), dtype=torch.float64)


def test_two_kinds_with_errors_of_their_own_weigh_about_the_same():
    true, y, draw = logits(4000)
    one, other = blurred(true, draw), blurred(true, draw)
    share = share_of(one, other, y, ones(y))
    assert 0.35 < share < 0.65
    assert losses(share * one + (1 - share) * other, y).mean() < 0.95 * losses(one, y).mean()


def test_the_first_kind_stays_alone_where_the_other_says_no_more():
    true, y, draw = logits(200)
    one = blurred(true, draw, 0.1)
    assert share_of(one, one, y, ones(y)) == 1
    assert share_of(one, torch.zeros_like(one), y, ones(y)) == 1


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_many_rows_give_logits_their_size_and_few_hardly_change_it(factor: float):
    true, y, _ = logits(20_000)
    wrong = (true / factor)[None]
    assert size_of(wrong, y, ones(y)) == pytest.approx(factor, rel=0.1)
    assert 0.6 < size_of(wrong[:, :5], y[:5], ones(y[:5])) < 1.7


def test_a_row_that_counts_twice_is_a_row_that_is_there_twice():
    true, y, draw = logits(60)
    one, twice = blurred(true, draw), torch.arange(60).repeat(2)
    assert size_of(one, y, 2 * ones(y)) == size_of(one[:, twice], y[twice], ones(y[twice]))
    assert size_of(one, y, 2 * ones(y)) != size_of(one, y, ones(y))


def test_constants_make_each_class_as_likely_as_often_as_it_is_there():
    true, y, _ = logits(300)
    wrong = 3 * true + torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64)
    found = (wrong + balanced(wrong, y, ones(y))).softmax(1).mean(0)
    assert torch.allclose(found, torch.bincount(y).double() / 300, atol=1e-3)


def test_a_class_without_rows_is_as_likely_as_half_a_row():
    true, y, _ = logits(300)
    y = y.clamp(max=1)
    found = (true + balanced(true, y, ones(y))).softmax(1).sum(0)
    assert float(found[2]) == pytest.approx(0.5, rel=0.02)


def certain(rows: int, chance: float) -> tuple[Tensor, Tensor]:
    """Logits (1, n, 2) by which each row has another class than its own with this chance; the classes (n,)."""
    y = torch.arange(rows) % 2
    odds = torch.tensor(chance, dtype=torch.float64).logit()
    return torch.stack([odds * y, odds * (1 - y)], 1)[None], y


@pytest.mark.parametrize("rows", [100, 400, 3000])
def test_classes_without_a_doubt_get_the_chance_of_an_error_that_so_many_rows_leave(rows: int):
    sure, y = certain(rows, 0.2 / rows)
    found = sureness_of(sure, y, ones(y))
    assert float(losses(found * sure, y).mean()) == pytest.approx(1 / ((rows + 1) * (rows + 2)), rel=1e-3)
    twice = sureness_of(sure[:, : rows // 2], y[: rows // 2], 2 * ones(y[: rows // 2]))
    assert twice == pytest.approx(found, rel=1e-6)


def test_logits_are_left_as_they_are_where_a_row_is_doubtful_or_all_are_sure_enough():
    sure, y = certain(200, 1e-3)
    assert sureness_of(sure, y, ones(y)) > 1
    doubtful = sure.clone()
    doubtful[0, 7] = 0.0
    assert sureness_of(doubtful, y, ones(y)) == 1
    weight = ones(y)
    weight[7] = 0.0  # it was fitted, so it does not judge
    assert sureness_of(doubtful, y, weight) > 1
    assert sureness_of(*certain(200, 1e-9), ones(y)) == 1
    assert sureness_of(*certain(2000, 0.05), ones(torch.arange(2000))) < TUNED.surest * (1 + 1e-9)

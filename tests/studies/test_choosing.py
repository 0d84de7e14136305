"""Whether one network is as good as another, on rows that neither was fitted to."""

from __future__ import annotations

import math

import pytest
import torch

import edgewise as ew
from edgewise.studies.choosing import (
    as_good,
    behind,
    clearly_better,
    clearly_worse,
    explained,
    stays_near,
    within_error,
)


def table(n: int, seed: int = 0, noise: float = 0.3) -> ew.Table:
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(n, 1, dtype=torch.float64, generator=generator) - 1
    return ew.from_arrays(X, X[:, 0] + noise * torch.randn(n, dtype=torch.float64, generator=generator))


def closed(form: str, a: float, b: float, c: float, d: float) -> ew.KAN:
    """c form(a x + b) + d."""
    return ew.set_symbolic(ew.KAN((1, 1), base=None), {(0, 0, 0): (form, a, b, c, d)})


LINE, HALF, FLAT = (closed("x", 1.0, 0.0, slope, 0.0) for slope in (1.0, 0.5, 0.0))


def test_what_is_right_is_clearly_better_than_what_is_flat_and_nothing_is_than_itself():
    rows = table(40)
    assert clearly_better(LINE, FLAT, rows)
    assert not clearly_better(FLAT, LINE, rows) and not clearly_better(LINE, LINE, rows)


def test_a_few_rows_make_little_clear():
    better = [clearly_better(LINE, HALF, table(5, seed, noise=0.5)) for seed in range(20)]
    assert sum(better) < 10
    assert sum(clearly_better(LINE, HALF, table(200, seed, noise=0.5)) for seed in range(20)) > 18
    assert not clearly_better(LINE, FLAT, table(3))


def test_chance_alone_seldom_makes_one_of_two_equals_better():
    twin = closed("x", 1.0, 0.0, 1.0, 0.3), closed("x", 1.0, 0.0, 1.0, -0.3)  # wrong by the same amount
    assert sum(clearly_better(*twin, table(30, seed)) for seed in range(100)) < 12


def test_a_group_is_one_witness_however_many_rows_it_has():
    twin = closed("x", 1.0, 0.0, 1.0, 0.3), closed("x", 1.0, 0.0, 1.0, -0.3)  # wrong by the same amount

    def better(seed: int, groups: int, each: int) -> bool:
        once = table(groups, seed)
        code = torch.arange(groups).repeat_interleave(each)
        rows = ew.from_arrays(once.X[code], once.y[code], groups=code)
        return clearly_better(*twin, rows)

    assert [better(seed, 30, 1) for seed in range(50)] == [better(seed, 30, 8) for seed in range(50)]
    assert not better(0, 3, 30)  # three witnesses make nothing clear


def test_of_groups_of_one_row_each_nothing_changes():
    rows = table(40)
    alone = ew.from_arrays(rows.X, rows.y, groups=range(40))
    for new, old in ((LINE, FLAT), (FLAT, LINE), (HALF, LINE)):
        assert clearly_better(new, old, rows) == clearly_better(new, old, alone)
        assert as_good(new, old, rows) == as_good(new, old, alone)


@pytest.mark.parametrize("place", [-0.7312, 0.001, 0.4117])
def test_a_pole_that_no_row_meets_is_found(place: float):
    rows = table(30)
    assert not stays_near(closed("1/x", 1.0, -place, 0.005, 0.0), LINE, rows)


def test_forms_stays_near_are_left_in_peace():
    rows = table(30)
    assert stays_near(LINE, LINE, rows) and stays_near(HALF, LINE, rows)
    assert stays_near(closed("1/x", 1.0, 1.5, 1.0, 0.0), closed("exp", -1.0, 0.0, 0.7, 0.0), rows)


def test_a_form_that_is_no_number_somewhere_is_none():
    rows = table(30)
    assert not stays_near(closed("log", 1.0, 0.5, 1.0, 0.0), LINE, rows)


def test_what_a_form_does_beyond_the_rows_is_seen_where_it_is_asked_for():
    rows = table(30)
    steep = closed("exp", 9.0, 0.0, 1e-4, 0.0)
    assert stays_near(steep, LINE, rows) and not stays_near(steep, LINE, rows, beyond=0.5)


def test_the_part_that_is_explained():
    rows = table(30)
    mean = rows.y.mean()
    assert explained(closed("x", 0.0, 0.0, 0.0, float(mean)), rows) == pytest.approx(0, abs=1e-12)
    assert explained(LINE, rows) <= 1


def test_what_loses_as_much_is_within_error_and_what_loses_more_is_not():
    few, many = table(40), table(4000)
    nearly = closed("x", 1.0, 0.0, 1.02, 0.0)
    assert within_error(LINE, LINE, few) and within_error(LINE, HALF, few) and within_error(nearly, LINE, few)
    assert not within_error(FLAT, LINE, few) and not within_error(closed("x", 1.0, 0.0, 1.2, 0.0), LINE, many)


def log_odds(slope: float, at: float) -> ew.KAN:
    edges = {(0, 0, 0): ("x", 1.0, 0.0, 0.0, 0.0), (0, 0, 1): ("x", 1.0, 0.0, slope, -slope * at)}
    return ew.set_symbolic(ew.KAN((1, 2), base=None), edges)


@pytest.mark.parametrize("count", [40, 400])
def test_of_two_without_an_error_none_is_worse_for_being_less_sure(count: int):
    side = torch.arange(count).remainder(2).double()[:, None] * 2 - 1
    rows = ew.from_arrays(side, ["yes" if one > 0 else "no" for one in side[:, 0].tolist()])
    odds = math.log(count)
    sure, less, doubtful = log_odds(30.0, 0.0), log_odds(odds + 3.0, 0.0), log_odds(odds, 0.0)
    assert as_good(less, sure, rows)  # a twentieth of a nat, of all rows together
    assert not as_good(doubtful, sure, rows)  # a whole one


def test_what_is_less_sure_is_not_behind_though_it_names_more_classes_wrong():
    generator = torch.Generator().manual_seed(0)
    X = 2 * torch.rand(400, 1, dtype=torch.float64, generator=generator) - 1
    right = X[:, 0] + 0.3 * torch.randn(400, dtype=torch.float64, generator=generator) > 0
    rows = ew.from_arrays(X, ["yes" if one else "no" for one in right.tolist()])

    sure, cautious = log_odds(60.0, 0.0), log_odds(5.0, 0.1)
    assert clearly_worse(cautious, sure, rows) and not behind(cautious, sure, rows)
    assert behind(sure, cautious, rows)


def test_what_loses_a_tenth_more_than_chance_does_is_behind():
    near, farther = (closed("x", 1.0, 0.0, slope, 0.0) for slope in (0.9, 0.7))
    assert behind(FLAT, LINE, table(40)) and not behind(LINE, LINE, table(40))
    assert behind(farther, LINE, table(4000)) and not behind(near, LINE, table(40_000))
    assert sum(behind(farther, LINE, table(6, seed)) for seed in range(20)) < 12
    nothing = closed("1/x", 0.0, 0.0, 1.0, 0.0)
    assert behind(nothing, LINE, table(40))


def test_an_output_that_is_constant_has_no_pole_whatever_its_level():
    X = torch.linspace(-1, 1, 30, dtype=torch.float64)[:, None]
    rows = ew.from_arrays(X, torch.cat([X, X.square()], 1))
    old, new = (
        ew.set_symbolic(ew.KAN((1, 2)), {(0, 0, 0): ("x", 1.0, 0.0, 1.0, 0.0), (0, 0, 1): ("0", 1.0, 0.0, 1.0, level)})
        for level in (3.0, 3.0 + 1e-15)
    )
    assert stays_near(new, old, rows)

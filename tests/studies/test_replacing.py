"""Closed forms take the place of splines where they say the same, or clearly more."""

from __future__ import annotations

import torch

import edgewise as ew
from edgewise.studies.choosing import as_good
from edgewise.studies.replacing import BY_CHANCE, WORSE, against, moved
from symbolic.laws import network, uniform

X = uniform((-1, 1), rows=30)
NOISE = 0.2 * torch.randn(30, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def law(name: str, *constants: float) -> ew.KAN:
    return network((1, 1), {(0, 0, 0): (name, *constants)})


def rows(noise: float) -> ew.Table:
    return ew.from_arrays(X, torch.sin(2 * X[:, 0]) + noise * NOISE)


SINE, LINE = law("sin", 2.0, 0.0, 1.0, 0.0), law("x", 1.0, 0.0, 1.2, 0.0)


def test_forms_that_move_less_than_the_noise_replace_splines_and_others_do_not():
    assert not against(law("sin", 2.0, 0.0, 1.02, 0.0), SINE, rows(1.0), None)
    assert against(law("x", 1.0, 0.0, 0.5, 0.0), SINE, rows(1.0), None) == WORSE


def test_a_law_replaces_what_was_wrong_by_far_more_than_its_constants_are_worth():
    assert not against(SINE, LINE, rows(0.001), None)


def test_a_form_that_follows_the_rows_with_as_many_constants_does_not():
    """Lines of enough columns explain all but a tenth of any noise."""
    many, y = uniform(*[(-1, 1)] * 25, rows=30), NOISE - NOISE.mean()
    slopes = torch.linalg.lstsq(many - many.mean(0), y).solution.tolist()
    lines = {(0, i, 0): ("x", 1.0, 0.0, slope, 0.0) for i, slope in enumerate(slopes)}
    weak = {edge: ("x", 1.0, 0.0, 0.01 * form[3], 0.0) for edge, form in lines.items()}
    followed, first, table = network((25, 1), lines), network((25, 1), weak), ew.from_arrays(many, y)
    assert moved(followed, first, table) > 0.5 and against(followed, first, table, None) == BY_CHANCE


def test_few_rows_that_like_splines_better_by_chance_refuse_no_form_that_hardly_moved():
    form, table, few = law("sin", 2.0, 0.0, 1.02, 0.0), rows(1.0), uniform((-1, 1), rows=8, seed=6)
    draw = torch.randn(8, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    liked = ew.from_arrays(few, torch.sin(2 * few[:, 0]) + 0.03 * draw)
    assert not as_good(form, SINE, liked) and not against(form, SINE, table, liked)
    many = ew.from_arrays(few.repeat(20, 1), torch.sin(2 * few[:, 0]).repeat(20) + 0.03 * draw.repeat(20))
    assert against(form, SINE, table, many) == WORSE


def test_values_that_are_no_numbers_replace_nothing():
    undefined = law("log", 1.0, 0.0, 1.0, 0.0)
    assert against(undefined, SINE, rows(1.0), None) == WORSE

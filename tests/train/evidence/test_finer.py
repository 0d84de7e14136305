"""More products for pairs with detail: a map gets them, a smooth product does not, and what was decided can be fitted
again."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.metadata import Metadata
from edgewise.train.evidence import finer as module
from edgewise.train.evidence.chosen_terms import Model
from edgewise.train.evidence.finer import finer
from edgewise.train.evidence.fit_task import Task
from edgewise.train.evidence.pair_search import search
from edgewise.train.evidence.terms import pair_term
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.evidence.variables import variables
from helpers import assert_close

PAIR = (0, 1)


def rows(count: int, seed: int = 0) -> Tensor:
    return 2 * torch.rand(count, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) - 1


def hills(x: Tensor) -> Tensor:
    """A map with hills of several widths, in which no direction is special."""
    draw = torch.Generator().manual_seed(5)
    places = 2 * torch.rand(20, 2, dtype=torch.float64, generator=draw) - 1
    widths = 0.1 + 0.2 * torch.rand(20, dtype=torch.float64, generator=draw)
    heights = torch.randn(20, dtype=torch.float64, generator=draw)
    far = (x[:, None, :2] - places).square().sum(2)
    return (heights * torch.exp(-far / (2 * widths**2))).sum(1)


def searched(x: Tensor, y: Tensor, classes: int = 1) -> tuple[Task, Model]:
    """What the search finds, with few products of each pair."""
    start = ew.KAN((3, 1))
    weight = torch.ones(len(x), dtype=torch.float64)
    found = variables(start, x, weight, TUNED.intervals)
    task = Task(x, weight, y, classes, found, lambda loss: False)
    return task, search(task, [0, 1, 2], [(0, 1), (0, 2), (1, 2)], 40)


def error(task: Task, model: Model, x: Tensor, y: Tensor) -> float:
    return float((task.predict(model.terms, model.posterior, x)[:, 0] - y).square().mean().sqrt())


def noisy(values: Tensor, size: float) -> Tensor:
    return values + size * torch.randn(len(values), dtype=torch.float64, generator=torch.Generator().manual_seed(9))


def test_a_map_gets_more_products_and_is_followed_more_closely():
    x, new = rows(1500), rows(1000, 1)
    task, few = searched(x, noisy(hills(x) + x[:, 2], 0.1))
    more = finer(task, few)
    assert more.structure.finer[PAIR] > TUNED.products and more.score > few.score
    truth = hills(new) + new[:, 2]
    assert error(task, more, new, truth) < 0.6 * error(task, few, new, truth)


def test_a_smooth_product_stays_as_it_is():
    x = rows(1500)
    task, few = searched(x, noisy(x[:, 0] * x[:, 1] + x[:, 2], 0.1))
    assert few.structure.pairs == [PAIR]
    assert finer(task, few) is few


def test_what_was_decided_on_a_part_of_the_rows_is_fitted_to_all(monkeypatch):
    x = rows(1500)
    task, few = searched(x, noisy(hills(x) + x[:, 2], 0.1))
    monkeypatch.setattr(module, "TUNED", replace(TUNED, rows_searched=1000))
    more = finer(task, few)
    assert PAIR in more.structure.finer
    assert more.sums is not None and more.sums.rows == 1500


def test_a_structure_knows_how_many_products_its_pairs_have():
    x = rows(1500)
    task, few = searched(x, noisy(hills(x) + x[:, 2], 0.1))
    more = finer(task, few)
    again = search(task, [0, 1, 2], [(0, 1), (0, 2), (1, 2)], 40, more.structure)
    sizes = {term.variables: len(term.roughness) for term in more.terms}
    assert {term.variables: len(term.roughness) for term in again.terms} == sizes


def test_rows_bear_no_more_products_than_they_are():
    x = rows(90)
    task, few = searched(x, noisy(hills(x) + x[:, 2], 0.01))
    assert finer(task, few) is few


def test_further_products_are_those_that_a_term_has_not():
    x = rows(200)
    found = variables(ew.KAN((3, 1)), x, torch.ones(200, dtype=torch.float64), TUNED.intervals)
    few, more = (pair_term(0, 1, found, most) for most in (25, 60))
    further = more.without(few)
    assert len(further.roughness) == 35
    values = {number: found[number].values(x) for number in PAIR}
    both = torch.cat([few.values(values), further.values(values)], 1)
    assert_close(both.square().sum(1), more.values(values).square().sum(1))


@pytest.mark.parametrize("classes", [1, 2])
def test_a_closer_look_finds_a_pair_that_few_products_do_not_show(classes):
    x = rows(1500)
    waves = torch.sin(8 * x[:, 0]) * torch.sin(8 * x[:, 1])
    y = noisy(waves, 0.3)
    task, found = searched(x, (y > 0).long() if classes == 2 else y, classes)
    assert found.structure.pairs == [PAIR] and found.structure.finer[PAIR] > TUNED.products
    chance = math.log(2) if classes == 2 else float(y.var())
    assert float(task.losses(found.terms, found.posterior).mean()) < 0.6 * chance


def test_a_network_of_a_map_predicts_what_its_posterior_does():
    x, new = rows(1500), rows(1000, 1)
    found = ew.fit(ew.KAN((3, (1, 40), 1)), x, noisy(hills(x) + x[:, 2], 0.1), optimizer="evidence", progress=False)
    with torch.no_grad():
        left = found.model(new)[:, 0] - hills(new) - new[:, 2]
    assert float(left.square().mean().sqrt()) < 0.06


LEVELS = 40


def by_level(rows: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """A level and a number of each row, and a law: the number's curve is another one in each level."""
    draw = torch.Generator().manual_seed(seed)
    level = torch.randint(LEVELS, (rows,), generator=draw)
    number = 2 * torch.rand(rows, dtype=torch.float64, generator=draw) - 1
    bent = torch.randn(2, LEVELS, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    return level, number, bent[0, level] * number + bent[1, level] * (3 * number).cos()


def with_levels(level: Tensor, number: Tensor, y: Tensor) -> tuple[Task, Tensor]:
    """The task of a number and a column of levels, and its rows."""
    x = torch.cat([number[:, None], torch.nn.functional.one_hot(level, LEVELS).double()], 1)
    columns = ("number", *(f"level={place}" for place in range(LEVELS)))
    names = Metadata(columns, categories={"level": tuple(map(str, range(LEVELS)))})
    start = ew.KAN((LEVELS + 1, 1)).build(metadata=names)
    weight = torch.ones(len(x), dtype=torch.float64)
    return Task(x, weight, y, 1, variables(start, x, weight, TUNED.intervals), lambda loss: False), x


def test_each_of_many_levels_gets_a_curve_where_lines_do_not_do():
    level, number, law = by_level(1000, 0)
    task, _ = with_levels(level, number, noisy(law, 0.1))
    few = search(task, [0, 1], [PAIR], 40)
    assert [len(term.roughness) for term in few.terms if len(term.variables) == 2] == [LEVELS]  # a line of each
    more = finer(task, few)
    assert more.structure.finer == {PAIR: TUNED.functions_of_levels * LEVELS}
    new_level, new_number, truth = by_level(1000, 1)
    _, x = with_levels(new_level, new_number, truth)
    assert error(task, more, x, truth) < 0.2 * error(task, few, x, truth)


def test_levels_whose_lines_do_keep_lines():
    level, number, _ = by_level(1000, 0)
    slope = torch.randn(LEVELS, dtype=torch.float64, generator=torch.Generator().manual_seed(3))[level]
    task, _ = with_levels(level, number, noisy(slope * number, 0.3))
    few = search(task, [0, 1], [PAIR], 40)
    assert few.structure.pairs == [PAIR]
    assert finer(task, few) is few


def test_rows_bear_no_more_curves_than_there_are_rows():
    level, number, law = by_level(170, 0)
    slope = torch.randn(LEVELS, dtype=torch.float64, generator=torch.Generator().manual_seed(3))[level]
    task, _ = with_levels(level, number, noisy(9 * slope * number + law, 0.01))
    few = search(task, [0, 1], [PAIR], 40)
    assert few.structure.pairs == [PAIR]
    assert finer(task, few).structure.finer[PAIR] == 160  # four curves of each


def test_classes_get_a_curve_for_each_level_too():
    level, number, law = by_level(3000, 0)
    task, _ = with_levels(level, number, (noisy(3 * law, 0.5) > 0).long())
    task = replace(task, classes=2)
    few = search(task, [0, 1], [PAIR], 40)
    more = finer(task, few)
    assert more.structure.finer == {PAIR: TUNED.functions_of_levels * LEVELS}
    assert more.posterior.gain > few.posterior.gain + TUNED.pairs_worth


def test_pairs_of_few_levels_get_products_as_maps_do():
    draw = torch.Generator().manual_seed(0)
    level, number = (
        torch.randint(3, (1500,), generator=draw),
        2 * torch.rand(1500, dtype=torch.float64, generator=draw) - 1,
    )
    law = torch.stack([(14 * number).sin(), (17 * number).cos(), (12 * number).sin()], 1).gather(1, level[:, None])[
        :, 0
    ]
    task, _ = with_levels(level, number, noisy(law, 0.1))
    few = search(task, [0, 1], [PAIR], 40)
    assert finer(task, few).structure.finer[PAIR] > TUNED.functions_of_levels * 3


@pytest.mark.parametrize("curved", [True, False])
def test_where_products_are_many_for_the_rows_unseen_rows_say_whether_they_are_nearer(curved: bool, monkeypatch):
    monkeypatch.setattr(module, "TUNED", replace(TUNED, many_for_rows=0.0))
    level, number, law = by_level(400, 0)
    slope = torch.randn(LEVELS, dtype=torch.float64, generator=torch.Generator().manual_seed(3))[level]
    task, _ = with_levels(level, number, noisy(slope * number + curved * law, 0.5))
    few = search(task, [0, 1], [PAIR], 40)
    assert few.structure.pairs == [PAIR]
    wide = [pair_term(*PAIR, task.variables, 200) if len(term.variables) == 2 else term for term in few.terms]
    assert module._is_nearer(task, few, module._fitted(task, few, wide)) is curved

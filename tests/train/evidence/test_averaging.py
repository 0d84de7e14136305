"""The mean of fits to parts of the rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.train.evidence.averaging import _lone, _of_other_kind, _of_parts, averaged
from edgewise.train.evidence.chosen_terms import Model
from edgewise.train.evidence.fit_task import Task
from edgewise.train.evidence.pair_search import _or_nothing, search
from edgewise.train.evidence.stacking import balanced, share_of, size_of
from edgewise.train.evidence.terms import Term, edge_term, prior_of
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.evidence.variables import variables
from helpers import assert_close

D = 3


def table(rows: int, noise: float = 0.4, seed: int = 0) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    x = torch.rand(rows, D, dtype=torch.float64, generator=draw) * 2 - 1
    y = torch.sin(3 * x[:, 0]) + x[:, 1] + noise * torch.randn(rows, dtype=torch.float64, generator=draw)
    return x, y


def labels(y: Tensor, classes: int) -> Tensor:
    return (y > 0).long() if classes == 2 else (y > -0.5).long() + (y > 0.5).long()


def found(x: Tensor, y: Tensor, classes: int = 1) -> tuple[Task, Model]:
    weight = torch.ones(len(x), dtype=torch.float64)
    start = ew.KAN((D, 1), seed=0).double()
    task = Task(x, weight, y, classes, variables(start, x, weight, TUNED.intervals), lambda loss: False)
    return task, search(task, range(D), [], 0)


def all_terms(task: Task, whole: Model) -> list[Term]:
    there = {term.variables for term in whole.terms}
    return whole.terms + [edge_term(number, task.variables[number]) for number in range(D) if (number,) not in there]


def none(task: Task) -> Tensor:
    return torch.zeros(len(task.x), dtype=torch.bool)


def without_constants(logits: Tensor) -> Tensor:
    return logits - logits.mean(1, keepdim=True)


@pytest.mark.parametrize("classes", [2, 3])
def test_logits_of_parts_differ_and_are_as_large_as_those_of_all_rows(classes: int):
    x, y = table(80)
    task, whole = found(x, labels(y, classes), classes)
    terms = all_terms(task, whole)
    parts = _of_parts(task, whole, terms, none(task))
    assert len(parts.coefs) == len(parts.constants) == TUNED.shuffles * TUNED.left_out
    assert float((parts.coefs - parts.coefs[0]).abs().max()) > 1e-3
    assert bool((parts.unseen != 0).any(2).all())  # every row was left out once in every shuffle
    mean = without_constants(task.functions(terms) @ parts.coefs.mean(0))
    size = without_constants(task.predict(whole.terms, whole.posterior, x) - whole.posterior.constant).norm()
    assert_close(mean.norm(), size, like="float64")


def test_copies_of_a_row_are_left_out_together():
    x, y = table(40)
    often = Task(x, torch.full((40,), 2.0, dtype=torch.float64), labels(y, 2), 2, [], lambda loss: False)
    assert often.singly() is often
    task, whole = found(x.repeat(2, 1), labels(y, 2).repeat(2), 2)
    one, other = _of_parts(task, whole, all_terms(task, whole), none(task)).unseen.split(40, 1)
    assert_close(one, other, like="float64")


def test_a_table_of_few_cells_is_parted_by_rows_and_not_by_cells():
    """Else the class of a cell would be foretold by those rows of it alone that have the other one."""
    draw = torch.Generator().manual_seed(0)
    x = torch.randint(3, (400, D), generator=draw).double()
    y = (torch.rand(400, generator=draw) < (0.8 * (x[:, 0] - x[:, 1])).sigmoid()).long()
    cells, place, times = torch.unique(torch.cat([x, y[:, None]], 1), dim=0, return_inverse=True, return_counts=True)
    task, whole = found(x, y, 2)
    few = Task(cells[:, :D], times.double(), cells[:, D].long(), 2, task.variables, task.note)
    assert len(few.singly().x) == 400 and few.singly().weight.unique().tolist() == [1.0]
    one, other = (averaged(each, whole, range(D)) for each in (few, task.take(place.argsort(stable=True))))
    assert_close(one.posterior.coef, other.posterior.coef)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.slow
def test_the_mean_is_what_the_parts_of_both_kinds_say_weighted_by_rows_that_they_did_not_see(classes: int):
    x, y = table(80)
    task, whole = found(x, labels(y, classes), classes)
    terms = all_terms(task, whole)
    parts, other = (of(task, whole, terms, none(task)) for of in (_of_parts, _of_other_kind))
    assert parts is not None
    assert other is not None
    share = share_of(parts.unseen, other.unseen, task.y, task.weight)
    size = size_of(share * parts.unseen + (1 - share) * other.unseen, task.y, task.weight)
    mean = averaged(task, whole, range(D))
    one, two = (task.functions(terms) @ kind.coefs.mean(0) + kind.constants.mean(0) for kind in (parts, other))
    wanted = size * (share * one + (1 - share) * two)
    wanted = wanted + balanced(wanted, task.y, task.weight)
    assert_close(task.predict(mean.terms, mean.posterior, x), wanted, like="float64")


def test_rows_that_alone_say_how_functions_go_on_are_in_every_part():
    x, y = table(80)
    x[[3, 7], 1] = 4.0
    x[5, 2] = -9.0
    task, whole = found(x, labels(y, 2), 2)
    terms = all_terms(task, whole)
    lone = _lone(task, terms)
    assert lone.nonzero()[:, 0].tolist() == [3, 5, 7]
    assert not _lone(task, [term for term in terms if term.variables == (0,)]).any()
    assert bool((_of_parts(task, whole, terms, lone).unseen == 0).all(2).all(0)[lone].all())  # which none left out
    few = task.take(torch.arange(40))
    assert not _lone(few, terms).any()  # three of these are too many


def test_the_mean_keeps_the_balance_of_classes_that_a_column_nearly_tells_apart():
    draw = torch.Generator().manual_seed(0)
    x = torch.rand(110, D, dtype=torch.float64, generator=draw)
    x[:60, 0], x[60:, 0] = 0.0, 1 + 10 * x[60:, 0]
    x[-1, 0] = 50.0  # one row says how it goes on
    y = torch.ones(110, dtype=torch.long)
    y[15:60] = 0
    task, whole = found(x, y, 2)
    mean = averaged(task, whole, range(D))
    predicted = task.predict(mean.terms, mean.posterior, x)
    assert float(predicted.softmax(1)[:, 1].mean()) == pytest.approx(65 / 110, abs=0.01)
    assert float(torch.nn.functional.cross_entropy(predicted, y)) < 0.35  # of those parts that know all, 0.31


@pytest.mark.slow
def test_new_rows_are_foretold_better_by_the_mean_than_by_one_fit():
    gains = []
    for seed in range(4):
        x, y = table(60, noise=0.8, seed=seed)
        task, whole = found(x, labels(y, 3), 3)
        mean = averaged(task, whole, range(D))
        new, truth = table(2000, noise=0.8, seed=100 + seed)
        loss = [
            torch.nn.functional.cross_entropy(task.predict(model.terms, model.posterior, new), labels(truth, 3))
            for model in (whole, mean)
        ]
        gains.append(float(loss[0] - loss[1]))
    assert sum(gains) > 0, gains


@pytest.mark.slow
def test_every_function_of_the_mean_has_a_band():
    x, y = table(80)
    task, whole = found(x, labels(y, 3), 3)
    few = replace(
        whole, terms=whole.terms[:1], posterior=task.fit(whole.terms[:1], prior_of(whole.terms[:1]), None, None)
    )
    mean = averaged(task, few, range(D))
    spread = mean.posterior.spread
    assert spread is not None
    assert len(mean.terms) > 1
    assert len(spread.terms) == len(mean.terms)
    first = 0
    for term, places, covariance in zip(mean.terms, spread.places, spread.covariance, strict=True):
        assert set(places.tolist()) <= set(range(first, first + len(term.roughness)))
        assert len(covariance) == 3
        assert all(float(torch.linalg.eigvalsh(one)[0]) > -1e-9 for one in covariance)
        first += len(term.roughness)


@pytest.mark.parametrize("rows", [TUNED.fewest_averaged - 1, TUNED.most_averaged + 1])
def test_few_and_many_rows_and_numbers_are_left_as_they_are(rows: int):
    x, y = table(rows)
    task, whole = found(x, labels(y, 2), 2)
    assert averaged(task, whole, range(D)) is whole
    task, whole = found(x[:60], y[:60])
    assert averaged(task, whole, range(D)) is whole


def test_what_is_believed_does_not_yield_to_what_is_not():
    x, y = table(60)
    whole = found(x, y)[1]
    assert whole.believed
    charged = replace(whole, score=-3.0)  # for its choices
    nothing = _or_nothing(replace(whole, believed=False, score=-5.0))
    assert not bool(nothing.posterior.coef.any())
    assert nothing.score < charged.score

"""The choice of terms: those that pay stay, those of noise go, and fits are spent only on what may pay."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.train.evidence import chosen_terms
from edgewise.train.evidence.chosen_terms import Model, sparse
from edgewise.train.evidence.fit_task import Task
from edgewise.train.evidence.terms import edge_term
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.evidence.variables import variables


def posed(classes: int, second: float, columns: int) -> tuple[Task, list[Any]]:
    """A column that matters, another that matters so much, and noise."""
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(200, columns, dtype=torch.float64, generator=draw)
    y = 2 * x[:, 0] + second * x[:, 1] + 0.5 * torch.randn(200, dtype=torch.float64, generator=draw)
    weight, start = torch.ones(200, dtype=torch.float64), ew.KAN((columns, 1), seed=0).double()
    target = y if classes == 1 else (y > 0).long()
    task = Task(x, weight, target, classes, variables(start, x, weight, TUNED.intervals), lambda loss: False)
    return task, [edge_term(number, task.variables[number]) for number in range(columns)]


def chosen(task: Task, terms: list[Any]) -> list[int]:
    return [term.variables[0] for term in sparse(task, terms, None, (len(terms), 0)).terms]


@pytest.mark.parametrize("classes", [1, 2])
def test_terms_of_noise_go(classes: int):
    assert chosen(*posed(classes, 1.0, 6)) == [0, 1]


@pytest.mark.parametrize(("classes", "second"), [(1, 0.14), (2, 0.3)])
def test_no_fit_is_made_without_a_weak_term_that_is_worth_more_than_it_is_charged(
    monkeypatch, classes: int, second: float
):
    task, terms = posed(classes, second, 2)
    made, of = [], chosen_terms.model_of

    def noted(*args: Any) -> Model:
        found = of(*args)
        made.append([term.variables[0] for term in found.terms])
        assert 3 < float(found.posterior.worth[1]) < TUNED.weak
        return found

    monkeypatch.setattr(chosen_terms, "model_of", noted)
    assert chosen(task, terms) == [0, 1]
    assert made == [[0, 1]]


def test_of_many_columns_the_few_that_matter_are_found_without_fits_of_half_of_them(monkeypatch: pytest.MonkeyPatch):
    task, terms = posed(1, 1.0, 64)  # 832 functions on 200 rows
    tried, of = [], chosen_terms.model_of

    def noted(task: Task, some: list[Any], common: bool, *more: Any) -> Model:
        tried.append(len(some))
        return of(task, some, common, *more)

    monkeypatch.setattr(chosen_terms, "model_of", noted)
    assert chosen(task, terms) == [0, 1]
    halves = [count for count in (1, 2, 4, 8, 16, 32) if count in tried]
    assert tried[0] == 64 and halves[:3] == [1, 2, 4] and 32 not in tried


def test_the_likeliest_of_the_halves_is_taken_however_many_there_are():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(120, 24, dtype=torch.float64, generator=draw)
    y = x[:, :12].sum(1) + 0.5 * torch.randn(120, dtype=torch.float64, generator=draw)
    weight, start = torch.ones(120, dtype=torch.float64), ew.KAN((24, 1), seed=0).double()
    task = Task(x, weight, y, 1, variables(start, x, weight, TUNED.intervals), lambda loss: False)
    terms = [edge_term(number, task.variables[number]) for number in range(24)]
    whole = chosen_terms.model_of(task, terms, False, None, (24, 0))
    found = chosen_terms._halved(task, whole, (24, 0))
    assert sorted(term.variables[0] for term in found.terms) == list(range(12))

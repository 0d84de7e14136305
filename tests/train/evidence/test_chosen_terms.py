"""The choice of terms: those that pay stay, those of noise go, and fits are spent only on what may pay."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.train.evidence import chosen_terms
from edgewise.train.evidence.chosen_terms import Model, Task, sparse
from edgewise.train.evidence.terms import edge_term
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.evidence.variables import variables


def posed(classes: int, rows: int = 200, columns: int = 6) -> tuple[Task, list[Any]]:
    """Two columns that matter, and noise."""
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(rows, columns, dtype=torch.float64, generator=draw)
    y = 2 * x[:, 0] - x[:, 1] + 0.5 * torch.randn(rows, dtype=torch.float64, generator=draw)
    weight, start = torch.ones(rows, dtype=torch.float64), ew.KAN((columns, 1), seed=0).double()
    target = y if classes == 1 else (y > 0).long()
    task = Task(x, weight, target, classes, variables(start, x, weight, TUNED.intervals), lambda loss: False)
    return task, [edge_term(number, task.variables[number]) for number in range(columns)]


def chosen(task: Task, terms: list[Any]) -> list[int]:
    return [term.variables[0] for term in sparse(task, terms, None, (len(terms), 0)).terms]


@pytest.mark.parametrize("classes", [1, 2])
def test_terms_of_noise_go(classes: int):
    assert chosen(*posed(classes)) == [0, 1]


@pytest.mark.parametrize("classes", [1, 2])
def test_a_fit_that_cannot_pay_is_not_made(monkeypatch, classes: int):
    task, terms = posed(classes)
    made, of = [], chosen_terms.model_of

    def noted(*args: Any) -> Model:
        made.append([term.variables[0] for term in args[1]])
        return of(*args)

    monkeypatch.setattr(chosen_terms, "model_of", noted)
    assert chosen(task, terms[:2]) == [0, 1]
    assert made == [[0, 1]]

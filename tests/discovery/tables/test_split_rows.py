"""The rows of a search: parts that share none, and where they stood in the table."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.discovery.tables.split_rows import as_task
from edgewise.errors import DataError


def test_all_rows_of_a_task_are_there_once_and_know_their_places():
    y = torch.arange(50, dtype=torch.float64)
    rows = as_task(y[:, None], y, None, None, 3).rows
    assert rows.place is not None
    assert sorted(rows.y.tolist()) == y.tolist()
    assert rows.place.tolist() == rows.y.tolist()


def test_copies_of_a_row_are_there_once():
    y = torch.arange(50, dtype=torch.float64)
    twice = y.repeat(2)
    task = as_task(twice[:, None], twice, None, None, 3)
    assert sorted(task.rows.y.tolist()) == y.tolist()


def test_what_is_decided_by_choice_spares_the_rows_that_judge():
    y = torch.arange(50, dtype=torch.float64)
    given = as_task(y[:, None], y, None, None, 3)
    seen = given.by_choice.rows.y.tolist()
    assert sorted([*seen, *given.judging.y.tolist()]) == y.tolist()


def test_classes_are_sent_to_the_verb_for_borders():
    x = torch.linspace(-1, 1, 30, dtype=torch.float64)
    for y in (x > 0, ["in", "out"] * 15):
        with pytest.raises(DataError, match="'y' holds text, booleans or categories, .* ew.boundary finds"):
            ew.discover(x[:, None], y, progress=False)

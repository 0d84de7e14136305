"""The table of the data."""

from __future__ import annotations

import torch

from edgewise.model import KAN
from edgewise.report.sections.table_columns import table_columns
from edgewise.report.subject import Subject
from plotting.pictures import named


def test_columns_have_their_role_their_values_and_their_histogram():
    X = torch.tensor([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]]).double()
    found = table_columns(Subject.of(KAN((2, 1)), X, torch.zeros(3)), ["a\nnote"])
    first, second, output = found.columns
    assert (first.role, first.smallest, first.mean, first.largest, first.deviation) == (
        "input",
        "0",
        "1",
        "2",
        "0.8165",
    )
    assert sum(first.counts) == sum(second.counts) == 3 and second.deviation == "0"
    assert (output.name, output.role) == ("y", "output")
    assert found.notes == ("a note",)


def test_rows_of_each_class_are_counted():
    model = named(KAN((1, 2)), inputs=("a",), classes=("p", "q"), task="classification")
    found = table_columns(Subject.of(model, torch.zeros(3, 1).double(), torch.tensor([1, 1, 0])), [])
    assert found.classes == (("p", 1), ("q", 2)) and len(found.columns) == 1

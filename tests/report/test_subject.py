"""What a report is about."""

from __future__ import annotations

import pytest
import torch

from edgewise.errors import DataError, ShapeError
from edgewise.model import KAN
from edgewise.report.subject import Sample, Subject
from helpers import assert_equal
from plotting.pictures import named

from .pages import data


def test_the_rows_that_judge_are_the_held_out_ones_where_there_are_any():
    model = KAN((2, 1))
    fitted = Subject.of(model, *data(model))
    assert fitted.judged is fitted.fitted
    assert fitted.judged_on.startswith("The model is judged on the 60 rows it was fitted to. Expect larger errors")
    subject = Subject.of(model, *data(model), test=data(model, 7))
    assert len(subject.judged.X) == 7 and subject.judged_on == "The model is judged on 7 held-out rows."


def test_targets_are_shaped_as_the_outputs_are():
    model = KAN((1, 1), dtype=torch.float32)
    sample = Sample.of(model, torch.zeros(3, 1), [1.0, 2.0, 3.0], ())
    assert sample.y.shape == (3, 1) and sample.y.dtype == torch.float32
    with pytest.raises(ShapeError, match="y has 2 columns, the model gives 1 output$"):
        Sample.of(model, torch.zeros(3, 1), torch.zeros(3, 2), ())


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ([0.5, 0, 1], r"y\[0\] is 0.5, wanted whole numbers"),
        ([0, 1, 2], r"y\[2\] is class 2; a model with 2 outputs knows the classes 0 to 1"),
        ([-1, 0, 1], r"y\[0\] is class -1"),
        ([0, 1], "2 rows"),
        (["a", "b", "c"], "y holds c, none of the classes a, b"),
    ],
)
def test_class_codes_are_whole_and_within_the_classes(codes, words):
    with pytest.raises((ShapeError, DataError), match=words):
        Sample.of(KAN((1, 2)), torch.zeros(3, 1), codes, ("a", "b"))


def test_classes_can_be_given_by_their_labels():
    model = named(KAN((1, 2)), inputs=("x",), classes=("no", "yes"), task="classification")
    sample = Sample.of(model, torch.zeros(3, 1), ["yes", "no", "yes"], ("no", "yes"))
    assert sample.y.tolist() == [1, 0, 1]


def test_thinning_keeps_the_first_and_the_last_row_and_pairs_stay_together():
    model = KAN((1, 1))
    rows = torch.arange(100.0).double()[:, None]
    sample = Sample.of(model, rows, rows, ()).thin(7)
    assert len(sample.X) == 7 and (float(sample.X[0]), float(sample.X[-1])) == (0, 99)
    assert_equal(sample.X, sample.y)

"""Labels of every kind become class codes, and come back as the values that they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from edgewise.data import as_codes, label_values
from edgewise.errors import DataError, ShapeError

pd = pytest.importorskip("pandas", reason="pandas is an optional package")


def test_codes_of_every_kind() -> None:
    assert as_codes(pd.Series(["b", "a"], dtype="category"))[1] == ("a", "b")
    assert as_codes(np.array([5, 3, 5]))[0].tolist() == [1, 0, 1]
    assert as_codes(torch.tensor([0, 2, 0]), width=3)[0].tolist() == [0, 2, 0]
    assert as_codes([0.0, 2.0], width=3)[0].tolist() == [0, 2]
    assert as_codes([[0], [1]], rows=2, width=2)[0].tolist() == [0, 1]
    assert as_codes([True, False])[1] == ("False", "True")
    assert as_codes([10, 9], classes=("9", "10"))[0].tolist() == [1, 0]
    assert as_codes(np.array(["x", "y"], dtype=object))[0].dtype == torch.int64


@pytest.mark.parametrize(
    ("convert", "error", "message"),
    [
        (lambda: as_codes([0.5, 1.0]), DataError, r"y\[0\] is 0.5, wanted whole numbers"),
        (
            lambda: as_codes([0, 1, 3], width=3),
            DataError,
            r"y\[2\] is class 3; a model with 3 outputs knows the classes 0 to 2",
        ),
        (lambda: as_codes([0, -1], width=3), DataError, "class -1"),
        (lambda: as_codes(["a", "b", "c"], width=2), DataError, "holds 3 classes .*only 2 outputs"),
        (lambda: as_codes(["a", "z"], classes=("a", "b")), DataError, "holds z, none of the classes a, b"),
        (lambda: as_codes(["a", None]), DataError, "no class in 1 rows, the first of them row 1"),
        (lambda: as_codes(np.ones((3, 2))), ShapeError, "one class per row"),
        (lambda: as_codes([0, 1], rows=3), ShapeError, "y has 2 rows"),
    ],
)
def test_unusable_labels_are_named(convert, error, message) -> None:
    with pytest.raises(error, match=message):
        convert()


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (("0", "1"), [0, 1]),
        (("-1", "20"), [-1, 20]),
        (("0.5", "1.0"), [0.5, 1.0]),
        (("False", "True"), [False, True]),
        (("false", "true"), [False, True]),
        (("007", "1"), ["007", "1"]),
        (("1", "b"), ["1", "b"]),
    ],
)
def test_labels_come_back_as_what_they_were(labels: tuple[str, ...], values: list[Any]):
    got = label_values(labels).tolist()
    assert got == values and [type(value) for value in got] == [type(value) for value in values]


@pytest.mark.parametrize("y", [[3, 1, 3], [True, False, True], ["a", "b", "a"], [0.5, 2.0, 0.5]])
def test_coding_and_back_gives_the_labels(y: list[Any]) -> None:
    codes, labels = as_codes(y if not isinstance(y[0], float) else [str(value) for value in y])
    assert label_values(labels)[codes.numpy()].tolist() == y

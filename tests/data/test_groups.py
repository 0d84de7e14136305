"""Labels of groups: any kind of label, one number for each, and a message for each fault."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from edgewise.data import from_arrays, from_dataframe
from edgewise.data.groups import as_groups
from edgewise.errors import DataError, ShapeError


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "b"],
        (7, 3, 7),
        np.array([0.5, -1.0, 0.5]),
        torch.tensor([True, False, True]),
        pd.Series(["x", "k", "x"]),
    ],
)
def test_equal_labels_are_one_group(labels: Any):
    found = as_groups(labels, 3).tolist()
    assert found[0] == found[2] != found[1] and set(found) == {0, 1}


@pytest.mark.parametrize("labels", [[2**60, 2**60 + 1], ["007", "7"], ["1e3", "1000"], ["NA", "DE"]])
def test_labels_that_differ_are_two_groups(labels: Any):
    assert as_groups(labels, 2).tolist() in ([0, 1], [1, 0])
    whole = np.array(labels).repeat(20)
    X = np.arange(40.0)[:, None]
    if "NA" not in labels:
        assert len(from_arrays(X, X[:, 0], groups=whole).groups.unique()) == 2  # type: ignore[union-attr]
        frame = pd.DataFrame({"x": X[:, 0], "y": X[:, 0] ** 2, "of": whole})
        assert len(from_dataframe(frame, "y", groups="of").groups.unique()) == 2  # type: ignore[union-attr]


def test_a_row_without_a_label_is_named():
    with pytest.raises(DataError, match="groups has no label in row 2; each row needs one"):
        as_groups(["a", "b", None], 3)
    with pytest.raises(DataError, match="row 0 and 1 more"):
        as_groups([float("nan"), 1.0, float("nan")], 3)


@pytest.mark.parametrize("labels", [["a", "b"], np.zeros((3, 1)), "abc"])
def test_there_is_a_label_for_each_row(labels: Any):
    with pytest.raises(
        ShapeError, match="a label for each row|groups is 'abc', wanted 3 labels, one for each row of X"
    ):
        as_groups(labels, 3)

"""Rows of any rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from edgewise.data import as_rows, whole_numbers
from edgewise.errors import DataError, ShapeError
from helpers import assert_equal

FORM: dict[str, Any] = {"dtype": torch.float32}


def test_images_keep_their_rank_and_tables_are_matrices():
    images = np.arange(48, dtype=np.uint8).reshape(3, 1, 4, 4)
    assert_equal(as_rows(images, whole=False, **FORM), torch.arange(48.0).reshape(3, 1, 4, 4))
    assert_equal(as_rows(pd.DataFrame({"a": [1, 2]}), whole=False, **FORM), torch.tensor([[1.0], [2.0]]))
    with pytest.raises(ShapeError, match=r"one column is X\[:, None\]"):
        as_rows(torch.zeros(3), whole=False, **FORM)


@pytest.mark.parametrize("kind", [np.int32, np.uint8, np.int64])
def test_whole_numbers_stay_whole_where_they_are_wanted(kind: type):
    tokens = np.array([[1, 2, 3], [4, 5, 6]], dtype=kind)
    for given in (tokens, torch.from_numpy(tokens)):
        assert_equal(as_rows(given, whole=True, **FORM), torch.tensor([[1, 2, 3], [4, 5, 6]]))
        assert as_rows(given, whole=False, **FORM).dtype == torch.float32
    assert whole_numbers(torch.zeros(2, 2)) is None and whole_numbers(torch.ones(2, 2, dtype=torch.bool)) is None
    assert whole_numbers([[1, 2]]) is None, "lists are tables"


def test_faults_are_named():
    images = torch.zeros(4, 3, 2, 2)
    images[2, 0, 1, 1] = torch.nan
    for bad, error, words in [
        (images, DataError, "1 rows, the first of them row 2"),
        (torch.zeros(4, 0, 2), ShapeError, "hold no numbers"),
        (torch.zeros(4, 2, 2, dtype=torch.complex64), DataError, "two channels"),
        (torch.zeros(4, 2, 2, device="meta"), DataError, "meta"),
    ]:
        with pytest.raises(error, match=words):
            as_rows(bad, whole=False, **FORM)

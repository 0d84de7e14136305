"""Cells of a column become numbers: also where they are times."""

from __future__ import annotations

import pytest

from edgewise.data.cells import read_numbers


def test_times_are_hours_where_all_are_written_alike():
    reading = read_numbers(["0:00", "13:30", "NA", "100:15"])
    assert reading.times and reading.missing == [2] and reading.values[[0, 1, 3]].tolist() == [0, 13.5, 100.25]
    assert read_numbers(["2:30:36", " 0:00:00.9 "]).values.tolist() == [2.51, 0.00025]


@pytest.mark.parametrize(
    "cells", [["59:30", "1:02:30"], ["2:75", "2:30"], ["2:30", "2.5"], ["2:30", "soon"], ["NA"], ["2:30", "16:9"]]
)
def test_what_is_no_column_of_times_is_none(cells: list[str]):
    assert not read_numbers(cells).times

"""Cells of a column become numbers: also where they are times."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.data.cells import read_times


def hours(cells: list[str], known: str = "") -> list[float]:
    """What times say, -1 for what is none."""
    found = read_times(cells, known)
    assert found is not None
    return np.nan_to_num(found.values, nan=-1).tolist()


def test_times_are_hours():
    found = read_times(["0:00", "13:30", "NA", "100:15"])
    assert found is not None and found.times == "minutes" and found.missing == [2] and not found.text
    assert found.values[[0, 1, 3]].tolist() == [0, 13.5, 100.25]
    assert hours(["2:30:36", " 0:00:00.9 "]) == [2.51, 0.00025]
    assert hours(["12:00 AM", "1:30 pm", "12:15PM"]) == [0, 13.5, 12.25]


def test_what_is_written_otherwise_is_told_where_it_stands():
    assert hours(["1:02:30", "59:30", "2:00:00"])[1] == -1  # 59 minutes or hours
    assert hours(["2:30", "4:00", "59:30:10"])[2] == -1
    for odd in ("soon", "2:75", "13:30 PM", "9.5", "16:9"):
        found = read_times(["2:30", "3:30", odd])
        assert found is not None and found.text == [2]


@pytest.mark.parametrize("cells", [["NA"], ["2:30", "soon", "later"], ["1:20", "1:50"], ["2.5", "3"], []])
def test_what_is_no_column_of_times_is_none(cells: list[str]):
    assert read_times(cells) is None


def test_a_column_that_had_times_knows_what_new_ones_are():
    assert hours(["2:30"], "minutes") == [2.5] and hours(["1:20"], "minutes") == [1 + 1 / 3]
    assert hours(["2:30:00", "2:30"], "minutes") == [2.5, 2.5]
    assert hours(["2:30:00", "59:30"], "seconds") == [2.5, -1]

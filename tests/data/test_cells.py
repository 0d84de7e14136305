"""Cells of a column become numbers, also where they are times, or levels."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.data.cells import hint, points_of_thousands, read_levels, read_times, role_of_commas, sort_levels


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


CODES = ["1E2", "100", "1E3", "1000", "010", "10", "007", "7", "0", "00", "A1", "2D", "1.10", "1.1", "1e05", "100000"]


def test_codes_are_levels_as_they_stand():
    assert read_levels(CODES) == (CODES, [])
    assert read_levels(["007", "7", "010"])[0] == ["007", "7", "010"]
    assert read_levels(["1E2", "100"])[0] == ["1E2", "100"]
    assert read_levels(["A", "1,5", "1,50", "2,0"], ",")[0] == ["A", "1.5", "1,50", "2"]
    assert set(sort_levels({*CODES, "1,5"})) == {*CODES, "1,5"}


def test_plain_numbers_have_one_spelling():
    cells = ["1", "1.0", "+1", "1.50", "1,50", "", "1e+05", "100000", "1.5E3", "-0.0"]
    levels = ["1", "1", "1", "1.5", "1,50", "", "100000", "100000", "1500", "0"]
    assert read_levels([cell.replace(",", ".") for cell in cells])[0] == [one.replace(",50", ".5") for one in levels]
    assert read_levels(["1,50", "2,0", "2"], ",")[0] == ["1.5", "2", "2"]
    assert read_levels(["A1", "1.0", "2", "", "-0.0", "1e+16"])[0] == ["A1", "1", "2", "", "0", str(10**16)]


def test_long_whole_numbers_stay_apart():
    ids = [2**60, 2**60 + 1, 2**63 - 1]
    assert read_levels(np.array(ids))[0] == read_levels([*map(str, ids)])[0] == [*map(str, ids)]
    assert read_levels(["1" + "0" * 5000, "0" * 5000 + "1"])[0] == ["1" + "0" * 5000, "0" * 5000 + "1"]
    assert read_levels(np.array([1e16]))[0] == read_levels(np.array([10**16]))[0]


@pytest.mark.parametrize("cells", [["1.50", "2"], ["1.10", "1.1", "A1"], CODES, ["007", "8"], [str(2**60), "7"]])
def test_new_rows_are_read_as_the_table_was(cells: list[str]):
    known = read_levels(cells)[0]
    for one, level in zip(cells, known, strict=True):
        assert read_levels([one], known=known)[0] == [level]


def test_new_numbers_of_another_kind_are_the_known_levels():
    assert read_levels(["01", "2.0", "3.50", "9"], known=["1", "2", "3.5"])[0] == ["1", "2", "3.5", "9"]
    assert read_levels(np.array([7.0, np.nan, 10, 9]), known=["007", "010", "A1"])[0] == ["007", "", "010", "9"]
    assert read_levels(np.array([7, 100]), known=["007", "7", "1E2"])[0] == ["7", "1E2"]
    assert read_levels(["7", "1E2", "8.0"], known=["007", "100", "8"])[0] == ["7", "1E2", "8"]


@pytest.mark.parametrize("sign", ["65,9", "-0,125", "3,1416", "\u22122,5", "1234,5"])
def test_a_cell_that_is_surely_decimal_tells_what_commas_are_for(sign: str):
    assert role_of_commas([np.arange(3.0), ["8,030", "a, b"], [sign, "1"]]) == "decimal"
    assert hint("8,030", commas="decimal").startswith("a decimal comma?")


@pytest.mark.parametrize("sign", ["1,234,567", "1,234.50"])
def test_a_cell_with_thousands_tells_what_commas_are_for(sign: str):
    assert role_of_commas([["8,030"], [sign]]) == "thousands" and role_of_commas([["65,9"], [sign]]) == ""
    assert hint("8,030", commas="thousands") == "thousands separators? write 8030"


@pytest.mark.parametrize(
    ("cells", "pair"),
    [
        (["2.723", "527", "12", "", "NA"], ("2.723", "527", False)),
        (["2.723", "-4.010", "-527"], ("-4.010", "-527", True)),
        (["2.723", "4.010"], ("", "", False)),  # of an instrument with three digits
        (["2.723", "12"], ("", "", False)),
        (["2.723", "527", "12.5"], ("", "", False)),
        (["2.723", "527", "0.125"], ("", "", False)),
        (["2.723", "527", "1000"], ("", "", False)),
        (["2.720", "527", "1e3"], ("", "", False)),
    ],
)
def test_points_may_stand_between_thousands(cells: list[str], pair: tuple[str, str, bool]):
    assert points_of_thousands(cells) == pair

"""Faulty cells of all columns are one error, or rows that are left out."""

from __future__ import annotations

import pytest

from edgewise.data.cells import read_numbers, read_times
from edgewise.data.faults import Fault, level_faults, missing_faults, number_faults, usable_rows
from edgewise.data.reader import Grid
from edgewise.errors import DataError


def table(unit: str = "line") -> Grid:
    return Grid(("a",), (["1"] * 6,), range(2, 8), "t.csv", unit)


def faults_of(cells: list[str], **settings: bool) -> list[Fault]:
    return number_faults(table(), "a", read_numbers(cells), cells, **settings)


def test_faults_name_rows_by_their_lines() -> None:
    missing, infinite, text = faults_of(["1", "", "inf", "x", "2", "3"])
    assert (missing.rows, infinite.rows, text.rows) == ((1,), (2,), (3,))
    assert missing.text == "column 'a' misses 1 value, in line 3"
    assert infinite.text.endswith("in line 4 ('inf')") and text.text == "column 'a' holds no number in line 5 ('x')"
    assert level_faults(table(), "a", [0], ["green"], ("blue", "red"))[0].text.endswith("it knows blue, red")
    assert missing_faults(table(), "a", []) == []


@pytest.mark.parametrize(("odd", "of", "known"), [("9.12", "2:30", "minutes"), ("9:12", "2:30:15", "seconds")])
def test_a_column_of_times_lacks_a_time(odd: str, of: str, known: str) -> None:
    """A number stands there, so that "no number" would be wrong."""
    cells = [odd, *[of] * 5]
    reading = read_times(cells, known)
    assert reading is not None
    (fault,) = number_faults(table(), "a", reading, cells, new=True)
    assert f"holds no time such as {of} in line 2 ('{odd}')" in fault.text


def test_a_column_of_text_is_not_mended_by_leaving_rows_out() -> None:
    (fault,) = faults_of(["u", "v", "w", "x", "1", "2"])
    assert fault.rows == () and fault.levels == "a"
    assert faults_of(["u", "v", "w", "x", "1", "2"], target=True)[0].levels == ""
    assert faults_of(["u", "v", "w", "x", "1", "2"], new=True)[0].rows == (0, 1, 2, 3)


def test_rows_are_left_out_only_when_asked() -> None:
    faults = faults_of(["1", "", "inf", "4", "5", "6"])
    kept, notes = usable_rows(table(), faults, drop_rows=True)
    assert kept.tolist() == [0, 3, 4, 5]
    assert notes == [f"2 of 6 rows left out: {faults[0].text}; {faults[1].text}"]
    with pytest.raises(DataError, match="^t.csv: column 'a' misses .*; column 'a' is infinite.*--drop rows leaves out"):
        usable_rows(table(), faults, drop_rows=False)
    assert usable_rows(table(), [], drop_rows=False)[1] == []


def test_spared_rows_are_left_out_in_any_case() -> None:
    missing, infinite = faults_of(["1", "", "inf", "4", "5", "6"])
    assert usable_rows(table(), [missing], drop_rows=False, spared=[missing])[0].tolist() == [0, 2, 3, 4, 5]
    with pytest.raises(DataError, match="is infinite, .*--drop rows leaves out the faulty rows"):
        usable_rows(table(), [missing, infinite], drop_rows=False, spared=[missing])


def test_the_remedy_suits_where_the_rows_came_from() -> None:
    faults = missing_faults(table("row"), "a", [1])
    with pytest.raises(DataError, match="Mend the table, or leave these rows out$"):
        usable_rows(table("row"), faults, drop_rows=False, new=True)
    with pytest.raises(DataError, match="--categorical a makes its texts classes"):
        usable_rows(table(), faults_of(["u", "v", "w", "x", "1", "2"]), drop_rows=True)


@pytest.mark.parametrize(("count", "told"), [(8, ""), (9, "; and 1 more"), (30, "; and 22 more")])
def test_a_message_names_eight_faulty_columns_and_counts_the_rest(count: int, told: str) -> None:
    faults = [Fault(f"column 'c{k}' is faulty", (0,)) for k in range(count)]
    with pytest.raises(DataError) as error:
        usable_rows(table(), faults, drop_rows=False)
    assert str(error.value).count("is faulty") == 8 and f"'c7' is faulty{told}. Mend" in str(error.value)


def test_a_message_shows_forty_letters_of_a_cell() -> None:
    (fault,) = faults_of(["1", "x" * 300, "2", "3", "4", "5"])
    assert fault.text.count("x") == 40
    (text,) = faults_of(["y" * 300] * 6)
    assert text.text.count("y") == 40


CODES = ["1E2", "A1", "100", "B7", "A1", "B7"]


def ways(cells: list[str], **settings: bool) -> str:
    with pytest.raises(DataError) as error:
        usable_rows(table(), faults_of(cells, target=True, **settings), drop_rows=False)
    return str(error.value).partition("Mend the table")[2]


def test_a_target_of_codes_may_be_one_of_classes() -> None:
    said = "--task classification makes classes of the target's cells"
    assert ways(["1E2", "A1", "100", "200", "A1", "300"], asked=True) == (
        f', or: {said}; --drop targetless leaves out these rows (in Python: task="classification", drop=...)'
    )
    assert ways(CODES, asked=True) == f', or: {said} (in Python: task="classification")'  # most of it is text
    assert "--task" not in ways(CODES) and "--task" not in ways(["1", "2", "1", "2", "x", "1"], asked=True)


def test_slips_and_numbers_in_disguise_make_no_classes() -> None:
    for cells in (["1", "2", "5 km", "5 km", "1", "2"], [*map(str, range(5)), "x"]):
        assert "--task" not in ways(cells, asked=True)

"""What a column of text holds is told from its cells."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.data.cells import read_numbers
from edgewise.data.kinds import MOST_LEVELS, MOST_NAMES, counts_rows, holds_answers, holds_levels, main_levels

LEVELS = {
    "words": ["red", "blue", "", "red"],
    "numbered words": ["1. White", "2. Black", "1. White"],
    "ranges": ["18-24", "25-34", "18-24"],
    "half numbers": ["20", "30", "A", "B"],
    "numbers with a point and a word": ["3.NL", "5.NL", "1.SP", "7.SW", "2.NL", "4.SP"],
    "plots with a letter": ["3A", "3B", "4A", "4B", "3A"],
    "plots with a letter and a number": ["1988F1", "1988F2", "1988P1", "1989F1", "1989F2", "1989P1"],
    "numbers and words, met often": ["8 mates", "1 mate", "8 rivals", "1 rival", "8 mates", "8 rivals"] * 3,
    "titles, one of them a time": [*(f"film {name}" for name in "abcdefghijklmno"), "10:30"],
}
NO_LEVELS = {
    "numbers": ["1", "2"],
    "a slip": ["1", "2", "abc"],
    "units": ["5 km", "6 km", "7 m", "8 m"],
    "one unit, spelt in two ways": ["5 km", "5km", "6 km", "6km"],
    "two units of the same numbers": ["500 mg", "250 mg", "500 g", "250 g"],
    "two units, a cell of which is met once": [*["500 mg", "250 mg", "500 g"] * 3, "250 g"],
    "units in capitals and not": ["5km", "5KM", "6km", "6KM"],
    "a point and a unit": ["5. km", "6. km"],
    "percent": ["5 %", "6 %"],
    "money": ["$5", "$6"],
    "thousands": ["1,234", "2,345"],
    "exponents of Fortran": ["0.1234D+01", "-1.5d-03"],
    "words, a quarter of them times": [*(f"film {name}" for name in "abcdefghi"), "10:30", "10:45", "11:00"],
    "times, and one word": [*(f"10:{minute}" for minute in range(10, 25)), "noon"],
}


@pytest.mark.parametrize("what", [*LEVELS, *NO_LEVELS])
def test_text_holds_levels_unless_it_is_numbers_in_disguise(what: str):
    cells = (LEVELS | NO_LEVELS)[what]
    assert holds_levels(cells, read_numbers(cells), ".") == (what in LEVELS)


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        (["0", "1", "2", "3+"] * 5, True),
        (["<1", "1", "2", "", "5+"] * 5, True),
        (["0", "1", "2"] * 5 + ["3+"] * 2, False),  # too few to be no slip
        (["0", "1", "2"] * 50 + ["no"] * 3, False),
        (["0", "1", "2"] * 30 + ["3+"] * 10, True),  # one answer in ten
        ([str(k) for k in range(19)] * 3 + ["19+"] * 4, True),  # as many as a column may always have
        ([str(k) for k in range(20)] * 3 + ["20+"] * 4, False),
        ([str(k) for k in range(40)] + ["T"] * 20, False),  # many numbers: a trace of rain
        (["0", "1", "5 km"] * 5, False),
        (["0", "1", "1,5"] * 5, False),
        (["0", "1", "2"] * 5, False),
    ],
)
def test_few_answers_are_levels_where_some_are_no_numbers(cells: list[str], levels: bool):
    assert holds_answers(cells, read_numbers(cells), ".") is levels


def test_rare_levels_are_one_level_and_a_single_one_keeps_its_name():
    often = ["a"] * 5 + ["b"] * 4
    levels, note = main_levels("c", [*often, "p", "q", "q", "missing"])
    assert levels == [*often, "other", "other", "other", "missing"]
    assert note == "column 'c' holds text: read as 4 levels, the rarest 2 together as 'other'"
    assert main_levels("c", [*often, "p"])[0] == [*often, "p"]


def test_levels_that_differ_in_capitals_alone_are_told():
    levels, note = main_levels("c", ["Rome"] * 5 + ["rome"] * 4 + ["Oslo"] * 3)
    assert set(levels) == {"Rome", "rome", "Oslo"}
    assert note == "column 'c' holds text: read as 3 levels; 'Rome' and 'rome' differ in capitals alone"


def test_there_are_never_more_levels_than_a_column_may_have():
    values = [f"l{k}" for k in range(300) for _ in range(3 + k)]
    levels, note = main_levels("c", values)
    assert len(set(levels)) == MOST_LEVELS + 1 and "the rarest 100 together" in note
    assert levels[-1] == "l299" and levels[0] == "other"


def test_names_of_rows_are_no_levels():
    for values in ([f"n{k}" for k in range(30)], [f"n{k % 20}" for k in range(38)], ["a", "b", "missing"]):
        levels, note = main_levels("c", values)
        assert levels == [] or len(values) == 38
        assert ("left out" in note) == (levels == [])


def test_texts_of_some_rows_are_read_as_whether_there_is_one():
    levels, note = main_levels("remark", [f"no. {k}" for k in range(9)] + ["missing"] * 20)
    assert levels == ["other"] * 9 + ["missing"] * 20
    assert note == "column 'remark' holds 9 different texts and 20 gaps: read as whether there is a text"
    assert main_levels("remark", [f"no. {k}" for k in range(9)] + ["missing"] * 2)[0] == []


def test_names_that_are_met_again_all_stay_levels():
    pairs = [f"n{k // 2}" for k in range(100)]
    levels, note = main_levels("c", pairs)
    assert levels == pairs and note == "column 'c' holds text: read as 50 levels"
    visits = [f"n{k // 2}" for k in range(100)] + ["three"] * 3 + ["once", "again"]
    assert main_levels("c", visits)[0] == visits
    once = [f"n{k}" for k in range(60)]  # most rows have a name of their own
    assert main_levels("c", once + [f"n{k}" for k in range(15)])[0] == []
    rare = [f"n{k // 3}" for k in range(75)] + [f"m{k // 2}" for k in range(40)]  # most rows have levels of three
    assert main_levels("c", rare)[0] == rare[:75] + ["other"] * 40
    many = [f"n{k // 2}" for k in range(3 * MOST_NAMES)]
    assert main_levels("c", many)[0] == []
    assert main_levels("c", pairs + ["missing"] * 300)[0] == pairs + ["missing"] * 300


def test_hundreds_of_names_that_are_met_again_stay_levels():
    visits = [f"n{k // 2}" for k in range(2000)]
    assert main_levels("patient", visits)[0] == visits
    assert main_levels("patient", [f"n{k // 2}" for k in range(2 * MOST_NAMES + 2)])[0] == []


@pytest.mark.parametrize(("levels", "kept"), [(12, True), (20, True), (21, False)])
def test_a_short_column_may_have_twenty_rare_levels(levels: int, kept: bool):
    values = [*(f"l{k}" for k in range(levels)), *(f"l{k}" for k in range(3))]  # three of them twice
    found, note = main_levels("c", values)
    assert (found == values) is kept and ("left out" in note) is not kept


@pytest.mark.parametrize("name", ["id", "ID", "user_id", "userId", "row", "Unnamed: 0", "Order No"])
def test_a_column_that_counts_rows_is_an_id_by_its_name(name: str):
    assert counts_rows(name, np.arange(3.0, 9.0))
    assert counts_rows(name, np.array([5.0, 3.0, 4.0]))
    for values in ([1.0, 2.0, 4.0], [1.0, 2.0, 2.0], [0.5, 1.5], [1.0, 2.0, np.nan], [1.0]):
        assert not counts_rows(name, np.array(values))


def test_ids_out_of_a_table_leave_numbers_out():
    drawn = np.random.default_rng(0).permutation(40)[:30].astype(float)
    assert counts_rows("user_id", drawn) and not counts_rows("user_id", drawn[:15])
    assert not counts_rows("user_id", 3 * drawn) and not counts_rows("cycle_number", drawn)


def test_levels_are_the_same_in_every_order_of_the_rows():
    values = [f"l{k // 3:03}" for k in range(900)]
    kept = [set(main_levels("c", rows)[0]) for rows in (values, values[::-1])]
    assert kept[0] == kept[1] and "l199" in kept[0] and "l200" not in kept[0]


def test_other_names_are_none():
    assert not any(counts_rows(name, np.arange(5.0)) for name in ("x", "year", "idle", "grid", "month", "paid"))

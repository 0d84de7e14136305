"""The separator of a text table is what splits most of its lines into numbers."""

from __future__ import annotations

import pytest

from edgewise.data.text import sniff


@pytest.mark.parametrize("ahead", [0, 5, 90])
def test_lines_of_words_ahead_do_not_choose_the_separator(ahead: int):
    assert sniff([*["by Ann, Bob, Eve; and others"] * ahead, *["1,5;2"] * 100]) == ";"


def test_lines_after_the_first_two_hundred_are_not_looked_at():
    assert sniff([*["1;2"] * 200, *["1,2,3,4"] * 5000]) == ";"


def test_the_header_tells_the_separator_of_numbers_with_thousands() -> None:
    assert sniff(["a;b;y", "6.369,62;0,049;6.369,67", "2.697,87;2,002;2.699,87"]) == ";"
    assert sniff(["a|b|y", "6,369.62|0.049|6,369.67", "2,697.87|2.002|2,699.87"]) == "|"


@pytest.mark.parametrize("header", ["S (uM)", "p(a|b)", "in m; or so", "first\tone"])
def test_what_stands_in_the_header_alone_is_no_separator(header: str) -> None:
    assert sniff([header, "0", "2", "50"]) == ","


def test_words_of_one_column_are_not_split_at_blanks() -> None:
    assert sniff(["my colour", "red", "dark red", "blue"]) == ","
    assert sniff(["x y", "1 2", "2 4", "3"]) == " "  # one row is faulty

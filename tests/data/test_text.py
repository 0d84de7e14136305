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

"""Option values are read as they are meant, or refused."""

from __future__ import annotations

import argparse

import pytest

from edgewise.cli.options import amount, growing, hidden, names, share, sizes, whole


def test_names_that_hold_commas_are_kept_whole() -> None:
    assert names(["a,b", "x, in m", "c", "a"], ["x, in m", "a", "b", "c"]) == ["a", "b", "x, in m", "c"]
    assert names(None, ["a"]) == [] and names([",a,,"], ["a"]) == ["a"]


def test_numbers_are_read() -> None:
    assert hidden("5") == (5,) and hidden("5,3") == (5, 3) and hidden("0") == (0,) and growing(" 3, 6 ") == (3, 6)
    assert whole("0") == 0 and whole(str(2**63 - 1)) == 2**63 - 1 and amount("1e-3") == 1e-3 and share("0.25") == 0.25


@pytest.mark.parametrize(
    ("read", "text"),
    [(whole, text) for text in ("", "-1", "1.5", "a", "²", str(2**63))]
    + [(amount, text) for text in ("", "-1", "nan", "inf", "a")]
    + [(growing, text) for text in ("6,3", "3,3", "")]
    + [(hidden, text) for text in ("0,3", "3,0", "-1", "a")]
    + [(share, text) for text in ("0", "1", "2", "x")]
    + [(sizes("grids", 1), text) for text in ("", "0", "a", "3,-1", "3;4", "2.5")],
)
def test_other_values_are_refused(read, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="got"):
        read(text)


@pytest.mark.parametrize("text", ["a", "0,3"])
def test_a_wrong_number_of_nodes_is_told_what_none_is(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"such as 5 or 5,3, or 0 for none; got '{text}'"):
        hidden(text)

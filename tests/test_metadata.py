"""Metadata says what does not fit a model of so many columns."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.metadata import Encoding, Metadata

WHOLE: dict[str, Any] = {
    "inputs": ("a", "hue=red", "hue=blue"),
    "outputs": ("kind",),
    "classes": ("no", "yes"),
    "categories": {"hue": ("red", "blue")},
    "ranges": ((-1.0, 1.0), (0.0, 0.0), (0.0, 1.0)),
    "task": "classification",
}
COLUMNS: dict[str, Any] = {
    "inputs": ("a", "a=missing", "hue=red", "hue=blue", "day=year", "day=Monday", "day=Friday"),
    "categories": {"hue": ("red", "blue")},
    "encoding": Encoding({"hue": (0.25, 0.75)}, {"a": 1.0}, ("a",), {"day": ("year", "weekday")}),
}


def test_inputs_know_their_columns_and_who_they_belong_to() -> None:
    metadata = Metadata(**COLUMNS)
    assert not list(metadata.faults(7, 1))
    assert metadata.sources() == ("a", "a", "hue", "hue", "day", "day", "day")
    assert metadata.terms() == ((0, 1), (2, 3), (4,), (5, 6))
    assert metadata.levels() == {1, 2, 3, 5, 6}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shares": {"hue": (1.0,)}}, "shares['hue'] has 1 entries for 2 levels"),
        ({"shares": {"hue": (1.5, -0.5)}}, "shares['hue'] are (1.5, -0.5), no shares of a whole"),
        ({"shares": {"hue": (0.5, 0.6)}}, "shares['hue'] are (0.5, 0.6), no shares of a whole"),
        ({"shares": {"tint": ()}}, "shares['tint'] has 0 entries for 0 levels"),
        ({"fills": {"b": 1.0}}, "fills holds 'b', which is no input"),
        ({"gaps": ("a", "a")}, "gaps holds 'a' twice"),
        ({"gaps": ("b",)}, "gaps holds 'b', but no input says where it is missing"),
        ({"dates": {"day": ("hour",)}}, "dates['day'] has no input for hour"),
        ({"dates": {"day": ()}}, "dates['day'] has no input for any part"),
        ({"dates": {"day": ("year", "year")}}, "dates['day'] holds 'year' twice"),
        ({"merged": {"hue": ("teal",)}}, "merged['hue'] holds levels, but the column has no level 'other' for them"),
        ({"times": {"b": "minutes"}}, "times holds 'b', which is no input"),
        ({"zones": {"a": ("+01:00",)}}, "zones holds 'a', which is no column of dates"),
        ({"slashes": {"a": "day"}}, "slashes holds 'a', which is no column of dates"),
    ],
)
def test_what_does_not_fit_in_an_encoding_is_named(change: dict[str, Any], message: str) -> None:
    encoding = Encoding(**{**vars(COLUMNS["encoding"]), **change})
    assert f"encoding.{message}" in Metadata(**{**COLUMNS, "encoding": encoding}).faults(7, 1)


def test_metadata_that_fits_has_no_faults() -> None:
    assert not list(Metadata().faults(7, 3))
    assert not list(Metadata(**WHOLE).faults(3, 2))
    assert not list(Metadata(**WHOLE).faults(3, 4))  # a network may have outputs for classes that its table lacked
    assert not list(Metadata(outputs=("u", "v")).faults(3, 2))
    assert not list(Metadata(outputs=("kind",)).faults(3, 2))  # as in the middle of a fit to classes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": ("a", "b")}, "inputs has 2 entries for 3 inputs and 2 outputs"),
        ({"inputs": ("a", "hue=red", "a")}, "inputs holds 'a' twice"),
        ({"outputs": ("u", "v", "w")}, "outputs has 3 entries for 3 inputs and 2 outputs"),
        ({"classes": ("a", "b", "c")}, "classes has 3 entries for 3 inputs and 2 outputs"),
        ({"classes": ("a", "a")}, "classes holds 'a' twice"),
        ({"categories": {"hue": ("red", "green")}}, "categories['hue'] has no input for 'green'"),
        ({"categories": {"hue": ()}}, "categories['hue'] has no input for any level"),
        ({"categories": {"hue": ("red", "red")}}, "categories['hue'] holds 'red' twice"),
        ({"ranges": ((0.0, 1.0),)}, "ranges has 1 entries for 3 inputs and 2 outputs"),
        ({"ranges": ((0.0, 1.0), (2.0, 1.0), (0.0, 1.0))}, "ranges[1] runs from 2.0 to 1.0"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str) -> None:
    assert message in Metadata(**{**WHOLE, **change}).faults(3, 2)

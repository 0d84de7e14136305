"""Metadata says what does not fit a model of so many columns."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.metadata import Metadata

WHOLE: dict[str, Any] = {
    "inputs": ("a", "hue=red", "hue=blue"),
    "outputs": ("kind",),
    "classes": ("no", "yes"),
    "categories": {"hue": ("red", "blue")},
    "ranges": ((-1.0, 1.0), (0.0, 0.0), (0.0, 1.0)),
    "task": "classification",
}


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

"""Moments by the clock of another zone; what has no zone, and zones that nobody knows, stay as they are."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from edgewise.data.cell_grids import cells_of
from edgewise.data.dates import read_zoned
from edgewise.data.zones import in_zone, strange_zones, zone_of


class OfPolars:
    """A column of moments in a zone as Polars has it: in numpy it holds those of UTC, without their zone."""

    class dtype:
        time_zone = "Europe/Berlin"

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        return np.array(["2020-07-01T10:00:00", "NaT"], dtype="datetime64[us]")


def test_columns_of_other_libraries_keep_their_zone():
    moments, other, zones = read_zoned(cells_of(OfPolars()))
    assert moments.astype(str).tolist() == ["2020-07-01T12:00:00", "NaT"]
    assert zones == ["Europe/Berlin"] and not other


@pytest.mark.parametrize("zone", ["Nowhere/Else", "../etc", "Europe", "+99:00", "+ab:cd", ""])
def test_zones_that_nobody_knows_change_nothing(zone: str):
    moments = np.array(["2020-07-01T10:00:00"], dtype="datetime64[s]")
    assert in_zone(moments.copy(), [zone], "+01:00") == [zone]
    assert in_zone(moments, ["+01:00"], zone) == ["+01:00"]
    assert moments.astype(str).tolist() == ["2020-07-01T10:00:00"]
    assert zone_of(datetime.date(2020, 1, 1)) == ""


def test_the_ends_of_the_calendar_stay():
    cells = ["0000-01-01T00:00Z", "0001-01-01T00:00Z", "9999-12-31T23:59Z"]
    moments, other, _ = read_zoned(cells, zone="-05:00")
    assert not other and moments.astype(str).tolist() == [cell[:-1] + ":00" for cell in cells]


def test_only_what_training_never_had_is_strange():
    assert strange_zones("t", ["+01:00", ""], []) == [] == strange_zones("t", ["+01:00"], ["+01:00", ""])
    assert len(strange_zones("t", ["+01:00", ""], ["+02:00"])) == 2

"""Time zones of dates: what they are called, and what the clock of one shows at the moments of another.

A zone is a name such as Europe/Berlin, a distance from UTC such as +01:00, or "" where a date has none. Cells of frames
carry the name in brackets behind the distance, as in RFC 9557: 2020-07-01T12:00:00+02:00[Europe/Berlin].

Letters: n rows.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from edgewise.errors import few, shown

UTC = "+00:00"
CALLED_UTC = frozenset({"z", "-00:00", "utc", "etc/utc", "gmt", "zulu"})
START = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
LAST = 253_402_000_000  # seconds from there, about the last that Python's clocks show
FIRST = -62_135_000_000  # and about the first


def zone_of(column: Any) -> str:
    """The zone that a column of a frame, or a moment, has by its kind; "" where it has none, or one without a name.

    >>> zone_of(datetime.datetime(2020, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))), zone_of(datetime.date(2020, 1, 1))
    ('Europe/Berlin', '')
    """
    zone = getattr(column, "tzinfo", None)
    name = getattr(getattr(column, "dtype", None), "time_zone", None)  # of Polars and narwhals
    name = name or getattr(zone, "key", None) or getattr(zone, "zone", None)  # of zoneinfo and pytz
    return name if isinstance(name, str) and _clock(name) is not None else ""


def one_name(zone: str) -> str:
    """A distance from UTC or the name of a zone in its one spelling.

    >>> one_name("Z"), one_name("+0130"), one_name("Europe/Berlin")
    ('+00:00', '+01:30', 'Europe/Berlin')
    """
    if zone.lower() in CALLED_UTC:
        return UTC
    return f"{zone[:3]}:{zone[3:]}" if zone[:1] in ("+", "-") and len(zone) == 5 else zone


def in_zone(moments: np.ndarray, zones: Sequence[str], zone: str) -> list[str]:
    """Put moments (n,), datetime64 by the clocks of these zones, to what the clock of `zone` shows, in place. Gives the
    zone of each row then: those without a zone, and those of unknown zones, stay as they are.

    >>> moments = np.array(["2020-07-01T10:00:00", "2020-01-01T10:00:00"], dtype="datetime64[s]")
    >>> in_zone(moments, ["+00:00", ""], "Europe/Berlin"), moments.astype(str).tolist()
    (['Europe/Berlin', ''], ['2020-07-01T12:00:00', '2020-01-01T10:00:00'])
    """
    found, to = [*zones], _clock(zone)
    for row, own in enumerate(zones):
        clock = _clock(own)
        if own == zone or to is None or clock is None:
            continue
        seconds = moments[row].astype(np.int64)
        if np.isnat(moments[row]) or not FIRST < seconds < LAST:
            continue
        there = (START + datetime.timedelta(seconds=int(seconds))).replace(tzinfo=clock)
        moments[row] = np.datetime64(there.astimezone(to).replace(tzinfo=None), "s")
        found[row] = zone
    return found


@lru_cache
def _clock(zone: str) -> datetime.tzinfo | None:
    """The clock of a zone; None for "", and where the machine does not know the name."""
    try:
        if zone[:1] not in ("+", "-"):
            return ZoneInfo(zone) if zone else None
        away = datetime.timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        return datetime.timezone(away if zone[0] == "+" else -away)
    except (OSError, ValueError, KeyError):  # no name of a zone, or one that a machine without tzdata lacks
        return None


def strange_zones(name: str, found: Sequence[str], known: Sequence[str]) -> list[str]:
    """A sentence on dates whose zone those of the training table never had, for each kind of such dates.

    Args:
        name: of the column.
        found: the zone of each new date.
        known: the zones of the training table; none where nobody knows, of which nothing is strange.
    """
    if not known:
        return []
    strange = [zone for zone in dict.fromkeys(found) if zone not in known]
    with_zone, had = [zone for zone in strange if zone], few([zone or "none" for zone in known])
    kinds = [f"the time zone {few(with_zone)}"] if with_zone else []
    kinds += ["no time zone"] if "" in strange else []
    return [
        f"column {shown(name)} has dates with {kind}, which those of training never had ({had}): the clock counts that"
        " they are written by"
        for kind in kinds
    ]

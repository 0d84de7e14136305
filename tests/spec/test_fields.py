"""Readers of plain values: each gives what it promises, or says where there is what, and what was wanted."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.errors import CheckpointError
from edgewise.spec.fields import (
    Reader,
    empty_or,
    fixed,
    flag,
    number,
    one_of,
    record,
    rows,
    table,
    text,
    whole,
)

NAN, INF = float("nan"), float("inf")
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("reader", "right", "wrong"),
    [
        (text, ["", "größe", "\U0001f600"], [None, 3, ["a"], "\ud800"]),
        (flag, [True, False], [0, 1, "true", None]),
        (whole(), [0, 7, 10**30], [-1, True, 1.0, "1", None]),
        (whole(2), [2], [1, 0]),
        (number(), [0.0, -1e308, 5e-324], [NAN, INF, -INF, 10**400, True, "1", None]),
        (one_of(("a", "b")), ["a"], ["c", None, ["a"], 1]),
        (rows(whole()), [(), (1, 2)], [None, 1, "12", {"a": 1}, ["a"], [[1]]]),
        (fixed(text, whole()), [("a", 1)], [[], ["a"], ["a", 1, 1], [1, "a"], "a1", None]),
        (empty_or(fixed(whole())), [(), (1,)], [[1, 2], None, 0, "", {}]),
        (table(text), [{}, {"a": "b"}], [[], None, {"a": 1}, {1: "a"}, {"\ud800": "a"}]),
        (record(a=text), [{"a": "x"}], [{}, {"a": 1}, {"a": "x", "b": 1}, [], None, "a"]),
    ],
    ids=lambda value: "",
)
def test_readers_give_what_they_promise_or_refuse(reader: Reader, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        assert reader(value, "spec") == value
    for value in [*wrong, DEEP]:
        with pytest.raises(CheckpointError, match="spec") as caught:
            reader(value, "spec")
        assert len(str(caught.value)) < 300


def test_lists_become_tuples_and_whole_numbers_floats() -> None:
    assert rows(rows(whole()))([[1], []], "spec") == ((1,), ())
    assert isinstance(number()(3, "spec"), float)


def test_messages_name_the_place_deep_inside() -> None:
    read = record(layers=rows(record(symbolic=rows(fixed(text, whole(), whole())))))
    with pytest.raises(CheckpointError, match=r"^spec.layers\[1\].symbolic\[0\]\[2\] is -3, wanted a whole number"):
        read({"layers": [{"symbolic": []}, {"symbolic": [["sin", 0, -3]]}]}, "spec")
    with pytest.raises(CheckpointError, match="^spec lacks layers and holds the unknown 'layer'; it has the fields"):
        read({"layer": []}, "spec")

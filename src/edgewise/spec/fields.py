"""Plain values of JSON read field by field: a reader takes a value and the name of its place, and gives what it
promises or says what is wrong.

Readers are put together like the structure that they read:

>>> point = record(x=number(), names=rows(text))
>>> point({"x": 1, "names": ["a", "b"]}, "spec")
{'x': 1.0, 'names': ('a', 'b')}
>>> point({"x": 1, "names": ["a", 7]}, "spec")
Traceback (most recent call last):
    ...
edgewise.errors.CheckpointError: spec.names[1] is 7, wanted a text
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import CheckpointError, few, shown

Reader = Callable[[Any, str], Any]

LONGEST = 1000  # characters of what is told of a file: some ten faults of the usual length


def refuse(value: Any, place: str, wanted: str) -> NoReturn:
    """Raise the `CheckpointError` that says where there is what, and what was wanted."""
    raise CheckpointError(f"{place} is {shown(value)}, wanted {wanted}")


def text(value: Any, place: str) -> str:
    """A text that UTF-8 can hold: half a pair of surrogates could be read from JSON but never written again."""
    if not isinstance(value, str):
        refuse(value, place, "a text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        refuse(value, place, "a text of whole characters")
    return value


def flag(value: Any, place: str) -> bool:
    """true or false."""
    return value if isinstance(value, bool) else refuse(value, place, "true or false")


def whole(least: int = 0) -> Reader:
    """A whole number of at least `least`."""

    def read(value: Any, place: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            refuse(value, place, f"a whole number from {least} on")
        return value

    return read


def number() -> Reader:
    """A finite number."""

    def read(value: Any, place: str) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            refuse(value, place, "a number")
        try:
            finite = math.isfinite(value)
        except OverflowError:  # a whole number that no float holds
            finite = False
        return float(value) if finite else refuse(value, place, "a finite number")

    return read


def one_of(words: Collection[str]) -> Reader:
    """One of these words."""

    def read(value: Any, place: str) -> str:
        if not isinstance(value, str) or value not in words:
            refuse(value, place, f"one of {', '.join(map(repr, words))}")
        return value

    return read


def rows(of: Reader) -> Reader:
    """A list of any length whose entries are all alike; read as a tuple."""

    def read(value: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            refuse(value, place, "a list")
        return tuple(of(entry, f"{place}[{n}]") for n, entry in enumerate(value))

    return read


def fixed(*of: Reader) -> Reader:
    """A list with one entry for each of these readers; read as a tuple."""

    def read(value: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or len(value) != len(of):
            refuse(value, place, f"a list of {len(of)} entries")
        return tuple(reader(entry, f"{place}[{n}]") for n, (reader, entry) in enumerate(zip(of, value, strict=True)))

    return read


def empty_or(of: Reader) -> Reader:
    """An empty list, or what this reader takes."""

    def read(value: Any, place: str) -> Any:
        return () if isinstance(value, list | tuple) and not value else of(value, place)

    return read


def table(of: Reader) -> Reader:
    """An object with any names whose values are all alike."""

    def read(value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            refuse(value, place, "an object")
        return {text(name, f"a name in {place}"): of(entry, f"{place}[{shown(name)}]") for name, entry in value.items()}

    return read


@dataclass(frozen=True)
class Missing:
    """A reader of a field that files of before do not have, and what it is there."""

    value: Any
    of: Reader

    def __call__(self, value: Any, place: str) -> Any:
        """What the reader takes."""
        return self.of(value, place)


def missing(value: Any, of: Reader) -> Missing:
    """A field that may be missing, which counts as this value."""
    return Missing(value, of)


def record(**fields: Reader) -> Reader:
    """An object with exactly these names, each with its own reader."""

    def read(value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            refuse(value, place, "an object")
        known = {name: reader.value for name, reader in fields.items() if isinstance(reader, Missing)}
        value = {**known, **value}
        lost = [name for name in fields if name not in value]
        strange = [shown(name) for name in value if name not in fields]
        if lost or strange:
            faults = [f"lacks {few(lost)}"] * bool(lost) + [f"holds the unknown {few(strange)}"] * bool(strange)
            raise CheckpointError(f"{place} {' and '.join(faults)}; it has the fields {', '.join(fields)}")
        return {name: reader(value[name], f"{place}.{name}") for name, reader in fields.items()}

    return read

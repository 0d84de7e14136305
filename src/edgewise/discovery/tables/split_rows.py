"""The rows of a search, checked once and split into those that fit, choose and judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from ...data import Table, as_matrix, as_target, firsts, frame_names, holds_classes, observations
from ...data.frames import as_frame, frame_columns, frame_part, is_frame
from ...errors import ConfigError, DataError, as_words, did_you_mean, shown, twice
from ..linear_algebra.directions import near_zero
from .law_task import LawRows, LawTask
from .tuning import TABLES
from .units import unit_scalings


class Given(NamedTuple):
    """What a call holds: X and y as they came, the names of the columns of X where it has any, and that of y."""

    X: Any
    y: Any
    names: Any
    target: str


def as_task(
    X: Any, y: Any, inputs: Sequence[str] | None, target: str | None, seed: int, units: Mapping[str, Any] | None = None
) -> LawTask:
    """The rows in a random order of this seed. Raises `ConfigError`, `DataError` and `ShapeError`."""
    return task_of(as_given(X, y, inputs, target), seed, units)


def task_of(given: Given, seed: int, units: Mapping[str, Any] | None = None) -> LawTask:
    """What a call holds, its rows in a random order of this seed. Raises as `as_task` does."""
    names, label = given.names, given.target
    matrix = as_matrix(given.X, dtype=torch.float64, device="cpu")
    column = as_target(given.y, rows=len(matrix), width=1, dtype=torch.float64, device="cpu", giver="a law")[:, 0]
    if not matrix.shape[1]:
        raise DataError("X has no columns; a law needs at least one input")
    once = firsts(observations(matrix, column))  # a copy says nothing new
    if len(once) < TABLES.fewest:
        rows = f"{len(once)} {'rows' if len(once) == len(matrix) else 'different rows'}"
        raise DataError(f"X has {rows}; a law needs at least {TABLES.fewest} to be found and judged")
    largest = float(column.abs().max())
    if largest and not TABLES.smallest_size < largest < 1 / TABLES.smallest_size:
        raise DataError(
            f"the largest size in y is {largest:.3g}, whose square no float holds; give y in another unit, so that it"
            f" is between {TABLES.smallest_size:g} and {1 / TABLES.smallest_size:g}"
        )
    generator = torch.Generator().manual_seed(int(seed))
    order = once[torch.randperm(len(once), generator=generator)]
    choosing, judging = (max(4, int(part * len(once))) for part in (TABLES.choosing, TABLES.judging))
    ends = (choosing, choosing + judging)
    places = (order[: ends[0]], order[ends[0] : ends[1]], order[ends[1] :])
    parts = [LawRows(matrix[at], column[at], at) for at in places]
    words = names_of(names, matrix.shape[1])
    scalings = None if units is None else unit_scalings(units, words, label, near_zero(parts[2].X))
    return LawTask(
        parts[2], parts[0].first(TABLES.judged), parts[1].first(TABLES.judged), words, label, scalings=scalings
    )


def as_given(X: Any, y: Any, inputs: Any, target: Any) -> Given:
    """Inputs, target, the names of the inputs and that of the target, out of whatever holds them.

    Raises `ConfigError` and `DataError` where one of them cannot be had.
    """
    if not (target is None or isinstance(target, str)):
        raise ConfigError(f"target must be the name of one column, or None, got {shown(target)}")
    found = _parts(X, y, inputs, target)
    if found.y is None:
        raise DataError("y is missing: give the numbers that the law is to explain, or a frame and target='its column'")
    if holds_classes(found.y):
        raise DataError(
            f"{shown(found.target)} holds text, booleans or categories, wanted numbers; ew.boundary finds the law of"
            " the border between two classes"
        )
    return found


def _parts(X: Any, y: Any, inputs: Any, target: Any) -> Given:
    if isinstance(X, Table):
        raise DataError("X is a Table, whose columns are coded for a network; give the numbers as an array or a frame")
    X = as_frame(X)
    label = target if target is not None else next(iter(frame_names(y)), "y")
    if not is_frame(X):
        if target is not None and y is None:
            raise ConfigError(f"target={shown(target)} names a column of a DataFrame, and X is none; give y")
        return Given(X, y, inputs, label)
    known = list(frame_names(X))  # those that occur again with a number, so they are found by their places
    own_target = target if y is None else None
    if not known:
        if own_target is not None:
            raise DataError(
                f"target={shown(target)} names a column, and the frame has names that are no text; rename its columns"
                " with frame.columns = [*map(str, frame.columns)]"
            )
        return Given(X, y, inputs, label)
    wanted = [name for name in known if name != own_target]
    chosen = wanted if inputs is None else list(as_words(inputs) or ())
    for name in [*chosen, *([] if own_target is None else [own_target])]:
        if name not in known:
            raise DataError(f"the frame has no column {shown(name)}; {did_you_mean(name, known)}")
    y = y if own_target is None else frame_columns(X)[1][known.index(own_target)]
    return Given(frame_part(X, [known.index(name) for name in chosen]), y, chosen, label)


def names_of(inputs: Any, count: int) -> tuple[str, ...]:
    """A name for every column. Raises `ConfigError` for names that do not fit."""
    if inputs is None:
        return tuple(f"x{n + 1}" for n in range(count))
    words = as_words(inputs)
    if words is None or len(words) != count:
        raise ConfigError(f"inputs needs {count} names, one for every column of X, got {shown(inputs)}")
    if not all(words) or twice(words):
        raise ConfigError(f"inputs needs names that are different and not empty, got {shown(inputs)}")
    return tuple(words)

"""What data says of itself: whether it is a DataFrame, how its columns are called, whether it holds classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import IOBase
from os import PathLike
from types import NoneType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import DataError, ShapeError, clipped, require

# what holds no rows -> how to make some of it
NO_ROWS: dict[tuple[type, ...], str] = {
    (str, bytes, PathLike, IOBase): "; read the file first, with edgewise.read_csv or pandas",
    (dict,): "; pandas.DataFrame makes one",
    (set, Iterator): "; list makes one",
    (NoneType,): "",
}


def refuse_no_rows(data: Any, what: str) -> None:
    """Raise `DataError` for what holds no rows in order: None, a file or its name, a dict, an iterator, and sparse
    matrices, whose rows nothing here reads.

    >>> refuse_no_rows([[1.0, 2.0]], "X")
    """
    sparse = hasattr(data, "toarray") and hasattr(data, "nnz")  # some are dicts by their class
    mends = (
        ["; its toarray() makes one"] if sparse else [NO_ROWS[kinds] for kinds in NO_ROWS if isinstance(data, kinds)]
    )
    if mends:
        kind = "None" if data is None else f"a {'sparse ' * sparse}{type(data).__name__}"
        raise DataError(f"{what} is {kind}, wanted an array, a tensor, lists or a DataFrame{mends[0]}")


def is_frame(data: Any) -> bool:
    """Whether `data` is a DataFrame, of pandas or of another library, told by its shape and columns alone."""
    return hasattr(data, "to_numpy") and hasattr(data, "__getitem__") and hasattr(data, "columns")


def as_frame(data: Any) -> Any:
    """A table of another library, such as a PyArrow table or a lazy frame, as a frame; whatever else as it is.

    Raises:
        DataError: narwhals, which knows these libraries, refuses it, as where names of columns occur twice.
        MissingExtra: narwhals is not installed.
    """
    signs = ("column_names", "collect_schema", "__dataframe__", "__narwhals_dataframe__", "__narwhals_lazyframe__")
    if is_frame(data) or not any(hasattr(data, sign) for sign in signs):
        return data
    narwhals = require("narwhals", "frames")
    try:
        frame = narwhals.from_native(data, pass_through=True)
        frame = frame.collect() if isinstance(frame, narwhals.LazyFrame) else frame
    except Exception as error:  # of narwhals, or of the library below it
        raise DataError(f"the {type(data).__name__} cannot be read: {clipped(error)}") from error
    return frame if isinstance(frame, narwhals.DataFrame) else data


def frame_columns(frame: Any) -> tuple[list[str], list[Any]]:
    """The names and the columns of a DataFrame, in order, whatever it does with names that occur twice."""
    columns = [
        frame.iloc[:, index] if hasattr(frame, "iloc") else frame[name] for index, name in enumerate(frame.columns)
    ]
    return titles(frame), columns


def frame_part(frame: Any, places: Sequence[int]) -> Any:
    """The columns at these places of a DataFrame, as one, whatever their names are."""
    if hasattr(frame, "iloc"):
        return frame.iloc[:, list(places)]
    return frame[[frame.columns[place] for place in places]]


def frame_names(data: Any) -> tuple[str, ...]:
    """The names that a DataFrame or a Series gives to its columns, each once; none where a name is no text.

    >>> frame_names([[1.0, 2.0]])
    ()
    """
    if is_frame(data):
        given = [*data.columns]
        return unique_names(titles(data)) if all(isinstance(name, str | tuple) for name in given) else ()
    name = getattr(data, "name", None) if hasattr(data, "to_numpy") else None
    return (name,) if isinstance(name, str) and name else ()


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names, those that occur again with a number.

    >>> unique_names(("a", "b", "a"))
    ('a', 'b', 'a.2')
    """
    clear: list[str] = []
    for name in names:
        free = (name if number == 1 else f"{name}.{number}" for number in range(1, len(names) + 2))
        clear.append(next(candidate for candidate in free if candidate not in clear))
    return tuple(clear)


def titles(frame: Any) -> list[str]:
    """The names of a DataFrame's columns as text, names of several levels joined."""
    try:
        return [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    except Exception as error:  # of a name's own method
        raise DataError(f"the name of a column cannot be written: {clipped(error)}") from error


def holds_classes(y: Any) -> bool:
    """Whether y declares itself as classes: text, booleans or a categorical column (whole numbers do not).

    >>> holds_classes(["a", "b"]), holds_classes([True, False]), holds_classes([0, 1])
    (True, True, False)
    """
    if isinstance(y, Tensor):
        return y.dtype == torch.bool
    if is_categorical(y) or str(getattr(y, "dtype", "")) == "boolean":
        return True
    if is_frame(y):
        columns = frame_columns(y)[1]
        return len(columns) == 1 and holds_classes(columns[0])
    try:
        values = np.asarray(y)
    except Exception:  # of numpy, or of the value's own methods
        return False
    if values.dtype == object:
        present = [value for value in values.reshape(-1).tolist() if not is_missing(value)]
        return bool(present) and all(isinstance(value, (str, bool, np.bool_)) for value in present)
    return values.dtype.kind in "bUS"


def is_categorical(column: Any) -> bool:
    """Whether a column is categorical by its kind, as pandas, Polars and PyArrow have it.

    >>> is_categorical(np.array(["a", "b"]))
    False
    """
    kind = str(getattr(column, "dtype", "")).lower()
    return kind == "category" or kind.startswith(("categorical", "enum("))


def is_missing(value: Any) -> bool:
    """Whether an entry says that there is no value: None, NaN, and what pandas has for them.

    >>> is_missing(None), is_missing(float("nan")), is_missing(0)
    (True, True, False)
    """
    nan = isinstance(value, float | np.floating) and bool(value != value)
    return value is None or nan or type(value).__name__ in ("NAType", "NaTType")


def same_rows(values: Tensor | np.ndarray, rows: int | None, what: str) -> None:
    """Raise `ShapeError` unless there is one entry of `what` for each of the rows of X."""
    if rows is not None and values.shape[0] != rows:
        turned = f"; is {what} transposed?" if values.ndim == 2 and values.shape[1] == rows else ""
        own = "weight" if what == "sample_weight" else "target"
        raise ShapeError(f"{what} has {values.shape[0]} rows, X has {rows}: each row needs its own {own}{turned}")

"""What scikit-learn hands over as X -> the inputs of a network: numbers as they stand; text, and columns with missing
cells, as `ew.from_dataframe` reads them.

Letters: n rows, d inputs.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from numbers import Number
from typing import Any

import numpy as np
from torch import Tensor

from ..data import all_inputs, as_groups, as_weights, encode, grid_of
from ..data.cell_grids import as_array
from ..data.dates import holds_days
from ..data.frames import (
    as_frame,
    frame_columns,
    is_categorical,
    is_frame,
    is_missing,
    refuse_no_rows,
    titles,
    unique_names,
)
from ..data.kinds import CALLED_ID, counts_rows
from ..data.made import median
from ..data.reader import Grid
from ..errors import DataError, EdgewiseWarning, ShapeError, require, shown, twice
from ..metadata import Encoding, Metadata


@dataclass(frozen=True)
class Rows:
    """Rows to learn from: X (n, d) in numbers, y as it was checked, weight (n,) or None, the names that the columns
    have; and the names of the inputs with what they are made by. notes: on what was made of the columns. texts, groups:
    as in a `Table`."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    columns: tuple[str, ...]
    metadata: Metadata
    notes: tuple[str, ...]
    texts: Mapping[str, np.ndarray] = field(default_factory=dict)
    groups: np.ndarray | None = None

    def weighted(self, factor: np.ndarray) -> Rows:
        """The rows that count as many times as before, times the factor (n,); those of factor zero are left out. Raises
        `DataError`."""
        weight = as_weights(factor if self.weight is None else self.weight * factor, rows=len(self.y)).numpy()
        there = weight > 0
        texts = {column: found[there] for column, found in self.texts.items()}
        groups = None if self.groups is None else self.groups[there]
        return replace(self, X=self.X[there], y=self.y[there], weight=weight[there], texts=texts, groups=groups)


def read_rows(estimator: Any, X: Any, y: Any, sample_weight: Any, groups: Any, **checks: Any) -> Rows:
    """The rows that `fit` was given, of which those of weight zero are left out.

    Args:
        estimator: whose names and number of features are set.
        X (n, features): an array or a frame.
        y: the targets.
        sample_weight (n,): how often each row counts, or None.
        groups (n,): a label for each row, or None.
        checks: what scikit-learn is to look at.

    Raises:
        ValueError: what cannot be used.
    """
    validation = require("sklearn.utils.validation")
    X, y = _as_rows(X), _as_targets(y, bool(checks.get("y_numeric")))
    named = is_frame(X)  # with names that may say that a column holds ids
    if plain := not _mixed(X):
        numbers: dict[str, Any] = {"dtype": np.float64, "ensure_all_finite": "allow-nan"}
        with _placed(X=X, y=y):
            X, y = validation.validate_data(estimator, X, y, **numbers, **checks)
    else:
        validation.validate_data(estimator, X, skip_check_array=True)
        with _placed(y=y):
            y = validation.check_X_y(np.zeros((len(X), 1)), y, **checks)[1]
    weight = None if sample_weight is None else as_weights(sample_weight, rows=len(y)).numpy()
    there = slice(None) if weight is None else np.flatnonzero(weight > 0)
    weight = None if weight is None else weight[there]
    of = None if groups is None else as_groups(groups, len(y)).numpy()[there]
    known = getattr(estimator, "feature_names_in_", None)
    names = [f"x{place + 1}" for place in range(estimator.n_features_in_)] if known is None else list(map(str, known))
    columns = unique_names(names)
    called = [bool(CALLED_ID.fullmatch(name)) for name in columns]  # a cycle_number may be what counts
    ids = plain and named and any(map(counts_rows, np.array(columns)[called], X[there].T[called]))
    days = plain and any(map(holds_days, X[there].T))
    if plain and not ids and not days and not np.isnan(X).any():
        X = X[there]
        fills = {name: median(column, weight) for name, column in zip(columns, X.T, strict=True)} if len(X) else {}
        metadata = Metadata(columns, encoding=Encoding(fills=fills))
        return Rows(X, y[there], weight, columns, metadata, (), groups=of)
    grid = _part(grid_of(X, columns), there)
    made, notes = all_inputs(grid, weight)
    metadata = Metadata(tuple(made.names), categories=made.categories, encoding=made.encoding())
    return Rows(made.matrix(), y[there], weight, columns, metadata, tuple(notes), made.texts, of)


def inputs_of(estimator: Any, X: Any, columns: tuple[str, ...], metadata: Metadata) -> np.ndarray:
    """New rows as the inputs (n, d) of the network that was fitted.

    Args:
        estimator: that was fitted.
        X (n, features): an array or a frame like that of `fit`.
        columns: the names that its columns have.
        metadata: of the rows that were learnt from.

    Raises:
        ValueError: rows that cannot be used.

    Warns:
        EdgewiseWarning: cells that are like none of the rows that were learnt from, and what stands in for them.
    """
    validation = require("sklearn.utils.validation")
    X = _as_rows(X)
    if not _mixed(X):
        numbers: dict[str, Any] = {"dtype": np.float64, "ensure_all_finite": "allow-nan"}
        with _placed(X=X):
            X = validation.validate_data(estimator, X, reset=False, **numbers)
        if metadata.inputs == columns and not np.isnan(X).any():
            return X
    else:
        validation.validate_data(estimator, X, reset=False, skip_check_array=True)
    rows = encode(grid_of(X, columns), metadata)
    for note in rows.stand_ins:
        warnings.warn(note, EdgewiseWarning, stacklevel=5)
    return rows.X.numpy()


def _as_rows(X: Any) -> Any:
    """X as scikit-learn takes it: a tensor as an array, a PyArrow table or a lazy frame as a frame that it knows.

    Raises:
        ShapeError: a single column or row of a frame.
        DataError: names of columns that occur twice; what holds no rows, such as a path or a dict.
        MissingExtra: narwhals, which knows other libraries' tables, is not installed.
    """
    if isinstance(X, Tensor):
        return as_array(X, "X")
    refuse_no_rows(X, "X")
    if (frame := as_frame(X)) is not X:
        native = frame.to_native()
        X = native if is_frame(native) else frame.to_pandas()
    if hasattr(X, "to_numpy") and len(getattr(X, "shape", ())) == 1:
        raise ShapeError(
            f"X is a {type(X).__name__}, wanted a table of rows: one row of a frame is df.iloc[[3]], one column is"
            " df[['name']]"
        )
    if is_frame(X) and (doubled := twice(titles(X))):
        raise DataError(f"X has two columns called {shown(min(doubled))}; give each its own name")
    return X


@contextmanager
def _placed(**parts: Any) -> Iterator[None]:
    """Where scikit-learn refuses numbers that are not finite, the same with the first of them, and where it stands."""
    try:
        yield
    except ValueError as error:
        for what, part in parts.items():
            try:
                odd = np.argwhere(np.isinf(np.asarray(part, dtype=float)))
            except (TypeError, ValueError):
                continue
            if len(odd):
                row, *place = odd[0].tolist()
                names = titles(part) if is_frame(part) else range(place[0] + 1) if place else ()
                column = f", column {shown(names[place[0]])}" if place else ""
                told = f"{what} is not finite in row {row}{column} (is inf); leave these rows out or fill them in"
                raise DataError(told) from error
        raise


def _as_targets(y: Any, numeric: bool = False) -> Any:
    """y as scikit-learn takes it: a tensor as an array, and whole numbers and truth values as they are, since it would
    read those of pandas' own kinds as floats, and refuse objects as labels. Raises `DataError` for no rows, for a row
    without a target, for dates and lengths of time, which it would read as some number or other, and for text where
    targets are `numeric`."""
    if isinstance(y, Tensor):
        return as_array(y, "y")
    try:
        values = np.asarray(y)
    except ValueError:  # rows of unequal length, which scikit-learn refuses in its own words
        return y
    if values.ndim and not len(values):
        raise DataError("y has no rows; a fit needs 2 at least")
    if numeric and (words := [cell for cell in _cells(values, "OSU") if _is_word(cell)]):
        raise DataError(f"y holds text such as {shown(words[0])}, wanted numbers; KANClassifier tells classes apart")
    if values.dtype.kind in "mM":
        what, unit = ("lengths of time", "hours") if values.dtype.kind == "m" else ("dates", "days since the first")
        raise DataError(f"y holds {what}; give numbers, such as {unit}")
    rows = values.tolist() if values.dtype == object and values.ndim == 1 else []
    floats = values.dtype.kind == "f" and values.ndim in (1, 2)
    gaps = np.isnan(values).reshape(len(values), -1).any(1) if floats else list(map(is_missing, rows))
    if len(missing := np.flatnonzero(gaps)):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(f"y has no value in row {missing[0]}{more}; leave these rows out")
    if numeric and (large := [row for row, value in enumerate(rows) if _exceeds(value)]):
        raise DataError(f"y is too large for a float64 in row {large[0]}; give it in other units")
    if rows and all(isinstance(value, Number | np.generic) for value in rows):
        values = np.asarray(rows)
    return values if values.dtype.kind in "biuf" else y


def _cells(values: np.ndarray, kinds: str) -> list[Any]:
    """All values, where they are of one of these kinds."""
    return values.ravel().tolist() if values.dtype.kind in kinds else []


def _is_word(cell: Any) -> bool:
    """Whether a cell is text that is no number."""
    try:
        return isinstance(cell, str | bytes) and math.isnan(float(cell))
    except ValueError:
        return True


def _part(grid: Grid, rows: Any) -> Grid:
    """These rows of a grid."""
    if isinstance(rows, slice):
        return grid
    cells = [
        column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows] for column in grid.columns
    ]
    return replace(grid, columns=tuple(cells), lines=[grid.lines[row] for row in rows])


def _mixed(X: Any) -> bool:
    """Whether X holds something else than numbers and gaps, which scikit-learn would refuse, or numbers that are levels
    by their kind."""
    if is_frame(X):
        columns = frame_columns(X)[1]
        cells = map(np.asarray, columns)
        return any(map(is_categorical, columns)) or any(_other(column) or not _numbers(column) for column in cells)
    if not isinstance(X, np.ndarray | list | tuple):
        return False
    try:
        values = np.asarray(X)
    except ValueError:  # rows of unequal length, which scikit-learn refuses in its own words
        return False
    return values.ndim == 2 and _other(values)


def _numbers(column: np.ndarray) -> bool:
    """Whether a column holds nothing but numbers; intervals and periods are objects of other kinds."""
    return column.dtype != object or all(isinstance(cell, Number) for cell in column.tolist())


def _other(values: np.ndarray) -> bool:
    """Whether some of these values are text, dates, gaps of another kind than nan, or whole numbers beyond floats."""
    if values.dtype != object:
        return values.dtype.kind in "USmM"
    cells = values.reshape(-1).tolist()
    odd = (isinstance(cell, str) or hasattr(cell, "isoformat") or is_missing(cell) or _exceeds(cell) for cell in cells)
    return any(odd)


def _exceeds(cell: Any) -> bool:
    """Whether a cell is a whole number that no float64 holds."""
    return isinstance(cell, int) and abs(cell) > sys.float_info.max

"""Table: columns of numbers with names, ready to be fitted; and the ways to one from files, DataFrames and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from edgewise.devices import unreadable
from edgewise.errors import DataError, ShapeError, as_words, few, knows_keywords, shown
from edgewise.metadata import MISSING, Encoding, Metadata

from .build import build
from .cell_grids import as_array, cells_of, columns_of, frame_grid, read_file
from .dates import date_texts
from .faults import ROWS, columns_among
from .frames import as_frame, frame_columns, holds_classes, is_frame, refuse_no_rows, unique_names
from .groups import as_labels
from .reader import Grid

# n rows, d inputs, k outputs


@dataclass(frozen=True, repr=False)
class Table:
    """Columns of numbers with their names, ready to be fitted; `read_csv`, `from_dataframe` and others make it.

    Attributes:
        X (n, d): the inputs, float64.
        y: the targets, (n, k) float64, or class codes (n,) int64.
        inputs: names of the columns of X; an input that is one level of a column is called `column=level` and holds 0
            or 1, and so does `column=missing`.
        outputs: names of the targets.
        classes: labels of the class codes, None for numbers.
        categories: column -> levels, of the columns that hold text.
        ranges: lowest and highest value of each input.
        notes: sentences on what was changed or guessed.
        lines: where each row stood in the file or frame.
        unit: "line" or "row", what `lines` counts.
        weight (n,): how often each row counts; None where all count once.
        encoding: how columns became inputs, for new rows.
        texts: column -> the text of each row (n,), of columns whose rare levels are `other`, but may be names of what
            was met more than once.
        groups (n,): the group of each row, 0, 1, ...; rows of one stay together where rows are held out. None for none.
    """

    X: Tensor
    y: Tensor
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    classes: tuple[str, ...] | None = None
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: tuple[tuple[float, float], ...] = ()
    notes: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    unit: str = "row"
    weight: Tensor | None = None
    encoding: Encoding = Encoding()
    texts: Mapping[str, np.ndarray] = field(default_factory=dict)
    groups: Tensor | None = None

    def __post_init__(self) -> None:
        for name, part, dims in (("X", self.X, (2,)), ("y", self.y, (1, 2))):
            odd = unreadable(part) if isinstance(part, Tensor) else f"a {type(part).__name__}"
            if odd or part.ndim not in dims:
                raise ShapeError(
                    f"{name} of a Table must be a tensor of {few(dims)} dimensions, got one that is"
                    f" {odd or tuple(part.shape)}"
                )
        if len(self.X) != len(self.y):
            raise ShapeError(f"a Table needs as many rows in y as in X, got {len(self.y)} and {len(self.X)}")
        for name, count in (("inputs", self.X.shape[1]), ("outputs", 1 if self.y.ndim == 1 else self.y.shape[1])):
            words = getattr(self, name)
            if not isinstance(words, tuple | list) or len(words) != count or not all(isinstance(w, str) for w in words):
                raise ShapeError(f"{name} of a Table must be {count} names, got {shown(words)}")

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        kind = "" if self.classes is None else f" ({few(self.classes)})"
        inputs = f"{len(self.inputs)} input{'s' if len(self.inputs) > 1 else ''} {few(self.inputs)}"
        return f"Table({len(self)} rows, {self.task} of {few(self.outputs)}{kind} from {inputs})"

    @property
    def task(self) -> str:
        """'regression' or 'classification'."""
        return "regression" if self.classes is None else "classification"

    @property
    def count(self) -> float:
        """How many rows it stands for."""
        return len(self) if self.weight is None else float(self.weight.sum())

    @property
    def row_settings(self) -> dict[str, Any]:
        """What a fit is told of the rows beside their inputs and targets."""
        return {"sample_weight": self.weight, "groups": self.groups}

    def metadata(self) -> Metadata:
        """What a model needs to know of this table to predict on another one."""
        return Metadata(
            self.inputs,
            self.outputs,
            self.classes or (),
            dict(self.categories),
            self.ranges,
            self.task,
            encoding=self.encoding,
        )

    def raw(self) -> dict[str, Any]:
        """The input columns of the original table: numbers (n,), nan where they missed, the level of each row, or dates
        as text. Times come back as hours, truth values as 1 and 0."""
        found: dict[str, Any] = {
            column: [levels[code] for code in self.X[:, self._places(column)].argmax(dim=1).tolist()]
            for column, levels in self.categories.items()
        }
        sources = zip(self.inputs, self.metadata().sources(), strict=True)
        found |= {name: self._input(name) for name, source in sources if name == source}
        for column in self.encoding.gaps:
            gaps = self._input(f"{column}={MISSING}") > 0
            found[column] = np.where(gaps, np.nan, found.get(column, 0.0))
        for column in self.encoding.dates:
            gaps = np.isnan(found.get(column, np.zeros(len(self))))
            found[column] = date_texts(
                np.where(gaps, np.nan, self._input(f"{column}=year")), self.encoding.zones.get(column, ())
            )
        return found

    def _input(self, name: str) -> np.ndarray:
        return self.X[:, self.inputs.index(name)].numpy()

    def _places(self, column: str) -> list[int]:
        """Positions of the inputs, one per level, that a categorical column became."""
        return [self.inputs.index(f"{column}={level}") for level in self.categories[column]]

    def take(self, rows: Tensor) -> Table:
        """These rows alone, everything else unchanged: the ranges stay those of the whole table."""
        lines = tuple(self.lines[row] for row in rows.tolist()) if self.lines else ()
        weight = None if self.weight is None else self.weight[rows]
        texts = {column: found[rows.numpy()] for column, found in self.texts.items()}
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, X=self.X[rows], y=self.y[rows], lines=lines, weight=weight, texts=texts, groups=groups)


@knows_keywords
def read_csv(
    path: str | Path,
    target: str | Sequence[str] | None = None,
    *,
    features: str | Sequence[str] | None = None,
    drop: str | Sequence[str] = (),
    categorical: str | Sequence[str] = (),
    task: str = "auto",
    groups: str | None = None,
) -> Table:
    """A table file as a `Table`; separator, encoding, header and decimal mark are guessed, and told in its notes.

    Args:
        path: a text file, one row per line; or a Parquet file, where pandas and pyarrow are installed.
        target: the column to predict, or several.
        features: the input columns; all others by default.
        drop: columns to leave out; "rows" leaves out rows with missing or unusable cells, "targetless" only those
            without a target.
        categorical: columns that hold levels though they are numbers. Text of few levels needs no word. Each level
            becomes an input of its own, 0 or 1.
        task: "regression", "classification", or "auto": classes where the target holds text or truth values.
        groups: a column such as the patient: its rows stay together where rows are held out. It is no input.

    Returns:
        A `Table`.

    Raises:
        DataError: one error that names the columns and lines for which the table cannot be used.
        ConfigError: an unknown task.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "data.csv"
    >>> _ = path.write_text("t;height\\n0;1,5\\n1;2,5\\n2;4,5\\n")
    >>> read_csv(path, "height")
    Table(3 rows, regression of height from 1 input t)
    """
    named = [
        *_words(target, "target"),
        *_words(features, "features"),
        *_words(categorical, "categorical"),
        *columns_among(_words(drop, "drop")),
        *([groups] if isinstance(groups, str) else ()),
    ]
    grid = read_file(path, named=named, drop_rows=ROWS in _words(drop, "drop"))
    how: dict[str, Any] = {"drop": drop, "categorical": categorical, "task": task, "groups": groups}
    return from_grid(grid, target, features=features, **how)


def from_grid(
    grid: Grid,
    target: str | Sequence[str] | None = None,
    *,
    features: str | Sequence[str] | None = None,
    drop: str | Sequence[str] = (),
    categorical: str | Sequence[str] = (),
    task: str = "auto",
    groups: str | None = None,
) -> Table:
    """A grid of cells, as `read_grid` gives it, as a `Table`; settings and errors as for `read_csv`."""
    chosen = None if features is None else _words(features, "features")
    if groups is not None and not isinstance(groups, str):
        raise DataError(f"groups must be the name of a column, got {shown(groups)}")
    words = _words(target, "target"), chosen, _words(drop, "drop"), _words(categorical, "categorical")
    return Table(**build(grid, *words, task, groups))


@knows_keywords
def from_dataframe(
    frame: Any,
    target: str | Sequence[str] | None = None,
    *,
    features: str | Sequence[str] | None = None,
    drop: str | Sequence[str] = (),
    categorical: str | Sequence[str] = (),
    task: str = "auto",
    groups: str | None = None,
) -> Table:
    """A DataFrame as a `Table`.

    Args:
        frame: of pandas or Polars; a PyArrow table, a lazy frame and others where narwhals is installed.
        target: the column to predict, or several.
        features: the input columns; all others by default.
        drop: columns to leave out; "rows" leaves out rows with missing or unusable cells, "targetless" only those
            without a target.
        categorical: columns that hold levels though they are numbers. Text of few levels needs no word. Each level
            becomes an input of its own, 0 or 1.
        task: "regression", "classification", or "auto": classes where the target holds text or truth values.
        groups: a column such as the patient: its rows stay together where rows are held out. It is no input.

    Returns:
        A `Table`.

    Raises:
        DataError: one error that names the columns and rows for which the frame cannot be used.
        ConfigError: an unknown task.
    """
    how: dict[str, Any] = {"drop": drop, "categorical": categorical, "task": task, "groups": groups}
    return from_grid(frame_grid(frame), target, features=features, **how)


@knows_keywords
def from_arrays(
    X: Any,
    y: Any,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    drop: str | Sequence[str] = (),
    task: str = "auto",
    groups: Any = None,
) -> Table:
    """Arrays, tensors or lists as a `Table`.

    Args:
        X (n, d): the inputs.
        y (n,) or (n, k): the targets.
        inputs: names of the columns of X; those of a DataFrame by default, else x1, x2, ...
        outputs: names of the targets; y, or y1, y2, ... by default.
        drop: columns to leave out; "rows" leaves out rows with missing or infinite values, "targetless" only those
            without a target.
        task: "regression", "classification", or "auto": classes where y holds text or truth values.
        groups (n,): a label for each row, such as its patient: rows of one stay together where rows are held out.

    Returns:
        A `Table`.

    Raises:
        ShapeError: rows or names that do not match.
        DataError: one error that names the columns and rows that cannot be used.

    >>> from_arrays([[0.0, 1.0], [1.0, 3.0], [2.0, 0.0]], [1.0, 2.0, 5.0]).inputs
    ('x1', 'x2')
    """
    for part, what in ((X, "X"), (y, "y")):
        refuse_no_rows(part, what)
    X = as_frame(X)
    ids = is_frame(X) and inputs is None  # names that nobody chose for this: columns that count rows are left out
    if is_frame(X):
        titled, parts = frame_columns(X)
        inputs, cells, rows = titled if inputs is None else inputs, [cells_of(part) for part in parts], len(X)
    else:
        values = as_array(X, "X")
        if values.ndim != 2:
            raise ShapeError(f"X has shape {values.shape}, wanted (rows, columns)")
        cells, rows = columns_of(values), len(values)
    targets = as_array(y, "y")
    targets = targets[:, None] if targets.ndim == 1 else targets
    if targets.ndim != 2 or len(targets) != rows:
        raise ShapeError(f"y has shape {targets.shape}, wanted ({rows},) or ({rows}, outputs) for an X of {rows} rows")
    inputs = _named(inputs, len(cells), "x", "inputs", "X")
    outputs = _named(outputs, targets.shape[1], "y", "outputs", "y")
    if set(inputs) & set(outputs):
        raise ShapeError(
            f"inputs and outputs share the name {shown(min(set(inputs) & set(outputs)))}; give one of them another"
        )
    if holds_classes(y) and task == "regression":
        raise DataError("y holds text, booleans or categories; with task='regression' it must hold numbers")
    names, columns = (*inputs, *outputs), (*cells, *columns_of(targets))
    of = None
    if groups is not None:
        labels = as_labels(groups, rows)
        of = unique_names([*names, "groups"])[-1]
        names, columns = (*names, of), (*columns, cells_of(labels))
    grid = Grid(names, columns, range(rows), "the pair of arrays", "row")
    return from_grid(grid, outputs, features=None if ids else inputs, drop=drop, task=task, groups=of)


def _words(names: str | Sequence[str] | None, what: str) -> list[str]:
    words = [] if names is None else [names] if isinstance(names, str) else as_words(names)
    if words is None:
        raise DataError(f"{what} must be the name of a column or a list of names, got {shown(names)}")
    return words


def _named(names: Sequence[str] | None, count: int, letter: str, what: str, of: str) -> tuple[str, ...]:
    if names is None:
        return (letter,) if count == 1 and letter == "y" else tuple(f"{letter}{index + 1}" for index in range(count))
    names = _words(names, what)
    if len(names) != count or len(set(names)) != count:
        raise ShapeError(f"{what} must be {count} different names, one per column of {of}, got {shown(names)}")
    return tuple(names)

"""Parquet files: columns as pandas gives them, to be read, and as they are stored, to be written out again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from edgewise.errors import DataError, MissingExtra, clipped, require, shown

from .frames import frame_columns, is_missing, unique_names

OF_PANDAS = ("timedelta", "duration", "period", "interval")  # kinds whose values pandas alone writes in one way


@dataclass(frozen=True, repr=False)
class ParquetTable:
    """What a Parquet file holds.

    Attributes:
        names: of the columns.
        columns: as pandas gives them: where cells are missing, whole numbers are floats, of 15 to 16 digits.
        stored: the same columns as the file has them, of PyArrow.
        table: all that the file has.
        notes: sentences on what was left out.
    """

    names: tuple[str, ...]
    columns: tuple[Any, ...]
    stored: tuple[Any, ...]
    table: Any
    notes: tuple[str, ...] = ()

    def texts(self) -> list[list[str]]:
        """The cells of each column as text, as they are stored; missing ones are empty.

        Raises:
            DataError: values that cannot be written.
        """
        return list(map(_texts, self.names, self.columns, self.stored))

    def extended(self, rows: Sequence[int], names: Sequence[str], values: Sequence[Sequence[Any]]) -> bytes:
        """A Parquet file of these rows, all as it is stored, with more columns behind.

        Args:
            rows: their positions.
            names: of the new columns; one that is there already gets a number.
            values: of each new column, one per row.
        """
        arrow, table, told = require("pyarrow", "frames"), self.table, self.table.schema.pandas_metadata or {}
        # pandas would read new names as numbers where all others are, or as several levels
        textual = [level["pandas_type"] for level in told.get("column_indexes", [])] in ([], ["unicode"])
        if len(rows) < len(table) or not textual:
            if len(self.stored) > table.num_columns:  # an index that counts the rows, of which pandas notes the ends
                table = table.append_column(unique_names([*table.column_names, self.names[-1]])[-1], self.stored[-1])
            table = table.take(rows)
        if not textual:
            others = {key: text for key, text in table.schema.metadata.items() if key != b"pandas"}
            table = table.replace_schema_metadata(others)
        clear = unique_names([*table.column_names, *names])[-len(names) :]
        for name, column in zip(clear, values, strict=True):
            table = table.append_column(name, arrow.array(column))
        sink = arrow.BufferOutputStream()
        require("pyarrow.parquet", "frames").write_table(table, sink)
        return sink.getvalue().to_pybytes()


def read_parquet(path: str | Path) -> ParquetTable:
    """A Parquet file, with the levels of its index that have a name as its last columns.

    Raises `DataError` for one that cannot be read, or where pandas or pyarrow is not installed.
    """
    try:
        require("pyarrow", "frames")
        require("pandas")
        table = require("pyarrow.parquet", "frames").ParquetFile(path).read()
        frame = table.to_pandas()
        names, columns = frame_columns(frame)
        fields, levels = _index(table, frame)
    except MissingExtra as error:
        raise DataError(f"{path} is a Parquet file; {error}") from error
    except Exception as error:  # of pyarrow, whatever is wrong with the file
        raise DataError(f"{path} is a Parquet file that cannot be read: {clipped(error)}") from error
    plain = [column for name, column in zip(table.column_names, table.columns, strict=True) if name not in fields]
    named = [level for level in levels if level.name is not None]
    unnamed = "" if len(named) == len(levels) else "the index" if len(levels) == 1 else "a level of the index"
    return ParquetTable(
        (*names, *(str(level.name) for level in named)),
        (*columns, *(level.column for level in named)),
        (*plain, *(level.stored for level in named)),
        table,
        (f"{unnamed} has no name: left out",) if unnamed else (),
    )


class _Level(NamedTuple):
    """A level of the index of a frame: its name, if it has one, and its values, of pandas and of PyArrow."""

    name: Any
    column: Any
    stored: Any


def _index(table: Any, frame: Any) -> tuple[list[str], list[_Level]]:
    """The columns of a file that pandas made the index of the frame, and its levels. An index that counts the rows is
    no column, and is a level only if it has a name."""
    told = (table.schema.pandas_metadata or {}).get("index_columns", [])
    fields = [field for field in told if isinstance(field, str) and table.schema.get_field_index(field) >= 0]
    names, columns = frame.index.names, list(map(frame.index.get_level_values, range(frame.index.nlevels)))
    if fields:
        return fields, list(map(_Level, names, columns, map(table.column, fields)))
    if names[0] is None:
        return [], []
    return [], [_Level(names[0], columns[0], require("pyarrow", "frames").array(columns[0]))]


def _texts(name: str, column: Any, stored: Any) -> list[str]:
    """The cells of a column, as pandas and as PyArrow have it, as text."""
    try:
        return ["" if is_missing(value) else str(value) for value in _values(column, stored)]
    except Exception as error:  # of pyarrow, or of the value's own method
        raise DataError(f"column {shown(name)} holds what cannot be written as text: {clipped(error)}") from error


def _values(column: Any, stored: Any) -> Iterable[Any]:
    """Values of a column that `str` writes in full."""
    arrow = require("pyarrow", "frames")
    if arrow.types.is_floating(stored.type):
        return stored.to_numpy()  # numpy writes a float32 in its own few digits
    if str(column.dtype).startswith(OF_PANDAS):
        return column.tolist()
    try:
        return stored.to_pylist()
    except (OverflowError, ValueError):  # Python has no dates after the year 9999
        return stored.cast(arrow.string()).to_pylist()

"""result.csv: one record per row of a table, replaced whole or not at all, so that a run that is cut off leaves every
finished row."""

from __future__ import annotations

import csv
import io
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Record = dict[str, str]


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all: beside its place first, then renamed over it."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        beside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def text(value: Any) -> str:
    """A value as it stands in the file: numbers with the digits that carry meaning, nothing for None.

    >>> text(0.000123456), text(12), text(None), text("[2,1,1]")
    ('0.0001235', '12', '', '[2,1,1]')
    """
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def number(record: Mapping[str, str], column: str) -> float | None:
    """The number in a column, or None where there is none.

    >>> number({"a": "1e-3", "b": ""}, "a"), number({"a": "1e-3", "b": ""}, "b")
    (0.001, None)
    """
    try:
        return float(record.get(column, ""))
    except ValueError:
        return None


class Results:
    """The records of one csv file by the value of their first column, kept in the given order of these values (None: as
    they come).

    Each `put` rewrites the file; values of an old record that a new one does not name stay.
    """

    def __init__(self, path: Path, columns: Sequence[str], order: Sequence[str] | None = None) -> None:
        self.path, self.columns = path, tuple(columns)
        self.order = None if order is None else {name: place for place, name in enumerate(order)}
        self.records: dict[str, Record] = {}
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                for record in csv.DictReader(file):
                    key = record.get(self.columns[0])
                    if self.order is None or key in self.order:
                        self.records[str(key)] = {column: record.get(column) or "" for column in self.columns}

    def put(self, values: Mapping[str, Any]) -> None:
        """Add a record, or replace the columns that it names of the record with the same first column."""
        self.put_all([values])

    def put_all(self, many: Iterable[Mapping[str, Any]]) -> None:
        """`put` several records at once."""
        for values in many:
            if unknown := set(values) - set(self.columns):
                raise KeyError(f"{sorted(unknown)} are no columns of {self.path.name}")
            record = self.records.setdefault(str(values[self.columns[0]]), dict.fromkeys(self.columns, ""))
            record.update({column: text(value) for column, value in values.items()})
        if self.order is not None:
            self.records = {name: self.records[name] for name in sorted(self.records, key=self.order.__getitem__)}
        out = io.StringIO()
        writer = csv.DictWriter(out, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.records.values())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, out.getvalue())

    def drop(self, column: str, value: str) -> None:
        """Forget the records with this value; the file follows with the next `put`."""
        self.records = {name: record for name, record in self.records.items() if record[column] != value}

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records.values())

    def __len__(self) -> int:
        return len(self.records)

"""Queries on a database in memory."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest


def needs_mathematics() -> None:
    """Skip the test where SQLite is too old, or was built without its mathematical functions."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute("WITH t AS MATERIALIZED (SELECT 1) SELECT LN(2e0), ASINH(1e0), POWER(2e0, 3e0) FROM t")
        except sqlite3.OperationalError:
            pytest.skip("SQLite has no mathematical functions here")


def asked(query: str, names: Sequence[str], rows: Iterable[Sequence[Any]], table: str = "data") -> list[tuple]:
    """The answer to a query about a table with columns of no type."""
    needs_mathematics()
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(f'CREATE TABLE "{table}" ({", ".join(quoted)})')
        database.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(names))})', rows)
        return database.execute(query).fetchall()


def numbers(answer: Sequence[tuple], count: int) -> np.ndarray:
    """The last columns of an answer (rows, count), nan for NULL."""
    return np.array([row[len(row) - count :] for row in answer], dtype=np.float64)

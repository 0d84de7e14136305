"""SqlSteps: a query that is being written, one column after another, and its text as a chain of common tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import SymbolicError, shown

SHORT = 120  # characters of an expression that may be written again rather than be given a column of its own


@dataclass(frozen=True)
class Sql:
    """An expression in brackets, and the columns of earlier steps that it reads."""

    text: str
    needs: frozenset[str] = frozenset()


def joined(template: str, *parts: Sql) -> Sql:
    """The expression that the template makes of the parts, with braces for each.

    >>> joined("({} + {})", Sql("a", frozenset("a")), Sql("1e0")).text
    '(a + 1e0)'
    """
    return Sql(template.format(*(part.text for part in parts)), frozenset().union(*(part.needs for part in parts)))


def number(value: float) -> Sql:
    """A literal that every database reads as floating point, with all its digits.

    >>> number(0.1).text, number(-2.0).text
    ('0.1e0', '(-2.0e0)')
    """
    text = repr(float(value))
    text = text if "e" in text else text + "e0"
    return Sql(f"({text})" if text.startswith("-") else text)


def text_literal(value: str) -> str:
    """A text in single quotes. Raises `SymbolicError` for one that no query can hold.

    >>> text_literal("it's")
    "'it''s'"
    """
    return "'" + _sayable(value).replace("'", "''") + "'"


def quoted(name: str) -> str:
    """The name of a column in double quotes: any name that a query can hold. Raises `SymbolicError` for others.

    >>> quoted('a "b"')
    '"a ""b\"""'
    """
    return '"' + _sayable(name).replace('"', '""') + '"'


def _sayable(text: str) -> str:
    """The text. Raises `SymbolicError` where it has a zero byte, or half of a character (a lone surrogate)."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise SymbolicError(
            f"no query can hold the text {shown(text)}: it has a zero byte or half of a character; give inputs= or"
            " outputs= with other names, or fit to a table without it"
        )
    return text


class SqlSteps:
    """Columns, each an expression of those before it. Each is computed once: its step is MATERIALIZED.

    Args:
        table: that the query reads.
        row: name of the column that numbers its rows.
    """

    def __init__(self, table: str, row: str) -> None:
        self._table, self._row = table, row
        self._columns: dict[str, Sql] = {}
        self._level: dict[str, int] = {}
        self._known: dict[str, str] = {}  # text -> the column that holds it

    def column(self, name: str, value: Sql) -> Sql:
        """A column of this name."""
        self._columns[name] = value
        self._level[name] = 1 + max((self._level[need] for need in value.needs), default=-1)
        self._known.setdefault(value.text, name)
        return Sql(name, frozenset([name]))

    def read(self, name: str, column: str) -> Sql:
        """A column of the table itself."""
        return self.column(name, Sql(f"numbered.{quoted(column)}"))

    def once(self, value: Sql) -> Sql:
        """The value in a form that may be written several times: a long one gets a column."""
        return value if len(value.text) <= SHORT else self.column_of(value)

    def column_of(self, value: Sql) -> Sql:
        """A column that holds the value: the one that does already, or a new one."""
        if value.text in self._known:
            name = self._known[value.text]
            return Sql(name, frozenset([name]))
        return self.column(f"part_{len(self._columns)}", value)

    def query(self, results: Sequence[tuple[str, str]]) -> str:
        """The text: all columns of the table, then the results, (own name, name to show) each."""
        numbered = f"SELECT ROW_NUMBER() OVER () AS {self._row}, {self._table}.* FROM {self._table}"
        tables = [f"numbered AS MATERIALIZED (\n  {numbered}\n)"]
        last = max((self._level[name] for name, _ in results), default=0)
        for level in range(last + 1):
            listed = ",\n    ".join([self._row, *self._at(level, [name for name, _ in results])])
            source = "numbered" if level == 0 else f"step_{level - 1}"
            tables.append(f"step_{level} AS MATERIALIZED (\n  SELECT\n    {listed}\n  FROM {source}\n)")
        shown = "".join(
            f",\n  CAST(step_{last}.{name} AS DOUBLE PRECISION) AS {quoted(label)}" for name, label in results
        )
        return (
            "WITH "
            + ", ".join(tables)
            + f"\nSELECT\n  numbered.*{shown}\nFROM numbered JOIN step_{last} ON numbered.{self._row} ="
            f" step_{last}.{self._row}\nORDER BY numbered.{self._row}\n"
        )

    def _at(self, level: int, results: Sequence[str]) -> list[str]:
        """What the step of a level selects: its own columns, and earlier ones that later steps read."""
        later = {need for name, value in self._columns.items() if self._level[name] > level for need in value.needs}
        kept = later | set(results)
        found = []
        for name, value in self._columns.items():
            if self._level[name] == level:
                found.append(f"{value.text} AS {name}")
            elif self._level[name] < level and name in kept:
                found.append(name)
        return found

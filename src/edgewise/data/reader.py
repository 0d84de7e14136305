"""A table file -> a grid of cells with names and line numbers; no cell is understood yet."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from edgewise.errors import DataError, few, shown

from .cells import MISSING, PLACES_SHOWN, has_decimal_commas, is_numeric, role_of_commas
from .parquet_files import ParquetTable
from .text import SEPARATORS, decode, read_bytes, sniff, split_rows


@dataclass(frozen=True, repr=False)
class Grid:
    """A table before its cells are understood.

    Attributes:
        names: of the columns.
        columns: each a list of text cells, or a numpy array.
        lines: where each row stood: a line of the file, or a row of the frame.
        where: the table in words, for messages.
        unit: "line" or "row", what `lines` counts.
        notes: sentences on what was guessed.
        separator, decimal, header: how a file is written.
        renamed: new name -> the name that occurred twice.
        levels: names of columns that hold levels by their own word.
        stored: the columns as a Parquet file has them; None for other tables.
    """

    names: tuple[str, ...]
    columns: tuple[Any, ...]
    lines: Sequence[int]
    where: str
    unit: str = "line"
    notes: tuple[str, ...] = ()
    separator: str = ","
    decimal: str = "."
    header: bool = True
    renamed: dict[str, str] = field(default_factory=dict)
    levels: frozenset[str] = frozenset()
    stored: ParquetTable | None = None

    def __repr__(self) -> str:
        return f"Grid({len(self.lines)} rows of {self.where}: {few(self.names)})"

    @cached_property
    def commas(self) -> str:
        """What commas in its numbers are for, as `role_of_commas` says."""
        return role_of_commas(self.columns)


def read_grid(
    path: str | Path, *, named: Sequence[str] = (), drop_rows: bool = False, empty_rows: bool = False
) -> Grid:
    """The cells of a table file; header, separator, encoding and decimal mark are guessed, and told in the notes.

    Args:
        path: a text file.
        named: columns that the caller will ask for. They decide whether a first line of numbers is a header.
        drop_rows: whether to leave out rows with too few or too many fields.
        empty_rows: whether rows whose cells are all empty stay. A blank line is such a row between those of a table of
            one column, and else none.

    Raises:
        DataError: whatever is no table, with the line.
    """
    raw, where = read_bytes(path), str(path)
    text, notes = decode(raw, where)
    lines = text.split("\n")
    separator, start, comments = _preamble(lines)
    if not separator:
        separator = sniff(lines[start:])
    rows, places, bare = _rows(lines, start, separator, where)
    if separator != ",":
        notes.append(f"fields are separated by {SEPARATORS.get(separator, repr(separator))}")
    header, top, rows, places, comments = _header(rows, places, comments, separator, named)
    if header is None:
        width = Counter(len(row) for row in rows).most_common(1)[0][0]
        names = [f"column{index + 1}" for index in range(width)]
        notes.append(f"the first line is no header: the columns are called column1 to column{width}")
    else:
        names = header
    if not rows and not names:
        raise DataError(f"{where} holds only comment lines")
    if comments:
        notes.append(f"{comments} comment line{'s' if comments > 1 else ''} skipped")
    if not rows:
        raise DataError(
            f"{where} holds a header ({', '.join(names[:8])}{', ...' if len(names) > 8 else ''}) but no rows"
        )
    names, rows, trimmed = _edges(names, rows)
    rows, places, uneven = _even(names, rows, places, where, drop_rows)
    columns: list[Sequence[str]] = list(zip(*rows, strict=True))
    keep, clear, renamed, named_anew = _names(names, columns)
    columns = [columns[index] for index in keep]
    notes += [*trimmed, *uneven, *named_anew]
    single = empty_rows and len(names) == 1
    empty = [line for line, parted in bare if line > top and (parted or (single and line < places[-1]))]
    if empty:
        notes.append(_empty_note(empty, "their cells count as missing" if empty_rows else "left out"))
        columns, places = _with_empty(columns, places, empty) if empty_rows else (columns, places)
    decimal = "."
    if separator != "," and "," in text:
        decimal = "," if has_decimal_commas(columns) else "."
        if decimal == ",":
            notes.append("commas in numbers are read as decimal commas")
    return Grid(
        tuple(clear),
        tuple(columns),
        places,
        where,
        "line",
        tuple(notes),
        separator,
        decimal,
        header is not None,
        renamed,
    )


def _preamble(lines: list[str]) -> tuple[str, int, int]:
    """Excel's `sep=;` line, the first line that is neither blank nor a comment, and the number of comments before
    it."""
    separator, comments = "", 0
    for index, line in enumerate(lines):
        bare = line.strip()
        if not separator and bare.lower().startswith("sep=") and len(bare) == 5 and not comments:
            separator = bare[4]
        elif bare.startswith(("#", "%")):
            comments += 1
        elif bare:
            return separator, index, comments
    return separator, len(lines), comments


def _rows(
    lines: list[str], start: int, separator: str, where: str
) -> tuple[list[list[str]], list[int], list[tuple[int, bool]]]:
    """All rows from `start` on that say something, with their lines counted from 1; comment lines before it come along
    as rows of one `#` field. And the lines of the other rows, with whether there is more than white space."""
    rows: list[list[str]] = []
    places: list[int] = []
    bare: list[tuple[int, bool]] = []
    for index in range(start):
        if lines[index].strip().startswith("#"):
            rows.append(["#" + lines[index].strip().lstrip("#")])
            places.append(index + 1)
    try:
        for index, row in split_rows(lines[start:], separator, empty=True):
            if any(row):
                rows.append(row)
                places.append(start + index + 1)
            else:
                bare.append((start + index + 1, len(row) > 1 or bool(lines[start + index].strip())))
    except csv.Error as error:
        at, _, reason = str(error).partition(":")
        line = start + int(at) + 1
        if "unexpected end" in reason:
            reason = 'a quote (") is opened and never closed'
        elif "field larger" in reason:
            reason = "one field is over 131072 characters long; is a quote missing?"
        elif "expected after" in reason:
            reason = 'text goes on after a closing quote ("); a quote inside a quoted field is written twice ("")'
        raise DataError(f"{where}, line {line}: {reason}; mend that line") from error
    return rows, places, bare


def _header(
    rows: list[list[str]], places: list[int], comments: int, separator: str, named: Sequence[str]
) -> tuple[list[str] | None, int, list[list[str]], list[int], int]:
    """The header or None, its line or 0, the rows below it, their lines, and the number of comments left out."""
    first = next((index for index, row in enumerate(rows) if not row[0].startswith("#")), len(rows))
    if not rows:
        return [], 0, [], [], comments
    if first == len(rows):  # nothing but lines that begin with '#': the last of them is a header without rows
        return (
            [cell.strip() for cell in rows[-1][0].lstrip("#").split(separator if separator != " " else None)],
            places[-1],
            [],
            [],
            comments - 1,
        )
    top = rows[first]
    width = len(top)
    header: list[str] | None = top
    below = first + 1
    if not set(named) & set(top):
        bare = rows[first - 1][0].lstrip("#").strip() if first else ""
        above = next((row for _, row in split_rows([bare], separator)), []) if bare and bare.count('"') % 2 == 0 else []
        if first and rows[first - 1][0].startswith("#" + separator) and separator != " ":  # a column that is called '#'
            above = ["#", *above[above[:1] == [""] :]]
        looks_like_data = all(is_numeric(cell) or cell.lower() in MISSING for cell in top) and any(
            is_numeric(cell) for cell in top
        )
        # names that columns get where there is no header; a header's empty cells get them too
        generated = {f"column{index + 1}" for index, cell in enumerate(top) if cell.strip()}
        if first and len(above) == width and (looks_like_data or set(named) & set(above)):
            header, below, comments = above, first, comments - 1  # numpy.savetxt writes its header as a comment
        elif looks_like_data or (set(named) & generated):
            header, below = None, first
    kept = [
        index for index in range(below, len(rows)) if not (rows[index][0].startswith("#") and len(rows[index]) != width)
    ]
    comments += len(rows) - below - len(kept)
    top_line = 0 if header is None else places[below - 1]
    return header, top_line, [rows[index] for index in kept], [places[index] for index in kept], comments


def _edges(names: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]], list[str]]:
    """Names and rows without separators at the ends of lines, and without row names that have no header, as R writes
    them; and notes on it."""
    usual = Counter(len(row) for row in rows).most_common(1)[0][0]
    if usual == len(names) + 1 and names[-1]:
        if all(len(row) != usual or not row[-1] for row in rows):
            cut = [row[:-1] if len(row) == usual else row for row in rows]
            return names, cut, ["each row ends with a separator, which is ignored"]
        if all(
            len(row) != usual or not is_numeric(row[0]) or row[0] == str(index + 1) for index, row in enumerate(rows)
        ):
            cut = [row[1:] if len(row) == usual else row for row in rows]
            return names, cut, ["the first field of each row has no name: taken as a row name and left out"]
    while (
        len(names) > 1
        and not names[-1]
        and all(len(row) < len(names) or not any(row[len(names) - 1 :]) for row in rows)
    ):
        last = len(names) - 1
        names, rows = names[:last], [row[:last] for row in rows]
    return names, rows, []


def _even(
    names: list[str], rows: list[list[str]], places: list[int], where: str, drop_rows: bool
) -> tuple[list[list[str]], list[int], list[str]]:
    """The rows that have one field per column, their places, and a note on others that were left out when asked."""
    bad = [index for index, row in enumerate(rows) if len(row) != len(names)]
    if not bad:
        return rows, places, []
    shown = "; ".join(f"line {places[index]} has {len(rows[index])} fields" for index in bad[:PLACES_SHOWN])
    more = f" and {len(bad) - PLACES_SHOWN} more lines" if len(bad) > PLACES_SHOWN else ""
    if not drop_rows or len(bad) == len(rows):
        remedy = (
            "mend them, or leave them out with --drop rows"
            if len(bad) < len(rows)
            else "does the first line name every column?"
        )
        raise DataError(f"{where}: the header names {len(names)} columns, but {shown}{more}; {remedy}")
    note = f"{len(bad)} row{'s' if len(bad) > 1 else ''} left out: {shown}{more}, wanted {len(names)}"
    good = [index for index, row in enumerate(rows) if len(row) == len(names)]
    return [rows[index] for index in good], [places[index] for index in good], [note]


def _empty_note(empty: list[int], what: str) -> str:
    """A sentence on rows without any cell, and what becomes of them."""
    more = f" and {len(empty) - PLACES_SHOWN} more" if len(empty) > PLACES_SHOWN else ""
    plural = "s" if len(empty) > 1 else ""
    return f"{len(empty)} empty row{plural}, in line{plural} {', '.join(map(str, empty[:PLACES_SHOWN]))}{more}: {what}"


def _with_empty(
    columns: list[Sequence[str]], places: list[int], empty: list[int]
) -> tuple[list[Sequence[str]], list[int]]:
    """Columns with empty cells in these lines as well, and the lines of all rows."""
    lines = [*places, *empty]
    order = sorted(range(len(lines)), key=lines.__getitem__)
    filled = [[*column, *[""] * len(empty)] for column in columns]
    return [tuple(column[row] for row in order) for column in filled], [lines[row] for row in order]


def _names(names: list[str], columns: list[Sequence[str]]) -> tuple[list[int], list[str], dict[str, str], list[str]]:
    """Which columns to keep, one clear name for each, which names occurred twice, and notes on new names."""
    keep: list[int] = []
    notes: list[str] = []
    clear: list[str] = []
    renamed: dict[str, str] = {}
    taken = {" ".join(name.split()) for name in names}
    for index, name in enumerate(names):
        name = " ".join(name.split())
        if not name:
            counter = [str(row) for row in range(len(columns[index]) + 1)]
            if list(columns[index]) in (counter[:-1], counter[1:]):
                notes.append(f"column {index + 1} has no name and only counts the rows: left out")
                continue
            name = _free(f"column{index + 1}", taken, "_")
            taken.add(name)
            notes.append(f"column {index + 1} has no name: called {name}")
        elif name in clear:
            again = _free(name, taken, ".")
            taken.add(again)
            notes.append(f"the name {shown(name)} occurs twice: column {index + 1} is called {shown(again)}")
            renamed[again] = name
            name = again
        keep.append(index)
        clear.append(name)
    return keep, clear, renamed, notes


def _free(name: str, taken: set[str], joint: str) -> str:
    if joint == "_" and name not in taken:
        return name
    return next(free for number in range(2, len(taken) + 3) if (free := f"{name}{joint}{number}") not in taken)


def quoted(name: str) -> str:
    """A column name as it is typed on a command line."""
    return name if name.isidentifier() else f'"{name}"'

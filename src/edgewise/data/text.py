"""Bytes of a file -> text -> a separator: what a table file is, before any cell is looked at."""

from __future__ import annotations

import codecs
import csv
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgewise.errors import DataError, did_you_mean
from edgewise.files import FileError, as_path

SNIFFED = 200  # lines that decide on the separator
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "white space"}
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\Z")

# BOM of UTF-32 LE begins with that of UTF-16 LE: the longer ones first
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
PARQUET = b"PAR1"  # the first bytes of such a file
FILE_KINDS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook; save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "compressed with xz; unpack it first"),
    (b"\x89HDF", "an HDF5 file; read it with h5py or pandas and call edgewise.from_arrays"),
    (b"\x93NUMPY", "a numpy array; load it with numpy.load and call edgewise.from_arrays"),
    (b"SQLite format 3", "an SQLite database; export the table as CSV"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x7fELF", "a program"),
    (b"\x80\x04\x95", "a Python pickle"),
)


def read_bytes(path: str | Path) -> bytes:
    """The whole file. Raises `DataError` for a missing file (naming a similar one), a folder, a device, or a file that
    may not be read."""
    try:
        path = Path(as_path(path))
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            tables = sorted(
                entry.name for entry in path.iterdir() if entry.suffix.lower() in (".csv", ".tsv", ".txt", ".dat")
            )
            raise DataError(
                f"{path} is a folder, wanted a table file" + (f"; it holds {', '.join(tables[:5])}" if tables else "")
            )
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise DataError(f"{path} is a device, wanted a table file")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        parent = Path(path).absolute().parent
        if not parent.is_dir():
            raise DataError(f"there is no file {path}: the folder {parent} does not exist") from error
        near = did_you_mean(Path(path).name, [entry.name for entry in parent.iterdir()])
        raise DataError(f"there is no file {path}" + (f"; {near}" if near.startswith("did") else "")) from error
    except FileError as error:
        raise DataError(str(error)) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def starts_with(path: str | Path, mark: bytes) -> bool:
    """Whether a file begins with these bytes; not where it cannot be opened, or can be read but once."""
    try:
        path = Path(as_path(path))
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(mark)) == mark
    except (OSError, FileError):
        return False


def decode(raw: bytes, where: str) -> tuple[str, list[str]]:
    """The text with line ends as newlines, and notes on the encoding. Raises `DataError` for an empty or binary file.

    >>> decode(b"a;b\\r\\n", "t.csv")
    ('a;b\\n', [])
    """
    if not raw:
        raise DataError(f"{where} is empty, wanted a line of names and rows below it")
    for start, kind in FILE_KINDS:
        if raw.startswith(start):
            raise DataError(f"{where} is not a text table: it looks like {kind}")
    text, notes = _decoded(raw, where)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    odd = sum(text.count(chr(code)) for code in (*range(9), *range(14, 32), 127))
    if "\0" in text or odd > len(text) // 100:
        raise DataError(f"{where} is not a text table: it holds {odd} control characters; export it as CSV")
    if not text.strip():
        raise DataError(f"{where} holds only blank lines")
    return text, notes


def _decoded(raw: bytes, where: str) -> tuple[str, list[str]]:
    for mark, encoding in BOMS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(encoding), [] if encoding == "utf-8" else [
                    f"the file is {encoding.upper()}"
                ]
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{where} begins as {encoding.upper()} but byte {error.start + len(mark)} is none; save it as UTF-8"
                ) from error
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
    if b"\0" in raw:
        raise DataError(f"{where} is not a text table: it holds zero bytes; export it as CSV in UTF-8")
    for encoding in ("cp1252", "latin-1"):
        try:
            return raw.decode(encoding), [
                f"the file is not UTF-8 (line {line}); read as {'Windows-1252' if encoding == 'cp1252' else 'Latin-1'}"
            ]
        except UnicodeDecodeError:
            continue
    raise AssertionError("Latin-1 decodes every byte")


def split_rows(lines: Sequence[str], separator: str, *, empty: bool = False) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of every row, lines counted from 0; white space around a field is taken off. Rows that say nothing
    come only with `empty`.

    Raises `csv.Error` for quotes that do not close; its message begins with the line on which the row began.
    """
    if separator == " ":
        lines = [line.replace("\t", " ").strip() for line in lines]
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        start = reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(f"{start}:{error}") from error
        fields = [field.strip() for field in row]
        if empty or any(fields):
            yield start, fields


def sniff(lines: Sequence[str]) -> str:
    """The separator that splits these lines most evenly into most numbers; a comma where nothing splits them. One that
    gives the header as many fields as the rows goes before all others. One that splits no row below the first is none;
    words have blanks, so those have to split half of these rows.

    >>> sniff(["a;b", "1,5;2", "3;4,25"])
    ';'
    """
    lines = [line for line in lines if line.strip() and not line.startswith("#")][:SNIFFED]
    best, chosen = (False, 0.0, 0), ","
    for separator in SEPARATORS:
        if not any(separator in line or (separator == " " and "\t" in line) for line in lines):
            continue
        rows: list[list[str]] = []
        try:
            for _, row in split_rows(lines, separator):
                rows.append(row)
        except csv.Error:
            # a quoted field may run past the last line looked at; a faulty one is reported when the whole file is read
            pass
        counts = Counter(len(row) for row in rows if len(row) > 1)
        split = [len(row) > 1 for row in rows[1:]]
        if not counts or (split and sum(split) < (len(split) / 2 if separator == " " else 1)):
            continue
        width, often = counts.most_common(1)[0]
        body = [cell for row in rows[1:] if len(row) == width for cell in row]
        numbers = sum(1 for cell in body if not cell or _is_number(cell, separator)) / len(body) if body else 0.0
        named = len(rows[0]) == width
        score = (named, round(often / len(rows) + numbers, 3), width if separator != " " else 0)
        if score > best:
            best, chosen = score, separator
    return chosen


def _is_number(cell: str, separator: str) -> bool:
    return bool(NUMBER.match(cell)) and not (separator == "," and "," in cell)

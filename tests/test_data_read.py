"""Tables as people have them: each becomes the Table it means, or one clear DataError."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewise.data import Table, read_csv
from edgewise.errors import DataError, EdgewiseError

WIDE = ",".join(f"x{i}" for i in range(500)) + ",y\n" + "\n".join(",".join(str(i * j) for i in range(501)) for j in (1, 2, 4))
GOOD = "x,y\n1,2\n2,4.5\n3,7\n"


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def check(table: Table) -> None:
    """What holds for every table that is read."""
    n, d = table.X.shape
    assert table.X.dtype == torch.float64 and torch.isfinite(table.X).all()
    assert len(table.inputs) == d == len(table.ranges) and len(set(table.inputs)) == d and n == len(table.y) == len(table.lines)
    for column, (low, high) in zip(table.X.T, table.ranges, strict=True):
        assert column.min() == low < high == column.max()
    if table.classes is None:
        assert table.y.dtype == torch.float64 and table.y.shape == (n, len(table.outputs)) and torch.isfinite(table.y).all()
    else:
        assert table.y.dtype == torch.int64 and set(table.y.tolist()) == set(range(len(table.classes)))


# name, file, settings, X of the table (None: do not look), a word that some note holds ("" for none)
FINE = [
    ("plain", GOOD, {}, [[1], [2], [3]], ""),
    ("no line end at the end", "x,y\n1,2\n2,4", {}, [[1], [2]], ""),
    ("windows line ends", "x,y\r\n1,2\r\n2,4\r\n", {}, [[1], [2]], ""),
    ("old mac line ends", "x,y\r1,2\r2,4\r", {}, [[1], [2]], ""),
    ("blank lines", "\n\nx,y\n\n1,2\n   \n2,4\n\n\n", {}, [[1], [2]], ""),
    ("spaces around fields", " x , y \n 1 , 2 \n 2 , 4 \n", {}, [[1], [2]], ""),
    ("quoted", '"x","y"\n"1","2"\n"2","4"\n', {}, [[1], [2]], ""),
    ("quoted comma in a name", '"x, in m",y\n1,2\n2,4\n', {}, [[1], [2]], ""),
    ("quoted line end in a name", '"x\nin m",y\n1,2\n2,4\n', {}, [[1], [2]], ""),
    ("semicolons", "x;y\n1;2\n2;4\n", {}, [[1], [2]], "semicolon"),
    ("semicolons and decimal commas", "x;y\n1,5;2\n2,5;4,25\n", {}, [[1.5], [2.5]], "decimal commas"),
    ("tabs", "x\ty\n1\t2\n2\t4\n", {}, [[1], [2]], "tab"),
    ("tabs and decimal commas", "x\ty\n1,5\t2\n-2,5e1\t4,25\n", {}, [[1.5], [-25]], "decimal commas"),
    ("bars", "x|y\n1|2\n2|4\n", {}, [[1], [2]], "bar"),
    ("white space", "x   y\n 1.5  2\n2  4 \n", {}, [[1.5], [2]], "white space"),
    ("white space of both kinds", "x \t y\n1 2\n2\t4\n", {}, [[1], [2]], "white space"),
    ("Excel's sep line", "sep=;\nx;y\n1;2\n2;4\n", {}, [[1], [2]], "semicolon"),
    ("byte order mark", b"\xef\xbb\xbfx,y\n1,2\n2,4\n", {}, [[1], [2]], ""),
    ("utf-16", "x,y\n1,2\n2,4\n".encode("utf-16"), {}, [[1], [2]], "UTF-16"),
    ("utf-16 big endian", b"\xfe\xff" + GOOD.encode("utf-16-be"), {}, [[1], [2], [3]], "UTF-16"),
    ("utf-32", GOOD.encode("utf-32"), {}, [[1], [2], [3]], "UTF-32"),
    ("latin-1", "größe,y\n1,2\n2,4\n".encode("latin-1"), {}, [[1], [2]], "not UTF-8"),
    ("windows-1252", "x “raw”,y\n1,2\n2,4\n".encode("cp1252"), {}, [[1], [2]], "Windows-1252"),
    ("comments above", "# made by hand\n# twice\nx,y\n1,2\n2,4\n", {}, [[1], [2]], "2 comment lines"),
    ("comments below", "x,y\n1,2\n# half\n2,4\n", {}, [[1], [2]], "1 comment line"),
    ("percent comments", "% matlab\nx,y\n1,2\n2,4\n", {}, [[1], [2]], "1 comment line"),
    ("numpy's header", "# x y\n1.0e+00 2\n2 4\n", {}, [[1], [2]], "white space"),
    ("numpy's header with commas", "# x,y\n1,2\n2,4\n", {}, [[1], [2]], ""),
    ("a name with a hash", "#,y\n1,2\n2,4\n", {}, [[1], [2]], ""),
    ("trailing separators", "x,y,\n1,2,\n2,4,\n", {}, [[1], [2]], ""),
    ("trailing separators in rows", "x,y\n1,2,\n2,4,\n", {}, [[1], [2]], "ends with a separator"),
    ("rows of separators", "x,y\n1,2\n2,4\n,\n,\n", {}, [[1], [2]], ""),
    ("a frame's index", ",x,y\n0,1,2\n1,2,4\n", {}, [[1], [2]], "counts the rows"),
    ("R's row names", 'x,y\n"a",1,2\n"b",2,4\n', {}, [[1], [2]], "row name"),
    ("empty name", ",x,y\n5,1,2\n9,2,4\n", {}, [[5, 1], [9, 2]], "column1"),
    ("names that occur twice", "x,x,y\n1,5,2\n2,3,4\n", {}, [[1, 5], [2, 3]], "occurs twice"),
    ("no header", "1,2\n2,4\n3,1\n", {"target": "column2"}, [[1], [2], [3]], "no header"),
    ("no header, with text", "1,a\n2,b\n3,a\n", {"target": "column2"}, [[1], [2], [3]], "no header"),
    ("names that are numbers", "400,500\n1,2\n2,4\n", {"target": "500"}, [[1], [2]], ""),
    ("names that are numbers, some", "400,500,y\n1,2,3\n2,4,9\n", {}, [[1, 2], [2, 4]], ""),
    ("difficult names", "lambda,I,b [m/s],y\n1,2,3,4\n2,5,1,9\n", {}, [[1, 2, 3], [2, 5, 1]], ""),
    ("constant column", "x,c,y\n1,7,2\n2,7,4\n", {}, [[1], [2]], "constant column left out: 'c' (7)"),
    ("empty column", "x,c,y\n1,,2\n2,,4\n", {}, [[1], [2]], "'c' is empty"),
    ("column constant to round-off", "x,c,y\n1,1e9,2\n2,1000000000.0000001,4\n", {}, [[1], [2]], "constant"),
    ("truth values", "x,b,y\n1,true,2\n2,FALSE,4\n3,True,1\n", {}, [[1, 1], [2, 0], [3, 1]], "truth values"),
    ("yes and no", "b,y\nyes,2\nno,4\n", {}, [[1], [0]], "truth values"),
    ("categories", "c,y\nred,2\nblue,4\nred,1\n", {"categorical": "c"}, [[0, 1], [1, 0], [0, 1]], ""),
    ("categories that are numbers", "c,y\n10,2\n9,4\n9.0,1\n", {"categorical": "c"}, [[0, 1], [1, 0], [1, 0]], ""),
    ("dropped column", "x,name,y\n1,a,2\n2,b,4\n", {"drop": "name"}, [[1], [2]], ""),
    ("chosen columns", "x,name,z,y\n1,a,3,2\n2,b,9,4\n", {"features": ["z"]}, [[3], [9]], ""),
    ("dropped rows", "x,y\n1,2\n,4\n3,inf\nabc,1\n5,6\n", {"drop": "rows"}, [[1], [5]], "3 of 5 rows left out"),
    ("dropped ragged rows", "x,y\n1,2\n4\n3,1,1\n5,6\n", {"drop": "rows"}, [[1], [5]], "2 rows left out"),
    ("huge", "x,y\n1e100,2\n2e100,4\n", {}, [[1e100], [2e100]], ""),
    ("tiny", "x,y\n1e-100,2\n2e-100,4\n", {}, [[1e-100], [2e-100]], ""),
    ("far from zero", "x,y\n1000000000.5,2\n1000000001,4\n", {}, [[1000000000.5], [1000000001.0]], ""),
    ("two distinct values", "x,y\n1,0\n2,1\n3,0\n4,1\n5,1\n6,1\n7,0\n8,1\n9,1\n10,0\n11,1\n", {}, None, "--task classification"),
    ("unicode minus", "x,y\n−1,2\n2,4\n", {}, [[-1], [2]], ""),
    ("plus signs and bare points", "x,y\n+1.,2\n.5,4\n", {}, [[1], [0.5]], ""),
    ("target copied", "x,y\n2,2\n4,4\n", {}, [[2], [4]], "same as the target"),
    ("wide", WIDE, {}, None, "more inputs"),
    ("two targets", "x,y,z\n1,2,3\n2,4,1\n", {"target": ["y", "z"]}, [[1], [2]], ""),
]


@pytest.mark.parametrize(("content", "options", "X", "note"), [row[1:] for row in FINE], ids=[row[0] for row in FINE])
def test_table_is_read(tmp_path: Path, content: str | bytes, options: dict, X: list | None, note: str) -> None:
    table = read_csv(write(tmp_path, content), **{"target": "y", **options})
    check(table)
    if X is not None:
        assert table.X.tolist() == X
    assert note in "\n".join(table.notes)


# name, file, settings, pattern of the message
FAULTY = [
    ("empty file", "", {}, "is empty"),
    ("blank lines only", "\n \n\n", {}, "only blank lines"),
    ("byte order mark only", b"\xef\xbb\xbf", {}, "only blank lines"),
    ("comments only", "% a\n% b\n", {}, "only comment lines"),
    ("header only", "x,y\n", {}, r"header \(x, y\) but no rows"),
    ("header as comment only", "# x,y\n", {}, r"header \(x, y\) but no rows"),
    ("one row", "x,y\n1,2\n", {}, "1 usable row"),
    ("one row left", "x,y\n1,2\n,3\n", {"drop": "rows"}, "1 usable row"),
    ("no row left", "x,y\n,2\n1,\n", {"drop": "rows"}, "0 usable rows"),
    ("one column", "y\n1\n2\n", {}, "no column to predict 'y' from"),
    ("missing", "x,y\n1,2\n,4\n3,1\nNA,2\n", {}, r"'x' misses 2 values, in lines 3, 5\b.*--drop rows"),
    ("many missing", "x,y\n" + "1,2\n,4\n" * 9, {}, r"misses 9 values, in lines 3, 5, 7 and 6 more"),
    ("missing in the target", "x,y\n1,2\n2,nan\n3,1\n", {}, r"target 'y' misses 1 value, in line 3\. Mend the table, or: --drop rows"),
    ("infinite", "x,y\n1,2\ninf,4\n3,1\n", {}, r"'x' is infinite, or too large for a float64, in line 3 \('inf'\)"),
    ("overflow", "x,y\n1,2\n1e400,4\n3,1\n", {}, r"'x' is infinite, or too large for a float64, in line 3 \('1e400'\)"),
    ("text among numbers", "x,y\n1,2\nabc,4\n3,1\n", {}, r"'x' holds no number in line 3 \('abc'\)"),
    ("text in a numeric target", "x,y\n1,2\n2,oops\n3,1\n", {}, r"target 'y' holds no number in line 3 \('oops'\)"),
    ("text column", "x,c,y\n1,red,2\n2,blue,4\n", {}, r"'c' holds text \('red', 'blue'\).*--categorical c"),
    ("text column with a space in its name", "x,a b,y\n1,red,2\n2,blue,4\n", {}, r'--categorical "a b"'),
    ("text column, rows dropped", "x,c,y\n1,red,2\n2,blue,4\n", {"drop": "rows"}, r"'c' holds text"),
    ("several faults at once", "x,c,y\n1,red,2\n,blue,inf\n3,red,1\n", {}, r"'c' holds text.*'x' misses.*target 'y' is infinite"),
    ("dates", "day,y\n2020-01-01,2\n2020-01-02,4\n", {}, r"'day' holds text.*a date"),
    ("times", "t,y\n10:30,2\n10:31:05,4\n", {}, r"a date or time\?"),
    ("date as target", "x,day\n1,2020-01-01\n2,2020-01-02\n", {"target": "day"}, r"target 'day' holds text.*a date"),
    ("thousands", 'x,y\n"1,234.5",2\n"2,000",4\n', {}, r"thousands separators\? write 1234\.5"),
    ("thousands with spaces", "x;y\n1 234,5;2\n2 000;4\n", {}, r"thousands separators\? write 1234\.5"),
    ("percent", "x,y\n5%,2\n6 %,4\n", {}, "percentage"),
    ("currency", "x,y\n$5,2\n$6,4\n", {}, "currency"),
    ("units", "x,y\n5 km,2\n6 km,4\n", {}, "unit"),
    ("complex", "x,y\n1+2j,2\n3-1j,4\n", {}, "complex"),
    ("underscores", "x,y\n1_000,2\n2,4\n3,5\n", {}, r"line 2 \('1_000'\)"),
    ("points and commas", "x;y\n1,5;2\n2.5;4\n3.5;1\n", {}, "decimal comma"),
    ("short row", "x,y\n1,2\n3\n4,5\n", {}, r"names 2 columns, but line 3 has 1 fields; .*--drop rows"),
    ("long rows", "x,y\n1,2\n" + "3,4,5\n" * 5 + "4,5\n" * 9, {}, r"line 3 has 3 fields; line 4 has 3 fields; line 5 has 3 fields and 2 more lines"),
    ("header too short", "x,y\n1,2,3,4\n2,3,4,9\n", {}, "names 2 columns.*does the first line name every column"),
    ("target unknown", "temp,yield\n1,2\n2,4\n", {"target": "yeild"}, r"no column 'yeild' \(target\): did you mean 'yield'"),
    ("target unknown, nothing near", "a,b\n1,2\n2,4\n", {"target": "zzzz"}, "the columns are: a, b"),
    ("target not named", "a,b\n1,2\n2,4\n", {"target": None}, "--target NAME.*the columns are: a, b"),
    ("target without header", "1,2\n2,4\n", {}, "no column 'y'.*no header"),
    ("target twice in the file", "y,y,x\n1,2,3\n2,3,4\n", {}, "target 'y' occurs twice"),
    ("feature unknown", "x,y\n1,2\n2,4\n", {"features": ["w"]}, r"no column 'w' \(feature\)"),
    ("dropped column unknown", "x,y\n1,2\n2,4\n", {"drop": ["w"]}, r"no column 'w' \(dropped column\)"),
    ("target as feature", "x,y\n1,2\n2,4\n", {"features": ["y", "x"]}, "both target and feature"),
    ("target dropped", "x,y\n1,2\n2,4\n", {"drop": ["y"]}, "cannot be dropped"),
    ("everything dropped", "x,y\n1,2\n2,4\n", {"drop": ["x"]}, "no column to predict"),
    ("constant target", "x,y\n1,2\n2,2\n3,2\n", {}, "target 'y' is 2 in every row"),
    ("empty target", "x,y\n1,\n2,\n", {}, "target 'y' is empty"),
    ("one class", "x,y\n1,a\n2,a\n3,a\n", {}, "'a' in every row"),
    ("a class per row", "x,y\n" + "".join(f"{i},n{i}\n" for i in range(9)), {}, "9 different values in 9 rows"),
    ("classes that are measurements", "x,y\n" + "".join(f"{i},{i * 0.37}\n" for i in range(99)), {"task": "classification"}, "too many for classes"),
    ("text for a regression", "x,y\n1,a\n2,b\n", {"task": "regression"}, "target 'y' holds text"),
    ("categories that name rows", "c,y\n" + "".join(f"k{i},{i}\n" for i in range(30)), {"categorical": "c"}, "names rows.*--drop c"),
    ("only constant inputs", "x,y\n1,2\n1,4\n", {}, r"no input column that varies; constant: 'x' \(1\)"),
    ("only empty inputs", "x,y\n,2\n,4\n", {}, "no input column that varies"),
    ("too huge", "x,y\n1e200,2\n2e200,4\n", {}, "reaches 2e.200; above"),
    ("too tiny", "x,y\n1,1e-200\n2,2e-200\n", {}, "varies by only 1e-200"),
    ("two classification targets", "x,y,z\n1,a,b\n2,b,a\n", {"target": ["y", "z"], "task": "classification"}, "takes one target"),
    ("quote never closed", 'x,y\n1,2\n"3,4\n5,6\n', {}, r"line 3: a quote .* never closed"),
    ("quote in the middle", 'x,y\n1,2\n"3"4,4\n5,6\n', {}, "line 3: text goes on after a closing quote"),
    ("zero bytes", b"x,y\n1,\x002\n2,4\n", {}, "control characters"),
    ("utf-16 without a mark", GOOD.encode("utf-16-le"), {}, "not a text table"),
    ("utf-16 cut off", GOOD.encode("utf-16")[:-1], {}, "UTF-16"),
    ("random bytes", bytes(range(256)) * 4, {}, "not a text table"),
    ("workbook", b"PK\x03\x04" + bytes(100), {}, "Excel"),
    ("gzip", b"\x1f\x8b\x08" + bytes(100), {}, "gzip"),
    ("parquet", b"PAR1" + bytes(100), {}, "Parquet"),
    ("png", b"\x89PNG\r\n\x1a\n" + bytes(100), {}, "picture"),
    ("html", "<html><body>\n<p>not found</p>\n</body></html>\n", {}, "no column 'y'"),
    ("json", '{"x": [1, 2],\n "y": [2, 4]}\n', {}, "table.csv"),
    ("enormous field", 'x,y\n"' + "a" * 200_000 + '",2\n3,4\n', {}, "line 2: one field is over"),
]


@pytest.mark.parametrize(("content", "options", "message"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_faulty_table_ends_in_one_clear_error(tmp_path: Path, content: str | bytes, options: dict, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_csv(write(tmp_path, content), **{"target": "y", **options})
    assert re.search(message, str(caught.value), re.DOTALL), str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 900


def test_faulty_path(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "measured.csv")
    for path, message in [
        (tmp_path, "is a folder.*it holds measured.csv"),
        (tmp_path / "mesured.csv", "no file .*did you mean 'measured.csv'"),
        (tmp_path / "no" / "t.csv", "folder .* does not exist"),
        (tmp_path / "measured.csv" / "t.csv", "no file"),
        (Path("/dev/null"), "is a device"),
        ("a\0b", "not the name of a file"),
        (tmp_path / ("n" * 300), "cannot be read"),
    ]:
        with pytest.raises(DataError, match=message):
            read_csv(path, "y")


def test_classes_are_told_from_numbers(tmp_path: Path) -> None:
    text = read_csv(write(tmp_path, "x,y\n1,b\n2,a\n3,b\n"), "y")
    assert text.classes == ("a", "b") and text.y.tolist() == [1, 0, 1] and text.task == "classification"
    truth = read_csv(write(tmp_path, "x,y\n1,True\n2,False\n3,True\n"), "y")
    assert truth.classes == ("False", "True")
    whole = write(tmp_path, "x,y\n1,10\n2,9\n3,10\n")
    assert read_csv(whole, "y").classes is None
    assert read_csv(whole, "y", task="classification").classes == ("9", "10")
    assert "fewer than 3 rows" in " ".join(read_csv(whole, "y", task="classification").notes)


def test_levels_become_inputs(tmp_path: Path) -> None:
    table = read_csv(write(tmp_path, "colour,x,y\nred,1,2\nblue,2,4\nred,5,1\n"), "y", categorical=["colour"])
    assert table.inputs == ("colour=blue", "colour=red", "x") and table.categories == {"colour": ("blue", "red")}
    assert table.metadata().categories == {"colour": ("blue", "red")} and table.metadata().task == "regression"


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path, '# c\n\nx,y\n1,2\n\n"2\n",3\n\n7,8\n'), "y").lines == (4, 6, 9)


def test_unknown_task_is_a_setting_error(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="did you mean 'regression'"):
        read_csv(write(tmp_path, GOOD), "y", task="regresion")


def test_pipe_is_read(tmp_path: Path) -> None:
    import os
    import threading

    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text(GOOD))
    writer.start()
    assert len(read_csv(path, "y")) == 3
    writer.join()


CELL = st.one_of(
    st.sampled_from(["", "1", "-2.5", "1,5", "nan", "inf", "a", '"', '"b"', "#", "true", "1e999", "é", "\x00", " ", "2020-01-01", "x", "y"]),
    st.text(max_size=4),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=6), mark=st.sampled_from([",", ";", "\t", " ", "|"]), drop=st.booleans())
def test_any_text_ends_in_a_table_or_a_data_error(tmp_path: Path, rows: list[list[str]], mark: str, drop: bool) -> None:
    path = write(tmp_path, "\n".join(mark.join(row) for row in [["x", "y"], *rows]).encode("utf-8", "surrogatepass"))
    try:
        check(read_csv(path, "y", drop="rows" if drop else ()))
    except DataError as error:
        assert str(error)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=60))
def test_any_bytes_end_in_a_table_or_a_data_error(tmp_path: Path, raw: bytes) -> None:
    for content in (raw, b"x,y\n1,2\n" + raw):
        try:
            check(read_csv(write(tmp_path, content), "y"))
        except DataError as error:
            assert str(error)

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
from tables import FAULTY, FINE, GOOD


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def check(table: Table) -> None:
    """What holds for every table that is read."""
    n, d = table.X.shape
    assert table.X.dtype == torch.float64 and torch.isfinite(table.X).all()
    assert (
        len(table.inputs) == d == len(table.ranges)
        and len(set(table.inputs)) == d
        and n == len(table.y) == len(table.lines)
    )
    for column, (low, high) in zip(table.X.T, table.ranges, strict=True):
        assert column.min() == low < high == column.max()
    if table.classes is None:
        assert (
            table.y.dtype == torch.float64
            and table.y.shape == (n, len(table.outputs))
            and torch.isfinite(table.y).all()
        )
    else:
        assert table.y.dtype == torch.int64 and set(table.y.tolist()) == set(range(len(table.classes)))


@pytest.mark.parametrize(("content", "options", "X", "note"), [row[1:] for row in FINE], ids=[row[0] for row in FINE])
def test_table_is_read(tmp_path: Path, content: str | bytes, options: dict, X: list | None, note: str) -> None:
    table = read_csv(write(tmp_path, content), **{"target": "y", **options})
    check(table)
    if X is not None:
        assert table.X.tolist() == X
    assert note in "\n".join(table.notes)


@pytest.mark.parametrize(("content", "options", "message"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_faulty_table_ends_in_one_clear_error(
    tmp_path: Path, content: str | bytes, options: dict, message: str
) -> None:
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
    st.sampled_from(
        [
            "",
            "1",
            "-2.5",
            "1,5",
            "nan",
            "inf",
            "a",
            '"',
            '"b"',
            "#",
            "true",
            "1e999",
            "é",
            "\x00",
            " ",
            "2020-01-01",
            "x",
            "y",
        ]
    ),
    st.text(max_size=4),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=6),
    mark=st.sampled_from([",", ";", "\t", " ", "|"]),
    drop=st.booleans(),
)
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

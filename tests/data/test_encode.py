"""A new table becomes a trained model's inputs, or the message says what the model misses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from edgewise.data import beyond_ranges, encode, from_dataframe, raw_columns, read_csv
from edgewise.errors import DataError, ShapeError
from edgewise.metadata import Encoding, Metadata

TRAIN = "x,colour,flag,y\n0,red,yes,1\n1,blue,no,2\n2,red,no,4\n"


@pytest.fixture
def metadata(tmp_path: Path) -> Metadata:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    return read_csv(path, "y", categorical="colour").metadata()


def rows(folder: Path, text: str, metadata: Metadata, **options):
    path = folder / "new.csv"
    path.write_text(text)
    return encode(path, metadata, **options)


def test_training_table_encodes_to_itself(tmp_path: Path, metadata: Metadata) -> None:
    got = encode(tmp_path / "train.csv", metadata)
    assert torch.equal(got.X, read_csv(tmp_path / "train.csv", "y", categorical="colour").X)
    assert not got.outside.any() and got.kept == (0, 1, 2)
    assert raw_columns(metadata) == ("x", "colour", "flag")


def test_order_separator_and_spelling_do_not_matter(tmp_path: Path, metadata: Metadata) -> None:
    got = rows(tmp_path, "flag;id;colour;x\ntrue;7;blue;0,5\n", metadata)
    assert got.X.tolist() == [[0.5, 1, 0, 1]]
    assert any("not used by the model: id" in note for note in got.notes)


def test_rows_outside_the_training_range_are_told(tmp_path: Path, metadata: Metadata) -> None:
    got = rows(tmp_path, "x,colour,flag\n1,red,no\n2.5,red,no\n-1,blue,yes\n", metadata)
    assert got.outside.tolist() == [False, True, True]
    assert any(
        "2 of 3 rows lie outside the training range" in note and "'x' (trained on 0 to 2, here -1 to 2.5)" in note
        for note in got.notes
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,flag\n1,no\n", "lacks the column 'colour'"),
        ("X,Colour,flag\n1,red,no\n", r"lacks columns 'x'.*'colour' \(did you mean 'Colour'"),
        ("x,colour,flag\nabc,red,no\n1,red,no\n", r"'x' holds no number in line 2 \('abc'\)"),
        ("x,colour,flag\ninf,red,no\n", "'x' is infinite"),
        ("x,colour,flag\n", "no rows"),
        ("1,red,no\n", "lacks columns|no rows"),
    ],
)
def test_table_that_does_not_fit_the_model(tmp_path: Path, metadata: Metadata, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows(tmp_path, text, metadata)


def test_missing_cells_and_unknown_levels_are_what_rows_are_in_the_mean(tmp_path: Path, metadata: Metadata) -> None:
    got = rows(tmp_path, "x,colour,flag\n,green,no\n1,,yes\n", metadata)
    third = pytest.approx([1 / 3, 2 / 3])
    assert got.X[:, 1:3].tolist() == [third, third] and got.X[0, 0] == 1.0  # the median
    assert [note.split(" ")[1] for note in got.stand_ins] == ["'x'", "'colour'", "'colour'"]
    assert any("does not know ('green', in 1 row)" in note for note in got.notes)


def test_cells_that_missed_before_have_an_input_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("x,colour,y\n0,red,1\n,blue,2\n2,,4\n4,red,3\n")
    table = read_csv(path, "y")
    assert table.inputs == ("x", "x=missing", "colour=blue", "colour=missing", "colour=red")
    got = encode(path, table.metadata())
    assert torch.equal(got.X, table.X) and got.stand_ins == ()
    assert torch.equal(encode(table.raw(), table.metadata()).X, table.X)
    assert raw_columns(table.metadata()) == ("x", "colour")


def test_unknown_levels_are_other_where_rare_ones_are(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("c,y\n" + "".join(f"{level},{k}\n" for k, level in enumerate("aaaabbbbpq")))
    metadata = read_csv(path, "y").metadata()
    assert metadata.categories == {"c": ("a", "b", "other")}
    got = encode({"c": ["p", "new", "a"]}, metadata)
    assert got.X.tolist() == [[0, 0, 1], [0, 0, 1], [1, 0, 0]] and "count as 'other'" in got.notes[0]


def test_rare_levels_of_the_table_are_known_and_only_others_are_told(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("c,y\n" + "".join(f"{level},{k}\n" for k, level in enumerate("aaaabbbbqp")))
    table = read_csv(path, "y")
    metadata = table.metadata()
    assert metadata.encoding.merged == {"c": ("p", "q")}
    assert torch.equal(encode(path, metadata, drop="rows").X, table.X) and encode(path, metadata).stand_ins == ()
    (told,) = encode({"c": ["p", "new", "q", "other"]}, metadata).stand_ins
    assert "does not know ('new', in 1 row)" in told
    old = replace(metadata, encoding=replace(metadata.encoding, merged={}))
    assert "('p', 'q', in 2 rows)" in encode({"c": ["p", "q"]}, old).stand_ins[0]


def test_models_that_know_no_stand_ins_say_what_is_wrong() -> None:
    old = Metadata(inputs=("x", "c=a", "c=b"), categories={"c": ("a", "b")})
    with pytest.raises(DataError, match="'x' misses 1 value.*'c' misses 1 value.*has never seen, in row 0 .'z'"):
        encode({"x": [None, 1.0], "c": ["z", None]}, old)


def test_bad_rows_are_left_out_when_asked(tmp_path: Path, metadata: Metadata) -> None:
    got = rows(tmp_path, "x,colour,flag\nabc,red,no\n1,green,no\n1,red,no\n", metadata, drop="rows")
    assert got.kept == (2,) and got.X.tolist() == [[1, 0, 1, 0]]
    with pytest.raises(DataError, match="no usable row"):
        rows(tmp_path, "x,colour,flag\n1,green,no\n", metadata, drop="rows")
    with pytest.raises(DataError, match="the table has no rows"):
        encode({"x": [], "colour": [], "flag": []}, metadata)


def test_one_bad_cell_among_truth_values_is_the_only_one() -> None:
    known = Metadata(inputs=("flag",))
    cells = {"flag": ["Yes", "maybe", "no", "NO"]}
    with pytest.raises(DataError, match=r"holds no truth value in row 1 \('maybe'\)"):
        encode(cells, known)
    found = encode(cells, known, drop="rows")
    assert found.kept == (0, 2, 3) and found.X[:, 0].tolist() == [1.0, 0.0, 0.0]


def test_a_new_remark_is_a_remark() -> None:
    cells = {"a": [float(k) for k in range(12)], "remark": [f"no. {k}" for k in range(5)] + [None] * 7}
    table = from_dataframe(pd.DataFrame({**cells, "y": cells["a"]}), target="y")
    assert table.inputs == ("a", "remark=missing", "remark=other") and not table.encoding.merged
    found = encode({"a": ["1", "2"], "remark": ["no. 77", ""]}, table.metadata())
    assert found.X[:, 1:].tolist() == [[0.0, 1.0], [1.0, 0.0]] and found.notes == ()


def test_words_of_truth_beside_text_are_no_numbers_of_a_column_of_others() -> None:
    with pytest.raises(DataError, match=r"holds text \('off', 'error'\)"):
        encode({"temperature": ["off", "error"]}, Metadata(inputs=("temperature",), ranges=((15.0, 31.0),)))


def test_words_of_truth_are_no_numbers_beside_numbers() -> None:
    with pytest.raises(DataError, match=r"holds no number in rows 1 \('no'\), 2 \('maybe'\)"):
        encode({"dose": ["1.5", "no", "maybe"]}, Metadata(inputs=("dose",)))


def test_arrays_mappings_and_frames() -> None:
    metadata = Metadata(inputs=("a", "b"), ranges=((0.0, 1.0), (0.0, 1.0)))
    for data in (np.array([[0.0, 1.0]]), torch.tensor([[0.0, 1.0]]), [[0.0, 1.0]], {"b": [1.0], "a": [0.0]}):
        assert encode(data, metadata).X.tolist() == [[0, 1]]
    with pytest.raises(ShapeError, match=r"shape \(1, 3\), wanted \(rows, 2\): a, b"):
        encode(np.ones((1, 3)), metadata)
    with pytest.raises(ShapeError, match="one length"):
        encode({"a": [1, 2], "b": [1]}, metadata)
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    assert encode(pd.DataFrame({"b": [1.0], "c": ["u"], "a": [0.0]}), metadata).X.tolist() == [[0, 1]]


def test_model_without_names_takes_all_columns() -> None:
    assert encode({"p": [1.0], "q": [2.0]}, Metadata()).X.tolist() == [[1, 2]]


def test_columns_that_the_model_does_not_use_may_be_missing_or_faulty(tmp_path: Path, metadata: Metadata) -> None:
    assert metadata.inputs == ("x", "colour=blue", "colour=red", "flag")
    assert rows(tmp_path, "flag\nyes\n", metadata, used=(3,)).X.tolist() == [[0, 0, 0, 1]]
    got = rows(tmp_path, "x,flag\nabc,yes\n99,no\n", metadata, used=(3,))
    assert got.X.tolist() == [[0, 0, 0, 1], [0, 0, 0, 0]] and not got.outside.any()
    assert "not used by the model: x" in got.notes
    with pytest.raises(DataError, match="lacks the column 'flag' that the model needs"):
        rows(tmp_path, "x,colour\n1,red\n", metadata, used=(3,))


def test_one_level_in_use_needs_its_column(tmp_path: Path, metadata: Metadata) -> None:
    assert rows(tmp_path, "colour\nred\nblue\n", metadata, used=(2,)).X.tolist() == [[0, 0, 1, 0], [0, 1, 0, 0]]
    with pytest.raises(DataError, match="lacks the column 'colour'"):
        rows(tmp_path, "x\n1\n", metadata, used=(2,))


def test_rounding_to_float32_leaves_no_range() -> None:
    metadata = Metadata(inputs=("a",), ranges=((0.1, 0.7),))
    assert not encode(np.array([[0.1], [0.7]], dtype=np.float32), metadata).outside.any()
    assert encode(np.array([[0.1], [0.70001]], dtype=np.float32), metadata).outside.tolist() == [False, True]


@pytest.mark.filterwarnings("error")
def test_a_range_that_overflows_is_no_trouble() -> None:
    metadata = Metadata(inputs=("a",), ranges=((-1.7e308, 1.7e308),))
    assert not beyond_ranges(np.array([[1e308]]), metadata, [0], margin=0.1)[0].any()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x,colour,flag\n0,red,yes\n,,\n2,red,no\n", [2, 3, 4]),
        ("\n,,\nx,colour,flag\n,,\n0,red,yes\n# half\n\n,\n2,red,no\n   \n\n", [4, 5, 8, 9]),  # some cut short
        ("x;colour;flag\n0;red;yes\n2;red;no\n;;\n", [2, 3, 4]),
        ("x\tcolour\tflag\n\t\t\n0\tred\tyes\n \n2\tred\tno\n", [2, 3, 5]),
        ("colour,x,flag,\n,,,\nred,0,yes,\nred,2,no,\n", [2, 3, 4]),
    ],
)
def test_rows_without_any_cell_keep_their_place(
    tmp_path: Path, metadata: Metadata, text: str, lines: list[int]
) -> None:
    got = rows(tmp_path, text, metadata)
    assert [*got.grid.lines] == lines and got.kept == tuple(range(len(lines)))
    fills = metadata.encoding.fills
    empty = [fills["x"], *metadata.encoding.shares["colour"], fills["flag"]]
    full = {(0.0, 0.0, 1.0, 1.0), (2.0, 0.0, 1.0, 0.0)}
    assert [row for row in got.X.tolist() if tuple(row) not in full] == [empty] * (len(lines) - 2)
    assert any("empty row" in note and "their cells count as missing" in note for note in got.notes)
    assert rows(tmp_path, text, metadata, drop="rows").X.tolist() == [row for row in got.X.tolist() if row != empty]


def test_a_blank_line_is_an_empty_cell_between_those_of_a_lone_column(tmp_path: Path) -> None:
    metadata = Metadata(("S (uM)",), ranges=((0, 50),), encoding=Encoding(fills={"S (uM)": 7.0}))
    got = rows(tmp_path, 'S (uM)\n0\n\n""\n50\n\n', metadata)
    assert got.X.tolist() == [[0], [7], [7], [50]] and [*got.grid.lines] == [2, 3, 4, 5]
    assert got.notes[0] == "2 empty rows, in lines 3, 4: their cells count as missing"


CODES = ["1E2", "100", "010", "10", "007", "7", "A1", "2D"]


def test_codes_stay_apart_in_columns_and_classes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"code": CODES * 4, "y": range(32)})
    table = from_dataframe(frame, "y", categorical="code")
    assert {*table.categories["code"]} == {*CODES}
    assert torch.equal(encode(frame, table.metadata()).X, table.X)
    frame[["code"]].to_csv(tmp_path / "new.csv", index=False)
    got = encode(tmp_path / "new.csv", table.metadata())
    assert torch.equal(got.X, table.X) and not got.stand_ins
    assert {*(from_dataframe(frame, "code", task="classification").classes or ())} == {*CODES}


def test_an_unknown_spelling_among_codes_is_an_unknown_level() -> None:
    metadata = from_dataframe(pd.DataFrame({"code": ["100", "A1", "7"] * 4, "y": range(12)}), "y").metadata()
    got = encode({"code": ["1E2", "007", "7", "7.0"]}, metadata)
    assert "('1E2', '007', in 2 rows)" in got.stand_ins[0] and torch.equal(got.X[2], got.X[3])


def test_codes_that_lost_their_zeros_in_a_frame_of_numbers_are_known(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("zip,y\n" + "".join(f"{code},{k}\n" for k, code in enumerate(["01234", "00100", "20000"] * 4)))
    table = read_csv(path, "y", categorical="zip")
    assert table.categories["zip"] == ("00100", "01234", "20000")
    got = encode(pd.read_csv(path), table.metadata())
    assert torch.equal(got.X, table.X) and not got.stand_ins
    numbers = from_dataframe(pd.read_csv(path), "y", categorical="zip").metadata()
    assert torch.equal(encode(path, numbers).X, table.X)

"""Tables from arrays, DataFrames and functions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from edgewise.data import encode, from_arrays, from_dataframe, from_function, read_csv
from edgewise.errors import DataError, ShapeError


@pytest.mark.parametrize("make", [np.array, torch.tensor, list], ids=["numpy", "torch", "lists"])
def test_arrays_of_every_kind_give_the_same_table(make) -> None:
    table = from_arrays(make([[0.0, 1.0], [1.0, 3.0], [2.0, 0.0]]), make([1.0, 2.0, 5.0]))
    assert table.inputs == ("x1", "x2") and table.outputs == ("y",) and table.ranges == ((0, 2), (0, 3))
    assert table.X.tolist() == [[0, 1], [1, 3], [2, 0]] and table.y.tolist() == [[1], [2], [5]]


def test_arrays_do_not_alias_their_source() -> None:
    X, y = np.random.rand(5, 2), np.random.rand(5)
    table = from_arrays(X, y)
    X[:], y[:] = 0, 0
    assert table.X.any() and table.y.any()


def test_arrays_with_text_targets_are_classes() -> None:
    table = from_arrays(np.arange(4.0)[:, None], np.array(["b", "a", "b", "a"]))
    assert table.classes == ("a", "b") and table.y.tolist() == [1, 0, 1, 0]
    assert from_arrays(np.arange(4.0)[:, None], [True, False, True, True]).classes == ("false", "true")
    assert from_arrays(np.arange(4.0)[:, None], [0, 2, 0, 2]).classes is None
    assert from_arrays(np.arange(4.0)[:, None], [0, 2, 0, 2], task="classification").classes == ("0", "2")


@pytest.mark.parametrize(
    ("X", "y", "options", "error", "message"),
    [
        (np.ones(3), np.ones(3), {}, ShapeError, r"X has shape \(3,\)"),
        (np.ones((3, 1)), np.ones(2), {}, ShapeError, "for an X of 3 rows"),
        (np.ones((3, 1)), np.ones((3, 1, 1)), {}, ShapeError, "y has shape"),
        ([[1, 2], [3]], [1, 2], {}, ShapeError, "same length"),
        ([[1.0], [np.inf], [2.0]], [1, 2, 3], {}, DataError, "'x1' is infinite"),
        ([[1.0], [2.0]], [3.0, 3.0], {}, DataError, "nothing to learn"),
        ([[1.0], [2.0]], [3.0, 4.0], {"inputs": ["a", "b"]}, ShapeError, "inputs must be 1 different names"),
        ([[1.0], [2.0]], [3.0, 4.0], {"inputs": ["a"], "outputs": ["a"]}, ShapeError, "share the name 'a'"),
        ([[1.0], [2.0]], ["a", "b"], {"task": "regression"}, DataError, "must hold numbers"),
        (np.ones((0, 2)), np.ones(0), {}, DataError, "pair of arrays has no rows"),
    ],
)
def test_unusable_arrays(X, y, options, error, message) -> None:
    with pytest.raises(error, match=message):
        from_arrays(X, y, **options)


def test_rows_with_missing_values_are_left_out_when_asked() -> None:
    table = from_arrays([[1.0], [np.nan], [2.0], [3.0]], [1, 2, 3, np.inf], drop="rows")
    assert table.X.tolist() == [[1], [2]] and table.lines == (0, 2)


def test_rows_without_a_target_are_left_out_and_missing_cells_stay() -> None:
    X, y = [[1.0], [np.nan], [2.0], [3.0], [4.0], [np.nan]], [1, 2, 3, np.nan, np.inf, 5]
    table = from_arrays(X, y, drop="targetless")
    assert table.lines == (0, 1, 2, 5) and len(table.inputs) == 2
    assert any("2 of 6 rows left out: target 'y' misses 1 value" in note for note in table.notes)
    with pytest.raises(DataError, match="target 'y' misses 1 value.*--drop targetless leaves out these rows"):
        from_arrays(X, y)


def test_rows_without_a_target_may_have_other_faults() -> None:
    X, y = [[1.0], [2.0], [3.0], [np.inf]], [1.0, 2.0, 3.0, np.nan]
    assert from_arrays(X, y, drop="targetless").lines == (0, 1, 2)
    with pytest.raises(DataError, match="is infinite"):
        from_arrays([[1.0], [np.inf], [3.0], [np.inf]], y, drop="targetless")


@pytest.mark.parametrize("word", ["rows", "targetless"])
def test_a_word_for_rows_that_is_a_column_too_is_refused(word: str) -> None:
    X = [[1.0, 4.0], [2.0, 3.0], [4.0, 1.0]]
    with pytest.raises(DataError, match=f"drop='{word}' leaves out rows, and .* has a column of that name"):
        from_arrays(X, [1, 2, 5], inputs=["a", word], drop=word)


def test_dataframe_of_mixed_columns() -> None:
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    frame = pd.DataFrame(
        {
            "x": [1, 2, 3, 4],
            "gap": pd.array([1, None, 3, 4], dtype="Int64"),
            "kind": pd.Categorical(["a", "b", "b", "b"]),
            "flag": [True, False, False, False],
            "text": ["u", "v", "w", None],
            "when": pd.to_datetime(["2020-01-01"] * 4),
            ("two", "names"): [1.5, 2.5, 3.0, 0.0],
            "y": [1.0, 2.0, 3.0, 4.0],
        }
    )
    table = from_dataframe(frame, "y", categorical=["kind", "text"], drop=["when", "rows"])
    assert table.inputs == (
        "x",
        "gap",
        "kind=a",
        "kind=b",
        "flag",
        "text=u",
        "text=w",
        "two names",
    ) and table.lines == (0, 2)
    table = from_dataframe(frame, "y", drop="when")
    assert table.inputs == ("x", "gap", "gap=missing", "kind=a", "kind=b", "flag", "two names")
    assert table.X[:, 1:3].tolist() == [[1, 0], [3, 1], [3, 0], [4, 0]]
    assert any("'text' holds a different text in every row" in note for note in table.notes)
    assert from_dataframe(frame[["x", "kind"]], "kind").classes == ("a", "b")
    assert from_dataframe(frame[["x", "flag"]], "flag").classes == ("false", "true")


def test_times_are_hours_in_inputs_and_targets() -> None:
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    hours, texts = [0.5, 2.0, 30.25], ["0:30", "2:00", "30:15"]
    lengths = from_dataframe(pd.DataFrame({"t": pd.to_timedelta(hours, unit="h"), "y": [1.0, 2.0, 4.0]}), "y")
    table = from_dataframe(pd.DataFrame({"t": texts, "y": [1.0, 2.0, 4.0]}), "y")
    assert table.X[:, 0].tolist() == lengths.X[:, 0].tolist() == hours
    assert "column 't' holds times: read as hours" in table.notes
    assert encode({"t": ["30:15"]}, table.metadata()).X.tolist() == [[30.25]]
    assert encode({"t": ["1:20"]}, table.metadata()).X.tolist() == [[1 + 1 / 3]]
    with pytest.raises(DataError, match="'t' holds text .'30:15'."):
        encode({"t": ["30:15"]}, lengths.metadata())  # a model of numbers
    target = from_dataframe(pd.DataFrame({"x": [1.0, 2.0, 4.0], "t": texts}), "t")
    assert target.y[:, 0].tolist() == hours and "target 't' holds times: read as hours" in target.notes


def test_dataframe_with_a_name_twice() -> None:
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    frame = pd.DataFrame([[1, 5, 1.0], [2, 4, 2.0]], columns=["x", "x", "y"])
    assert from_dataframe(frame, "y").inputs == ("x", "x.2")
    with pytest.raises(DataError, match="no rows"):
        from_dataframe(frame[:0], "y")
    with pytest.raises(DataError, match="wanted a DataFrame, got list"):
        from_dataframe([1, 2], "y")


def test_function_is_sampled_inside_its_ranges_and_repeats_by_seed() -> None:
    table = from_function(lambda X: X[:, 0] * X[:, 1], [(0, 1), (10, 20)], 50, seed=3)
    assert (
        table.ranges == ((0, 1), (10, 20)) and (table.X[:, 1] >= 10).all() and (table.X <= torch.tensor([1, 20])).all()
    )
    assert torch.equal(table.y[:, 0], table.X.prod(1))
    assert torch.equal(table.X, from_function(lambda a, b: a, [(0, 1), (10, 20)], 50, seed=3).X)
    assert not torch.equal(table.X, from_function(lambda a, b: a, [(0, 1), (10, 20)], 50, seed=4).X)
    assert from_function(lambda X: torch.stack([X[:, 0], X[:, 0] ** 2], 1), [(0, 1)], 9).outputs == ("y1", "y2")
    assert from_function(lambda x, scale=2.0: x[:, 0] * scale, {"time": (0, 1)}, 9).inputs == ("time",)


@pytest.mark.parametrize(
    ("f", "ranges", "n", "error", "message"),
    [
        (lambda x: x[:, 0], [(1, 1)], 9, DataError, "low < high"),
        (lambda x: x[:, 0], [(0, float("inf"))], 9, DataError, "finite"),
        (lambda x: x[:, 0], [], 9, DataError, "at least one"),
        (lambda x: x[:, 0], [(0, "a")], 9, DataError, "pairs"),
        (lambda x: x[:, 0], [(0, 1)], 1, DataError, "n must be"),
        (lambda x: x.sum(), [(0, 1)], 9, ShapeError, r"shape \(\)"),
        (lambda x: torch.log(x[:, 0] - 0.5), [(0, 1)], 9, DataError, r"f\(x\) is not finite"),
        (lambda x: x[:, 0] * 0 + 2, [(0, 1)], 9, DataError, "nothing to learn"),
    ],
)
def test_unusable_functions(f, ranges, n, error, message) -> None:
    with pytest.raises(error, match=message):
        from_function(f, ranges, n)


def test_tables_of_all_sizes_are_shown_in_a_line() -> None:
    wide = from_arrays(np.eye(30), np.arange(30.0), inputs=[f"c{column}" for column in range(30)])
    assert repr(wide) == "Table(30 rows, regression of y from 30 inputs c0, c1, c2, c3, c4, c5, c6, c7 and 22 more)"
    classes = from_arrays([[1.0], [2.0], [3.0]], ["a", "b", "a"], outputs=["kind"])
    assert repr(classes) == "Table(3 rows, classification of kind (a, b) from 1 input x1)"
    rows = encode(wide.X.numpy(), wide.metadata())
    assert repr(rows) == "EncodedRows(30 of 30 rows, 0 outside the ranges)"
    assert repr(rows.grid) == "Grid(30 rows of the array: c0, c1, c2, c3, c4, c5, c6, c7 and 22 more)"


@pytest.mark.parametrize(("levels", "taken"), [(40, True), (50, True), (51, False)])
def test_numbers_may_hold_as_many_levels_as_half_the_rows(levels: int, taken: bool) -> None:
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    frame = pd.DataFrame({"c": [3 * (k % levels) for k in range(100)], "y": [float(k % 7) for k in range(100)]})
    if taken:
        assert len(from_dataframe(frame, "y", categorical=["c"]).categories["c"]) > 1
        return
    with pytest.raises(DataError, match="'c' has 51 levels in 100 rows: it names rows"):
        from_dataframe(frame, "y", categorical=["c"])


@pytest.mark.parametrize(("classes", "taken"), [(20, True), (25, True), (26, False)])
def test_a_target_may_have_a_class_for_every_four_rows(classes: int, taken: bool) -> None:
    rows, labels = np.arange(100.0)[:, None], [f"k{k % classes}" for k in range(100)]
    if taken:
        assert len(from_arrays(rows, labels).classes or ()) == classes
        return
    with pytest.raises(DataError, match="'y' has 26 different values in 100 rows, too many for classes"):
        from_arrays(rows, labels)


def test_a_target_of_codes_beside_numbers_is_asked_for_as_classes(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    frame = pd.DataFrame({"x": range(60), "lab": ["1E2", "A1", "100", "B7", "200", "300"] * 10})
    frame.to_csv(tmp_path / "t.csv", index=False)
    for made in (lambda: from_dataframe(frame, "lab"), lambda: read_csv(tmp_path / "t.csv", "lab")):
        with pytest.raises(DataError, match=r"or: --task classification .*--drop .*Python: task=\"classification\", "):
            made()
    with pytest.raises(DataError, match=r"or: --drop targetless .*Python: drop=...\)$"):
        from_dataframe(frame, "lab", task="regression")
    assert from_dataframe(frame, "lab", task="classification").classes == ("100", "1E2", "200", "300", "A1", "B7")
    frame["y"] = [float(k) if k % 6 else "failed" for k in range(60)]
    with pytest.raises(DataError, match=r"or: --drop targetless leaves out these rows \(in Python: drop=...\)$"):
        from_dataframe(frame, "y")


def test_points_that_may_stand_between_thousands_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("price;y\n2.723;1\n527;2\n81;4\n")
    told = "column 'price' has 2.723 beside 527: points are read as decimal; between thousands, write none"
    assert told in read_csv(path, "y").notes
    path.write_text("price;y\n2.723;1\n3.527;2\n")
    assert not any("thousands" in note for note in read_csv(path, "y").notes)

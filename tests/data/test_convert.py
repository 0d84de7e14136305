"""Whatever holds numbers becomes a tensor of the right shape, or the message names the column and the row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import edgewise as ew
from edgewise.data import as_matrix, as_pair, as_target
from edgewise.errors import DataError, ShapeError

pd = pytest.importorskip("pandas", reason="pandas is an optional package")


def test_dtype_of_floats_is_kept_and_everything_else_becomes_float64() -> None:
    assert as_matrix(torch.ones(2, 2)).dtype == torch.float32
    assert as_matrix(np.ones((2, 2), np.float32)).dtype == torch.float32
    assert as_matrix(np.ones((2, 2), np.int8)).dtype == torch.float64
    assert as_matrix(torch.ones(2, 2, dtype=torch.int32)).dtype == torch.float64
    assert as_matrix([[1, 2]]).dtype == torch.float64
    assert as_matrix([[True, False]]).tolist() == [[1, 0]]
    assert as_matrix(torch.ones(2, 2), dtype=torch.float64).dtype == torch.float64
    assert as_matrix(torch.ones(2, 2, dtype=torch.float16)).dtype == torch.float32
    assert as_matrix(pd.DataFrame({"a": [1], "b": pd.array([2], dtype="Int64")})).tolist() == [[1, 2]]


def test_result_is_detached_and_arrays_are_not_aliased() -> None:
    source = np.ones((2, 2))
    tensor = as_matrix(source)
    source[:] = 0
    assert tensor.all()
    assert not as_matrix(torch.ones(2, 2, requires_grad=True)).requires_grad
    read_only = np.ones((2, 2))
    read_only.flags.writeable = False
    as_matrix(read_only)[0, 0] = 5
    assert as_matrix(np.ones((4, 4))[::-2, ::-1]).shape == (2, 4)
    assert as_matrix([torch.ones(2), torch.zeros(2)]).tolist() == [[1, 1], [0, 0]]


def test_target_of_one_column_is_never_broadcast() -> None:
    for y in (torch.ones(5), np.ones((5, 1)), pd.Series(np.ones(5)), pd.DataFrame({"y": np.ones(5)}), [1.0] * 5):
        assert as_target(y, rows=5, width=1).shape == (5, 1)
    assert as_target(np.ones((5, 3)), rows=5).shape == (5, 3)


@pytest.mark.parametrize(
    ("convert", "error", "message"),
    [
        (
            lambda: as_matrix(torch.ones(3)),
            ShapeError,
            r"X has shape \(3,\), wanted \(rows, columns\); one column is X\[:, None\]",
        ),
        (lambda: as_matrix(torch.ones(2, 3, 4), width=4), ShapeError, r"wanted \(rows, 4\)"),
        (
            lambda: as_matrix(torch.ones(2, 3), width=2),
            ShapeError,
            "has 3 columns, the model takes 2; is it transposed",
        ),
        (lambda: as_matrix([[1, 2], [3]]), ShapeError, "same length"),
        (
            lambda: as_matrix(pd.DataFrame({"a": [1, 2], "b": [1.0, np.nan]})),
            DataError,
            r"row 1, column 'b' \(is nan\)",
        ),
        (
            lambda: as_matrix(np.array([[1, np.inf]] * 9)),
            DataError,
            r"row 0, column 1; row 1, column 1; row 2, column 1 and 6 more \(are inf\)",
        ),
        (
            lambda: as_matrix(pd.DataFrame({"a": [1, 2], "b": ["u", "v"]})),
            DataError,
            "column 'b' of X holds text in row 0",
        ),
        (lambda: as_matrix(pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})), DataError, "row 1, column 'a'"),
        (lambda: as_matrix(pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])})), DataError, "dates"),
        (lambda: as_matrix([["a", "b"]]), DataError, "holds text"),
        (lambda: as_matrix(np.ones((2, 2), complex)), DataError, "complex"),
        (lambda: as_matrix(torch.ones(2, 2, dtype=torch.complex64)), DataError, "complex"),
        (lambda: as_matrix(None), DataError, "None"),
        (
            lambda: as_matrix({"a": [1]}),
            DataError,
            "X is a dict, wanted an array, a tensor, lists or a DataFrame; pandas.DataFrame makes one",
        ),
        (
            lambda: as_matrix(torch.full((2, 2), 1e300, dtype=torch.float64), dtype=torch.float32),
            DataError,
            "too large for torch.float32",
        ),
        (lambda: as_target(torch.ones(1, 5), rows=5), ShapeError, "y has 1 rows, X has 5.*transposed"),
        (lambda: as_target(torch.ones(4), rows=5), ShapeError, "y has 4 rows, X has 5"),
        (lambda: as_target(torch.tensor(1.0)), ShapeError, r"shape \(\)"),
        (lambda: as_target(torch.ones(5, 2), rows=5, width=1), ShapeError, "y has 2 columns, the model gives 1"),
        (lambda: as_target(pd.Series([1.0, None, 2.0], name="mass")), DataError, "row 1, column 'mass'"),
        (lambda: as_target(["a", "b"]), DataError, "cross_entropy"),
        (lambda: as_target(torch.tensor([True, False])), DataError, "cross_entropy"),
        (
            lambda: as_pair(DataLoader(TensorDataset(torch.ones(2, 1), torch.ones(2))), torch.ones(2)),
            DataError,
            "y is given twice",
        ),
        (lambda: as_pair(DataLoader(TensorDataset(torch.ones(2, 1)))), DataError, "wanted pairs"),
    ],
)
def test_unusable_data_is_named(convert, error, message) -> None:
    with pytest.raises(error, match=message):
        convert()


def test_loader_is_gathered_in_order() -> None:
    X, y = torch.arange(10.0)[:, None], torch.arange(10.0)
    assert all(
        torch.equal(got, want)
        for got, want in zip(as_pair(DataLoader(TensorDataset(X, y), batch_size=3)), (X, y), strict=True)
    )
    assert as_pair(X, y)[0] is X


def test_masked_cells_are_missing_and_never_numbers() -> None:
    masked = np.ma.masked_equal(np.array([[1.0, -999.0], [2.0, 3.0]]), -999.0)
    with pytest.raises(DataError, match="row 0, column 1"):
        as_matrix(masked)
    with pytest.raises(DataError, match="row 0"):
        as_target(np.ma.masked_equal([-999, 3], -999), rows=2)
    table = ew.from_arrays(np.ma.masked_equal([[1, -999], [2, 3], [4, 5]], -999), [1.0, 2.0, 3.0])
    assert any("missing" in note for note in table.notes)

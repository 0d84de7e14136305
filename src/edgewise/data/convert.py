"""Whatever holds numbers -> tensors for training: strict about shapes, names the column and the row of every bad
value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import DataError, ShapeError

# n rows, d columns of X, k columns of y

SHOWN = 3  # bad values that a message lists before it counts the rest


def as_matrix(
    X: Any,
    *,
    width: int | None = None,
    what: str = "X",
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """A detached (n, d) floating tensor from a tensor, an array, nested lists or a DataFrame.

    `width`: the number of columns wanted. Floating tensors and arrays keep their dtype unless `dtype` is given;
    everything else becomes float64. Raises `ShapeError` for another shape, `DataError` for text, missing and infinite
    values.

    >>> as_matrix([[1, 2], [3, 4]]).shape
    torch.Size([2, 2])
    """
    values, names = _numbers(X, what)
    if values.ndim != 2:
        remedy = f"; one column is {what}[:, None], one row is {what}[None, :]" if values.ndim == 1 else ""
        raise ShapeError(
            f"{what} has shape {tuple(values.shape)}, wanted (rows, {'columns' if width is None else width}){remedy}"
        )
    if width is not None and values.shape[1] != width:
        turned = f"; is it transposed? {what}.T has that shape" if values.shape[0] == width else ""
        raise ShapeError(f"{what} has {values.shape[1]} columns, the model takes {width}{turned}")
    return _finite(_cast(values, what, dtype, device), names, what)


def as_target(
    y: Any,
    *,
    rows: int | None = None,
    width: int | None = None,
    what: str = "y",
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """A detached (n, k) floating tensor of targets; (n,) becomes (n, 1) and nothing is ever broadcast.

    `rows`: the rows that X has; `width`: the outputs that the model gives. Raises `ShapeError` and `DataError` as
    `as_matrix` does.

    >>> as_target([1.0, 2.0, 3.0], rows=3).shape
    torch.Size([3, 1])
    """
    if holds_classes(y):
        raise DataError(
            f"{what} holds text, booleans or categories, wanted numbers; to tell classes apart, fit with"
            " loss='cross_entropy'"
        )
    values, names = _numbers(y, what)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise ShapeError(
            f"{what} has shape {tuple(values.shape)}, wanted (rows,) or (rows, {'outputs' if width is None else width})"
        )
    _same_rows(values, rows, what)
    if width is not None and values.shape[1] != width:
        classes = values.shape[1] == 1 and bool((values == values.floor()).all())
        remedy = "; if these are classes, fit with loss='cross_entropy'" if classes else ""
        raise ShapeError(
            f"{what} has {values.shape[1]} column{'s' if values.shape[1] > 1 else ''}, the model gives {width}"
            f" outputs{remedy}"
        )
    return _finite(_cast(values, what, dtype, device), names, what)


def as_codes(
    y: Any,
    *,
    rows: int | None = None,
    classes: Sequence[Any] | None = None,
    width: int | None = None,
    what: str = "y",
    device: torch.device | str | None = None,
) -> tuple[Tensor, tuple[str, ...]]:
    """Class codes (n,) int64 and the class labels, from text, booleans, categories or whole numbers.

    `classes`: the labels in order (others are refused). Without them, whole numbers with a `width` are codes 0 ..
    width-1 already, and everything else is coded in sorted order. Raises `ShapeError` for another shape than (n,) or
    (n, 1), `DataError` for unusable labels.

    >>> as_codes(["b", "a", "b"])
    (tensor([1, 0, 1]), ('a', 'b'))
    """
    labels, whole = _labels(y, what)
    _same_rows(labels, rows, what)
    if classes is not None:
        order = {str(label): code for code, label in enumerate(classes)}
        unknown = sorted({str(label) for label in labels.tolist()} - order.keys())
        if unknown:
            raise DataError(f"{what} holds {_few(unknown)}, none of the classes {_few(list(order), 12)}")
        codes = np.array([order[str(label)] for label in labels.tolist()], dtype=np.int64)
        return torch.from_numpy(codes).to(device), tuple(order)
    if whole and width is not None:
        bad = np.flatnonzero((labels < 0) | (labels >= width))
        if bad.size:
            raise DataError(
                f"{what}[{bad[0]}] is class {labels[bad[0]]}; a model with {width} outputs knows the classes 0 to"
                f" {width - 1}"
            )
        return torch.from_numpy(labels.astype(np.int64)).to(device), tuple(str(code) for code in range(width))
    kinds, codes = np.unique(labels, return_inverse=True)
    if width is not None and len(kinds) > width:
        raise DataError(
            f"{what} holds {len(kinds)} classes ({_few([str(kind) for kind in kinds])}); the model has only {width}"
            " outputs"
        )
    return torch.from_numpy(codes.reshape(-1).astype(np.int64)).to(device), tuple(str(kind) for kind in kinds)


def as_pair(X: Any, y: Any = None) -> tuple[Any, Any]:
    """(X, y) as they are, or gathered from a `DataLoader` of (x, y) batches given as X.

    Raises `DataError` where X is a loader and y is given too, or its batches are not pairs.
    """
    if not isinstance(X, torch.utils.data.DataLoader):
        return X, y
    if y is not None:
        raise DataError("y is given twice: the DataLoader's batches hold it already; leave y out")
    batches = list(X)
    if not batches:
        raise DataError("the DataLoader gives no batch")
    for batch in batches:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise DataError(f"the DataLoader gives {type(batch).__name__} batches, wanted pairs (x, y)")
    try:
        return torch.cat([torch.as_tensor(x) for x, _ in batches]), torch.cat([torch.as_tensor(y) for _, y in batches])
    except (RuntimeError, TypeError, ValueError) as error:
        raise ShapeError(f"the DataLoader's batches cannot be joined: {error}") from error


def holds_classes(y: Any) -> bool:
    """Whether y declares itself as classes: text, booleans or a categorical column (whole numbers do not).

    >>> holds_classes(["a", "b"]), holds_classes([True, False]), holds_classes([0, 1])
    (True, True, False)
    """
    if isinstance(y, Tensor):
        return y.dtype == torch.bool
    if str(getattr(y, "dtype", "")) in ("category", "boolean"):
        return True
    if is_frame(y):
        columns = frame_columns(y)[1]
        return len(columns) == 1 and holds_classes(columns[0])
    try:
        values = np.asarray(y)
    except (ValueError, TypeError, RuntimeError):
        return False
    if values.dtype == object:
        present = [value for value in values.reshape(-1).tolist() if value is not None and value == value]
        return bool(present) and all(isinstance(value, (str, bool, np.bool_)) for value in present)
    return values.dtype.kind in "bUS"


def is_frame(data: Any) -> bool:
    """Whether `data` is a DataFrame, of pandas or of another library, told by its shape and columns alone."""
    return hasattr(data, "columns") and hasattr(data, "to_numpy") and hasattr(data, "__getitem__")


def frame_columns(frame: Any) -> tuple[list[str], list[Any]]:
    """The names and the columns of a DataFrame, in order, whatever it does with names that occur twice."""
    names = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    columns = [
        frame.iloc[:, index] if hasattr(frame, "iloc") else frame[name] for index, name in enumerate(frame.columns)
    ]
    return names, columns


def _numbers(data: Any, what: str) -> tuple[Tensor, list[str] | None]:
    """A tensor with the numbers of `data`, and the column names where it has them."""
    if isinstance(data, Tensor):
        tensor = data.detach()
        if tensor.layout != torch.strided:
            tensor = tensor.to_dense()
        if tensor.is_complex():
            raise DataError(f"{what} is complex ({tensor.dtype}); give real and imaginary parts as two columns")
        return tensor if tensor.is_floating_point() else tensor.to(torch.float64), None
    if is_frame(data):
        names, columns = frame_columns(data)
        arrays = [_array(column, f"column {name!r} of {what}") for name, column in zip(names, columns, strict=True)]
        return torch.from_numpy(np.stack(arrays, axis=1) if arrays else np.zeros((len(data), 0))), names
    name = getattr(data, "name", None)
    return torch.from_numpy(_array(data, what)), [str(name)] if name is not None else None


def _array(data: Any, what: str) -> np.ndarray:
    """A writable float array of `data`; numpy's floating dtypes are kept."""
    if data is None or isinstance(data, (str, bytes, dict, set)):
        kind = "None" if data is None else f"a {type(data).__name__}"
        raise DataError(f"{what} is {kind}, wanted numbers in an array, a tensor, lists or a DataFrame")
    try:
        if isinstance(data, (list, tuple)) and any(isinstance(entry, Tensor) for entry in data):
            data = torch.stack([torch.as_tensor(entry).detach().cpu() for entry in data])
        values = np.asarray(data)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ShapeError(f"{what} cannot be made into an array: {error}. Do all rows have the same length?") from error
    if values.dtype.kind == "c":
        raise DataError(f"{what} is complex; give real and imaginary parts as two columns")
    if values.dtype.kind in "US":
        raise DataError(
            f"{what} holds text such as {values.reshape(-1)[0]!r}, wanted numbers; edgewise.from_dataframe encodes"
            " categories"
        )
    if values.dtype.kind in "mM":
        raise DataError(f"{what} holds dates or durations; turn them into numbers first, such as days since the start")
    if values.dtype == object:
        return _from_objects(values, what)
    if values.dtype.kind not in "fiub":
        raise DataError(f"{what} is of type {type(data).__name__} ({values.dtype}), wanted numbers")
    keep = values.dtype in (np.float32, np.float64)
    return np.array(values, dtype=values.dtype if keep else np.float64, order="C")


def _from_objects(values: np.ndarray, what: str) -> np.ndarray:
    """Floats from an object array; missing values become NaN, text is refused with its place."""
    result = np.empty(values.size)
    for row, value in enumerate(values.reshape(-1).tolist()):
        if isinstance(value, (list, tuple, dict, set)):
            raise ShapeError(
                f"{what} has a {type(value).__name__} of its own in row {row}; do all rows have the same length?"
            )
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            result[row] = np.nan
            continue
        if isinstance(value, (str, bytes)):
            raise DataError(
                f"{what} holds text in row {row} ({value!r}), wanted numbers; edgewise.from_dataframe encodes"
                " categories"
            )
        try:
            result[row] = float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(f"{what} holds {value!r} in row {row}, which is no number ({error})") from error
    return result.reshape(values.shape)


def _labels(y: Any, what: str) -> tuple[np.ndarray, bool]:
    """Labels (n,) of text or whole numbers, and whether they are whole numbers."""
    if is_frame(y):
        columns = frame_columns(y)[1]
        if len(columns) != 1:
            raise ShapeError(f"{what} has {len(columns)} columns, wanted one column of classes")
        y = columns[0]
    try:
        values = y.detach().cpu().numpy() if isinstance(y, Tensor) else np.asarray(y)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ShapeError(f"{what} cannot be made into an array: {error}") from error
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ShapeError(
            f"{what} has shape {values.shape}, wanted one class per row: (rows,); columns of one per class become"
            f" {what}.argmax(1)"
        )
    if values.dtype == object:
        missing = [
            row
            for row, value in enumerate(values.tolist())
            if value is None or value != value or type(value).__name__ == "NAType"
        ]
        if missing:
            raise DataError(
                f"{what} has no class in {len(missing)} rows, the first of them row {missing[0]}; leave these rows out"
            )
        kinds = {type(value) for value in values.tolist()}
        if not kinds <= {int, bool}:
            return np.array([str(value) for value in values.tolist()]), False
        values = values.astype(bool if kinds == {bool} else np.int64)
    if values.dtype.kind in "USb":
        return values.astype(str), False
    if values.dtype.kind == "f":
        bad = np.flatnonzero(~(np.isfinite(values) & (values == np.floor(values))))
        if bad.size:
            raise DataError(
                f"{what}[{bad[0]}] is {values[bad[0]]}, wanted whole numbers or text as classes; else fit with"
                " loss='squared_error'"
            )
        values = values.astype(np.int64)
    if values.dtype.kind not in "iu":
        raise DataError(f"{what} is of type {values.dtype}, wanted text, booleans or whole numbers as classes")
    return values.astype(np.int64), True


def _same_rows(values: Tensor | np.ndarray, rows: int | None, what: str) -> None:
    if rows is not None and values.shape[0] != rows:
        turned = f"; is {what} transposed?" if values.ndim == 2 and values.shape[1] == rows else ""
        raise ShapeError(f"{what} has {values.shape[0]} rows, X has {rows}: each row needs its own target{turned}")


def _cast(values: Tensor, what: str, dtype: torch.dtype | None, device: torch.device | str | None) -> Tensor:
    if values.dtype in (torch.float16, torch.bfloat16) and dtype is None:
        dtype = torch.float32
    result = values.to(device=device, dtype=dtype)
    if dtype is not None and (result.isinf() & values.isfinite().to(result.device)).any():
        raise DataError(
            f"{what} reaches {values.abs().max().item():.3g}, too large for {dtype}; use a float64 model or rescale it"
        )
    return result


def _finite(values: Tensor, names: list[str] | None, what: str) -> Tensor:
    bad = ~torch.isfinite(values)
    if not bad.any():
        return values
    places = bad.nonzero()
    shown = [
        f"row {row}, column {names[column]!r}" if names else f"row {row}, column {column}"
        for row, column in places[:SHOWN].tolist()
    ]
    kinds = [
        f"{'is' if len(places) == 1 else 'are'} {_few(sorted({str(value) for value in values[bad][:1000].tolist()}))}"
    ]
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    raise DataError(
        f"{what} is not finite in {'; '.join(shown)}{more} ({', '.join(kinds)}); leave these rows out or fill them in"
    )


def _few(words: Sequence[str], most: int = 5) -> str:
    return ", ".join(map(str, words[:most])) + (f" and {len(words) - most} more" if len(words) > most else "")

"""Whatever holds numbers -> tensors for training: strict about shapes, names the column and the row of every bad
value."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.devices import unreadable
from edgewise.errors import DataError, ShapeError, clipped, few, shown

from .cells import PLACES_SHOWN
from .frames import frame_columns, holds_classes, is_frame, is_missing, refuse_no_rows, same_rows, titles

# n rows, d columns of X, k columns of y


def as_matrix(
    X: Any,
    *,
    width: int | None = None,
    what: str = "X",
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """A detached (n, d) floating tensor from a tensor, an array, nested lists or a DataFrame, all of it finite.

    Args:
        X (n, d): the numbers, columns by their order.
        width: d, where only one number of columns will do.
        what: the name of X in messages.
        dtype: of the result; without it floating tensors and arrays keep theirs, everything else becomes float64.
        device: of the result; without it that of X.

    Raises:
        ShapeError: another shape.
        DataError: text, and missing or infinite values, with their places.

    >>> as_matrix([[1, 2], [3, 4]]).shape
    torch.Size([2, 2])
    """
    return _finite(
        as_numbers(X, width=width, what=what, dtype=dtype, device=device),
        titles(X) if is_frame(X) else None,
        what,
    )


def as_numbers(
    X: Any,
    *,
    width: int | None = None,
    what: str = "X",
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """`as_matrix` for rows that may hold missing and infinite values: these stay, as NaN and inf.

    >>> as_numbers([[1, None], [3, 4]])
    tensor([[1., nan],
            [3., 4.]], dtype=torch.float64)
    """
    values, _ = _numbers(X, what)
    if values.ndim != 2:
        remedy = f"; one column is {what}[:, None], one row is {what}[None, :]" if values.ndim == 1 else ""
        raise ShapeError(
            f"{what} has shape {tuple(values.shape)}, wanted (rows, {'columns' if width is None else width}){remedy}"
        )
    if width is not None and values.shape[1] != width:
        turned = f"; is it transposed? {what}.T has that shape" if values.shape[0] == width else ""
        raise ShapeError(f"{what} has {values.shape[1]} columns, the model takes {width}{turned}")
    return _cast(values, what, dtype, device)


def as_target(
    y: Any,
    *,
    rows: int | None = None,
    width: int | None = None,
    what: str = "y",
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    giver: str = "the model",
) -> Tensor:
    """A detached (n, k) floating tensor of targets; (n,) becomes (n, 1) and nothing is ever broadcast.

    Args:
        y (n,) or (n, k): numbers.
        rows: n, the rows that X has.
        width: k, the outputs that the model gives.
        what: the name of y in messages.
        dtype: of the result, as for `as_matrix`.
        device: of the result.
        giver: what gives the outputs, in messages.

    Raises:
        ShapeError: another shape.
        DataError: classes, text, and missing or infinite values.

    >>> as_target([1.0, 2.0, 3.0], rows=3).shape
    torch.Size([3, 1])
    """
    if holds_classes(y):
        raise DataError(
            f"{what} holds text, booleans or categories, wanted numbers; to tell classes apart, fit with"
            " loss='cross_entropy'"
        )
    values, names = _numbers(y, what, PARTS if width != 1 else "its real or its imaginary part")
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise ShapeError(
            f"{what} has shape {tuple(values.shape)}, wanted (rows,) or (rows, {'outputs' if width is None else width})"
        )
    same_rows(values, rows, what)
    if width is not None and values.shape[1] != width:
        classes = values.shape[1] == 1 and bool((values == values.floor()).all())
        remedy = "; if these are classes, fit with loss='cross_entropy'" if classes else ""
        raise ShapeError(
            f"{what} has {values.shape[1]} column{'s' if values.shape[1] > 1 else ''}, {giver} gives {width}"
            f" output{'s' if width > 1 else ''}{remedy}"
        )
    return _finite(_cast(values, what, dtype, device), names, what)


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
        return torch.cat([_tensor(x) for x, _ in batches]), torch.cat([_tensor(y) for _, y in batches])
    except (RuntimeError, TypeError, ValueError) as error:
        raise ShapeError(f"the DataLoader's batches cannot be joined: {clipped(error)}") from error


def _tensor(values: Any) -> Tensor:
    """A tensor of them; Python's floats count as float64, whatever torch's default dtype is."""
    return values if isinstance(values, Tensor) else torch.as_tensor(np.asarray(values))


PARTS = "real and imaginary parts as two columns"


def _numbers(data: Any, what: str, instead: str = PARTS) -> tuple[Tensor, list[str] | None]:
    """A tensor with the numbers of `data`, and the column names where it has them; `instead`: of complex ones."""
    if isinstance(data, Tensor):
        tensor = data.detach()
        if not tensor.is_nested and tensor.layout != torch.strided:
            tensor = tensor.to_dense()
        if odd := unreadable(tensor):
            raise DataError(f"{what} cannot be read: it is {odd}")
        if tensor.is_complex():
            raise DataError(f"{what} is complex ({tensor.dtype}); give {instead}")
        return tensor if tensor.is_floating_point() else tensor.to(torch.float64), None
    if is_frame(data):
        names, columns = frame_columns(data)
        arrays = [
            _array(column, f"column {shown(name)} of {what}") for name, column in zip(names, columns, strict=True)
        ]
        return torch.from_numpy(np.stack(arrays, axis=1) if arrays else np.zeros((len(data), 0))), names
    name = getattr(data, "name", None)
    return torch.from_numpy(_array(data, what, instead)), [str(name)] if name is not None else None


def _array(data: Any, what: str, instead: str = PARTS) -> np.ndarray:
    """A writable float array of `data`; numpy's floating dtypes are kept."""
    refuse_no_rows(data, what)
    try:
        if isinstance(data, (list, tuple)) and any(isinstance(entry, Tensor) for entry in data):
            data = torch.stack([torch.as_tensor(entry).detach().cpu() for entry in data])
        values = np.asarray(unmasked(data))
    except Exception as error:  # of numpy or torch, or of the value's own methods
        raise ShapeError(
            f"{what} cannot be made into an array: {clipped(error)}. Do all rows have the same length?"
        ) from error
    if values.dtype.kind == "c":
        raise DataError(f"{what} is complex; give {instead}")
    if values.dtype.kind in "US":
        such = f" such as {shown(str(values.reshape(-1)[0]))}" if values.size else ""
        raise DataError(f"{what} holds text{such}, wanted numbers; edgewise.from_dataframe encodes categories")
    if values.dtype.kind in "mM":
        raise DataError(f"{what} holds dates or durations; turn them into numbers first, such as days since the start")
    if values.dtype == object:
        return _from_objects(values, what)
    if values.dtype.kind not in "fiub":
        raise DataError(f"{what} is of type {type(data).__name__} ({values.dtype}), wanted numbers")
    keep = values.dtype in (np.float32, np.float64)
    return np.array(values, dtype=values.dtype if keep else np.float64, order="C")


def unmasked(data: Any) -> Any:
    """A masked array with nan where its mask is, which `numpy.asarray` would drop; all else as it is.

    >>> unmasked(np.ma.masked_equal([1, -999], -999)).tolist()
    [1.0, nan]
    """
    if not isinstance(data, np.ma.MaskedArray) or not np.ma.is_masked(data):
        return data
    kind = data.dtype.kind
    return np.ma.filled(data if kind in "fcO" else data.astype(np.float64 if kind in "iub" else object), np.nan)


def _from_objects(values: np.ndarray, what: str) -> np.ndarray:
    """Floats from an object array; missing values become NaN, text is refused with its place."""
    result = np.empty(values.size)
    for row, value in enumerate(values.reshape(-1).tolist()):
        if isinstance(value, (list, tuple, dict, set)):
            raise ShapeError(
                f"{what} has a {type(value).__name__} of its own in row {row}; do all rows have the same length?"
            )
        if is_missing(value):
            result[row] = np.nan
            continue
        if isinstance(value, (str, bytes)):
            raise DataError(
                f"{what} holds text in row {row} ({shown(value)}), wanted numbers; edgewise.from_dataframe encodes"
                " categories"
            )
        try:
            result[row] = float(value)
        except Exception as error:  # of the value's own method
            raise DataError(
                f"{what} holds {shown(value)} in row {row}, which is no number ({clipped(error)})"
            ) from error
    return result.reshape(values.shape)


def _cast(values: Tensor, what: str, dtype: torch.dtype | None, device: torch.device | str | None) -> Tensor:
    if values.dtype in (torch.float16, torch.bfloat16) and dtype is None:
        dtype = torch.float32
    if torch.device(device or "cpu").type == "meta":
        raise DataError(f"{what} would be on the device 'meta', which holds no values; take 'cpu'")
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
    columns = [shown(name) for name in names] if names else [*map(str, range(values.shape[1]))]
    where = [
        f"row {row}" if not names and len(columns) == 1 else f"row {row}, column {columns[column]}"
        for row, column in places[:PLACES_SHOWN].tolist()
    ]
    kinds = [
        f"{'is' if len(places) == 1 else 'are'} {few(sorted({str(value) for value in values[bad][:1000].tolist()}))}"
    ]
    more = f" and {len(places) - PLACES_SHOWN} more" if len(places) > PLACES_SHOWN else ""
    raise DataError(
        f"{what} is not finite in {'; '.join(where)}{more} ({', '.join(kinds)}); leave these rows out or fill them in"
    )

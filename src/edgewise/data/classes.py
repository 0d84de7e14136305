"""Class labels -> codes for training, and back to the values that they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import DataError, ShapeError, clipped, few

from .frames import frame_columns, is_frame, is_missing, same_rows

BEYOND = 2**63  # whole numbers that an int64 cannot hold count as text


def as_codes(
    y: Any,
    *,
    rows: int | None = None,
    classes: Sequence[Any] | None = None,
    width: int | None = None,
    what: str = "y",
    device: torch.device | str | None = None,
) -> tuple[Tensor, tuple[str, ...]]:
    """Class codes from text, booleans, categories or whole numbers.

    Args:
        y (n,) or (n, 1): one label per row.
        rows: n, the rows that X has.
        classes: the labels in order; others are refused. Without them everything is coded in sorted order, except that
            whole numbers with a `width` are codes already.
        width: the outputs that the model gives, one per class.
        what: the name of y in messages.
        device: of the codes.

    Returns:
        Codes (n,) int64, and the labels as text.

    Raises:
        ShapeError: another shape.
        DataError: labels that are missing, unknown, or too many.

    >>> as_codes(["b", "a", "b"])
    (tensor([1, 0, 1]), ('a', 'b'))
    """
    labels, whole = _labels(y, what)
    same_rows(labels, rows, what)
    if classes is not None:
        order = {str(label): code for code, label in enumerate(classes)}
        unknown = sorted({str(label) for label in labels.tolist()} - order.keys())
        if unknown:
            raise DataError(f"{what} holds {few(unknown)}, none of the classes {few(list(order), 12)}")
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
            f"{what} holds {len(kinds)} classes ({few([str(kind) for kind in kinds])}); the model has only {width}"
            " outputs"
        )
    return torch.from_numpy(codes.reshape(-1).astype(np.int64)).to(device), tuple(str(kind) for kind in kinds)


def label_values(classes: Sequence[str]) -> np.ndarray:
    """Class labels (k,) as the values that they were before: whole numbers, other numbers, truth values, or text.

    >>> [label_values(labels).tolist() for labels in (("0", "10"), ("false", "true"), ("a", "007"))]
    [[0, 10], [False, True], ['a', '007']]
    """
    if set(classes) in ({"false", "true"}, {"False", "True"}):
        return np.array([label.lower() == "true" for label in classes])
    for kind in (int, float):
        try:
            if all(str(kind(label)) == label for label in classes):
                return np.array([kind(label) for label in classes])
        except ValueError:
            continue
    return np.array(classes)


def _texts(labels: Sequence[Any], what: str) -> list[str]:
    try:
        return [str(label) for label in labels]
    except Exception as error:  # of a label's own method, or a number of more digits than Python writes
        raise DataError(f"{what} holds a class that cannot be written: {clipped(error)}") from error


def _labels(y: Any, what: str) -> tuple[np.ndarray, bool]:
    """Labels (n,) of text or whole numbers, and whether they are whole numbers."""
    if is_frame(y):
        columns = frame_columns(y)[1]
        if len(columns) != 1:
            raise ShapeError(f"{what} has {len(columns)} columns, wanted one column of classes")
        y = columns[0]
    try:
        values = y.detach().cpu().numpy() if isinstance(y, Tensor) else np.asarray(y)
    except Exception as error:  # of numpy or torch, or of the value's own methods
        raise ShapeError(f"{what} cannot be made into an array: {clipped(error)}") from error
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ShapeError(
            f"{what} has shape {values.shape}, wanted one class per row: (rows,); columns of one per class become"
            f" {what}.argmax(1)"
        )
    if values.dtype == object:
        missing = [row for row, value in enumerate(values.tolist()) if is_missing(value)]
        if missing:
            raise DataError(
                f"{what} has no class in {len(missing)} rows, the first of them row {missing[0]}; leave these rows out"
            )
        kinds = {type(value) for value in values.tolist()}
        if not kinds <= {int, bool} or any(abs(value) >= BEYOND for value in values.tolist()):
            return np.array(_texts(values.tolist(), what)), False
        values = values.astype(bool if kinds == {bool} else np.int64)
    if values.dtype.kind in "USb":
        return values.astype(str), False
    if values.dtype.kind == "f":
        bad = np.flatnonzero(~((np.abs(values) < BEYOND) & (values == np.floor(values))))
        if bad.size:
            raise DataError(
                f"{what}[{bad[0]}] is {values[bad[0]]}, wanted whole numbers or text as classes; else fit with"
                " loss='squared_error'"
            )
        values = values.astype(np.int64)
    if values.dtype.kind == "u" and bool((values >= BEYOND).any()):
        return values.astype(str), False
    if values.dtype.kind not in "iu":
        raise DataError(f"{what} is of type {values.dtype}, wanted text, booleans or whole numbers as classes")
    return values.astype(np.int64), True

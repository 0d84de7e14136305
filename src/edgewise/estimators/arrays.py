"""Arrays as scikit-learn has checked them -> a `Table`, and a network's outputs -> arrays.

Letters: n rows, d inputs, k outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..data import Table
from ..errors import DataError
from ..model import KAN
from ..prediction import PASS_ROWS, as_mean, finite_outputs
from .reading import Rows

LARGEST = 1e150  # squares of larger numbers overflow in float64


def as_table(
    rows: Rows,
    y: np.ndarray,
    outputs: Sequence[str],
    classes: Sequence[Any] | None = None,
) -> Table:
    """Rows that count as a table.

    Args:
        rows: their inputs, and how often each row counts.
        y (n, k): finite numbers, or class codes (n,).
        outputs: names.
        classes: the labels of the codes.

    Raises:
        DataError: numbers whose squares overflow.
    """
    for what, values in (("X", rows.X), ("y", y)):
        if values.size and np.abs(values).max() > LARGEST:
            raise DataError(
                f"{what} reaches {np.abs(values).max():.3g}, whose square overflows; give it in other units"
            )
    return Table(
        X=torch.tensor(rows.X + 0.0),  # zeros have no sign, so that equal rows have equal bits
        y=torch.tensor(y + 0),
        inputs=rows.metadata.inputs,
        outputs=tuple(outputs),
        classes=None if classes is None else tuple(map(str, classes)),
        categories=rows.metadata.categories,
        notes=rows.notes,
        weight=None if rows.weight is None else torch.tensor(rows.weight),
        encoding=rows.metadata.encoding,
        texts=rows.texts,
        groups=None if rows.groups is None else torch.from_numpy(rows.groups),
    )


def predicted(model: KAN, X: np.ndarray) -> np.ndarray:
    """What the network gives for X (n, d), in blocks of rows: (n, k), means where outputs are of these, or logits of
    classes. Raises `DataError` where one overflows."""
    with torch.no_grad():
        outputs = torch.cat([model(part) for part in torch.tensor(np.ascontiguousarray(X)).split(PASS_ROWS)])
    return finite_outputs(as_mean(finite_outputs(outputs), model.metadata.link)).numpy()

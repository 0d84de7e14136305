"""Arrays as scikit-learn has checked them -> a `Table`, and a network's outputs -> arrays.

Letters: n rows, d inputs, k outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..data import Table, as_weights, distinct
from ..data.frames import unique_names
from ..errors import DataError
from ..model import KAN
from ..prediction import PASS_ROWS, as_mean

LARGEST = 1e150  # squares of larger numbers overflow in float64


def as_table(
    X: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None,
    inputs: Sequence[str] | None,
    outputs: Sequence[str],
    classes: Sequence[Any] | None = None,
) -> Table:
    """Rows that count as a table, each different one once: so neither their order nor a repeated row, which is a row of
    weight two, makes a difference.

    Args:
        X (n, d): finite numbers.
        y (n, k): finite numbers, or class codes (n,).
        weight (n,): how often each row counts; None for once.
        inputs: names; x1, x2, ... without them.
        outputs: names.
        classes: the labels of the codes.

    Raises:
        DataError: numbers whose squares overflow.
    """
    for what, values in (("X", X), ("y", y)):
        if values.size and np.abs(values).max() > LARGEST:
            raise DataError(
                f"{what} reaches {np.abs(values).max():.3g}, whose square overflows; give it in other units"
            )
    names = [f"x{column + 1}" for column in range(X.shape[1])] if inputs is None else inputs
    table = Table(
        X=torch.tensor(X + 0.0),  # zeros have no sign, so that equal rows have equal bits
        y=torch.tensor(y + 0),
        inputs=unique_names(list(map(str, names))),
        outputs=tuple(outputs),
        classes=None if classes is None else tuple(map(str, classes)),
        weight=None if weight is None else torch.tensor(weight),
    )
    return distinct(table)


def counting(sample_weight: Any, rows: int) -> np.ndarray | None:
    """How often each row counts (n,); None for once. Raises `ShapeError` and `DataError`."""
    return None if sample_weight is None else as_weights(sample_weight, rows=rows).numpy()


def predicted(model: KAN, X: np.ndarray) -> np.ndarray:
    """What the network gives for X (n, d), in blocks of rows: (n, k), means where outputs are of these, or logits of
    classes."""
    with torch.no_grad():
        outputs = torch.cat([model(part) for part in torch.tensor(X).split(PASS_ROWS)])
    return as_mean(outputs, model.metadata.link).numpy()

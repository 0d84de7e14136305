"""How often a row counts: weights as a user gives them, and rows that occur again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import DataError

from .convert import as_target
from .frames import holds_classes
from .table import Table

LAST_BITS = 13  # of the 53 of a relative weight, that say nothing: there the unit of the weights leaves its round-off
MOST = 2.0**31  # whole weights up to which they count rows: all large floats are whole


def as_weights(sample_weight: Any, *, rows: int, device: torch.device | str | None = None) -> Tensor:
    """How often each row counts (n,), in float64.

    Args:
        sample_weight (n,): whole numbers, which stay as they are; or others, which only weigh rows against each other:
            together these count as many rows as there are. A mask is ones and zeros.
        rows: n.
        device: of the result.

    Raises:
        ShapeError: another shape.
        DataError: text, negative and infinite numbers, or zeros alone.

    >>> as_weights([1, 3], rows=2), as_weights([0.1, 0.3], rows=2)
    (tensor([1., 3.], dtype=torch.float64), tensor([0.5000, 1.5000], dtype=torch.float64))
    """
    weight = given_weights(sample_weight, rows=rows, device=device)
    if weight.numel() == 0 or bool((weight == weight.round()).all()) and float(weight.max()) <= MOST:
        return weight
    relative = _without_last_bits(weight / weight.max())
    return relative * ((relative > 0).sum() / relative.sum())


def _without_last_bits(values: Tensor) -> Tensor:
    """Values (n,) rounded to all bits but the last (Dekker 1971, section 5, doi:10.1007/BF01397083)."""
    far = (2.0**LAST_BITS + 1) * values
    return far - (far - values)


def given_weights(sample_weight: Any, *, rows: int, device: torch.device | str | None = None) -> Tensor:
    """The weights (n,) of some of all rows, as they are, in float64. Arguments and errors are those of `as_weights`.

    >>> given_weights([0.1, 0.3], rows=2)
    tensor([0.1000, 0.3000], dtype=torch.float64)
    """
    listed = isinstance(sample_weight, (list, tuple))
    if isinstance(sample_weight, Tensor):
        sample_weight = sample_weight.double() if sample_weight.dtype == torch.bool else sample_weight
    elif (
        listed and {type(w) for w in sample_weight} == {bool} or getattr(sample_weight, "dtype", None) == np.dtype(bool)
    ):
        sample_weight = np.array(sample_weight, dtype=float)
    elif holds_classes(sample_weight):
        raise DataError("sample_weight holds text or categories, wanted numbers, one for each row")
    weight = as_target(sample_weight, rows=rows, width=1, what="sample_weight", dtype=torch.float64, device=device)[
        :, 0
    ]
    if weight.numel() == 0:
        return weight
    if bool((weight < 0).any()):
        row = int((weight < 0).nonzero()[0])
        raise DataError(f"sample_weight must not be negative, got {float(weight[row]):g} in row {row}")
    if float(weight.max()) <= 0:
        raise DataError("sample_weight must not be zero everywhere")
    return weight


def distinct(table: Table) -> Table:
    """Each different row of a table once, sorted, with how often it counts. Rows of two groups are different.

    So a row that stands there twice is a row of weight 2, and one of weight zero is not there. Where all rows count
    once, they have no weight.

    >>> from edgewise.data import from_arrays
    >>> found = distinct(from_arrays([[2.0], [1.0], [2.0]], [5.0, 4.0, 5.0]))
    >>> found.X.tolist(), found.weight
    ([[1.0], [2.0]], tensor([1., 2.], dtype=torch.float64))
    """
    weight = np.ones(len(table)) if table.weight is None else table.weight.numpy()
    there = np.flatnonzero(weight > 0)
    y = table.y[:, None] if table.y.ndim == 1 else table.y
    columns = [column.numpy() for part in (table.X, y.to(table.X)) for column in part.T]
    columns += [np.unique(texts, return_inverse=True)[1] for texts in table.texts.values()]
    columns += [] if table.groups is None else [table.groups.numpy()]
    order = _sorted(columns, there)
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.logical_or.reduce([column[there[order[1:]]] != column[there[order[:-1]]] for column in columns])
    sums = np.add.reduceat(weight[there[order]], np.flatnonzero(new))
    found = table.take(torch.from_numpy(there[order[new]]))
    return replace(found, weight=None if bool((sums == 1).all()) else torch.from_numpy(sums))


def _sorted(columns: Sequence[np.ndarray], there: np.ndarray) -> np.ndarray:
    """The order (m,) of these rows by the first column, then by the next, and so on. Most rows differ in the first, so
    that it alone sorts them; only where it ties do others count."""
    first = columns[0][there]
    order = np.argsort(first, kind="stable")
    tied = np.zeros(len(order), dtype=bool)
    tied[1:] = first[order[1:]] == first[order[:-1]]
    tied[:-1] |= tied[1:]
    some = np.flatnonzero(tied)
    rows = there[order[some]]
    order[some] = order[some][np.lexsort([column[rows] for column in reversed(columns)])]
    return order

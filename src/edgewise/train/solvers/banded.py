"""The triangular factor of rows whose entries lie close together, as those of one spline do.

A row has entries in a few neighbouring columns. Sorted by the first of them, rows are reduced window by window: what is
left of the rows before, and the rows that begin in it. The work is rows times the square of the window, in place of the
square of all columns.

Source: Bjorck, "Numerical Methods for Least Squares Problems" (1996), section 6.2.

Letters: m row, P column.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .tuning import TUNED


@dataclass(frozen=True)
class Spans:
    """Of rows (m, P): the first and the last column (m,) with an entry, and whether windows of `width` are worth it."""

    first: Tensor
    last: Tensor
    width: int
    narrow: bool


def spans(rows: Tensor) -> Spans:
    """Where the entries of rows (m, P) lie. Rows of zeros begin and end in the last column."""
    m, columns = rows.shape
    if not m or not columns:
        none = torch.zeros(m, dtype=torch.long)
        return Spans(none, none, 0, False)
    filled = (rows != 0).to(torch.uint8)
    empty = filled.amax(1) == 0
    first = filled.argmax(1).masked_fill(empty, columns - 1)  # the first of equals
    last = columns - 1 - filled.flip(1).argmax(1).masked_fill(empty, 0)
    width = int((last - first).amax()) + 1
    return Spans(first, last, width, width * TUNED.windows <= columns)


def banded_triangle(rows: Tensor, where: Spans) -> Tensor:
    """R (P, P), upper triangular, with R^T R = A^T A for rows A (m, P) whose entries lie where these spans say.

    >>> A = torch.eye(3).repeat(2, 1)
    >>> banded_triangle(A, spans(A)).diagonal().abs()
    tensor([1.4142, 1.4142, 1.4142])
    """
    columns, width = rows.shape[1], where.width
    order = where.first.argsort()
    first = where.first[order]
    found, left, done = rows.new_zeros(columns, columns), rows.new_zeros(0, 0), 0
    for start in range(0, columns, width):
        stop = min(start + width, columns)
        end = min(stop + width, columns)
        upto = int(torch.searchsorted(first, stop))
        own = rows[order[done:upto], start:end]
        before = left.new_zeros(len(left), end - start)
        before[:, : left.shape[1]] = left
        reduced = torch.linalg.qr(torch.cat([before, own]), mode="r").R
        many = min(stop - start, len(reduced))
        found[start : start + many, start:end] = reduced[:many]
        left, done = reduced[stop - start :, stop - start :], upto
    return found

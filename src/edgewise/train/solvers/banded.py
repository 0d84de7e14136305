"""The triangular factor of rows whose entries lie close together, as those of one spline do.

Such a row has entries in a few neighbouring columns. Sorted by the first of them, rows are reduced window by window:
what is left of the rows before, and the rows that begin in it. The work is rows times the square of the window, not of
all columns. A few wide rows, as of a periodic condition, are kept apart and merged in the end.

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
    """Of rows (m, P): the first column (m,) with an entry, which rows are wide (m,), the widest span of the others, and
    whether windows of that width are worth it."""

    first: Tensor
    wide: Tensor
    width: int
    narrow: bool


def spans(rows: Tensor) -> Spans:
    """Where the entries of rows (m, P) lie. Rows of zeros begin and end in the last column."""
    m, columns = rows.shape
    if not m or not columns:
        return Spans(torch.zeros(m, dtype=torch.long), torch.zeros(m, dtype=torch.bool), 1, False)
    filled = (rows != 0).to(torch.uint8)
    empty = filled.amax(1) == 0
    first = filled.argmax(1).masked_fill(empty, columns - 1)  # the first of equals
    last = columns - 1 - filled.flip(1).argmax(1).masked_fill(empty, 0)
    lengths = last - first + 1
    wide = lengths * TUNED.windows > columns
    left = int(wide.sum())
    if left:
        left = min(left, int((filled[wide].amax(0) != 0).sum()))
    width = int(lengths.masked_fill(wide, 1).amax())
    return Spans(first, wide, width, left * TUNED.windows <= columns)


def banded_triangle(rows: Tensor, where: Spans) -> Tensor:
    """R (P, P), upper triangular, with R^T R = A^T A for rows A (m, P) whose entries lie where these spans say, none of
    them wide.

    >>> A = torch.eye(4).repeat(2, 1)
    >>> banded_triangle(A, spans(A)).diagonal().abs()
    tensor([1.4142, 1.4142, 1.4142, 1.4142])
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


def compressed(rows: Tensor) -> Tensor:
    """No more rows than columns that have entries, with the same A^T A."""
    used = (rows != 0).any(0).nonzero()[:, 0]
    if len(rows) <= len(used):
        return rows
    found = rows.new_zeros(len(used), rows.shape[1])
    found[:, used] = torch.linalg.qr(rows[:, used], mode="r").R
    return found


def merged(triangle: Tensor, rows: Tensor, width: int) -> Tensor:
    """R' (P, P), upper triangular, with R'^T R' = R^T R + A^T A for a triangle R (P, P) and a few rows A (m, P).

    So many rows of R at a time are reduced together with A.
    """
    found, columns = triangle.clone(), triangle.shape[1]
    for start in range(0, columns if len(rows) else 0, width):
        stop = min(start + width, columns)
        reduced = torch.linalg.qr(torch.cat([found[start:stop, start:], rows[:, start:]]), mode="r").R
        found[start:stop, start:] = reduced[: stop - start]
        rows = torch.cat(
            [rows.new_zeros(max(len(reduced) - stop + start, 0), stop), reduced[stop - start :, stop - start :]], 1
        )
    return found

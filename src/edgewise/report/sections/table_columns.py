"""The columns of the table the model was fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...plotting.wording import clean
from ..digits import amount
from ..subject import Subject
from .residuals import histogram

SPARK_BINS = 20  # of a histogram inside a line of a table


@dataclass(frozen=True)
class TableColumn:
    """One column: what it is to the model, its values in words, and its histogram."""

    name: str
    role: str
    smallest: str
    mean: str
    largest: str
    deviation: str
    counts: list[int]


@dataclass(frozen=True)
class TableColumns:
    """All columns, the rows of each class where there are classes, and remarks on the table."""

    columns: tuple[TableColumn, ...]
    classes: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


def table_columns(subject: Subject, notes: Sequence[str]) -> TableColumns:
    """The columns of the rows that the model was fitted to."""
    X, y, used = subject.fitted.X, subject.fitted.y, set(subject.used)
    columns = [
        _column(name, "input" if n in used else "input, not used", X[:, n]) for n, name in enumerate(subject.inputs)
    ]
    classes: tuple[tuple[str, int], ...] = ()
    if subject.classes:
        counts = torch.bincount(y.cpu(), minlength=len(subject.classes)).tolist()
        classes = tuple(zip(subject.classes, counts, strict=True))
    else:
        columns += [_column(name, "output", y[:, k]) for k, name in enumerate(subject.outputs)]
    return TableColumns(tuple(columns), classes, tuple(map(clean, notes)))


def _column(name: str, role: str, values: Tensor) -> TableColumn:
    v = values.double().cpu()
    low, high = float(v.min()), float(v.max())
    counts = histogram(v, SPARK_BINS, low, high)
    return TableColumn(name, role, amount(low), amount(v.mean()), amount(high), amount(v.std(unbiased=False)), counts)

"""Whether rows come in groups that nobody named: visits of patients, say, or samples of one alloy.

Columns that belong to a group, such as the age and the weight of a patient, have one value in all of its rows. So they
part the rows in the same way, though neither is a function of the other that rises or falls.

Letters: n rows, v values of a column.
"""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

from ..data import Table
from ..metadata import MISSING
from .tuning import TUNED


def likely_groups(table: Table) -> tuple[tuple[str, ...], int]:
    """The columns of numbers that part the rows in the same way, and in how many groups; none and 0 where no two do.

    >>> from ..data import from_arrays
    >>> visit = torch.arange(24) % 3
    >>> age, weight = torch.randn(2, 8).repeat_interleave(3, 1)
    >>> likely_groups(from_arrays(torch.stack([visit, age, weight], 1), age, inputs=["visit", "age", "weight"]))
    (('age', 'weight'), 8)
    """
    X, found = table.X[: TUNED.groups_looked_at], dict[int, Tensor]()
    sources = table.metadata().sources() or table.inputs
    for place, (name, source) in enumerate(zip(table.inputs, sources, strict=True)):
        column = X[:, place].clone()
        if (gap := f"{name}={MISSING}") in table.inputs:
            column[X[:, table.inputs.index(gap)] > 0] = torch.nan
        values, code = _ranked(column)
        if (
            name == source
            and TUNED.group_values <= len(values) <= len(X) / TUNED.group_rows
            and len(found) < TUNED.group_columns
        ):
            found[place] = code
    alike = {place for pair in combinations(found, 2) if _together(*(found[one] for one in pair)) for place in pair}
    if not alike:
        return (), 0
    count = int(found[min(alike)].max()) + 1
    mine = [place for place in sorted(alike) if _same(found[min(alike)], found[place])]
    return tuple(table.inputs[place] for place in mine), count


def _ranked(column: Tensor) -> tuple[Tensor, Tensor]:
    """The different values of a column (n,), and the rank of each row's among them (n,), -1 where it is missing."""
    missing = column.isnan()
    values, code = column[~missing].unique(return_inverse=True)
    ranks = torch.full_like(column, -1, dtype=torch.long)
    ranks[~missing] = code
    return values, ranks


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two columns, by the rank of the value of each row (n,), part the rows that both have in the same way."""
    there = (one >= 0) & (other >= 0)
    count = int(one.max()) + 1
    return count == int(other.max()) + 1 and len((one * count + other)[there].unique()) == count


def _together(one: Tensor, other: Tensor) -> bool:
    """Whether they do, and neither rises or falls with the other."""
    if not _same(one, other):
        return False
    there = (one >= 0) & (other >= 0)
    ranks = torch.zeros(int(one.max()) + 1, dtype=torch.long)
    order = ranks.scatter(0, one[there], other[there])  # rank of the other by this one's
    steps = order.diff()
    return bool((steps > 0).any() and (steps < 0).any())

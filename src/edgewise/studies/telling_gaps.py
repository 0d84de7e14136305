"""Columns whose missing cells give the target away: a date on which a customer left, say, stands only where one did.

Such a column is often filled in after the target is known. A network then predicts all rows of the table, and none of
those that it is made for.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..data import Table
from ..metadata import MISSING
from .tuning import TUNED


def telling_gaps(table: Table) -> tuple[str, ...]:
    """The columns of which whether a cell is missing tells the targets nearly alone.

    >>> import pandas
    >>> from ..data import from_dataframe
    >>> left = ["2024-03-01", None, "2024-05-09", None, None, "2023-11-20"] * 5
    >>> frame = pandas.DataFrame({"left on": left, "stays": [cell is None for cell in left]})
    >>> telling_gaps(from_dataframe(frame, "stays"))
    ('left on',)
    """
    y = table.y if table.classes is None else torch.nn.functional.one_hot(table.y, len(table.classes)).double()
    total = (y - y.mean(0)).square().sum(0)
    found = []
    for column, flag in gaps(table):
        if 0 < int(flag.sum()) < len(flag):
            left = sum((part - part.mean(0)).square().sum(0) for part in (y[flag], y[~flag]))
            if bool((left <= TUNED.gap_left * total).all() and (total > 0).all()):
                found.append(column)
    return tuple(found)


def gaps(table: Table) -> list[tuple[str, Tensor]]:
    """The columns with missing cells, and in which rows (n,) they miss."""
    found = []
    for place, name in enumerate(table.inputs):
        column, _, level = name.rpartition("=")
        if column and level == MISSING:
            found.append((column, table.X[:, place] > 0))
    return found

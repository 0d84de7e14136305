"""Columns of numbers in a table that was read -> columns of levels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import torch

from edgewise.metadata import Encoding

from .cells import read_levels
from .encode import indicators
from .kinds import MOST_NAMES, main_levels
from .made import Made, as_levels
from .table import Table


def read_as_levels(table: Table, columns: Collection[str]) -> Table:
    """The table with an input for each level of these columns, which held numbers, rare ones among them.

    >>> from .table import from_arrays
    >>> table = from_arrays([[1.0], [2.0], [1.0], [2.0]], [0.0, 5.0, 0.0, 5.0], inputs=["farm"])
    >>> read_as_levels(table, ["farm"]).inputs
    ('farm=1', 'farm=2')
    """
    weight = None if table.weight is None else table.weight.numpy()
    made, inputs = Made(weight), list[str]()
    for name, column in zip(table.inputs, table.X.T, strict=True):
        if name not in columns:
            inputs.append(name)
            continue
        all_levels, _ = read_levels(column.numpy())
        levels, _ = main_levels(name, all_levels, weight, MOST_NAMES, 0)
        first = len(made.names)
        as_levels(made, name, levels)
        inputs += made.names[first:]
        if merged := {*all_levels}.difference(levels):
            made.merged[name] = tuple(sorted(merged))
    old, new = table.encoding, made.encoding()
    encoding = Encoding(
        {**old.shares, **new.shares},
        {name: fill for name, fill in old.fills.items() if name not in columns},
        old.gaps,
        old.dates,
        {**old.merged, **new.merged},
        old.slashes,
    )
    like = replace(table, inputs=tuple(inputs), X=table.X.new_zeros(len(table), len(inputs)), encoding=encoding)
    return encoded_like(table, replace(like, categories={**table.categories, **made.categories}))


def encoded_like(table: Table, other: Table) -> Table:
    """The rows of a table with the inputs of another one, some of whose columns of numbers became levels."""
    columns = dict(zip(table.inputs, table.X.numpy().T, strict=True))
    metadata = other.metadata()
    for name in [name for name in other.categories if name not in table.categories]:
        columns |= indicators(name, read_levels(columns[name])[0], metadata)
    X = torch.from_numpy(np.stack([columns[name] for name in other.inputs], 1).astype(np.float64))
    ranges = tuple(zip(X.amin(0).tolist(), X.amax(0).tolist(), strict=True)) if table.ranges else ()
    return replace(table, X=X, inputs=other.inputs, categories=other.categories, encoding=other.encoding, ranges=ranges)

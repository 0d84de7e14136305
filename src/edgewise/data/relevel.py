"""Columns of numbers in a table that was read -> columns of levels; columns of text whose rare levels are one -> with
a level for each text."""

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
    """The table with an input for each level of these columns, rare ones among them. They held numbers, or are columns
    of `table.texts`.

    >>> from .table import from_arrays
    >>> table = from_arrays([[1.0], [2.0], [1.0], [2.0]], [0.0, 5.0, 0.0, 5.0], inputs=["farm"])
    >>> read_as_levels(table, ["farm"]).inputs
    ('farm=1', 'farm=2')
    """
    weight = None if table.weight is None else table.weight.numpy()
    made, inputs = Made(weight), list[str]()
    sources = table.metadata().sources()
    for place, (name, source) in enumerate(zip(table.inputs, sources, strict=True)):
        if source not in columns:
            inputs.append(name)
            continue
        if source in made.categories:  # by its first level
            continue
        all_levels = _levels(table, source, table.X[:, place].numpy())
        levels, _ = main_levels(source, all_levels, weight, MOST_NAMES, 0)
        first = len(made.names)
        as_levels(made, source, levels)
        inputs += made.names[first:]
        if merged := {*all_levels}.difference(levels):
            made.merged[source] = tuple(sorted(merged))
    old, new = table.encoding, made.encoding()
    encoding = Encoding(
        {**old.shares, **new.shares},
        {name: fill for name, fill in old.fills.items() if name not in columns},
        old.gaps,
        old.dates,
        {**{name: merged for name, merged in old.merged.items() if name not in columns}, **new.merged},
        old.slashes,
        old.times,
        old.zones,
    )
    like = replace(table, inputs=tuple(inputs), X=table.X.new_zeros(len(table), len(inputs)), encoding=encoding)
    return encoded_like(table, replace(like, categories={**table.categories, **made.categories}))


def encoded_like(table: Table, other: Table) -> Table:
    """The rows of a table with the inputs of another one, some of whose columns became levels as `read_as_levels`
    does."""
    columns = dict(zip(table.inputs, table.X.numpy().T, strict=True))
    metadata = other.metadata()
    changed = [name for name, levels in other.categories.items() if table.categories.get(name) != levels]
    for name in changed:
        columns |= indicators(name, _levels(table, name, columns.get(name)), metadata)
    X = torch.from_numpy(np.stack([columns[name] for name in other.inputs], 1).astype(np.float64))
    ranges = tuple(zip(X.amin(0).tolist(), X.amax(0).tolist(), strict=True)) if table.ranges else ()
    texts = {name: found for name, found in table.texts.items() if name not in changed}
    how = {"inputs": other.inputs, "categories": other.categories, "encoding": other.encoding}
    return replace(table, X=X, ranges=ranges, texts=texts, **how)


def _levels(table: Table, name: str, column: np.ndarray | None) -> list[str]:
    """The level of each row of a column: its text, or its number (n,)."""
    return table.texts[name].tolist() if name in table.texts else read_levels(column)[0]

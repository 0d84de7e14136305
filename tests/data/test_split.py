"""A table is split by a seeded draw, of every class alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgewise.data import from_arrays, from_function, split
from edgewise.errors import ConfigError, DataError


def test_split_is_a_seeded_partition() -> None:
    table = from_function(lambda x: x[:, 0] ** 2, [(0, 1)], 100)
    rest, held = split(table, 0.2, seed=1)
    assert (
        len(held) == 20
        and sorted(rest.lines + held.lines) == list(range(100))
        and rest.lines == tuple(sorted(rest.lines))
    )
    assert held.lines == split(table, 0.2, seed=1)[1].lines != split(table, 0.2, seed=2)[1].lines
    assert torch.equal(held.X, table.X[list(held.lines)])


def test_split_keeps_every_class() -> None:
    labels = ["common"] * 20 + ["rare"] * 2 + ["once"]
    rest, held = split(from_arrays(np.arange(23.0)[:, None], labels), 0.5)
    assert set(rest.y.tolist()) == {0, 1, 2} and set(held.y.tolist()) == {0, 2}


def test_split_refuses_what_it_cannot_do() -> None:
    table = from_arrays([[1.0], [2.0]], [1.0, 2.0])
    with pytest.raises(DataError, match="too few"):
        split(table, 0.2)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        split(table, 1.0)

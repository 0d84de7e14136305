"""What a first-order method passes over: rows in memory, shuffled into batches. Streams have their own file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from ...errors import ConfigError
from . import processes
from .snapshots import Tree
from .tuning import TUNED

Block = tuple[Tensor, ...]  # a batch: X, y and, where rows are weighted, weight


def batch_rows(rows: int, batch_size: int | None = None) -> int:
    """How many rows a batch has: as many as were asked for, by default all of a few and `TUNED.batch` of many.

    >>> batch_rows(1000), batch_rows(1025), batch_rows(1025, 2000)
    (1000, 256, 1025)
    """
    return min(rows, batch_size or (rows if rows <= TUNED.whole else TUNED.batch))


class Batches(Protocol):
    """Passes over rows. `count`: batches in one of them, None where that shows at its end alone."""

    @property
    def count(self) -> int | None:
        """Batches of one pass."""
        ...

    def epoch(self, number: int) -> Iterator[Block]:
        """The batches of one pass, from 1."""
        ...

    def state(self) -> Tree:
        """What the next pass depends on."""
        ...

    def restore(self, state: Tree) -> None:
        """Go on from there."""
        ...


class Shuffled:
    """The rows in `count` batches of nearly equal sizes, shuffled anew for every epoch: none is a lone row, which batch
    normalisation cannot take. Of several processes each gets its part of every batch.

    Raises `ConfigError` for batches of fewer rows than there are processes.
    """

    def __init__(self, data: Block, rows: int, seed: int) -> None:
        self.data, self.rows = data, data[0].shape[0]
        self.count = math.ceil(self.rows / rows)
        self.shuffler = torch.Generator().manual_seed(seed)
        if self.rows // self.count < processes.count():
            raise ConfigError(
                f"batches of {self.rows // self.count} rows are too small for {processes.count()} processes, which"
                " divide each among them; take a larger batch_size"
            )

    def epoch(self, number: int) -> Iterator[Block]:
        """The batches of one pass over the rows; a batch of all rows keeps their order."""
        order = torch.randperm(self.rows, generator=self.shuffler) if self.count > 1 else torch.arange(self.rows)
        for chosen in order.tensor_split(self.count):
            own = processes.part(chosen).to(self.data[0].device)
            whole = len(own) == self.rows
            yield tuple(values if whole else values[own] for values in self.data)

    def state(self) -> Tree:
        """What the shuffling has come to."""
        return self.shuffler.get_state()

    def restore(self, state: Tree) -> None:
        """Shuffle on from there."""
        self.shuffler.set_state(state)

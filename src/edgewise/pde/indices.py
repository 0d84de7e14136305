"""Which derivatives are carried along: sets of multi-indices that hold, with each one, all that are below it.

A multi-index (a_0, a_1, ...) says how often to differentiate by each input. Its order is the sum. A letter a stands for
the position of a multi-index in its set.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

Index = tuple[int, ...]


class IndexPair(NamedTuple):
    """Positions of two multi-indices and of their sum: one term of a product of Taylor polynomials."""

    total: int
    left: int
    right: int


@dataclass(frozen=True)
class Indices:
    """A closed set of multi-indices, lowest order first.

    >>> laplacian = Indices.closing([(2, 0), (0, 2)])
    >>> laplacian.entries
    ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0))
    >>> laplacian.position[0, 2], laplacian.starts
    (3, (0, 1, 3, 5))
    """

    entries: tuple[Index, ...]

    @staticmethod
    def closing(wanted: Iterable[Index]) -> Indices:
        """The smallest set with these multi-indices; there must be at least one."""
        below = {entry for top in wanted for entry in product(*(range(each + 1) for each in top))}
        return Indices(tuple(sorted(below, key=lambda entry: (sum(entry), entry))))

    @cached_property
    def position(self) -> dict[Index, int]:
        """Where each multi-index stands."""
        return {entry: place for place, entry in enumerate(self.entries)}

    @cached_property
    def order(self) -> int:
        """The highest order."""
        return sum(self.entries[-1])

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Position of the first multi-index of each order 0, 1, ..., and behind the last one."""
        orders = [sum(entry) for entry in self.entries]
        return tuple(sum(order < k for order in orders) for k in range(self.order + 2))

    @cached_property
    def pairs(self) -> tuple[IndexPair, ...]:
        """All pairs whose sum is in the set."""
        place = self.position
        sums = {
            (left, right): place.get(tuple(map(sum, zip(left, right, strict=True))))
            for left in self.entries
            for right in self.entries
        }
        return tuple(
            IndexPair(total, place[left], place[right]) for (left, right), total in sums.items() if total is not None
        )

    @cached_property
    def factorials(self) -> tuple[int, ...]:
        """What a Taylor coefficient is to be multiplied by to become the derivative."""
        return tuple(math.prod(map(math.factorial, entry)) for entry in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

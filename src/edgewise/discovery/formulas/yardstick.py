"""What a formula costs in bits: its own length, and that of what it leaves of the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .tree import Node, Power, count_free, length, walk
from .tuning import FORMULAS


@dataclass(frozen=True)
class Yardstick:
    """Description length in bits. Source: Rissanen 1978, doi:10.1016/0005-1098(78)90005-5.

    rows: how many rows a formula explains. noise: standard deviation of what no formula explains, 0 where the errors
    that are measured hold it already. floor: error below which none counts as lower.
    """

    rows: int
    noise: float
    floor: float

    def of_error(self, off: float) -> float:
        """The bits of errors whose root mean square is `off`."""
        return self.rows * math.log2(max(math.hypot(self.noise, max(off, self.floor)), 1e-300))

    def price(self, node: Node, off: float) -> float:
        """The bits of a formula and of its errors."""
        return bits(node) + self.of_error(off)


def bits(node: Node) -> float:
    """The bits of a formula with the digits of its free constants; free exponents cost more, since laws have few."""
    free = count_free(node)
    exponents = sum(isinstance(part, Power) and part.exponent.name is None for part in walk(node))
    return length(node) + free * FORMULAS.constant_bits + exponents * FORMULAS.exponent_bits

"""What a state asks for, and which formulas answer it best.

Letters: n rows, d columns. A state asks for y = prefactor g(columns), see `reductions/states.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from ..formulas.tree import Node, values
from ..formulas.yardstick import Yardstick


@dataclass(frozen=True)
class Question:
    """What is asked: g (n,) as a formula of the columns X (n, d). factor (n,): error of y by error of g."""

    X: Tensor
    g: Tensor
    factor: Tensor
    yardstick: Yardstick

    def error(self, node: Node) -> float:
        """Root mean squared error of a formula for g, in units of y; infinite where it is not defined."""
        off = float((self.factor * (values(node, self.X) - self.g)).square().mean().sqrt())
        return off if math.isfinite(off) else math.inf

    def price(self, node: Node) -> float:
        """Its description length and that of what it leaves, in bits."""
        return self.yardstick.price(node, self.error(node))


def sorted_by(asked: Question, found: list[Node]) -> list[Node]:
    """Formulas in the order of their description length, without those that are not defined on a row."""
    priced = [(asked.yardstick.price(node, off), node) for node in found if math.isfinite(off := asked.error(node))]
    return [node for _, node in sorted(priced, key=lambda entry: entry[0])]

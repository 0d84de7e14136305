"""When a search may end before everything was tried: at an exact law, or at one that leaves nothing to be found."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .polish import Polished, of_choice
from .split_rows import LawTask
from .steps import Event, Pause
from .tree import Node, columns_of, numbers_of
from .tuning import TUNED
from .verdict import explains, is_exact, is_noise
from .yardstick import bits


@dataclass
class Ending:
    """The best formula so far, and whether a search for anything better is idle.

    Under noise no formula is exact. But where no test sees anything in what the best one leaves, a better one can only
    be shorter. A plain formula ends the search at once, a longer one where the search pauses, since then what
    is left to try is longer, too.
    """

    task: LawTask
    best: Polished | None = None
    price: float = math.inf
    clean: bool | None = None

    def at(self, event: Event | Pause) -> bool:
        """Whether the search may end at this event."""
        if isinstance(event, Polished):
            if is_exact(event.node, self.task):
                return True
            price = of_choice(self.task).price(event.node, event.error)
            if price < self.price:
                self.best, self.price, self.clean = event, price, None
                return excess(event.node) <= TUNED.plain_bits and self._is_clean()
        if isinstance(event, Pause) and self.best is not None:
            return _free(self.best.node) <= event.constants and self._is_clean()
        return False

    def _is_clean(self) -> bool:
        """Whether nothing is to be seen in what the best formula leaves."""
        if self.clean is None and self.best is not None:
            self.clean = self._shows_nothing(self.best.node)
        return bool(self.clean)

    def _shows_nothing(self, node: Node) -> bool:
        rows = len(self.task.fitting) + len(self.task.choosing)
        enough = not self.task.features and rows >= TUNED.ending_rows
        return enough and explains(node, self.task) and is_noise(node, self.task)


def excess(node: Node) -> float:
    """The bits of a formula beyond those of its columns, each told once and joined with the others: what a shorter
    formula of the same columns could save at most."""
    return bits(node) - 2 * TUNED.symbol_bits * len(columns_of(node))


def _free(node: Node) -> int:
    return sum(number.name is None for number in numbers_of(node))

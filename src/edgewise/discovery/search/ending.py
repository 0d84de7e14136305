"""When a search may end before everything was tried: at an exact law, or at one that leaves nothing to be found."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..formulas.tree import Node, Num, Product, columns_of, count_free
from ..formulas.tuning import FORMULAS
from ..formulas.yardstick import bits
from ..judging.verdict import explains, is_noise
from ..polishing.exactness import is_exact
from ..polishing.polish import Polished, of_choice
from ..tables.law_task import LawTask
from .steps import Event, Pause
from .tuning import SEARCH


@dataclass
class SearchEnding:
    """The best formula so far, and whether a search for anything better is idle.

    Under noise no formula is exact. But where no test sees anything in what the best one leaves, a better one can only
    be shorter. A formula that was fitted by nothing but its scale meets no rows by chance: a plain one ends the search
    at once, a longer one where the search pauses. One with more free constants must wait for later pauses, since it may
    stand in for a shorter one.
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
                plain = excess(event.node) <= SEARCH.plain_bits and not fitted_inside(event.node)
                return plain and self._is_clean()
        if isinstance(event, Pause) and self.best is not None:
            return fitted_inside(self.best.node) <= event.constants and self._is_clean()
        return False

    def _is_clean(self) -> bool:
        """Whether nothing is to be seen in what the best formula leaves."""
        if self.clean is None and self.best is not None:
            self.clean = self._shows_nothing(self.best.node)
        return bool(self.clean)

    def _shows_nothing(self, node: Node) -> bool:
        rows = len(self.task.fitting) + len(self.task.choosing)
        enough = not self.task.features and rows >= SEARCH.ending_rows
        seen = self.task.by_choice
        return enough and explains(node, seen) and is_noise(node, seen)


def excess(node: Node) -> float:
    """The bits of a formula beyond those of its columns, each told once and joined with the others: what a shorter
    formula of the same columns could save at most."""
    return bits(node) - 2 * FORMULAS.symbol_bits * len(columns_of(node))


def fitted_inside(node: Node) -> int:
    """How many free constants a formula has besides its scale.

    >>> from edgewise.discovery.formulas.tree import Num, Var, product, total
    >>> fitted_inside(product(Num(1.234), Var(0))), fitted_inside(total(Num(1.234), Var(0)))
    (0, 1)
    """
    parts = node.parts if isinstance(node, Product) else (node,)
    scale = any(isinstance(part, Num) and part.name is None for part in parts)
    return count_free(node) - scale

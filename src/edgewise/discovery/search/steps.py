"""What a search tells on its way: steps of the proof, and formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from ..polishing.polish import Polished
from ..tables.law_task import LawTask


@dataclass(frozen=True)
class ProofStep:
    """Something that was found out, or tried in vain, in words.

    Attributes:
        text: what it is.
        held: whether it is so.
        depth: 0 for a step about the table itself, more for one about a part of it.
    """

    text: str
    held: bool = True
    depth: int = 0

    def __str__(self) -> str:
        return "    " * self.depth + (self.text if self.held else f"(no) {self.text}")

    def deeper(self) -> ProofStep:
        """The same, told of a part."""
        return replace(self, depth=self.depth + 1)


@dataclass(frozen=True)
class Pause:
    """A place where a search may end, since one kind of formula was tried to its end. Only the search itself hears of
    it.

    constants: free constants besides its scale of a formula that may end it here, at most.
    """

    constants: int


Event: TypeAlias = ProofStep | Polished
TableSearch: TypeAlias = Callable[[LawTask, int], Iterator[Event]]  # of a table, so many times taken apart before

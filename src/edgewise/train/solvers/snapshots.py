"""What lets a solver go on where another process left it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Tree = Any  # numbers, text, tensors, and lists and dicts of these


class Snapshots(Protocol):
    """Where a solver leaves all that it needs to go on, and finds what it left in an earlier process.

    A solver that goes on from its snapshot takes the same steps, to the bit, as one that was never stopped.
    """

    def last(self) -> Tree | None:
        """What was left last, None where the solver begins."""
        ...

    def offer(self, state: Callable[[], Tree]) -> None:
        """Called after every step. `state()` says all that is needed to go on; it is asked now and then, at once."""
        ...

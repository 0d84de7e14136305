"""What a search found out on its way to a law, step by step, with what it tried in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...discovery.search.steps import ProofStep
from ...plotting.wording import clean


@dataclass(frozen=True)
class TrailStep:
    """A step in words, whether it is so, and how deep in parts of the table it was taken."""

    text: str
    held: bool
    depth: int


def law_trail(steps: Sequence[ProofStep]) -> tuple[TrailStep, ...]:
    """The steps of a search, in their order."""
    return tuple(TrailStep(clean(step.text), step.held, step.depth) for step in steps)

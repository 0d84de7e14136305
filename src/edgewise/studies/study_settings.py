"""How a study is made: checked when it is built, and the same from Python and from the command line."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from operator import index
from typing import Any

from ..config import is_auto, is_count, is_number, is_seed, is_sequence
from ..data import Table
from ..errors import ConfigError, EdgewiseWarning, few, problems, shown
from ..limits import MODULE, refuse_too_large, times
from ..losses import LOSSES, CrossEntropy, Loss, Numbers, SquaredError, as_loss
from ..metadata import Metadata
from ..train.evidence.shapes import faults_of, free_copies, with_periods

EFFORTS = {"quick": 0, "default": "auto", "thorough": 24}  # effort -> restarts of the first fit with hidden layers


@dataclass(frozen=True)
class StudySettings:
    """What to do with a table.

    hidden: nodes per hidden layer, () for none. grids: intervals per stage, or "auto". sparsity: pull towards few edges
    in the first fit; 0 leaves pruning out. test: part of the rows that only judge. seed: of the splits, the start and
    all else. formula: whether closed forms are looked for. effort: "quick", "default" or "thorough", how many restarts
    a first fit has. loss: of numbers, by name or as an object; "auto" for squares, or for classes cross-entropy. Fits
    may then take the logarithm of the mean (`by_log`). constraints: names or positions of inputs, and what the function
    of each is held to.
    """

    hidden: tuple[int, ...] = (5,)
    grids: tuple[int, ...] | str = "auto"
    sparsity: float = 0.01
    test: float = 0.2
    seed: int = 0
    formula: bool = True
    effort: str = "default"
    interactions: int | str = "auto"
    loss: Any = "auto"
    constraints: tuple[tuple[str | int, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        sizes = isinstance(self.grids, tuple) and self.grids and all(is_count(g, 1) for g in self.grids)
        growing = sizes and list(self.grids) == sorted(set(self.grids))
        problems(
            (
                message
                for wrong, message in [
                    (
                        not isinstance(self.hidden, tuple) or not all(is_count(width, 1) for width in self.hidden),
                        f"hidden must be numbers of nodes such as (5,) or (), got {shown(self.hidden)}",
                    ),
                    (
                        not is_auto(self.grids) and not growing,
                        f"grids must be 'auto' or growing sizes such as (3, 6, 12), got {shown(self.grids)}",
                    ),
                    (not _within(self.sparsity, 0, float("inf")), f"sparsity must be >= 0, got {shown(self.sparsity)}"),
                    (
                        not _within(self.test, 0, 1) or self.test == 0,
                        f"test is a part of the rows between 0 and 1, got {shown(self.test)}",
                    ),
                    (
                        not is_seed(self.seed),
                        f"seed must be a whole number >= 0 and below 2^64, got {shown(self.seed)}",
                    ),
                    (not isinstance(self.formula, bool), f"formula must be True or False, got {shown(self.formula)}"),
                    (
                        not isinstance(self.effort, str) or self.effort not in EFFORTS,
                        f"unknown effort {shown(self.effort)}, wanted one of {', '.join(EFFORTS)}",
                    ),
                    (
                        not is_auto(self.interactions) and not is_count(self.interactions, 0),
                        f"interactions must be 'auto' or a whole number >= 0, got {shown(self.interactions)}",
                    ),
                ]
                if wrong
            ),
            ConfigError,
        )
        if not is_auto(self.loss):
            found = as_loss(self.loss)
            if not isinstance(found, (Numbers, SquaredError, CrossEntropy)):
                raise ConfigError(
                    f"a study compares stages and baselines, and knows the losses {', '.join(LOSSES)}, got"
                    f" {shown(found.name)}; use ew.fit for a loss of your own"
                )

    @property
    def held(self) -> dict[str | int, tuple[str, ...]]:
        """The constraints as `fit` takes them."""
        return dict(self.constraints)

    def on(self, table: Table) -> StudySettings:
        """The same, with the range of the rows where a period has no number. Warns of a copy of an input with a
        constraint, which has none itself."""
        metadata = Metadata(table.inputs, categories=table.categories, encoding=table.encoding)
        if copies := free_copies(self.held, metadata, table.X):
            told = f"constraints leave a copy of what they hold free: {few(copies)}; drop it, or hold it, too"
            warnings.warn(EdgewiseWarning(told), stacklevel=2)
        found = with_periods(self.held, metadata, table.X)
        return replace(self, constraints=tuple((found or {}).items()))

    @property
    def automatic(self) -> bool:
        """Whether the loss of the fits follows from the table."""
        return is_auto(self.loss)

    def loss_of(self, table: Table) -> Loss:
        """The loss for the targets of a table. Raises `ConfigError` and `DataError` where they do not go together."""
        if self.automatic:
            return SquaredError() if table.classes is None else CrossEntropy()
        found = as_loss(self.loss)
        if isinstance(found, CrossEntropy) != (table.classes is not None):
            holds = "numbers" if table.classes is None else "classes"
            raise ConfigError(f"the targets are {holds}, which loss={shown(found.name)} is not for; leave loss out")
        if isinstance(found, Numbers):
            found.check(table.y, f"the target {', '.join(table.outputs)}", table.lines)
        return found

    @staticmethod
    def of(hidden: Any, grids: Any, *, constraints: Any = None, **others: Any) -> StudySettings:
        """Settings from what a user writes: lists do for tuples, and one number for a hidden layer."""
        for name, given in (("hidden", hidden), ("grids", grids)):
            if is_sequence(given):
                refuse_too_large(f"{name} of {len(given)} entries", times(MODULE, len(given)), "take fewer")
        if isinstance(hidden, int) and not isinstance(hidden, bool):
            hidden = (hidden,)
        problems(faults_of(constraints))
        said = {
            name: (words,) if isinstance(words, str) else tuple(words) for name, words in (constraints or {}).items()
        }
        hidden = tuple(hidden) if is_sequence(hidden) else hidden
        grids = tuple(grids) if is_sequence(grids) else grids
        if "seed" in others and is_seed(others["seed"]):
            others["seed"] = index(others["seed"])  # numpy's and torch's numbers as Python's
        return StudySettings(hidden=hidden, grids=grids, constraints=tuple(said.items()), **others)


def _within(value: Any, low: float, high: float) -> bool:
    return is_number(value) and low <= value < high

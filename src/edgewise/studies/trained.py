"""The network that a study keeps, with what it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..data import Table
from ..model import KAN
from ..train.result import FitResult
from ..transforms.means import as_means
from .by_log import means_of
from .closed_forms import Closed


@dataclass(frozen=True)
class Trained:
    """The network that is kept and how it came about.

    `first`: the network before pruning; `splines`: the one whose edges are all splines, which `model` is unless closed
    forms took their places. `chosen`: the fit that `splines` is from. `beside`: networks of other kinds, which were
    not kept, by their names.

    `sums`: the network of sums alone, or the very first. `limits`: of the error of each output, where rows beyond them
    were left out as mistakes.

    `of_log`: the squared error of a network of the logarithm of the mean, in parts of that of a network of the mean,
    where the first was taken. `chosen` and `closed` are of the logarithm then; `model`, `first` and `splines` end in a
    layer that takes it back. In `first` and `splines`, an edge before that bends beyond the rows.
    """

    model: KAN
    first: KAN
    splines: KAN
    chosen: FitResult
    closed: Closed
    rows: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    interrupted: bool
    beside: dict[str, KAN]
    sums: KAN
    of_log: float | None = None
    limits: tuple[float, ...] | None = None

    @property
    def tame(self) -> list[str]:
        """The inputs of whose values a few are taken for mistakes: splines make nothing of them."""
        ending = self.chosen.ending
        return [] if ending is None or self.closed.model is not None else ending.tame


def of_targets(model: KAN, of_log: float | None, rest: Table) -> KAN:
    """The network of the targets, where a fit was of the logarithm of their mean, with the names of the rows."""
    return named(model if of_log is None else means_of(model, rest), rest)


def of_law(model: KAN, of_log: float | None, rest: Table) -> KAN:
    """The same of closed forms, which go on beyond the rows as they are written."""
    return named(model if of_log is None else as_means(model), rest)


def named(model: KAN, rest: Table) -> KAN:
    """The model with the names, classes and ranges of the rows that it was fitted to."""
    low, high = rest.X.amin(dim=0).tolist(), rest.X.amax(dim=0).tolist()
    found = replace(rest, ranges=tuple(zip(low, high, strict=True))).metadata()
    return model.build(metadata=replace(found, split=model.metadata.split, loss=model.metadata.loss))

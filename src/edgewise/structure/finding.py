"""What a test of structure gives back: a finding, and the evidence for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .tuning import TUNED

# n rows


@dataclass(frozen=True)
class Evidence:
    """What a test measured.

    Attributes:
        statistic: root mean square of the violation, in units of the function's own error. It is about 1 where the
            structure is there and the errors are told rightly.
        threshold: up to which the structure holds.
        noise: the largest violation that the errors could hide, as a part of the terms that are compared: "tested to
            1e-6". It is infinite where the test could not be made.
    """

    statistic: float
    threshold: float
    noise: float

    @property
    def sharp(self) -> bool:
        """Whether the errors are small enough for the test to say anything."""
        return self.noise <= TUNED.sharp

    @property
    def holds(self) -> bool:
        """Whether the structure is there: no violation beyond the errors, and errors small enough to show one."""
        return self.sharp and self.statistic <= self.threshold

    @property
    def fails(self) -> bool:
        """Whether the structure is surely not there. A test that neither holds nor fails is undecided."""
        return bool(np.isfinite(self.statistic)) and self.statistic > self.threshold

    @property
    def confidence(self) -> float:
        """Of the verdict, from 0 to 1.

        Where the structure holds: one minus the violation that could be hidden. Where it fails: one minus the part of
        the violation that errors explain. 0 where it is undecided.
        """
        if self.holds:
            return 1.0 - self.noise
        return 1.0 - self.threshold / self.statistic if self.fails else 0.0

    def words(self) -> str:
        """The verdict in words.

        >>> Evidence(0.8, 2.0, 1e-6).words(), Evidence(600.0, 2.0, 1e-6).words(), Evidence(0.1, 2.0, 5.0).words()
        ('tested to 1e-06', 'violated 300-fold', 'undecided: the errors hide too much')
        """
        if self.holds:
            return f"tested to {self.noise:.1g}"
        if self.fails:
            return f"violated {self.statistic / self.threshold:.3g}-fold"
        return "undecided: the errors hide too much"


UNTESTED = Evidence(np.inf, TUNED.threshold, np.inf)


def judge(violation: np.ndarray, error: np.ndarray, *scales: np.ndarray) -> Evidence:
    """The evidence for a structure whose violation is zero.

    Every row counts by its own error. The rows of the largest violation are trimmed, since errors have long tails.

    Args:
        violation (n,): what is zero where the structure is there. Rows that are not finite do not count.
        error (n,): the standard error of each.
        scales (n,): how large the violation may well be where the structure is not there. Of several, the one that is
            smallest counts.

    >>> error = np.full(100, 1e-6)
    >>> judge(np.linspace(-1e-6, 1e-6, 100), error, np.ones(100)).holds
    True
    >>> judge(np.linspace(-1e-2, 1e-2, 100), error, np.ones(100)).holds
    False
    """
    with np.errstate(all="ignore"):
        ratios = [np.abs(part) / error for part in (violation, *scales)]
    # a violation of exactly zero holds, and a scale of zero shows nothing, whatever the error
    ratios = [np.where(part == 0, 0.0, ratio) for part, ratio in zip((violation, *scales), ratios, strict=True)]
    there = np.isfinite(violation) & np.isfinite(error) & np.isfinite(ratios).all(0)
    if there.sum() < max(TUNED.least_rows, TUNED.finite * len(there)):
        return UNTESTED
    statistic = trimmed_rms(ratios[0][there])
    # not the mean: rows whose error is told too small by chance would rule it
    smallest = min(float(np.quantile(ratio[there], TUNED.usual)) for ratio in ratios[1:])
    return Evidence(statistic, TUNED.threshold, TUNED.threshold / smallest if smallest > 0 else np.inf)


def weakest(found: Sequence[Evidence]) -> Evidence:
    """The evidence for a structure that takes several tests: their largest statistic and their largest noise.

    >>> weakest([Evidence(1.0, 3.0, 1e-3), Evidence(2.0, 3.0, 1e-6)])
    Evidence(statistic=2.0, threshold=3.0, noise=0.001)
    """
    return Evidence(
        max(one.statistic for one in found), min(one.threshold for one in found), max(one.noise for one in found)
    )


def trimmed_rms(ratio: np.ndarray) -> float:
    """The root mean square, where the largest values count as the largest of the others.

    >>> trimmed_rms(np.array([1.0] * 99 + [1000.0]))
    1.0
    """
    return float(np.sqrt(np.mean(np.minimum(ratio, np.quantile(ratio, 1 - TUNED.trimmed, method="lower")) ** 2)))


@dataclass(frozen=True)
class Finding:
    """A structure that was tested: on which columns, with which evidence. Kinds of it add what they found.

    Attributes:
        columns: positions of the columns that it speaks of.
        evidence: the test.
        names: of all columns.
        kind: the structure in one word.
    """

    kind: ClassVar[str]

    columns: tuple[int, ...]
    evidence: Evidence
    names: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the structure is there."""
        return self.evidence.holds

    @property
    def fails(self) -> bool:
        """Whether the structure is surely not there. What neither holds nor fails is undecided."""
        return self.evidence.fails

    @property
    def statistic(self) -> float:
        """Root mean square of the violation, in units of the function's own error."""
        return self.evidence.statistic

    @property
    def threshold(self) -> float:
        """The largest statistic that holds."""
        return self.evidence.threshold

    @property
    def noise(self) -> float:
        """The largest relative violation that the errors could hide."""
        return self.evidence.noise

    @property
    def confidence(self) -> float:
        """Of the verdict, from 0 to 1."""
        return self.evidence.confidence

    @property
    def words(self) -> str:
        """What it means."""
        return ", ".join(self.named(self.columns))

    def named(self, columns: Sequence[int]) -> list[str]:
        """The names of these columns."""
        return [self.names[column] for column in columns]

    def __repr__(self) -> str:
        return f"{self.words} ({self.evidence.words()})"

"""Which columns a function does not depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .finding import Finding, judge
from .probe import Probe

# n rows


@dataclass(frozen=True, repr=False)
class Unused(Finding):
    """A column that changes nothing."""

    kind: ClassVar[str] = "unused"

    @property
    def words(self) -> str:
        """What it means."""
        return f"{self.named(self.columns)[0]} does not matter"


def unused(probe: Probe) -> tuple[Unused, ...]:
    """For each column, whether values stay when it is exchanged; how much values vary is the scale.

    >>> from edgewise.structure import probe_of
    >>> [found.holds for found in unused(probe_of(lambda X: X[:, 0] ** 2, np.random.rand(50, 2), None, None, 0))]
    [False, True]
    """
    base = probe.base
    donor, donor_error = probe.values(range(base.columns))
    spread = np.full_like(donor, np.sqrt(np.nanmean((donor - base.f) ** 2)))
    if judge(donor - base.f, np.hypot(base.f_error, donor_error), np.abs(base.f)).holds:
        spread = np.abs(base.f)  # a constant varies by its errors alone
    return tuple(
        Unused((column,), judge(single.f - base.f, np.hypot(base.f_error, single.f_error), spread), base.names)
        for column, single in enumerate(probe.singles)
    )

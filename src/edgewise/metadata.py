"""What a model carries besides its network: the words of the table it was fitted to, and the record of its changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Metadata:
    """The table a model was fitted to, as far as `predict` on a new table needs it.

    inputs, outputs: names of the columns. classes: labels of the classes. categories: the levels of each column that
    holds words. ranges: lowest and highest value of each input in the table. task: "regression" or "classification".
    split: rows, seed and digest of the table of the last fit, by which a later fit finds its held-out rows again.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: tuple[tuple[float, float], ...] = ()
    task: str = ""
    split: tuple[int, int, str] | tuple[()] = ()


@dataclass(frozen=True)
class Edit:
    """One change made to a model: what was done, and with which settings or to which parts."""

    action: str
    detail: str = ""

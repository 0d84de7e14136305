"""What a model carries besides its network: the words of the table it was fitted to, and the record of its changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import twice

TASKS = ("", "regression", "classification")


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

    def faults(self, features: int, outputs: int) -> list[str]:
        """What does not fit a model with so many columns of X and of y, in words; nothing where all does.

        >>> Metadata(inputs=("a", "b", "a")).faults(features=2, outputs=1)
        ["inputs has 3 names for 2 columns", "inputs holds 'a' twice"]
        """
        found = [f"inputs has {len(self.inputs)} names for {features} columns"] * (
            len(self.inputs) not in (0, features)
        )
        named = {0, outputs, 1} if self.classes else {0, outputs}  # one column of labels has an output for every class
        found += [f"outputs has {len(self.outputs)} names for {outputs} columns"] * (len(self.outputs) not in named)
        found += [f"classes has {len(self.classes)} labels for {outputs} outputs"] * (len(self.classes) > outputs)
        found += [f"ranges has {len(self.ranges)} entries for {features} columns"] * (
            len(self.ranges) not in (0, features)
        )
        found += [
            f"ranges[{n}] runs from {low} to {high}" for n, (low, high) in enumerate(self.ranges) if not low <= high
        ]
        for what in ("inputs", "outputs", "classes"):
            found += [f"{what} holds {name!r} twice" for name in twice(getattr(self, what))]
        for column, levels in self.categories.items():
            found += [f"categories[{column!r}] holds {level!r} twice" for level in twice(levels)]
            lost = [level for level in levels if f"{column}={level}" not in self.inputs]
            if lost or not levels:
                found.append(f"categories[{column!r}] has no input for {', '.join(map(repr, lost[:3])) or 'any level'}")
        return found


@dataclass(frozen=True)
class Edit:
    """One change made to a model: what was done, and with which settings or to which parts."""

    action: str
    detail: str = ""

"""What a model carries besides its network: the words of the table it was fitted to, and the record of its changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .errors import shown, twice

TASKS = ("", "regression", "classification")
LINKS = {"": "", "poisson": "log", "gamma": "log", "binomial": "logit"}  # loss -> what an output is of the mean


@dataclass(frozen=True)
class Metadata:
    """The table a model was fitted to, as far as `predict` on a new table needs it.

    inputs, outputs: names of the columns. classes: labels of the classes. categories: the levels of each column that
    holds words. ranges: lowest and highest value of each input in the table. task: "regression" or "classification".
    split: rows, seed and digest of the table of the last fit, by which a later fit finds its held-out rows again.
    loss: "poisson", "gamma" or "binomial" where outputs are the logarithm or the logit of a mean; "" for all others.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: tuple[tuple[float, float], ...] = ()
    task: str = ""
    split: tuple[int, int, str] | tuple[()] = ()
    loss: str = ""

    @property
    def link(self) -> str:
        """What an output is of the mean: "log", "logit", or "" for the mean itself.

        >>> Metadata(loss="poisson").link
        'log'
        """
        return LINKS[self.loss]

    def faults(self, features: int, outputs: int) -> Iterator[str]:
        """What does not fit a model with so many columns of X and of y, in words; nothing where all does.

        >>> list(Metadata(inputs=("a", "b", "a")).faults(features=2, outputs=1))
        ['inputs has 3 entries for 2 inputs and 1 outputs', "inputs holds 'a' twice"]
        """
        fitting = {
            "inputs": {0, features},
            "outputs": {0, outputs, 1},  # one column of labels has an output for each of its classes
            "classes": range(outputs + 1),
            "ranges": {0, features},
        }
        for what, counts in fitting.items():
            if len(getattr(self, what)) not in counts:
                yield f"{what} has {len(getattr(self, what))} entries for {features} inputs and {outputs} outputs"
        for what in ("inputs", "outputs", "classes"):
            yield from (f"{what} holds {shown(name)} twice" for name in twice(getattr(self, what)))
        for n, (low, high) in enumerate(self.ranges):
            if not low <= high:
                yield f"ranges[{n}] runs from {low} to {high}"
        if self.loss and self.classes:
            yield f"loss is {self.loss!r}, which is one of numbers, but there are classes"
        known = set(self.inputs)
        for column, levels in self.categories.items():
            yield from (f"categories[{shown(column)}] holds {shown(level)} twice" for level in twice(levels))
            lost = [level for level in levels if f"{column}={level}" not in known]
            if lost or not levels:
                yield f"categories[{shown(column)}] has no input for {', '.join(map(repr, lost[:3])) or 'any level'}"


@dataclass(frozen=True)
class Edit:
    """One change made to a model: what was done, and with which settings or to which parts."""

    action: str
    detail: str = ""

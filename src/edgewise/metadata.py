"""What a model carries besides its network: the words of the table it was fitted to, and the record of its changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from .errors import shown, twice

TASKS = ("", "regression", "classification")
MISSING = "missing"  # the level of an empty cell
OTHER = "other"  # the level of rare levels, and of unknown ones where there is any
SUMS_TO_ONE = 1e-6  # round-off of shares
PARTS = {  # of a date: the inputs that it becomes, each called `column=input`
    "year": ("year",),
    "season": ("season sin", "season cos"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "hour": ("hour sin", "hour cos"),
}
FIRST = ("day", "month")  # what a date such as 3/4/2020 may start with
DOWN_TO = ("minutes", "seconds")  # what a time such as 2:30 may end with


@dataclass(frozen=True)
class Encoding:
    """How columns become inputs where a cell alone does not say it: learnt from a table, and kept for new ones.

    shares: column of levels -> the share of the rows that each level has, which is what an unknown level counts as.
    fills: input -> what stands in for a missing cell: the median. gaps: columns with an input `column=missing`, 0 or
    1. dates: column of dates -> its parts, names in `PARTS`. merged: column of levels -> the rare ones of the table,
    sorted, which count as `OTHER`. slashes: column of dates such as 3/14/2020 -> what is first, "day" or "month".
    times: column of times such as 2:30 -> down to what they go, "minutes" or "seconds". zones: column of dates -> their
    time zones, such as Europe/Berlin or +01:00, "" for dates without one; no entry where nobody knows.
    """

    shares: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    fills: Mapping[str, float] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    dates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    merged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    slashes: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def faults(self, inputs: Collection[str], categories: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
        """What does not fit a model with these inputs and levels, in words."""
        for column, shares in self.shares.items():
            if not shares or len(shares) != len(categories.get(column, ())):
                yield f"shares[{shown(column)}] has {len(shares)} entries for {len(categories.get(column, ()))} levels"
            elif min(shares) < 0 or not abs(sum(shares) - 1) < SUMS_TO_ONE:
                yield f"shares[{shown(column)}] are {shown(shares)}, no shares of a whole"
        yield from (f"fills holds {shown(name)}, which is no input" for name in self.fills if name not in inputs)
        yield from (f"gaps holds {shown(name)} twice" for name in twice(self.gaps))
        for name in self.gaps:
            if f"{name}={MISSING}" not in inputs or name in categories:
                yield f"gaps holds {shown(name)}, but no input says where it is missing"
        for column, parts in self.dates.items():
            yield from (f"dates[{shown(column)}] holds {shown(part)} twice" for part in twice(parts))
            lost = [part for part in parts if not any(f"{column}={name}" in inputs for name in PARTS[part])]
            if lost or not parts:
                yield f"dates[{shown(column)}] has no input for {', '.join(lost) or 'any part'}"
        for column in self.merged:
            if OTHER not in categories.get(column, ()):
                yield f"merged[{shown(column)}] holds levels, but the column has no level {OTHER!r} for them"
        told = {what: getattr(self, what) for what in ("slashes", "zones")}
        yield from (f"times holds {shown(name)}, which is no input" for name in self.times if name not in inputs)
        for what, columns in told.items():
            lost = [column for column in columns if column not in self.dates]
            yield from (f"{what} holds {shown(column)}, which is no column of dates" for column in lost)


LINKS = {"": "", "poisson": "log", "gamma": "log", "binomial": "logit"}  # loss -> what an output is of the mean


@dataclass(frozen=True)
class Metadata:
    """The table a model was fitted to, as far as `predict` on a new table needs it.

    inputs, outputs: names of the columns. classes: labels of the classes. categories: the levels of each column that
    holds words. ranges: lowest and highest value of each input in the table. task: "regression" or "classification".
    split: rows, seed and digest of the table of the last fit, by which a later fit finds its held-out rows again.
    encoding: how columns became inputs.
    loss: "poisson", "gamma" or "binomial" where outputs are the logarithm or the logit of a mean; "" for all others.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: tuple[tuple[float, float], ...] = ()
    task: str = ""
    split: tuple[int, int, str] | tuple[()] = ()
    encoding: Encoding = Encoding()

    def sources(self) -> tuple[str, ...]:
        """The column of the table that each input comes from.

        >>> Metadata(inputs=("x", "c=a", "c=b"), categories={"c": ("a", "b")}).sources()
        ('x', 'c', 'c')
        """
        column = {f"{name}={level}": name for name, levels in self.categories.items() for level in levels}
        column |= {f"{name}={MISSING}": name for name in self.encoding.gaps}
        column |= {name: of for name, of, _ in self._date_inputs()}
        return tuple(column.get(name, name) for name in self.inputs)

    def terms(self) -> tuple[tuple[int, ...], ...]:
        """Positions of the inputs that say one thing together: the levels of a column; a number, and where it is
        missing; a part of a date.

        >>> Metadata(inputs=("x", "c=a", "c=b"), categories={"c": ("a", "b")}).terms()
        ((0,), (1, 2))
        """
        part = {name: (of, part) for name, of, part in self._date_inputs()}
        found: dict[tuple[str, str], list[int]] = {}
        for place, (name, source) in enumerate(zip(self.inputs, self.sources(), strict=True)):
            found.setdefault(part.get(name, (source, "")), []).append(place)
        return tuple(map(tuple, found.values()))

    def named_levels(self, column: str) -> tuple[str, ...]:
        """The levels that a column had in the table, rare ones too, as they were written there.

        >>> Metadata(categories={"c": ("a", "other")}, encoding=Encoding(merged={"c": ("p", "q")})).named_levels("c")
        ('a', 'p', 'q')
        """
        levels = (*self.categories[column], *self.encoding.merged.get(column, ()))
        return tuple(level for level in levels if level not in (MISSING, OTHER))

    def levels(self) -> frozenset[int]:
        """Positions of the inputs that say whether something is so: 0 or 1."""
        named = {f"{name}={level}" for name, levels in self.categories.items() for level in levels}
        named |= {f"{name}={MISSING}" for name in self.encoding.gaps}
        named |= {name for name, _, part in self._date_inputs() if part == "weekday"}
        return frozenset(place for place, name in enumerate(self.inputs) if name in named)

    def _date_inputs(self) -> Iterator[tuple[str, str, str]]:
        """(input, column, part) of what columns of dates may become."""
        for column, parts in self.encoding.dates.items():
            yield from ((f"{column}={name}", column, part) for part in parts for name in PARTS[part])

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
        yield from (f"encoding.{fault}" for fault in self.encoding.faults(known, self.categories))


@dataclass(frozen=True)
class Edit:
    """One change made to a model: what was done, and with which settings or to which parts."""

    action: str
    detail: str = ""

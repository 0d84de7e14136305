"""discover: from a table to a law, with what shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..config import is_int, is_number, is_seed
from ..errors import knows_keywords, problems, shown
from ..screen import bar_wanted
from .half_angles import with_half_angles
from .laws import Law, as_law, chosen, front
from .polish import Polished
from .printing import table
from .split_rows import LawTask, as_task
from .steps import ProofStep
from .strategy import search
from .tidy import tidied
from .tuning import TUNED
from .verdict import Verdict, verdict


@dataclass(frozen=True, repr=False)
class Discovery:
    """What was found. It prints as a table, the shortest formula first.

    Attributes:
        best: the formula of the least description length.
        front: the formulas than which none is both shorter and nearer, the shortest first.
        verdict: what can be said of the best one: exact, within noise, an approximation, or nothing.
        steps: what was found out on the way, each with its test; what was tried in vain, too.
        message: the verdict in words, and how the search ended.
        target: the name of y.
    """

    best: Law
    front: tuple[Law, ...]
    verdict: Verdict
    steps: tuple[ProofStep, ...]
    message: str
    target: str

    @property
    def is_law(self) -> bool:
        """Whether the best formula is claimed to be the law behind the rows."""
        return self.verdict.is_law

    def __repr__(self) -> str:
        return table(self.front, self.best, self.target, self.message)


@knows_keywords
def discover(
    X: Any,
    y: Any = None,
    *,
    inputs: Sequence[str] | None = None,
    target: str | None = None,
    seconds: float = 60,
    seed: int = 0,
    progress: bool = True,
    units: Mapping[str, Any] | None = None,
    n_jobs: int = 1,
) -> Discovery:
    """Look for the law behind a table.

    Products of powers, sums of two terms under an output transform, and quotients are tried on the rows alone. Then a
    smooth surrogate shows scalings and translations. They leave fewer columns, among which the search goes on. The
    constants of every formula are fitted to the raw rows, and set to simple numbers where these allow it.

    The work is counted, so the same seed gives the same front on every machine. Ctrl-C gives what was found so far.

    Args:
        X: inputs (n, d) as an array, a tensor or a frame; or a DataFrame with the column `target`.
        y (n,): the numbers that the law is to explain, where X holds only inputs.
        inputs: names of the inputs, where X has none of its own; of a DataFrame, the columns to use.
        target: the column of a DataFrame that the law is to explain; a name for y otherwise.
        seconds: the search ends after so many at the latest. `message` says so where that cut it short.
        seed: of the split into rows that fit, choose and judge.
        progress: show a bar.
        units: the unit of every column and of the target, by name, in words that pint knows: `{"v": "m/s", "t": "s",
            "s": "m"}`, "" for none. The search begins with the groups without unit. A constant that has one, such as
            gravity, needs a column.
        n_jobs: reduced problems that are searched at a time, each in its own process; -1 for one per processor. The
            backend is joblib's, so `joblib.parallel_config("dask")` takes a search to a cluster.

    Returns:
        A `Discovery`: `.best`, `.front`, `.verdict`, `.steps`, `.message`.

    Raises:
        ConfigError: settings that cannot be used, all in one message; units that do not fit the columns.
        DataError, ShapeError: rows that cannot be used.
        MissingExtra: units are given, and pint is not installed.

    Source: Udrescu & Tegmark 2020 (arXiv 1905.11481) for reductions by symmetry; Rissanen 1978 for the choice by
    description length.

    >>> import torch
    >>> X = 1 + torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    >>> found = discover(X, X[:, 0] ** 2 / X[:, 1], inputs=["v", "r"], progress=False)
    >>> found.best.expression, found.is_law
    (v**2/r, True)
    """
    wanted = bar_wanted(progress)
    problems(_wrong(seconds, seed, n_jobs))
    task = as_task(X, y, inputs, target, seed, units)
    events, ending = _gathered(task, float(seconds), int(n_jobs), wanted)
    found = [event for event in events if isinstance(event, Polished)]
    found = [_tidy(one, task) for one in dict.fromkeys([*front(found, task), chosen(found, task)])]
    best = chosen(found, task)
    said = verdict(best.node, task)
    laws = tuple(as_law(one, task) for one in front(found, task))
    message = said.value + (f"; {ending}" if ending else "")
    steps = tuple(event for event in events if isinstance(event, ProofStep))
    return Discovery(as_law(best, task), laws, said, steps, message, task.target)


def _tidy(one: Polished, task: LawTask) -> Polished:
    node = tidied(one.node, task.fitting.first(TUNED.quick_rows))
    return Polished(with_half_angles(node, task.fitting), one.error)


def _wrong(seconds: Any, seed: Any, n_jobs: Any) -> Iterator[str]:
    if not is_number(seconds) or not seconds > 0:
        yield f"seconds must be a number above 0, got {shown(seconds)}"
    if not is_seed(seed):
        yield f"seed must be a whole number of 64 bits, got {shown(seed)}"
    if not is_int(n_jobs) or (n_jobs != -1 and n_jobs < 1):
        yield f"n_jobs must be a whole number above 0, or -1, got {shown(n_jobs)}"


def _gathered(task: LawTask, seconds: float, n_jobs: int, wanted: bool) -> tuple[list[ProofStep | Polished], str]:
    """All that a search tells, and why it ended early, if it did."""
    events: list[ProofStep | Polished] = []
    began = time.monotonic()
    try:
        with _bar(wanted) as bar:
            for event in search(task, n_jobs=n_jobs):
                events.append(event)
                if bar is not None:
                    bar.update(1)
                if time.monotonic() - began > seconds:
                    return events, f"the search was cut short after {seconds:g} seconds"
    except KeyboardInterrupt:
        return events, "the search was cut short by Ctrl-C"
    return events, ""


@contextmanager
def _bar(wanted: bool) -> Iterator[Any]:
    """A bar that counts what was tried; None where nobody would see it."""
    if not wanted:
        yield None
        return
    from tqdm.auto import tqdm

    form = "{desc}  [{n_fmt} formulas, {elapsed}]"
    with tqdm(desc="discover", leave=False, dynamic_ncols=True, bar_format=form) as bar:
        yield bar

"""A case is a law at one level of noise, with so many columns beside that do not matter. Its row has the same key in
every file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..results import Results
from ..runner import Job, Options, say, work

HEAD = ("key", "table", "name", "noise", "idle")  # columns that say which case a row is of
LEVELS = (0.0, 0.001, 0.01, 0.1)  # of noise, that have a place in the table
IDLES = (0, 3)  # columns beside that do not matter


class Case(NamedTuple):
    """`law` is "table/name"; `noise` a part of the root mean square of y; `idle` counts columns.

    >>> Case("textbook/kepler", 0.01, 3).key
    'textbook/kepler 0.01 +3'
    """

    law: str
    noise: float
    idle: int

    @property
    def key(self) -> str:
        """The name of its row."""
        return f"{self.law} {self.noise:g}" + (f" +{self.idle}" if self.idle else "")

    @property
    def head(self) -> dict[str, Any]:
        """The first columns of its row."""
        table, _, name = self.law.partition("/")
        return dict(zip(HEAD, (self.key, table, name, f"{self.noise:g}", self.idle), strict=True))


def run_cases(
    options: Options,
    title: str,
    call: Callable[..., dict[str, Any]],
    cases: Mapping[Case, tuple[Any, ...]],
    results: Results,
) -> int:
    """Run `call(case, *arguments)` for each case; a row is written as soon as it is done. How many failed."""
    of_row = {case.key: case for case in cases}
    jobs = [Job(case.key, call, (case, *arguments)) for case, arguments in cases.items()]
    done = 0
    for job, found in work(jobs, options.processes, title):
        if isinstance(found, dict):
            results.put({**of_row[job.row].head, **found})
            say(f"{job.row}: {'exact' if found['exact'] else 'not exact'}, {found['seconds']:.1f} s")
            done += 1
    return len(jobs) - done

"""The rows of pyoperon.csv: what Operon finds on the rows and in the seconds that `ew.discover` had."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..results import Record, Results, number
from ..runner import Options, say, version
from . import operon_search
from .cases import HEAD, Case, run_cases
from .equations import equations, given_rows
from .judging import EXACT, best_of
from .operon_text import as_node

FILE = "pyoperon.csv"
COLUMNS = (*HEAD, "exact", "found", "off", "models", "given", "seconds", "law", "package", "commit")
LEAST = 5.0  # CPU seconds, where edgewise took less or has no row: below, Operon has hardly begun
AS_LONG = 0.8  # part of edgewise's seconds from which it had as many: the same search differs by so much


def find(case: Case, count: int, seconds: float) -> dict[str, Any]:
    """What Operon finds from so many rows in so many CPU seconds, judged by the best of its models."""
    equation = equations()[case.law]
    X, y, inputs = given_rows(equation, count, case.noise, case.idle)
    began = time.process_time()
    models = operon_search.front(X, y, inputs, seconds)
    took = time.process_time() - began
    expression, off = best_of((as_node(text, inputs) for text in models), equation)
    return {
        "exact": int(off <= EXACT),
        "found": "" if expression is None else str(expression),
        "off": off,
        "models": len(models),
        "given": seconds,
        "seconds": took,
        "law": equation.formula,
        "package": operon_search.package(),
        "commit": version(),
    }


def seconds_for(ours: Mapping[str, str] | None) -> float:
    """The CPU seconds that a case gets, from edgewise's row of it.

    >>> seconds_for({"seconds": "14.2"}), seconds_for({"seconds": "0.4"}), seconds_for(None)
    (14.2, 5.0, 5.0)
    """
    return max(LEAST, (number(ours, "seconds") if ours else None) or 0.0)


def is_done(theirs: Mapping[str, str] | None, wanted: float) -> bool:
    """Whether a row stands there, of a search that had the wanted seconds.

    >>> is_done({"given": "10"}, 10.0), is_done({"given": "10"}, 60.0), is_done(None, 10.0)
    (True, False, False)
    """
    return theirs is not None and (number(theirs, "given") or 0.0) >= AS_LONG * wanted


def read(options: Options, order: Sequence[str]) -> Results:
    """The rows that are there."""
    return Results(options.out / FILE, COLUMNS, order)


def run(options: Options, cases: Sequence[Case], ours: Results, theirs: Results, count: int) -> int:
    """Look for the laws of these cases in their order; those that are done are left out. How many failed.

    ours: the rows of edgewise. theirs: those of Operon. count: of the rows that both are given.
    """
    if not operon_search.has_pyoperon():
        say(f"pyoperon is not installed: its rows stay as they are (pip install -e '.[{operon_search.EXTRA}]')")
        return len(cases)
    wanted = {case: 1.0 if options.smoke else seconds_for(ours.records.get(case.key)) for case in cases}
    left = {
        case: (count, seconds)
        for case, seconds in wanted.items()
        if options.again or not is_done(theirs.records.get(case.key), seconds)
    }
    return run_cases(options, "Operon", find, left, theirs)


def section(ours: Results, theirs: Results, kinds: Iterable[tuple[str, float, int]]) -> str:
    """Both beside each other on the cases that both ran, for each kind of case (table, noise, idle columns); "" where
    there is none."""
    both = [(ours.records[key], other) for key, other in theirs.records.items() if key in ours.records]
    if not both:
        return ""
    lines = ["| table | noise | idle columns | cases | edgewise exact | Operon exact |", "|---|---|---|---|---|---|"]
    for table, noise, idle in kinds:
        kind = (table, f"{noise:g}", str(idle))
        pairs = [pair for pair in both if (pair[1]["table"], pair[1]["noise"], pair[1]["idle"]) == kind]
        if pairs:
            lines.append(f"| {' | '.join(kind)} | {_counts(pairs)} |")
    return "\n".join([*lines, f"| all | | | {_counts(both)} |"])


def _counts(pairs: Sequence[tuple[Record, Record]]) -> str:
    exact = [sum(pair[side]["exact"] == "1" for pair in pairs) for side in (0, 1)]
    return f"{len(pairs)} | {exact[0]} | {exact[1]}"

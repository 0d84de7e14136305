"""How many laws `ew.discover` finds again: 100 equations of the AI Feynman benchmark, and laws from textbooks."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import edgewise as ew

from .. import page
from ..paper import template
from ..results import Results, number, write_whole
from ..runner import Options, version
from . import operon_rows, operon_search
from .cases import HEAD, IDLES, LEVELS, Case, run_cases
from .equations import TABLES, equations, given_rows
from .judging import EXACT, off_by, refitted

ROWS, FEWER = 10_000, 400
NOISES = (0.0, 0.01)  # those that are run where nothing is said
SECONDS = 600.0  # far above what a search takes, so that a busy machine changes nothing
COLUMNS = (*HEAD, "exact", "verdict", "found", "off", "seconds", "law", "commit")


def recover(case: Case, count: int) -> dict[str, Any]:
    """What `ew.discover` finds from so many rows, and in how many CPU seconds."""
    equation = equations()[case.law]
    X, y, inputs = given_rows(equation, count, case.noise, case.idle)
    began = time.process_time()
    found = ew.discover(X, y, inputs=inputs, seconds=SECONDS, progress=False)
    seconds, expression = time.process_time() - began, found.best.expression
    foreign = {str(symbol) for symbol in expression.free_symbols} - set(equation.variables)
    off = math.inf if foreign else off_by(refitted(expression, equation) if case.noise else expression, equation)
    return {
        "exact": int(off <= EXACT),
        "verdict": found.verdict.name.lower(),
        "found": str(expression),
        "off": off,
        "seconds": seconds,
        "law": equation.formula,
        "commit": version(),
    }


def run(options: Options) -> int:
    """Look for every law, and write result.csv, pyoperon.csv and the page. Rows that stand there already are left out,
    but for `--again`. 1 where a search failed, else 0.

    The laws come in a random order, the same every time: so a run that is cut short is a fair sample."""
    noises, idle = _levels(options)
    known = list(equations())
    order = [Case(law, *level).key for law in known for level in product(LEVELS, IDLES)]
    ours, theirs = Results(options.out / "result.csv", COLUMNS, order), operon_rows.read(options, order)
    cases = [Case(law, noise, idle) for law, noise in product(_laws(options, known), noises)]
    random.Random(0).shuffle(cases)
    count, failed = FEWER if options.smoke else ROWS, 0
    try:
        if options.peers in ("no", "too"):
            left = {case: (count,) for case in cases if options.again or case.key not in ours.records}
            failed += run_cases(options, "Symbolic recovery", recover, left, ours)
        if options.peers != "no":
            failed += operon_rows.run(options, cases, ours, theirs, count)
    finally:
        if len(ours) or len(theirs):
            write_page(options, ours, theirs)
    return int(failed > 0)


def _laws(options: Options, known: Sequence[str]) -> list[str]:
    """The laws that are asked for, by their names or that of their table."""
    if options.rows is None:
        return options.chosen(known)
    chosen = options.chosen([*TABLES, *known])
    return [name for name in known if name in chosen or name.partition("/")[0] in chosen]


def _levels(options: Options) -> tuple[tuple[float, ...], int]:
    """The levels of noise and the idle columns that are asked for. Ends the program for those without a place in the
    table."""
    noises = NOISES if options.noise is None else options.noise
    if unknown := sorted(set(noises) - set(LEVELS)):
        raise SystemExit(f"there is no level of noise {unknown[0]:g}; the levels are {LEVELS}")
    if options.idle not in IDLES:
        raise SystemExit(f"there are no rows with {options.idle} idle columns; the choice is {IDLES}")
    return noises, options.idle


def _beside_idle(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """What idle columns cost, in a sentence for each level of noise: of the same laws."""
    exact = {(r["table"], r["name"], r["noise"], r["idle"]): r["exact"] == "1" for r in rows}
    found = []
    for noise, idle in product(LEVELS, IDLES[1:]):
        both = [key for key in exact if key[2:] == (f"{noise:g}", str(idle)) and (*key[:3], "0") in exact]
        if both:
            without = sum(exact[*key[:3], "0"] for key in both)
            counts = f"{sum(exact[key] for key in both)} of {len(both)} laws are exact with {idle} idle columns"
            found.append(f"At noise {noise:g}, {counts}, {without} of the same laws without.")
    return found


def write_page(options: Options, results: Results, theirs: Results) -> None:
    """README.md: the rates, those beside Operon's, and every law that was not found beside what was."""
    lines = [
        "| table | noise | idle columns | searched | exact | claimed, and not exact | median CPU seconds | most |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for table, idle, noise in product(TABLES, IDLES, LEVELS):
        rows = [r for r in results if (r["table"], r["noise"], r["idle"]) == (table, f"{noise:g}", str(idle))]
        if rows:
            exact = sum(r["exact"] == "1" for r in rows)
            wrong = sum(r["exact"] != "1" and r["verdict"] in ("exact", "within_noise") for r in rows)
            took = [number(r, "seconds") or 0.0 for r in rows]
            figures = f"{len(rows)} | {exact} | {wrong} | {statistics.median(took):.1f} | {max(took):.0f}"
            lines.append(f"| {table} | {noise:g} | {idle} | {figures} |")
    lines += ["", *_beside_idle(list(results))]
    heads = {
        "table": "table",
        "name": "name",
        "noise": "noise",
        "idle": "idle",
        "law": "the law",
        "verdict": "verdict",
        "off": "off by",
    }
    missed = [r for r in results if r["exact"] != "1"]
    about = template("symbolic_recovery/about.md", rows=f"{ROWS:,}")
    parts = ["# Laws found again", about, "## Result", "\n".join(lines)]
    kinds = [(table, noise, idle) for table, idle, noise in product(TABLES, IDLES, LEVELS)]
    if beside := operon_rows.section(results, theirs, kinds):
        given = {"least": f"{operon_rows.LEAST:g}", "rows": operon_search.SETTINGS.rows}
        parts += ["## Beside Operon", template("symbolic_recovery/about_operon.md", **given), beside]
    parts += ["## Not found", page.table(missed, {**heads, "found": "found instead"}) if missed else "None."]
    write_whole(options.out / "README.md", "\n\n".join(part.strip() for part in parts) + "\n")

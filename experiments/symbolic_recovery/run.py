"""How many laws `ew.discover` finds again: 100 equations of the AI Feynman benchmark, and laws from textbooks."""

from __future__ import annotations

import math
import random
import statistics
import time
from itertools import product
from typing import Any

import numpy as np

import edgewise as ew

from .. import page
from ..paper import template
from ..results import Results, number, write_whole
from ..runner import Job, Options, say, version, work
from .equations import TABLES, equations
from .judging import EXACT, off_by, refitted

ROWS, FEWER = 10_000, 400
LEVELS = (0.0, 0.001, 0.01, 0.1)  # of noise, that have a place in the table
NOISES = (0.0, 0.01)  # those that are run where nothing is said
IDLES = (0, 3)  # columns beside that do not matter
SECONDS = 600.0  # far above what a search takes, so that a busy machine changes nothing
RANGE = (1.0, 5.0)  # of the columns that do not matter, that of most columns of the laws
COLUMNS = ("key", "table", "name", "noise", "idle", "exact", "verdict", "found", "off", "seconds", "law", "commit")


def recover(name: str, noise: float, idle: int, smoke: bool) -> dict[str, Any]:
    """One equation at one level of noise, as a part of the root mean square of y, with so many columns beside that do
    not matter: what was found, and in how many CPU seconds."""
    equation = equations()[name]
    X, y = equation.rows(FEWER if smoke else ROWS, "search")
    rng = np.random.default_rng(0)
    y = y + noise * np.sqrt((y**2).mean()) * rng.standard_normal(len(y))
    X = np.concatenate([X, rng.uniform(*RANGE, (len(X), idle))], 1)
    inputs = [*equation.variables, *(f"idle{n + 1}" for n in range(idle))]
    began = time.process_time()
    found = ew.discover(X, y, inputs=inputs, seconds=SECONDS, progress=False)
    seconds, expression = time.process_time() - began, found.best.expression
    foreign = {str(symbol) for symbol in expression.free_symbols} - set(equation.variables)
    off = math.inf if foreign else off_by(refitted(expression, equation) if noise else expression, equation)
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
    """Look for every law, and write result.csv and the page. Rows that stand there already are left out, but for
    `--again`. 1 where a search failed, else 0.

    The laws come in a random order, the same every time: so a run that is cut short is a fair sample."""
    noises, idle = _levels(options)
    known = list(equations())
    names = options.chosen(known)
    order = [_key(name, *level) for name in known for level in product(LEVELS, IDLES)]
    results = Results(options.out / "result.csv", COLUMNS, order)
    wanted = [(name, noise) for name in names for noise in noises]
    left = [pair for pair in wanted if options.again or _key(*pair, idle) not in results.records]
    random.Random(0).shuffle(left)
    jobs = [Job(_key(*pair, idle), recover, (*pair, idle, options.smoke)) for pair in left]
    done = 0
    try:
        for job, result in work(jobs, options.processes, "Symbolic recovery"):
            if not isinstance(result, dict):
                continue
            name, noise = job.arguments[:2]
            table, _, short = name.partition("/")
            head = {"key": job.row, "table": table, "name": short, "noise": f"{noise:g}", "idle": idle}
            results.put({**head, **result})
            say(f"{job.row}: {'exact' if result['exact'] else 'not exact'}, {result['seconds']:.1f} s")
            done += 1
    finally:
        if len(results):
            write_page(options, results)
    return 0 if done == len(jobs) else 1


def _levels(options: Options) -> tuple[tuple[float, ...], int]:
    """The levels of noise and the idle columns that are asked for. Ends the program for those without a place in the
    table."""
    noises = NOISES if options.noise is None else options.noise
    if unknown := sorted(set(noises) - set(LEVELS)):
        raise SystemExit(f"there is no level of noise {unknown[0]:g}; the levels are {LEVELS}")
    if options.idle not in IDLES:
        raise SystemExit(f"there are no rows with {options.idle} idle columns; the choice is {IDLES}")
    return noises, options.idle


def _key(name: str, noise: float, idle: int) -> str:
    """The name of a row of the table.

    >>> _key("textbook/kepler", 0.01, 3)
    'textbook/kepler 0.01 +3'
    """
    return f"{name} {noise:g}" + (f" +{idle}" if idle else "")


def write_page(options: Options, results: Results) -> None:
    """README.md: the rates, and every law that was not found beside what was."""
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
    parts = ["# Laws found again", about, "## Result", "\n".join(lines), "## Not found"]
    parts.append(page.table(missed, {**heads, "found": "found instead"}) if missed else "None.")
    write_whole(options.out / "README.md", "\n\n".join(part.strip() for part in parts) + "\n")

"""How many laws `ew.discover` finds again: 100 equations of the AI Feynman benchmark, and laws from textbooks."""

from __future__ import annotations

import statistics
import time
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
NOISES = (0.0, 0.01)
SECONDS = 600.0  # far above what a search takes, so that a busy machine changes nothing
COLUMNS = ("key", "table", "name", "noise", "exact", "verdict", "found", "off", "seconds", "law", "commit")


def recover(name: str, noise: float, smoke: bool) -> dict[str, Any]:
    """One equation at one level of noise, as a part of the root mean square of y: what was found, and in how many CPU
    seconds."""
    equation = equations()[name]
    X, y = equation.rows(FEWER if smoke else ROWS, "search")
    rng = np.random.default_rng(0)
    y = y + noise * np.sqrt((y**2).mean()) * rng.standard_normal(len(y))
    began = time.process_time()
    found = ew.discover(X, y, inputs=equation.variables, seconds=SECONDS, progress=False)
    seconds, expression = time.process_time() - began, found.best.expression
    off = off_by(refitted(expression, equation) if noise else expression, equation)
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
    `--again`. 1 where a search failed, else 0."""
    known = list(equations())
    names, order = options.chosen(known), [f"{name} {noise:g}" for name in known for noise in NOISES]
    results = Results(options.out / "result.csv", COLUMNS, order)
    wanted = [(name, noise) for name in names for noise in NOISES]
    left = [pair for pair in wanted if options.again or f"{pair[0]} {pair[1]:g}" not in results.records]
    jobs = [Job(f"{name} {noise:g}", recover, (name, noise, options.smoke)) for name, noise in left]
    done = 0
    try:
        for job, result in work(jobs, options.processes, "Symbolic recovery"):
            if not isinstance(result, dict):
                continue
            name, noise = job.arguments[:2]
            table, _, short = name.partition("/")
            results.put({"key": job.row, "table": table, "name": short, "noise": f"{noise:g}", **result})
            say(f"{job.row}: {'exact' if result['exact'] else 'not exact'}, {result['seconds']:.1f} s")
            done += 1
    finally:
        if len(results):
            write_page(options, results)
    return 0 if done == len(jobs) else 1


def write_page(options: Options, results: Results) -> None:
    """README.md: the rates, and every law that was not found beside what was."""
    lines = [
        "| table | noise | searched | exact | claimed, and not exact | median CPU seconds |",
        "|---|---|---|---|---|---|",
    ]
    for table in TABLES:
        for noise in NOISES:
            rows = [r for r in results if r["table"] == table and r["noise"] == f"{noise:g}"]
            if rows:
                exact = sum(r["exact"] == "1" for r in rows)
                wrong = sum(r["exact"] != "1" and r["verdict"] in ("exact", "within_noise") for r in rows)
                seconds = statistics.median(number(r, "seconds") or 0.0 for r in rows)
                lines.append(f"| {table} | {noise:g} | {len(rows)} | {exact} | {wrong} | {seconds:.1f} |")
    missed = [r for r in results if r["exact"] != "1"]
    heads = {
        "table": "table",
        "name": "name",
        "noise": "noise",
        "law": "the law",
        "verdict": "verdict",
        "off": "off by",
    }
    about = template("symbolic_recovery/about.md", rows=f"{ROWS:,}")
    parts = ["# Laws found again", about, "## Result", "\n".join(lines), "## Not found"]
    parts.append(page.table(missed, {**heads, "found": "found instead"}) if missed else "None.")
    write_whole(options.out / "README.md", "\n\n".join(part.strip() for part in parts) + "\n")

"""In how many seeds one call of `ew.discover` finds the law of a teaching example."""

from __future__ import annotations

import math
import statistics
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

import edgewise as ew

from .. import page
from ..paper import template
from ..results import Results
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .examples import EXAMPLES, Example

ROWS, FEWER = 1000, 200
FRESH = 2000
EXACT = 1e-9  # relative error, root mean square
SECONDS = 600.0  # far above what a search takes, so that a busy machine changes nothing
COLUMNS = (
    "name",
    "law",
    "rows",
    "seeds",
    "exact",
    "formulas",
    "claimed",
    "seconds",
    "most",
    "found",
    "others",
    "commit",
)


def job(name: str, seed: int, smoke: bool) -> dict[str, Any]:
    """What is found from the rows of a seed, which decides the split and the starts of the search, too."""
    example = EXAMPLES[name]
    X, y = example.draw(np.random.default_rng([seed, 0]), FEWER if smoke else ROWS)
    began = time.process_time()
    found = ew.discover(X, y, inputs=["x1", "x2"], seed=seed, seconds=SECONDS, progress=False)
    seconds = time.process_time() - began
    expression = found.best.expression
    return {
        "exact": off_by(expression, example, seed) <= EXACT,
        "claimed": found.verdict.is_law,
        "seconds": seconds,
        "found": str(expression),
    }


def off_by(expression: sympy.Expr, example: Example, seed: int) -> float:
    """The larger of the relative errors on fresh rows and on those beyond; infinite where the formula has no value."""
    call, worst = sympy.lambdify(sympy.symbols("x1 x2"), expression, ["scipy", "numpy"]), 0.0
    for salt, rows in enumerate((example.draw, example.beyond), start=1):
        X, y = rows(np.random.default_rng([seed, salt]), FRESH)
        with np.errstate(all="ignore"):
            rest = np.asarray(call(*X.T), float) - y
        off = float(np.sqrt((rest**2).mean() / (y**2).mean()))
        worst = max(worst, off if math.isfinite(off) else math.inf)
    return worst


def summarise(name: str, runs: list[dict[str, Any]], smoke: bool) -> dict[str, object]:
    """The record of an example from its seeds. `formulas`: how many different ones were exact; `others`: what was found
    where it was not."""
    exact = Counter(run["found"] for run in runs if run["exact"])
    missed = [run["found"] for run in runs if not run["exact"]]
    return {
        "name": name,
        "law": EXAMPLES[name].law,
        "rows": FEWER if smoke else ROWS,
        "seeds": len(runs),
        "exact": exact.total(),
        "formulas": len(exact),
        "claimed": sum(run["claimed"] and not run["exact"] for run in runs),
        "seconds": statistics.median(run["seconds"] for run in runs),
        "most": max(run["seconds"] for run in runs),
        "found": exact.most_common(1)[0][0] if exact else "",
        "others": "; ".join(missed),
        "commit": version(),
    }


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return f"exact in {record['exact']} of {record['seeds']} seeds, {record['seconds']:.1f} s"


def run(options: Options) -> int:
    """Search every example, and write result.csv and the page. 1 where an example failed, else 0."""

    def record_of(name: str, found: list[Any]) -> Mapping[str, Any]:
        return summarise(name, found, options.smoke)

    jobs = by_seed(job, options)
    return run_rows(options, "Teaching examples", EXAMPLES, COLUMNS, jobs, record_of, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md."""
    heads = {
        "name": "example",
        "law": "the law",
        "seeds": "seeds",
        "exact": "exact",
        "formulas": "ways to write it",
        "claimed": "claimed, and not exact",
        "seconds": "median CPU seconds",
        "most": "most",
        "found": "found",
        "others": "found instead",
    }
    about = template("teaching_examples/about.md", rows=f"{ROWS:,}", fresh=f"{FRESH:,}", exact=f"{EXACT:g}")
    page.write(options.out, ["# Teaching examples", about, page.table(results, heads)])

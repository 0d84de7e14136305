"""How often `ew.discover` claims a law where there is none."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import edgewise as ew

from .. import page
from ..paper import template
from ..results import Results, number
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .tables import FEWEST, KINDS, MOST

SECONDS = 600.0  # far above what a search takes, so that a busy machine changes nothing
COLUMNS = (
    "name",
    "about",
    "seeds",
    "exact",
    "within_noise",
    "approximate",
    "nothing",
    "seconds",
    "most",
    "claims",
    "commit",
)


def job(name: str, seed: int, smoke: bool) -> dict[str, Any]:
    """What is said of the table of a seed."""
    X, y = KINDS[name].draw(seed)
    if smoke:
        X, y = X[:100], y[:100]
    began = time.process_time()
    found = ew.discover(X, y, seed=seed, seconds=SECONDS, progress=False)
    return {
        "verdict": found.verdict.name.lower(),
        "claimed": found.verdict.is_law,
        "shape": f"{len(X)} x {X.shape[1]}",
        "found": str(found.best.expression),
        "seconds": time.process_time() - began,
    }


def summarise(name: str, runs: list[dict[str, Any]]) -> dict[str, object]:
    """The record of a kind from its tables; `claims` holds every law that was claimed."""
    verdicts = [run["verdict"] for run in runs]
    claims = [run for run in runs if run["claimed"]]
    return {
        "name": name,
        "about": KINDS[name].about,
        "seeds": len(runs),
        **{verdict: verdicts.count(verdict) for verdict in ("exact", "within_noise", "approximate", "nothing")},
        "seconds": statistics.median(run["seconds"] for run in runs),
        "most": max(run["seconds"] for run in runs),
        "claims": "; ".join(f"{run['shape']}: {run['found']}" for run in claims),
        "commit": version(),
    }


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    claims = int(record["exact"]) + int(record["within_noise"])
    return f"a law claimed on {claims} of {record['seeds']} tables, {record['seconds']:.1f} s"


def run(options: Options) -> int:
    """Search every table, and write result.csv and the page. 1 where a kind failed, else 0."""
    jobs = by_seed(job, options)
    return run_rows(options, "False laws", KINDS, COLUMNS, jobs, summarise, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md."""
    heads = {
        "name": "tables",
        "about": "y",
        "seeds": "how many",
        "exact": "called exact",
        "within_noise": "called a law within noise",
        "approximate": "approximate",
        "nothing": "nothing",
        "seconds": "median CPU seconds",
        "most": "most",
    }
    total = [sum(int(number(record, name) or 0) for record in results) for name in ("exact", "within_noise", "seeds")]
    claims = [f"- {record['name']}, {one}" for record in results for one in record["claims"].split("; ") if one]
    parts = [
        "# Laws where there are none",
        template("false_laws/about.md", fewest=FEWEST, most=f"{MOST:,}"),
        f"A law is claimed on {total[0] + total[1]} of {total[2]} tables.",
        page.table(results, heads),
    ]
    page.write(options.out, [*parts, "## Claimed", "\n".join(claims)] if claims else parts)

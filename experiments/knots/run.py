"""How often each method tells the signature of a knot that it has not seen."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import page
from ..paper import template
from ..results import Results, number
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .methods import BATCH, DECAYS, METHODS, STEPS, TRIED
from .table import rounded, slope, split, table

COLUMNS = ("name", "parameters", "accuracy", "above", "seeds", "seconds", "found", "commit")


def job(name: str, seed: int, smoke: bool) -> dict[str, Any]:
    """A method on the rows that judge, from one seed."""
    old, new = split(seed, smoke)
    began = time.process_time()
    told = METHODS[name][1](old, new, seed, smoke)
    seconds = time.process_time() - began
    accuracy = 100 * float(np.mean(told.signature == new.y))
    above = accuracy - 100 * float(np.mean(rounded(-slope(new) / 2) == new.y))
    return {
        "accuracy": accuracy,
        "above": above,
        "parameters": told.parameters,
        "found": told.found,
        "seconds": seconds,
    }


def summarise(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The record of a method from its seeds."""
    middle = {key: statistics.median(run[key] for run in runs) for key in ("accuracy", "above", "seconds")}
    first = {key: runs[0][key] for key in ("parameters", "found")}
    return {"name": name, **middle, **first, "seeds": len(runs), "commit": version()}


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return f"{record['accuracy']:.2f} % ({record['above']:+.2f} above the rule)"


def run(options: Options) -> int:
    """Run every method and write result.csv and the page. 1 where a method failed, else 0."""
    return run_rows(options, "Knots", METHODS, COLUMNS, by_seed(job, options), summarise, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    heads = {
        "name": "method",
        "parameters": "parameters",
        "accuracy": "right, percent",
        "above": "points above the rule",
        "seeds": "seeds",
        "seconds": "CPU s",
    }
    methods = "\n".join(f"- **{name}**: {about}." for name, (about, _) in METHODS.items())
    found = "\n".join(f"- {record['name']}: `{record['found']}`" for record in results if record["found"])
    told = {
        "steps": STEPS,
        "batch": BATCH,
        "decays": ", ".join(f"{decay:g}" for decay in DECAYS),
        "tried": f"{TRIED:,}",
    }
    about = template("knots/about.md", methods=methods, **told, knots=f"{len(table().y):,}")
    parts = ["# The signature of knots", about, page.table(results, heads), "## What was found", found]
    image, tried = "![accuracy over size](result.png)", template("knots/attempts.md")
    page.write(options.out, [*parts, image, tried, page.repeat("knots", results)])
    page.save(picture(results), options.out / "result.png")


def picture(results: Results) -> Any:
    """Accuracy over the number of parameters."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5))
    axes = figure.add_subplot()
    for record in results:
        size, right = max(number(record, "parameters") or 0.0, 0.5), number(record, "accuracy") or 0.0
        ours = not record["name"].startswith("mlp")
        axes.plot(size, right, "o", color="#c1440e" if ours else "#9aa5b1")
        axes.annotate(record["name"], (size, right), xytext=(5, 4), textcoords="offset points", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("parameters")
    axes.set_ylabel("right, percent")
    axes.margins(x=0.2, y=0.15)
    axes.grid(alpha=0.3)
    return figure

"""How well a formula tells localised states from extended ones, beside a KAN and theory."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

import edgewise as ew

from .. import page
from ..paper import template
from ..results import Results
from ..rows import run_rows
from ..runner import Job, Options, version
from .chains import CHAINS, EXTENDED, SITES, states

COLUMNS = ("name", "theory", "formula", "off", "states", "found", "law", "seconds", "commit")
NUMBER, JUDGES = 80, 40  # chains whose states fit, and others whose states judge
TAKEN = 20_000  # of the states that fit


def disagreement(found: Any, name: str, X: np.ndarray) -> float:
    """The part of the states, in percent, on which the formula and the law of theory differ."""
    theory = CHAINS[name].edge(X[:, 1], X[:, -2], X[:, -1]) > 0
    return 100 * float(np.mean((found(X).numpy() > 0) != theory))


def job(name: str, smoke: bool) -> dict[str, Any]:
    """The edge of one family of chains."""
    sites, many, others = (60, 20, 10) if smoke else (SITES, NUMBER, JUDGES)
    old, new = states(name, many, sites, 0), states(name, others, sites, 1)
    taken = np.random.default_rng(0).permutation(len(old.X))[:TAKEN]
    began = time.process_time()
    found = ew.boundary(old.X[taken], old.localised[taken], inputs=list(CHAINS[name].inputs))
    seconds = time.process_time() - began
    return {
        "theory": 100 * float(np.mean(new.theory == new.localised)),
        "formula": 100 * float(np.mean((found(new.X).numpy() > 0) == new.localised)),
        "off": disagreement(found, name, new.X),
        "states": len(taken),
        "found": str(found.expression),
        "seconds": seconds,
    }


def record_of(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """The record of a family from its one job."""
    return {"name": name, **found[0], "law": CHAINS[name].law, "commit": version()}


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return f"{record['found']} = 0, {record['formula']:.2f} % (theory {record['theory']:.2f} %)"


def run(options: Options) -> int:
    """Run every family and write result.csv and the page. 1 where one failed, else 0."""

    def jobs(name: str) -> list[Job]:
        return [Job(name, job, (name, options.smoke))]

    return run_rows(options, "Chains", CHAINS, COLUMNS, jobs, record_of, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    heads = {
        "name": "chain",
        "theory": "theory, percent right",
        "formula": "formula, percent right",
        "off": "formula and theory differ, percent",
        "law": "theory",
        "found": "found",
        "seconds": "CPU s",
    }
    chains = "\n".join(f"- **{name}**: {chain.about}." for name, chain in CHAINS.items())
    about = template(
        "anderson/about.md", chains=chains, sites=SITES, extended=EXTENDED, number=NUMBER, judges=JUDGES, taken=TAKEN
    )
    parts = ["# Mobility edges", about, page.table(results, heads), "![accuracy](result.png)"]
    page.write(options.out, [*parts, page.repeat("anderson", results)])
    page.save(picture(results), options.out / "result.png")


def picture(results: Results) -> Any:
    """The accuracy of theory and of the formula."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3))
    axes = figure.add_subplot()
    names = [record["name"] for record in results]
    for column, colour in (("theory", "#27496d"), ("formula", "#c1440e")):
        axes.plot(names, [float(record[column]) for record in results], "o", label=column, color=colour)
    axes.set_ylabel("states told right, percent")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure

"""How many of a table's relations `ew.relations` finds, and whether it claims others."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import edgewise as ew

from .. import page
from ..paper import template
from ..results import Results
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .tables import CLEAR, TABLES, off_by

COLUMNS = (
    "name",
    "rows",
    "columns",
    "relations",
    "seeds",
    "whole",
    "missed",
    "false",
    "off",
    "seconds",
    "found",
    "loose",
    "commit",
)


def job(name: str, seed: int, smoke: bool) -> dict[str, Any]:
    """What is found in a table from one seed."""
    table = TABLES[name]
    X, judges = table.draw(seed)
    X = X[:150] if smoke else X
    began = time.process_time()
    found = ew.relations(X, inputs=table.names, seed=seed, progress=False)
    seconds = time.process_time() - began
    clear = [one for one in found.relations if one.explained >= CLEAR or table.made]
    right = {frozenset(one.columns): one for one in clear if frozenset(one.columns) in table.tied}
    return {
        "missed": len(table.tied) - len(right),
        "false": len(clear) - len(right),
        "off": [off_by(one, table.names, judges) for one in right.values()],
        "seconds": seconds,
        "found": "; ".join(f"{one.target} = {one.expression}" for one in right.values()),
        "loose": "; ".join(
            f"{', '.join(one.columns)} ({one.explained:.0%})" for one in found.relations if one not in clear
        ),
    }


def summarise(name: str, runs: list[dict[str, Any]], smoke: bool) -> dict[str, object]:
    """The record of a table from its seeds; what is found and loosely tied is that of the first."""
    table = TABLES[name]
    off = [error for run in runs for error in run["off"]]
    return {
        "name": name,
        "rows": 150 if smoke else table.rows,
        "columns": len(table.names),
        "relations": len(table.tied),
        "seeds": len(runs),
        "whole": sum(not run["missed"] and not run["false"] and None not in run["off"] for run in runs),
        "missed": sum(run["missed"] for run in runs),
        "false": sum(run["false"] for run in runs),
        "off": max((error for error in off if error is not None), default=None),
        "seconds": statistics.median(run["seconds"] for run in runs),
        "found": runs[0]["found"],
        "loose": runs[0]["loose"],
        "commit": version(),
    }


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    counts = f"{record['missed']} missed, {record['false']} false"
    return f"whole {record['whole']} of {record['seeds']}, {counts}"


def run(options: Options) -> int:
    """Search every table and write result.csv and the page. 1 where a table failed, else 0."""

    def record_of(name: str, found: list[Any]) -> Mapping[str, Any]:
        return summarise(name, found, options.smoke)

    return run_rows(options, "Relations", TABLES, COLUMNS, by_seed(job, options), record_of, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    heads = {
        "name": "table",
        "rows": "rows",
        "columns": "columns",
        "relations": "relations",
        "seeds": "seeds",
        "whole": "all found in closed form, none false",
        "missed": "missed",
        "false": "false",
        "off": "largest error of a formula",
        "seconds": "CPU s",
    }
    parts = [
        "# Relations without a target",
        template("unsupervised/about.md", tables="\n".join(f"- **{key}**: {it.about}." for key, it in TABLES.items())),
        page.table(results, heads),
        "## What was found from seed 0",
        "\n".join(formulas(record) for record in results),
        "![ties](result.png)",
        page.repeat("unsupervised", results),
    ]
    page.write(options.out, parts)
    page.save(picture(results), options.out / "result.png")


def formulas(record: dict[str, str]) -> str:
    """The relations of a record as items of a list."""
    lines = [f"- {record['name']}: `{one}`" for one in record["found"].split("; ") if one]
    if record["loose"]:
        lines.append(f"- {record['name']}, loosely tied (part of the variance told): {record['loose']}")
    return "\n".join(lines)


def picture(results: Results) -> Any:
    """The seeds in which everything was found, by table."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 1.2 + 0.4 * len(results)))
    axes = figure.add_subplot()
    names = [record["name"] for record in results]
    share = [100 * int(record["whole"]) / int(record["seeds"]) for record in results]
    axes.barh(names, share, color="#27496d")
    axes.axvline(0, color="0.5", linewidth=1)
    axes.invert_yaxis()
    axes.set_xlim(0, 105)
    axes.set_xlabel("seeds with all relations and no false one, percent")
    return figure

"""The page and the pictures of the tables: nothing in them is typed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import page
from ..paper import template
from ..results import Record
from . import conclusions, packages, peers
from .children import LIMIT
from .figures import BINS, FLOOR
from .many_rows import records as measured
from .methods import METHODS, YARDSTICK
from .summary import LEVEL, Ranks, by_method, by_table, errors_of, groups, ranks, relative
from .tables import FOLDS, TABLES

SUMMARY = {
    "method": "method",
    "tables": "tables",
    "rank": "mean rank",
    "median": "median",
    "near": "within 5 %",
    "median_numbers": "median, numbers",
    "worst_numbers": "worst, numbers",
    "median_classes": "median, classes",
    "worst_classes": "worst, classes",
    "behind": "accuracy behind, points",
    "calibration": "calibration error",
    "seconds": "CPU s of a fit, median",
    "most": "most",
    "failed": "failed fits",
}


HOW = (
    "Medians and worsts are of relative errors over tables. *Within 5 %* counts the tables on which a method is that"
    " near to the best, or better. *Accuracy behind* is the median of how far its accuracy lies below the best of the"
    " yardstick. Where classes are told apart nearly without error, ratios of log losses are large."
)


def write_page(folder: Path, records: Sequence[Record]) -> None:
    """README.md, result.png and ranks.png."""
    found = ranks(errors_of(records))
    about = template(
        "tabular/about.md",
        folds=FOLDS,
        bins=BINS,
        floor=FLOOR,
        limit=LIMIT,
        methods="\n".join(f"- `{name}`: {method.what}." for name, method in METHODS.items()),
        yardstick=", ".join(YARDSTICK),
        tuning=peers.TUNING,
        inner=peers.INNER,
        small=peers.SMALL,
        trees=peers.TREES,
        rows_of_tree=peers.ROWS_OF_TREE,
        coefficients=packages.COEFFICIENTS,
    )
    parts = ["# Tables", about, "## Result", HOW, done(records), page.table(by_method(records), SUMMARY)]
    parts += ["![relative errors](result.png)", *conclusion(records), "## Ranks", words(found)]
    parts.append("![mean ranks](ranks.png)" if found else "")
    parts += ["## Errors, relative to the best of the yardstick", relative_table(records)]
    parts += ["## Errors", "RMSE of numbers, log loss of classes, means over folds.", plain_table(records, "error")]
    parts += ["## Accuracy of classes", plain_table(records, "accuracy")]
    parts += [*many_rows(), "## The tables", list_of_tables(records), failures(records)]
    page.write(folder, parts)
    draw_errors(folder, records)
    if found:
        draw_ranks(folder, found)


def conclusion(records: Sequence[Record]) -> list[str]:
    """Which method for which kind of table: a section, none where no table has all it takes."""
    if not (lines := conclusions.by_kind(records)):
        return []
    said = (
        "Medians of relative errors over the tables of a kind, of methods that have fits on all of them. *As good* are"
        f" those within {100 * (conclusions.NEAR - 1):.0f} %."
    )
    parts = ["## Which method for which table", said, page.table(lines, conclusions.HEADS)]
    told = [conclusions.beside_untuned(records), conclusions.seconds_beside(records)]
    told += [conclusions.beside(records, method) for method in ("ebm", "lightgbm")]
    return parts + [sentences for sentences in told if sentences]


def done(records: Sequence[Record]) -> str:
    """How many of all fits stand in the tables, in a sentence.

    >>> done([])
    'Of 2160 fits, on 36 tables by 12 methods in 5 folds, 0 are done; each table below says how many folds it has.'
    """
    every = len(TABLES) * len(METHODS) * FOLDS
    return (
        f"Of {every} fits, on {len(TABLES)} tables by {len(METHODS)} methods in {FOLDS} folds, {len(records)} are done;"
        " each table below says how many folds it has."
    )


def words(found: Ranks | None) -> str:
    """What the tests say, in sentences.

    >>> words(Ranks({"a": 1.0, "b": 2.5}, 10, 0.6, 1e-4))
    "Friedman's test over 10 tables: p = 1.0e-4 that all methods are the same. Nemenyi's critical difference at the
     5 % level is 0.6; bars join methods that it does not tell apart."
    """
    if found is None:
        return "Too few methods were run on all tables."
    return (
        f"Friedman's test over {found.tables} tables: p = {page.cell(f'{found.p:.3g}')} that all methods are the same."
        f" Nemenyi's critical difference at the {100 * LEVEL:.0f} % level is {found.gap:.2g}; bars join methods that it"
        " does not tell apart."
    )


def relative_table(records: Sequence[Record]) -> str:
    """A line per table, a column per method."""
    errors, lines = errors_of(records), []
    for table, own in errors.items():
        line = {"table": table, "folds": str(max(map(len, own.values())))}
        for method in METHODS:
            value = relative(own, method)
            line[method] = "" if value is None else f"{value:.3g}"
        lines.append(line)
    return page.table(lines, {"table": "table", "folds": "folds", **{name: name for name in METHODS}})


def plain_table(records: Sequence[Record], column: str) -> str:
    """A line per table, a column per method: means over folds; "" where there are none."""
    lines: dict[str, Record] = {}
    for record in by_table(records):
        value = record.get(column)
        line = lines.setdefault(str(record["table"]), dict.fromkeys(("table", *METHODS), ""))
        line |= {"table": str(record["table"]), str(record["method"]): "" if value is None else f"{value:.4g}"}
    lines = {name: line for name, line in lines.items() if any(line[method] for method in METHODS)}
    return page.table(lines.values(), {"table": "table", **{name: name for name in METHODS}}) if lines else ""


def list_of_tables(records: Sequence[Record]) -> str:
    """A line per table: where it is from, how large it is, why it is here."""
    lines = []
    for name, source in TABLES.items():
        known = next((record for record in records if record["table"] == name and record["rows"]), None)
        line = {"table": name, "origin": source.origin, "why": source.why}
        for column in ("rows", "columns", "text", "missing", "classes"):
            line[column] = "" if known is None or known[column] == "0" else known[column]
        if line["missing"]:
            line["missing"] = f"{100 * float(line['missing']):.2g} %"
        lines.append(line)
    heads = ("rows", "columns", "text", "missing", "classes", "why")
    return page.table(lines, {"table": "table", "origin": "from, target", **{name: name for name in heads}})


def many_rows() -> list[str]:
    """What `many_rows.py` measured: a section, none where nothing was."""
    if not (found := measured()):
        return []
    heads = {"door": "fitted by", "rows": "rows", "columns": "columns", "error": "RMSE on new rows", "noise": "noise"}
    heads |= {"fit_seconds": "CPU s", "given": "MB before", "memory": "MB at most", "note": "note", "commit": "commit"}
    said = (
        "`python -m experiments.tabular.many_rows`: made tables of float32, each fitted in a process of its own with"
        " one thread. *MB before* is what the process holds with the table, before the fit. `regressor` is"
        " `ew.KANRegressor` as it comes, `fit` is `ew.fit` with `optimizer='evidence'`."
    )
    return ["## Many rows", said, page.table(found, heads)]


def failures(records: Sequence[Record]) -> str:
    """Fits that came to no result, and why; "" where there are none."""
    lines = [f"- {record['key']}: {record['note']}" for record in records if record["note"]]
    return "\n".join(["## Fits that failed", *lines]) if lines else ""


def draw_errors(folder: Path, records: Sequence[Record]) -> None:
    """result.png: relative errors of every method, a dot for each table, a line at the median."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    errors = errors_of(records)
    known = {
        method: sorted(value for own in errors.values() if (value := relative(own, method)) is not None)
        for method in METHODS
    }
    known = {method: values for method, values in known.items() if values and method != "constant"}
    figure = Figure(figsize=(8, 1.4 + 0.4 * len(known)))
    axes = figure.add_subplot()
    for place, (method, values) in enumerate(known.items()):
        axes.plot(values, [place] * len(values), "o", color=_colour(method), alpha=0.5, markersize=5)
        middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
        axes.plot([middle] * 2, [place - 0.3, place + 0.3], color=_colour(method), linewidth=2)
    axes.axvline(1.0, color="#9aa5b1", linewidth=1)
    axes.set_yticks(range(len(known)), list(known))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(f"error relative to the best of {', '.join(YARDSTICK)}")
    axes.grid(alpha=0.3, axis="x")
    page.save(figure, folder / "result.png")


def draw_ranks(folder: Path, found: Ranks) -> None:
    """ranks.png: mean ranks on a line, the critical difference above it (Demsar 2006, figure 1)."""
    from matplotlib.figure import Figure

    names, bars = list(found.means), groups(found)
    half = (len(names) + 1) // 2
    low, high = 1, len(names)
    figure = Figure(figsize=(8, 1.3 + 0.3 * half + 0.12 * len(bars)))
    axes = figure.add_subplot()
    axes.axis("off")
    axes.plot([low, high], [0, 0], color="black", linewidth=1)
    for rank in range(low, high + 1):
        axes.plot([rank] * 2, [0, 0.15], color="black", linewidth=1)
        axes.text(rank, 0.25, str(rank), ha="center", va="bottom")
    for place, (first, last) in enumerate(bars):
        height = -0.25 - 0.2 * place
        axes.plot([found.means[first], found.means[last]], [height] * 2, color="#27496d", linewidth=3)
    below = -0.25 - 0.2 * len(bars)
    for place, name in enumerate(names):
        left = place < half
        height = below - 0.45 * (place if left else len(names) - 1 - place) - 0.2
        edge = low - 0.3 if left else high + 0.3
        axes.plot([found.means[name]] * 2 + [edge], [0, height, height], color=_colour(name), linewidth=1)
        label = f"{name}  {found.means[name]:.2f}" if left else f"{found.means[name]:.2f}  {name}"
        axes.text(edge, height, f" {label} ", ha="right" if left else "left", va="center", color=_colour(name))
    if low + found.gap <= high:
        axes.plot([low, low + found.gap], [1.0, 1.0], "|-", color="black", linewidth=1.5)
        axes.text(low + found.gap / 2, 1.05, f"critical difference {found.gap:.2f}", ha="center", va="bottom")
    page.save(figure, folder / "ranks.png")


def _colour(method: str) -> Any:
    return "#c1440e" if method.startswith("edgewise") else "#27496d"

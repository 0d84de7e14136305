"""Which method for which kind of table, from the figures of all fits."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from ..results import Record, number
from .methods import METHODS, YARDSTICK
from .summary import Errors, errors_of, relative

FEW = 500  # rows, up to which a table is small
NEAR = 1.02  # times the best median, up to which a method is as good
ALLOWED = 1.15  # times the best error, above which a table is named
TIMES, SPARED = 5, 2  # boosting's CPU seconds that a fit may take, and how many more


def _few(record: Record) -> bool:
    return (number(record, "rows") or 0) <= FEW


def _numbers(record: Record) -> bool:
    return number(record, "classes") == 0


KINDS: dict[str, Callable[[Record], bool]] = {
    f"numbers, up to {FEW} rows": lambda record: _numbers(record) and _few(record),
    "numbers, more rows": lambda record: _numbers(record) and not _few(record),
    f"classes, up to {FEW} rows": lambda record: not _numbers(record) and _few(record),
    "classes, more rows": lambda record: not _numbers(record) and not _few(record),
    "text columns": lambda record: (number(record, "text") or 0) > 0,
    "missing cells": lambda record: (number(record, "missing") or 0) > 0,
}
HEADS = {"kind": "kind", "tables": "tables", "best": "lowest median", "good": "as good", "ours": "edgewise"}


def by_kind(records: Sequence[Record]) -> list[Record]:
    """One record per kind of table: the methods whose median of relative errors is lowest, or near it. Only methods
    that have errors on all of its tables that edgewise has."""
    errors, lines = errors_of(records), []
    sizes = {record["table"]: record for record in records if record["rows"]}
    for kind, belongs in KINDS.items():
        tables = [
            table for table, own in errors.items() if belongs(sizes[table]) and relative(own, "edgewise") is not None
        ]
        medians = _medians(errors, tables)
        if not medians:
            continue
        best = min(medians, key=medians.__getitem__)
        good = [name for name, value in medians.items() if value <= NEAR * medians[best] and name != best]
        lines.append(
            {
                "kind": kind,
                "tables": str(len(tables)),
                "best": f"{best} ({medians[best]:.3g})",
                "good": ", ".join(f"{name} ({medians[name]:.3g})" for name in good),
                "ours": f"{medians['edgewise']:.3g}",
            }
        )
    return lines


def _medians(errors: Errors, tables: Sequence[str]) -> dict[str, float]:
    found = {}
    for method in METHODS:
        values = [relative(errors[table], method) for table in tables]
        known = [value for value in values if value is not None]
        if known and len(known) == len(values):
            found[method] = statistics.median(known)
    return found


def beside(records: Sequence[Record], method: str) -> str:
    """How the errors of edgewise stand beside those of one method on the same folds, in sentences; "" where they have
    none in common."""
    ratios: dict[str, float] = {}
    for table, own in errors_of(records).items():
        folds = sorted(set(own.get("edgewise", ())) & set(own.get(method, ())))
        ours, theirs = (sum(own[name][fold] for fold in folds) for name in ("edgewise", method))
        if folds and 0 < theirs < float("inf"):
            ratios[table] = ours / theirs
    if not ratios:
        return ""
    worst, best = max(ratios, key=ratios.__getitem__), min(ratios, key=ratios.__getitem__)
    lower = sum(ratio < 1 for ratio in ratios.values())
    return (
        f"On {len(ratios)} tables with fits by `{method}`, edgewise has {statistics.median(ratios.values()):.3g} times"
        f" its error in the median, and a lower one on {lower}. The lowest ratio is {ratios[best]:.3g} ({best}), the"
        f" highest {ratios[worst]:.3g} ({worst})."
    )


def beside_untuned(records: Sequence[Record]) -> str:
    """How edgewise stands beside the yardstick without LightGBM, whose rounds and leaves are tuned; "" where it has no
    fits."""
    others = [name for name in YARDSTICK if name != "lightgbm"]
    found = {table: relative(own, "edgewise", others) for table, own in errors_of(records).items()}
    known = {table: value for table, value in found.items() if value is not None}
    if not known:
        return ""
    worst = max(known, key=known.__getitem__)
    above = sorted(table for table, value in known.items() if value > ALLOWED)
    median = statistics.median(known.values())
    return (
        f"Relative to the best of {', '.join(others)} alone, the error of edgewise is {median:.3g} in the median over"
        f" {len(known)} tables, and at most {known[worst]:.3g} ({worst}). Above {ALLOWED} are:"
        f" {', '.join(above) or 'none'}."
    )


def seconds_beside(records: Sequence[Record]) -> str:
    """The CPU seconds of edgewise in parts of those that it may take, which follow from boosting's; "" where no table
    has both."""
    sums: dict[str, dict[str, list[float]]] = {}
    for record in records:
        spent = number(record, "fit_seconds")
        if record["method"] in ("edgewise", "boosting") and spent is not None:
            sums.setdefault(record["table"], {}).setdefault(record["method"], []).append(spent)
    means = {table: {name: statistics.mean(spent) for name, spent in own.items()} for table, own in sums.items()}
    parts = {
        table: own["edgewise"] / (TIMES * own["boosting"] + SPARED)
        for table, own in means.items()
        if {"edgewise", "boosting"} <= own.keys()
    }
    if not parts:
        return ""
    worst = max(parts, key=parts.__getitem__)
    return (
        f"A fit of edgewise may take {TIMES} times boosting's CPU seconds and {SPARED} more. In the median over"
        f" {len(parts)} tables it takes {statistics.median(parts.values()):.2g} of that, and at most {parts[worst]:.2g}"
        f" times that ({worst})."
    )

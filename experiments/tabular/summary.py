"""From the figures of all fits to those of tables and methods: relative errors, ranks, what differs beyond chance."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import friedmanchisquare, rankdata, studentized_range

from ..results import Record, number
from .methods import METHODS, YARDSTICK
from .tables import TABLES

LEVEL = 0.05  # of both tests
NEAR = 1.05  # a relative error below which a method counts as near the best

Errors = dict[str, dict[str, dict[int, float]]]  # table -> method -> fold -> error, inf where the fit failed


@dataclass(frozen=True)
class Ranks:
    """Mean ranks of the methods over tables, best first; ranks closer than `gap` differ no more than by chance.

    `p`: of Friedman's test, that all methods are the same.
    """

    means: Mapping[str, float]
    tables: int
    gap: float
    p: float


def errors_of(records: Iterable[Record]) -> Errors:
    """The errors of all fits, by table, method and fold."""
    found: Errors = {}
    for record in records:
        error = number(record, "error")
        own = found.setdefault(record["table"], {}).setdefault(record["method"], {})
        own[int(record["fold"])] = math.inf if error is None else error
    return {table: found[table] for table in TABLES if table in found}


def relative(own: Mapping[str, Mapping[int, float]], method: str, yardstick: Sequence[str] = YARDSTICK) -> float | None:
    """The mean error of a method on a table, relative to the best of the yardstick on the same folds.

    None where one of them lacks these folds, or where the method failed.

    >>> own = {name: {0: 2.0, 1: 4.0} for name in YARDSTICK} | {"edgewise": {0: 1.0}, "gam": {0: 3.0, 1: 3.0}}
    >>> relative(own, "edgewise"), relative(own, "gam"), relative(own, "ebm")
    (0.5, 1.0, None)
    """
    folds = sorted(own.get(method, ()))
    if not folds or not all(set(folds) <= set(own.get(name, ())) for name in yardstick):
        return None
    means = {name: statistics.mean(own[name][fold] for fold in folds) for name in (*yardstick, method)}
    best = min(means[name] for name in yardstick)
    return means[method] / best if math.isfinite(means[method]) and 0 < best < math.inf else None


def ranks(errors: Errors) -> Ranks | None:
    """Ranks of the methods by their mean error on a table, over the folds that all of them have.

    After Demsar 2006 (JMLR 7, 1-30): Friedman's test, then Nemenyi's critical difference. Failed fits are last. Methods
    that were run on half of the tables or fewer are left out, then tables that lack one of the others. None for fewer
    than three methods or two tables.
    """
    counts = Counter(name for own in errors.values() for name in own)
    methods = [name for name in METHODS if name != "constant" and 2 * counts[name] > len(errors)]
    rows = []
    for own in errors.values():
        folds = set.intersection(*(set(own.get(name, ())) for name in methods)) if methods else set()
        if folds:
            rows.append([statistics.mean(own[name][fold] for fold in folds) for name in methods])
    if len(methods) < 3 or len(rows) < 2:
        return None
    each = np.array([rankdata(row) for row in rows])
    means = dict(zip(methods, each.mean(0).tolist(), strict=True))
    p = float(friedmanchisquare(*each.T).pvalue)
    return Ranks(dict(sorted(means.items(), key=lambda item: item[1])), len(rows), gap_of(len(methods), len(rows)), p)


def gap_of(methods: int, tables: int) -> float:
    """Nemenyi's critical difference of mean ranks.

    >>> round(gap_of(4, 14), 2)  # Demsar 2006, section 3.2.5 prints 1.25
    1.25
    """
    q = float(studentized_range.ppf(1 - LEVEL, methods, np.inf)) / math.sqrt(2)
    return q * math.sqrt(methods * (methods + 1) / (6 * tables))


def groups(found: Ranks) -> list[tuple[str, str]]:
    """(first, last) of each longest run of methods that the test does not tell apart.

    >>> groups(Ranks({"a": 1.0, "b": 1.5, "c": 3.0}, 10, 0.6, 0.0))
    [('a', 'b')]
    """
    names, places = list(found.means), list(found.means.values())
    runs: list[tuple[int, int]] = []
    for first, place in enumerate(places):
        last = max(at for at, other in enumerate(places) if other <= place + found.gap)
        if last > first and not any(last <= end for _, end in runs):
            runs.append((first, last))
    return [(names[first], names[last]) for first, last in runs]


def by_table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One record per table and method: means over its folds."""
    errors, found = errors_of(records), []
    for table, own in errors.items():
        for method in METHODS:
            mine = [record for record in records if (record["table"], record["method"]) == (table, method)]
            done = [record for record in mine if number(record, "error") is not None]
            if not mine:
                continue
            values: dict[str, object] = {
                "key": f"{table}/{method}",
                "table": table,
                "method": method,
                "folds": len(done),
                "failed": len(mine) - len(done),
                "relative": relative(own, method),
                "note": next((record["note"] for record in mine if record["note"]), ""),
                "commit": " ".join(sorted({record["commit"] for record in mine})),
            }
            if done:
                values |= {name: done[0][name] for name in ("rows", "columns", "text", "missing", "classes", "measure")}
                values["deviation"] = spread(done, "error")
                for name in ("error", "accuracy", "calibration", "fit_seconds", "predict_seconds", "memory"):
                    known = numbers(done, name)
                    values[name] = statistics.mean(known) if known else None
            found.append(values)
    return found


def spread(records: Sequence[Record], column: str) -> float | None:
    """The standard deviation over folds, None for a single one."""
    known = numbers(records, column)
    return statistics.stdev(known) if len(known) > 1 else None


def by_method(records: Sequence[Record]) -> list[Record]:
    """One record per method: how far its errors lie above the best of the yardstick, over all tables."""
    errors, found = errors_of(records), []
    ranking, classes = ranks(errors), {record["table"] for record in records if record["calibration"]}
    behind = accuracies_behind(records)
    for method in METHODS:
        known = {table: value for table, own in errors.items() if (value := relative(own, method)) is not None}
        mine = [record for record in records if record["method"] == method]
        if not known:
            continue
        line = {
            "method": method,
            "tables": str(len(known)),
            "failed": str(sum(number(record, "error") is None for record in mine)),
            "median": middle(known.values()),
            "near": str(sum(value < NEAR for value in known.values())),
            "rank": f"{rank:.3g}" if ranking and (rank := ranking.means.get(method)) else "",
            "behind": middle(100 * value for value in behind.get(method, {}).values()),
            "calibration": middle(numbers(mine, "calibration")),
            "seconds": middle(numbers(mine, "fit_seconds")),
            "most": f"{max(numbers(mine, 'fit_seconds'), default=0.0):.4g}",
        }
        for kind, tables in {"numbers": set(known) - classes, "classes": set(known) & classes}.items():
            worst = max(tables, key=known.__getitem__, default="")
            line[f"median_{kind}"] = middle(known[table] for table in tables)
            line[f"worst_{kind}"] = f"{known[worst]:.3g} ({worst})" if worst else ""
        found.append(line)
    return found


def accuracies_behind(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    """Method -> table -> by how much its mean accuracy lies below the best of the yardstick, on the same folds."""
    each: dict[str, dict[str, dict[str, float]]] = {}
    for record in records:
        if (value := number(record, "accuracy")) is not None:
            each.setdefault(record["table"], {}).setdefault(record["method"], {})[record["fold"]] = value
    found: dict[str, dict[str, float]] = {}
    for table, own in each.items():
        for method, mine in own.items():
            if all(set(mine) <= set(own.get(name, ())) for name in YARDSTICK):
                best = max(statistics.mean(own[name][fold] for fold in mine) for name in YARDSTICK)
                found.setdefault(method, {})[table] = best - statistics.mean(mine.values())
    return found


def numbers(records: Iterable[Record], column: str) -> list[float]:
    """The numbers in a column, where there are any."""
    return [value for record in records if (value := number(record, column)) is not None]


def middle(values: Iterable[float]) -> str:
    """The median as text, "" of nothing.

    >>> middle([3.0, 1.0, 2.0]), middle([])
    ('2', '')
    """
    known = list(values)
    return f"{statistics.median(known):.4g}" if known else ""

"""Tables on which methods are compared: fold by fold, each fit in a process of its own, so that a run may be stopped
and gone on."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..results import Results
from ..runner import Options, say, version
from .children import LIMIT, Fit, fits
from .methods import METHODS, OURS, PEERS
from .methods import SMOKE as SMOKE_METHODS
from .showing import write_page
from .summary import by_table
from .tables import FOLDS, TABLES
from .tables import SMOKE as SMOKE_TABLES

FIGURES = ("error", "accuracy", "calibration", "fit_seconds", "predict_seconds", "memory")
SIZES = ("rows", "columns", "text", "missing", "classes", "measure")
EACH = ("key", "table", "method", "fold", *SIZES, *FIGURES, "note", "commit")
COLUMNS = ("key", "table", "method", "folds", "failed", *SIZES, *FIGURES, "deviation", "relative", "note", "commit")


def run(options: Options) -> int:
    """Do the fits that are not done, and write folds.csv, result.csv and the page. 1 where a fit failed, else 0."""
    path, failed = options.out / "folds.csv", 0
    known = Results(path, EACH).records
    jobs = [fit for fit in chosen(options) if options.again or fit.key not in known]
    try:
        for fit, found in fits(jobs, options.processes, LIMIT):
            values = {**dict.fromkeys(EACH), "key": fit.key, **vars(fit), "commit": version(), **found}
            Results(path, EACH).put(values)  # read anew: another run may have added to it
            failed += "error" not in found
            say(f"{fit.key}: " + (f"{found['error']:.4g}" if "error" in found else found["note"]))
    finally:
        if done := list(Results(path, EACH)):
            tables = Results(options.out / "result.csv", COLUMNS)
            tables.records.clear()  # all of it follows from folds.csv
            tables.put_all(by_table(done))
            write_page(options.out, done)
    return int(failed > 0)


def chosen(options: Options) -> list[Fit]:
    """The fits to do: the first fold of all tables before the second of any.

    `--rows` names tables, methods, or both; without it `--peers` says whose methods.
    """
    tables, methods = _selected(options)
    there = {name: TABLES[name].lacks for name in tables} | {name: METHODS[name].lacks for name in methods}
    for name, package in there.items():
        if package:
            why = f"{package} is not installed (pip install -e '.[experiments]')"
            print(f"{name} is left out: {why}", file=sys.stderr)
    tables = [name for name in tables if not there[name]]
    methods = [name for name in methods if not there[name]]
    folds = range(min(options.seeds, FOLDS))
    return [Fit(table, method, fold) for fold in folds for table in tables for method in methods]


def _selected(options: Options) -> tuple[Sequence[str], Sequence[str]]:
    named = options.chosen([*TABLES, *METHODS]) if options.rows is not None else []
    tables = [name for name in named if name in TABLES]
    methods = [name for name in named if name in METHODS]
    whose = {"no": list(OURS), "too": list(METHODS), "only": list(PEERS)}
    if options.peers not in whose:
        raise SystemExit(f"--peers {options.peers} is of other experiments; name methods with --rows here")
    return (
        tables or list(SMOKE_TABLES if options.smoke else TABLES),
        methods or (list(SMOKE_METHODS) if options.smoke else whose[options.peers]),
    )

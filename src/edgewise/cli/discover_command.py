"""`edgewise discover`: a table in, the formulas behind it out: on the screen, and in a folder where one is named."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ..data import Table
from ..discovery.by_level import LevelDiscovery, discovered_by_level
from ..discovery.discover import Discovery, discover
from ..discovery.one_table import INTERRUPTED
from ..errors import DataError, MissingExtra, shown, twice
from ..exports.export import export
from ..files import check_new_folder, clear_leftovers, new_folder, write_whole
from ..report import law_report
from ..screen import bar_wanted
from .level_columns import in_parts, number_places, row_levels, with_levels
from .level_text import levels_text, way_of
from .safe_csv import inert
from .signals import EndingSignal, ending
from .table_file import cells

FRONT, LAW, REPORT = "front.csv", "law.txt", "report.html"
OWN = (FRONT, LAW, REPORT)


def run(args: argparse.Namespace) -> int:
    """Do it. Raises `EdgewiseError` for whatever the user can mend, and `Ended` where a signal ended it with nothing to
    write."""
    with ending() as stop:
        return _run(args, stop)


def _run(args: argparse.Namespace, stop: EndingSignal) -> int:
    if args.out is not None:
        clear_leftovers(args.out)
        check_new_folder(args.out, args.force, OWN)
    table = with_levels(cells(args), args)
    if table.classes is not None or len(table.outputs) != 1:
        raise DataError(f"a law needs one target of numbers, got {shown(', '.join(table.outputs))}; choose --target")
    if not args.quiet:
        for note in table.notes:
            print(f"note: {note}")
    X, inputs = with_constants(table, args.constant or ())
    units = units_of(table, args.unit) if args.unit else None
    if table.categories:
        parts = in_parts(table, X, inputs)
        wanted = bar_wanted(not args.quiet)
        found = discovered_by_level(parts, parts.tasks(args.seed, units), args.seconds, 1, wanted)
        rows = {**row_levels(table), **dict(zip(inputs, X.T, strict=True))}
        text = levels_text(found)
    else:
        found = discover(
            X,
            table.y[:, 0],
            inputs=inputs,
            target=table.outputs[0],
            seconds=args.seconds,
            seed=args.seed,
            progress=not args.quiet,
            units=units,
        )
        rows, text = X, law_text(found, table.outputs[0])
    with stop.patient():
        written = "" if args.out is None else _written(args, {FRONT: front_csv(found), LAW: text}, found, rows, table)
        if not args.quiet or args.out is None:
            print(found)
        if written and not args.quiet:
            print(f"\n{written}")
    return stop.status if stop.number or INTERRUPTED in found.message else 0


def _written(
    args: argparse.Namespace, files: dict[str, str], found: Discovery | LevelDiscovery, rows: Any, table: Table
) -> str:
    """Writes these files by name, and the report, to the folder; what was written, in words."""
    lacking = ""
    try:
        files = {**files, REPORT: law_report(found, rows, table.y)}
    except MissingExtra as error:
        lacking = f"\nno {REPORT}: {error}"
    with new_folder(args.out, args.force, OWN) as place:
        for name, text in files.items():
            write_whole(place / name, text)
    return f"written to {args.out}: {', '.join(files)}{lacking}"


def with_constants(table: Table, constants: Sequence[tuple[str, float]]) -> tuple[Tensor, tuple[str, ...]]:
    """The inputs that are no levels (n, d) with a column for each constant, and the names of all. Raises `DataError`
    for a name that is taken."""
    places = number_places(table)
    names = (*(table.inputs[place] for place in places), *(name for name, _ in constants))
    if again := twice([*names, *table.categories, *table.outputs]):
        raise DataError(
            f"--constant needs a name of its own, got {shown(again[0])}, which the table or another one has"
        )
    columns = [table.X.new_full((len(table), 1), value) for _, value in constants]
    return torch.cat([table.X[:, places], *columns], 1), names


def units_of(table: Table, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The units by name; inputs that were made of columns, such as parts of dates, have none."""
    sources = table.metadata().sources() or table.inputs
    made = {table.inputs[place]: "" for place in number_places(table) if table.inputs[place] != sources[place]}
    return made | dict(given)


def front_csv(found: Discovery | LevelDiscovery) -> str:
    """The front as a table: the figures of every formula, the best one marked; of each level, where there are any."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    heads = ("best", "complexity", "rmse", "r2", "formula")
    if isinstance(found, LevelDiscovery):
        writer.writerow(("level", *heads))
        for level, one in found.levels.items():
            writer.writerows((inert(level), *row) for row in _front_rows(one))
    else:
        writer.writerow(heads)
        writer.writerows(_front_rows(found))
    return out.getvalue()


def _front_rows(found: Discovery) -> Iterator[tuple[str, int, str, str, str]]:
    for law in found.front:
        best = "*" if str(law) == str(found.best) else ""
        yield best, law.complexity, repr(law.rmse), repr(law.r2), inert(law.text)


def law_text(found: Discovery, target: str) -> str:
    """The best formula with the verdict, how it was found, and the formula as LaTeX and Python."""
    law = found.best
    lines = [
        f"{target} = {law.text}",
        "",
        found.message,
        f"rmse {law.rmse:.3g}, r2 {law.r2:.6f}, on rows that neither fitted nor chose it",
    ]
    if law.constants:
        lines += ["", "Constants that are no simple numbers, with standard errors:"]
        lines += [f"  {one.value:.10g} +- {one.error:.2g}" for one in law.constants]
    lines += way_of(found.steps)
    lines += ["", "LaTeX:", export(law, to="latex", outputs=[target]), "", "Python:"]
    lines += [export(law, to="python", outputs=[target])]
    return "\n".join(lines)

"""`edgewise discover`: a table in, the formulas behind it out: on the screen, and in a folder."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence

import torch
from torch import Tensor

from ..data import Table
from ..discovery.discover import Discovery, discover
from ..errors import DataError, MissingExtra, shown, twice
from ..exports.export import export
from ..files import check_new_folder, clear_leftovers, new_folder, write_whole
from ..report import law_report
from .fit_command import read
from .safe_csv import inert

FRONT, LAW, REPORT = "front.csv", "law.txt", "report.html"
OWN = (FRONT, LAW, REPORT)


def run(args: argparse.Namespace) -> int:
    """Do it. Raises `EdgewiseError` for whatever the user can mend."""
    clear_leftovers(args.out)
    check_new_folder(args.out, args.force, OWN)
    table = read(args)
    if table.classes is not None or len(table.outputs) != 1:
        raise DataError(f"a law needs one target of numbers, got {shown(', '.join(table.outputs))}; choose --target")
    if not args.quiet:
        for note in table.notes:
            print(f"note: {note}")
    X, inputs = with_constants(table, args.constant or ())
    found = discover(
        X,
        table.y[:, 0],
        inputs=inputs,
        target=table.outputs[0],
        seconds=args.seconds,
        seed=args.seed,
        progress=not args.quiet,
        units=units_of(table, args.unit) if args.unit else None,
    )
    files = {FRONT: front_csv(found), LAW: law_text(found, table.outputs[0])}
    lacking = ""
    try:
        files[REPORT] = law_report(found, X, table.y)
    except MissingExtra as error:
        lacking = f"\nno {REPORT}: {error}"
    with new_folder(args.out, args.force, OWN) as place:
        for name, text in files.items():
            write_whole(place / name, text)
    if not args.quiet:
        print(found)
        print(f"\nwritten to {args.out}: {', '.join(files)}{lacking}")
    return 0


def with_constants(table: Table, constants: Sequence[tuple[str, float]]) -> tuple[Tensor, tuple[str, ...]]:
    """The inputs (n, d) with a column for each constant, and the names of all. Raises `DataError` for a name that is
    taken."""
    names = (*table.inputs, *(name for name, _ in constants))
    if again := twice([*names, *table.outputs]):
        raise DataError(
            f"--constant needs a name of its own, got {shown(again[0])}, which the table or another one has"
        )
    columns = [table.X.new_full((len(table), 1), value) for _, value in constants]
    return torch.cat([table.X, *columns], 1), names


def units_of(table: Table, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The units by name; inputs that were made of columns, such as levels, have none."""
    sources = table.metadata().sources() or table.inputs
    made = {name: "" for name, source in zip(table.inputs, sources, strict=True) if name != source}
    return made | dict(given)


def front_csv(found: Discovery) -> str:
    """The front as a table: the figures of every formula, the best one marked."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("best", "complexity", "rmse", "r2", "formula"))
    for law in found.front:
        best = "*" if str(law) == str(found.best) else ""
        writer.writerow((best, law.complexity, repr(law.rmse), repr(law.r2), inert(str(law.expression))))
    return out.getvalue()


def law_text(found: Discovery, target: str) -> str:
    """The best formula with the verdict, how it was found, and the formula as LaTeX and Python."""
    law = found.best
    lines = [
        f"{target} = {law.expression}",
        "",
        found.message,
        f"rmse {law.rmse:.3g}, r2 {law.r2:.6f}, on rows that neither fitted nor chose it",
    ]
    if law.constants:
        lines += ["", "Constants that are no simple numbers, with standard errors:"]
        lines += [f"  {one.value:.10g} +- {one.error:.2g}" for one in law.constants]
    if found.steps:
        lines += ["", "What was found out on the way; (no) marks what was tried in vain:"]
        lines += [f"  {step}" for step in found.steps]
    lines += ["", "LaTeX:", export(law, to="latex", outputs=[target]), "", "Python:"]
    lines += [export(law, to="python", outputs=[target])]
    return "\n".join(lines)

"""`edgewise discover`: a table in, the formulas behind it out: on the screen, and in a folder."""

from __future__ import annotations

import argparse
import csv
import io

from ..discovery.discover import Discovery, discover
from ..errors import DataError, MissingExtra, shown
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
    found = discover(
        table.X,
        table.y[:, 0],
        inputs=table.inputs,
        target=table.outputs[0],
        seconds=args.seconds,
        seed=args.seed,
        progress=not args.quiet,
        units=dict(args.unit) if args.unit else None,
    )
    files = {FRONT: front_csv(found), LAW: law_text(found, table.outputs[0])}
    lacking = ""
    try:
        files[REPORT] = law_report(found, table.X, table.y)
    except MissingExtra as error:
        lacking = f"\nno {REPORT}: {error}"
    with new_folder(args.out, args.force, OWN) as place:
        for name, text in files.items():
            write_whole(place / name, text)
    if not args.quiet:
        print(found)
        print(f"\nwritten to {args.out}: {', '.join(files)}{lacking}")
    return 0


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

"""Tables from results.csv, for the terminal and the page alike, and how many times faster edgewise is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from experiments.results import Record, number

from .accuracy import TARGETS, place
from .contestants import ALL, FLASHKAN, INKAN, OWN, PYKAN, VARIANTS
from .layers import BOTH, FORWARD
from .records import PEAK
from .shapes import GROWTH, Shape

VARIANTS_ROW = "variants"  # the row of the layer beside itself
PEERS = tuple(peer.package for peer in (PYKAN, INKAN, FLASHKAN))


class Faster(NamedTuple):
    """The fastest peer's time of forward + backward over edgewise's."""

    ratio: float
    peer: str


def of(records: Iterable[Record], **wanted: str) -> list[Record]:
    """The records with these values."""
    return [record for record in records if all(record[column] == value for column, value in wanted.items())]


def from_peer(record: Record) -> bool:
    """Whether a record belongs to a peer, in whatever variant."""
    return record["contestant"].split(",")[0] in PEERS


def faster(records: Iterable[Record], row: str, measure: str = BOTH) -> Faster | None:
    """How many times faster than the fastest peer edgewise is in a row; None where either is not known."""
    times = {r["contestant"]: (t, r) for r in of(records, row=row, measure=measure) if (t := number(r, "median"))}
    rivals = [(t, name) for name, (t, record) in times.items() if from_peer(record)]
    if OWN not in times or not rivals:
        return None
    best, name = min(rivals)
    return Faster(best / times[OWN][0], name)


def growth(records: Sequence[Record], contestant: str = OWN) -> float | None:
    """The time of forward + backward on the finer grid over that on the coarser one."""
    times = [
        number(r, "median")
        for shape in GROWTH
        for r in of(records, row=shape.name, measure=BOTH, contestant=contestant)
    ]
    return times[1] / times[0] if len(times) == 2 and times[0] and times[1] else None


def digits(value: float) -> str:
    """Three digits; "never" for infinite seconds.

    >>> digits(0.12345), digits(12.345), digits(1234.5), digits(math.inf)
    ('0.123', '12.3', '1234', 'never')
    """
    return "never" if value == math.inf else f"{value:#.3g}".rstrip(".") if value < 1000 else f"{value:.0f}"


def shown(record: Record | None) -> str:
    """A measurement with its quartiles, or the note that stands for it."""
    if record is None:
        return ""
    median, lower, upper = (number(record, column) for column in ("median", "lower", "upper"))
    if median is None or lower is None or upper is None:
        return record["note"]
    return digits(median) if record["repeats"] == "1" else f"{digits(median)} ({digits(lower)} to {digits(upper)})"


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, padded so that it reads well as it stands.

    >>> print(markdown(["a", "b"], [["1", "long"]]))
    | a | b    |
    |---|------|
    | 1 | long |
    """
    cells = [list(headings), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def timings(records: Sequence[Record], row: str) -> str:
    """Everybody's times and memory in one row of shapes."""
    found, rows = of(records, row=row), []
    present = {record["contestant"] for record in found}
    for name in (contestant.name for contestant in ALL if contestant.name in present):
        by_measure = {record["measure"]: record for record in of(found, contestant=name)}
        both = by_measure.get(BOTH)
        error = number(both, "error") if both else None
        note = both["note"] if both else ""
        figures = [note, "", ""] if note else [shown(by_measure.get(measure)) for measure in (FORWARD, BOTH, PEAK)]
        rows.append([name, *figures, "" if error is None else f"{error:.0e}"])
    return markdown(["", "forward, ms", "forward + backward, ms", "peak memory, MB", "error"], rows)


def bars(records: Sequence[Record], shapes: Sequence[Shape]) -> str:
    """What had to be reached on these shapes, and what was."""
    rows = []
    for shape in shapes:
        found = faster(records, shape.name)
        if found and shape.bar:
            rows.append(
                [
                    shape.title,
                    f"{shape.bar:g}",
                    digits(found.ratio),
                    found.peer,
                    "yes" if found.ratio >= shape.bar else "no",
                ]
            )
    return markdown(["layer", "wanted", "times faster", "than", "reached"], rows) if rows else ""


WANTED = {"normal inputs": 1.3, "no base": 0.95, "degree 1": 1.0, "degree 2": 1.0}  # of the default's time, at most


def variants(records: Sequence[Record]) -> str:
    """Times of the layer with something changed, as they are and over those of the default."""
    found = of(records, row=VARIANTS_ROW)
    times = {(r["contestant"], r["measure"]): number(r, "median") for r in found}
    default, rows = [times.get((OWN, measure)) for measure in (FORWARD, BOTH)], []
    if not all(default):
        return ""
    for name in (contestant.name for contestant in VARIANTS):
        changed = name.partition(", ")[2]
        lines = {r["measure"]: r for r in of(found, contestant=name)}
        mine = [times.get((name, measure)) for measure in (FORWARD, BOTH)]
        ratios = [a / b if a and b else math.nan for a, b in zip(mine, default, strict=True)]
        most = WANTED.get(changed)
        reached = "" if most is None else "yes" if max(ratios) <= most else "no"
        shares = [f"{ratio:.2f}" for ratio in ratios]
        figures = [shown(lines.get(FORWARD)), shares[0], shown(lines.get(BOTH)), shares[1]]
        rows.append([changed or "default", *figures, "" if most is None else f"{most:g}", reached])
    headings = ["", "forward, ms", "ratio", "forward + backward, ms", "ratio", "at most", "reached"]
    return markdown(headings, rows)


def accuracies(records: Sequence[Record]) -> str:
    """Seconds until each error was reached."""
    found = of(records, part="accuracy")
    names = list(dict.fromkeys(record["contestant"] for record in found))
    rows = []
    for target in TARGETS:
        here = {record["contestant"]: record for record in of(found, measure=place(target).measure)}
        rows.append([place(target).measure, *(shown(here.get(name)) for name in names)])
    return markdown(["seconds until", *names], rows) if found else ""


def known(records: Iterable[Record], shapes: Iterable[Shape]) -> list[Shape]:
    """The shapes that were measured, among these."""
    rows = {record["row"] for record in records}
    return [shape for shape in shapes if shape.name in rows]

"""chart.svg from results.csv: forward + backward of the layers on a logarithmic axis, one line of marks for each
shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from experiments.results import Record, number, write_whole

from .contestants import DENSE, LINEAR, OWN
from .layers import BOTH
from .shapes import LAYERS, SMOKE_LAYERS
from .tables import digits, faster, known, of

COLOURS = {
    OWN: "#0072b2",
    "inkan": "#e69f00",
    "flashkan": "#009e73",
    "pykan": "#cc79a7",
    LINEAR: "#777777",
    DENSE: "#777777",
}  # Okabe & Ito
LABELS, RIGHT, WIDTH, TOP, ROW = (
    180,
    110,
    860,
    62,
    44,
)  # pixels: left of the axis, right of it, in all, above, per shape
FONT = "font-family='system-ui, sans-serif'"


def draw(records: Sequence[Record], path: Path) -> bool:
    """Write the chart; False where no layer was measured."""
    shapes = known(records, (*LAYERS, *SMOKE_LAYERS))
    marks = {shape.name: best(records, shape.name) for shape in shapes}
    values = [number(record, "median") or 1.0 for row in marks.values() for record in row.values()]
    if not values:
        return False
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)

    def across(milliseconds: float) -> float:
        return LABELS + (WIDTH - LABELS - RIGHT) * (math.log10(milliseconds) - low) / (high - low)

    bottom = TOP + ROW * len(shapes)
    parts = [f"<rect width='{WIDTH}' height='{bottom + 46}' rx='6' fill='white'/>", *legend(records)]
    for power in range(low, high + 1):
        x = across(10.0**power)
        parts.append(f"<line x1='{x:.1f}' y1='{TOP - 12}' x2='{x:.1f}' y2='{bottom}' stroke='#dddddd'/>")
        parts.append(text(x, bottom + 16, f"{10.0**power:g}", "middle", "#555555"))
    parts.append(
        text(
            (LABELS + WIDTH - RIGHT) / 2,
            bottom + 36,
            "forward + backward, ms (median and quartiles)",
            "middle",
            "#555555",
        )
    )
    for place, shape in enumerate(shapes):
        y = TOP + ROW * (place + 0.5)
        parts.append(text(LABELS - 14, y - 3, " \u2192 ".join(map(str, shape.widths)), "end", "#222222", bold=True))
        parts.append(text(LABELS - 14, y + 12, f"G = {shape.grid}, batch {shape.batch}", "end", "#555555"))
        for name, record in marks[shape.name].items():
            median, lower, upper = (across(number(record, column) or 1.0) for column in ("median", "lower", "upper"))
            parts.append(
                f"<line x1='{lower:.1f}' y1='{y}' x2='{upper:.1f}' y2='{y}' stroke='{COLOURS[name]}' stroke-width='2'/>"
            )
            parts.append(mark(name, median, y))
        found = faster(records, shape.name)
        if found:
            parts.append(text(WIDTH - 14, y + 4, f"{digits(found.ratio)}\u00d7 faster", "end", COLOURS[OWN], bold=True))
    size = f"width='{WIDTH}' height='{bottom + 46}' viewBox='0 0 {WIDTH} {bottom + 46}'"
    write_whole(
        path,
        "\n".join(
            [
                f"<svg xmlns='http://www.w3.org/2000/svg' {size} {FONT} font-size='12' role='img'>",
                title(),
                *parts,
                "</svg>",
                "",
            ]
        ),
    )
    return True


def best(records: Sequence[Record], row: str) -> dict[str, Record]:
    """The fastest variant of every contestant that has a time in a row."""
    found: dict[str, Record] = {}
    for record in of(records, part="layer", row=row, measure=BOTH):
        name = record["contestant"] if record["contestant"] in COLOURS else record["contestant"].split(",")[0]
        time, other = number(record, "median"), found.get(name)
        if time and (other is None or time < (number(other, "median") or math.inf)):
            found[name] = record
    return {name: found[name] for name in COLOURS if name in found}


def legend(records: Sequence[Record]) -> list[str]:
    """A mark and a name for every contestant that was measured."""
    names = [
        name
        for name in COLOURS
        if any(name in best(records, shape.name) for shape in known(records, (*LAYERS, *SMOKE_LAYERS)))
    ]
    parts, x = [], 24.0
    for name in names:
        label = "limit of any dense basis" if name == DENSE else name
        parts += [mark(name, x, 24), text(x + 11, 28, label, "start", "#222222")]
        x += 40 + 7.0 * len(label)
    return parts


def mark(name: str, x: float, y: float) -> str:
    """Full circles for KANs, a ring for the linear layer, a bar for the limit."""
    colour = COLOURS[name]
    if name == DENSE:
        return f"<rect x='{x - 1.5:.1f}' y='{y - 9}' width='3' height='18' fill='{colour}'/>"
    fill = "white" if name == LINEAR else colour
    return (
        f"<circle cx='{x:.1f}' cy='{y}' r='{6.5 if name == OWN else 5}' fill='{fill}' stroke='{colour}'"
        " stroke-width='2'/>"
    )


def text(x: float, y: float, content: str, anchor: str, colour: str, bold: bool = False) -> str:
    """One line of text."""
    weight = " font-weight='600'" if bold else ""
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{colour}'{weight}>{escape(content)}</text>"


def title() -> str:
    """What the picture says, for those who do not see it."""
    return (
        "<title>Time of forward + backward of KAN layers: edgewise, its peers, a linear layer, and the limit of any"
        " dense basis</title>"
    )

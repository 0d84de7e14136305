"""Pages and plots from result.csv: nothing in them is typed by hand."""

from __future__ import annotations

import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .results import Record, number, write_whole
from .runner import SEEDS

SECONDS = ("seconds", "fit_seconds", "predict_seconds")  # of a row, for each of its seeds or folds
REPEATS = ("seeds", "folds")


def cell(value: str) -> str:
    """A value as the page shows it: three digits, powers of ten where they read better.

    >>> cell("0.0001235"), cell("1030"), cell("[2,1,1]"), cell("12.346")
    ('1.2e-4', '1030', '[2,1,1]', '12.3')
    """
    try:
        x = float(value)
    except ValueError:
        return value.replace("|", "\\|")
    if x == int(x) and abs(x) < 1e6:
        return str(int(x))
    if 0.01 <= abs(x) < 1e4:
        return f"{x:.3g}"
    digits, power = f"{x:.1e}".split("e")
    return f"{digits}e{int(power)}"


def table(records: Iterable[Record], columns: Mapping[str, str]) -> str:
    """A Markdown table of these columns (name in the file -> heading); columns without any value are left out.

    The hash of a commit is no number, even where it looks like one.

    >>> table([{"name": "jv", "commit": "95644e7"}], {"name": "name", "commit": "commit"}).splitlines()[-1]
    '| jv | 95644e7 |'
    """
    records = list(records)
    columns = {column: heading for column, heading in columns.items() if any(record[column] for record in records)}
    lines = ["| " + " | ".join(columns.values()) + " |", "|" + "---|" * len(columns)]
    for record in records:
        cells = [record[column] if column == "commit" else cell(record[column]) for column in columns]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def ratios(records: Iterable[Record], theirs: str, ours: str, whom: str, bar: float) -> str:
    """How many times our errors lie below theirs, in a sentence; "" where they are not known."""
    known = {r["name"]: a / b for r in records if (a := number(r, theirs)) is not None and (b := number(r, ours))}
    if not known:
        return ""
    short = [f"{name} ({ratio:.2g})" for name, ratio in known.items() if ratio < bar]
    many = f"at least {bar:g} times below" if bar > 1 else "below"
    text = (
        f"{len(known) - len(short)} of {len(known)} rows are {many} {whom}; the median row by a factor of"
        f" {statistics.median(known.values()):.3g}."
    )
    return text + (f" Not so: {', '.join(short)}." if short else "")


def foretold(attempts: Iterable[Record]) -> str:
    """How well the held-out error and the error expected of new rows foretell test errors, in a sentence; "" where
    nothing was expected.

    >>> surprised = {"held_out": "1e-9", "expected": "1e-6", "test": "2e-6"}
    >>> foretold([surprised, {"held_out": "1e-9", "expected": "1e-9", "test": "2e-9"}])
    'Of 2 networks 50 % have a test error above ten times the held-out one, 0 % above ten times `expected_rmse`
     (0 % below a tenth of it).'
    """
    known = [[number(record, column) for column in ("held_out", "expected", "test")] for record in attempts]
    full = [(held, expected, test) for held, expected, test in known if held and expected and test]
    if not full:
        return ""
    above, surprised, below = (
        sum(far) / len(full)
        for far in zip(
            *((test > 10 * held, test > 10 * expected, expected > 10 * test) for held, expected, test in full),
            strict=True,
        )
    )
    return (
        f"Of {len(full)} networks {above:.0%} have a test error above ten times the held-out one, {surprised:.0%} above"
        f" ten times `expected_rmse` ({below:.0%} below a tenth of it)."
    ).replace("%", " %")


def took(records: Iterable[Record]) -> str:
    """The CPU time of all rows and their seeds, in the unit that suits it; "" where no row tells it.

    >>> took([{"seconds": "12.5", "seeds": "5"}, {"seconds": "100"}])
    '3 min'
    >>> took([{"name": "a"}])
    ''
    """
    total = 0.0
    for record in records:
        repeats = next((count for name in REPEATS if (count := number(record, name))), 1.0)
        total += repeats * sum(number(record, name) or 0.0 for name in SECONDS)
    if not total:
        return ""
    for unit, size, most in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 48 * 3600)):
        if total < most:
            return f"{max(1, round(total / size))} {unit}"
    return f"{round(total / 86400)} days"


def command(name: str, records: Iterable[Record]) -> str:
    """What repeats an experiment, with the number of seeds where all rows share one that is not the usual one.

    >>> command("knots", [{"seeds": "3"}, {"seeds": "3"}]), command("knots", [{"seeds": "5"}])
    ('python -m experiments knots --seeds 3', 'python -m experiments knots')
    """
    counts = {record.get("seeds") or "" for record in records}
    seeds = counts.pop() if len(counts) == 1 else ""
    return f"python -m experiments {name}" + (f" --seeds {seeds}" if seeds not in ("", str(SEEDS)) else "")


def repeat(name: str, records: Iterable[Record]) -> str:
    """How to repeat an experiment and how long that takes, in a sentence."""
    records = list(records)
    spent = took(records)
    return f"`{command(name, records)}` repeats it" + (f", in {spent} of CPU time." if spent else ".")


def write(folder: Path, parts: Sequence[str]) -> None:
    """README.md of these parts, empty ones left out."""
    write_whole(folder / "README.md", "\n\n".join(part.strip() for part in parts if part.strip()) + "\n")


def save(figure: Any, path: Path) -> None:
    """A matplotlib figure as a PNG file, the same bytes for the same figure."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    write_whole(path, out.getvalue())


def bars(path: Path, records: Iterable[Record], columns: Mapping[str, str]) -> None:
    """Errors by row: one mark per column (name in the file -> label)."""
    from matplotlib.figure import Figure

    records = list(records)
    figure = Figure(figsize=(9, 1.2 + 0.28 * len(records)))
    axes = figure.add_subplot()
    colours = {
        "edgewise_best": "#c1440e",
        "paper_kan": "#27496d",
        "paper_mlp": "#9aa5b1",
        "pykan_same_data": "#00909e",
        "mlp_best": "#f2b134",
    }
    for column, label in columns.items():
        points = [
            (value, place) for place, record in enumerate(records) if (value := number(record, column)) is not None
        ]
        if points:
            axes.plot(*zip(*points, strict=True), "o", label=label, color=colours.get(column), markersize=6)
    axes.set_yticks(range(len(records)), [record["name"] for record in records])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("test RMSE")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -1.0 / figure.get_figheight()), ncols=3, frameon=False)
    save(figure, path)

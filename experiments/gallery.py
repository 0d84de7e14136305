"""One page over all experiments that have results: picture, one sentence, command, time. None of it typed by hand."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from .page import command, took
from .results import write_whole

PAGE = "gallery.md"
HEAD = """# Gallery

Every experiment that has committed results, with its page, its picture and what it takes to repeat it. Times are CPU
times of edgewise's own rows, on one thread. `python -m experiments gallery` writes this page from the results, and so
does every run in place."""


def build(folder: Path, names: Mapping[str, str]) -> str:
    """The page of a folder of experiments. names: of all experiments, each with what it is in words."""
    parts = [HEAD]
    for name, about in names.items():
        home = folder / name
        if (home / "result.csv").exists():
            parts.append(_entry(home, about))
    return "\n\n".join(parts) + "\n"


def write(folder: Path, names: Mapping[str, str]) -> Path:
    """Write the page into the folder of the experiments."""
    write_whole(folder / PAGE, build(folder, names))
    return folder / PAGE


def _entry(home: Path, about: str) -> str:
    """One experiment: heading, sentence, command and time, picture."""
    with (home / "result.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    spent = took(records)
    end = f", {spent} of CPU time, {len(records)} rows" if spent else f", {len(records)} rows"
    lines = [
        f"## [{title(home)}]({home.name}/README.md)",
        f"{about[0].upper()}{about[1:]}.",
        f"`{command(home.name, records)}`{end}",
    ]
    if (home / "result.png").exists():
        lines.append(f"[![{home.name}]({home.name}/result.png)]({home.name}/README.md)")
    return "\n\n".join(lines)


def title(home: Path) -> str:
    """The heading of the page of an experiment; its name where it has none."""
    page = home / "README.md"
    first = page.read_text(encoding="utf-8").partition("\n")[0] if page.exists() else ""
    return first.removeprefix("# ") if first.startswith("# ") else home.name

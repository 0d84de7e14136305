"""What the tests of `edgewise fit` share."""

from __future__ import annotations

import random
from typing import Any

import pytest

from edgewise.cli.main import main

SMALL = ["--hidden", "1", "--grids", "3"]
FILES = {
    "model.safetensors",
    "judged.safetensors",
    "history.csv",
    "result.json",
    "report.html",
    "kan.svg",
    "formula.txt",
}
DRAW = random.Random(5)
UNIT = [DRAW.random() for _ in range(400)]


def law(rows: int, seed: int = 0) -> str:
    draw = random.Random(seed)
    points = [(draw.uniform(-1, 1), draw.uniform(0, 5), draw.choice(["red", "blue"])) for _ in range(rows)]
    return "x,t [s],colour,y\n" + "".join(f"{x},{t},{c},{x * x + t + (c == 'red')}\n" for x, t, c in points)


def table(columns: dict[str, Any], rows: int = 40, separator: str = ",") -> str:
    values = {name: [make(row) for row in range(rows)] for name, make in columns.items()}
    return "\n".join(
        [separator.join(values), *(separator.join(str(values[name][row]) for name in values) for row in range(rows))]
    )


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """The one line on stderr of a command that ends with status 2."""
    capsys.readouterr()
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and said.err.startswith(f"edgewise {arguments[0]}: ")
    return said.err

"""What the tests of the experiments share."""

from __future__ import annotations

import csv
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]


def module(name: str):
    return import_module(f"experiments.{name}" if name else "experiments")


def command(*arguments: str) -> int:
    """What `python -m experiments ...` does, in this process."""
    return module("__main__").main(list(arguments))


def records(folder: Path) -> list[dict[str, str]]:
    with (folder / "result.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

"""What is kept of a measurement, one line of results.csv each, and what of the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from experiments.results import Results
from experiments.runner import ROOT, version

from .clock import Spread
from .contestants import Contestant

PEAK = "peak memory"
FOLDER = ROOT / "benchmarks"
COLUMNS = (
    "name",
    "part",
    "row",
    "contestant",
    "measure",
    "unit",
    "median",
    "lower",
    "upper",
    "repeats",
    "error",
    "against",
    "note",
    "device",
    "threads",
    "package",
    "torch",
    "python",
    "commit",
)
Record = dict[str, Any]


class Place(NamedTuple):
    """Where in the tables a measurement belongs."""

    part: str
    row: str
    measure: str
    unit: str


def record(
    place: Place,
    contestant: Contestant,
    spread: Spread | None = None,
    *,
    note: str = "",
    error: float | None = None,
    against: str = "",
    on: str = "cpu",
) -> Record:
    """A line: the spread of what was measured on a device, or a note that says why there is none."""
    name = "/".join((place.part, place.row, contestant.name, place.measure))
    figures: Mapping[str, Any] = (
        dict.fromkeys(("median", "lower", "upper", "repeats")) if spread is None else vars(spread)
    )
    what = {
        "contestant": contestant.name,
        "package": contestant.version,
        "error": error,
        "against": against,
        "note": note,
    }
    return {"name": name, **place._asdict(), **figures, **what, **surroundings(on)}


@cache
def _fixed(on: str) -> dict[str, str]:
    vector = torch.backends.cpu.get_cpu_capability()
    device = (
        f"{os.cpu_count()}-core {platform.machine().replace('_', '-')}"
        f" CPU{'' if vector == 'DEFAULT' else f' ({vector})'}"
    )
    if on != "cpu":
        device = torch.cuda.get_device_name()
    return {"device": device, "torch": torch.__version__, "python": platform.python_version(), "commit": commit()}


def surroundings(on: str = "cpu") -> dict[str, Any]:
    """Device, threads, versions and commit, without the name of the machine."""
    return {**_fixed(on), "threads": torch.get_num_threads()}


def commit() -> str:
    """The commit of the checkout, with a + where source files differ from it."""
    return version()


def opened(folder: Path) -> Results:
    """The results in a folder; lines that are measured again replace the old ones."""
    return Results(folder / "results.csv", COLUMNS)

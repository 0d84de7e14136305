"""The folder that `edgewise fit` writes: what is in it, and how it is read again."""

from __future__ import annotations

import csv
import io
import json
import math
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import __version__
from ..checkpoint import from_bytes, load
from ..errors import DataError, did_you_mean
from ..model import KAN

MODEL, HISTORY, RESULT = "model.safetensors", "history.csv", "result.json"
REPORT, PICTURE, FORMULA = "report.html", "kan.svg", "formula.txt"
OWN = (MODEL, HISTORY, RESULT, REPORT, PICTURE, FORMULA)


def json_text(value: Any) -> str:
    """JSON that every reader accepts: numbers that are not finite become null."""
    return json.dumps(_strict(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _strict(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """History rows as CSV with one column per key, in the order in which the keys first appear."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, keys, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def versions() -> dict[str, str]:
    """Versions of everything that a result depends on."""
    found = {"edgewise": __version__, "python": platform.python_version()}
    for package in ("torch", "numpy", "scipy", "numba", "scikit-learn", "sympy", "matplotlib"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def open_run(path: str) -> tuple[KAN, dict[str, Any]]:
    """The model and the result of a run folder (a model file alone has no result).

    Raises `DataError` for a folder that holds no run, `CheckpointError` for a damaged model.
    """
    try:
        place = Path(path)
        if place.is_file():
            return load(place), {}
        if not place.is_dir():
            parent = place.absolute().parent
            near = (
                did_you_mean(place.name, [entry.name for entry in parent.iterdir() if entry.is_dir()])
                if parent.is_dir()
                else ""
            )
            raise DataError(f"there is no run folder {path}" + (f"; {near}" if near.startswith("did") else ""))
        if not (place / MODEL).exists():
            raise DataError(f"{path} holds no run: {MODEL} is missing; make one with edgewise fit ... --out {path}")
        model = from_bytes((place / MODEL).read_bytes(), str(place / MODEL))
        if not (place / RESULT).exists():
            return model, {}
        result = json.loads((place / RESULT).read_text(encoding="utf-8"))
        if not isinstance(result, dict):
            raise ValueError("it holds no object")
        return model, result
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        if isinstance(error, DataError) or type(error).__module__.endswith("errors"):
            raise
        raise DataError(f"{path}: {RESULT} is damaged: {error}") from error

"""The folder that `edgewise fit` writes: what is in it, and how it is read again."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import __version__
from ..checkpoint import from_bytes, read, to_bytes
from ..errors import DataError, EdgewiseError, did_you_mean
from ..files import check_new_folder, new_folder, write_whole
from ..losses import told as told_loss
from ..model import KAN
from ..size import summary
from .findings import Findings
from .formula_text import JUDGED, MODEL
from .papers import formula_file, page, picture

HISTORY, RESULT = "history.csv", "result.json"
REPORT, PICTURE, FORMULA = "report.html", "kan.svg", "formula.txt"
OWN = (MODEL, JUDGED, HISTORY, RESULT, REPORT, PICTURE, FORMULA)


def write_folder(study: Findings, folder: str | Path, *, force: bool, extra: Mapping[str, Any]) -> dict[str, str]:
    """Write everything of a study into a new folder; what a paper needs and does not have is said, file name -> why.

    `extra`: further entries of result.json's "data". Raises `FileError` where the folder cannot be written.
    """
    check_new_folder(folder, force, OWN)
    makers: dict[str, Callable[[], bytes | str]] = {PICTURE: lambda: picture(study), REPORT: lambda: page(study)}
    missing = {FORMULA: study.unwritten} if study.unwritten else {}
    if study.settings.formula and not missing:
        makers[FORMULA] = lambda: formula_file(study)
    files: dict[str, bytes | str] = {}
    for name, make in makers.items():
        try:
            files[name] = make()
        except EdgewiseError as error:  # an optional package is missing, or the network cannot be drawn
            missing[name] = str(error)
    files |= {
        MODEL: to_bytes(study.model),
        JUDGED: to_bytes(study.judged),
        HISTORY: csv_text(study.trained.rows),
        RESULT: json_text(result_of(study, extra, missing)),
    }
    with new_folder(folder, force, OWN) as place:
        for name, content in files.items():
            write_whole(place / name, content)
    return missing


def result_of(study: Findings, extra: Mapping[str, Any], missing: Mapping[str, str]) -> dict[str, Any]:
    """result.json: what was done, and how well."""
    own = ("this network", "formula", "network before closed forms", "network before pruning")
    table, scores = study.table, study.scores
    return {
        "verdict": study.verdict,
        "created": study.created,
        "seconds": round(study.seconds, 2),
        "seed": study.settings.seed,
        "versions": versions(),
        "configuration": asdict(study.settings) | {"loss": told_loss(study.settings.loss)},
        "data": {
            "file": study.source,
            "rows": len(table),
            "inputs": table.inputs,
            "outputs": table.outputs,
            "task": table.task,
            "classes": table.classes,
            "categories": dict(table.categories),
            "ranges": dict(zip(table.inputs, table.ranges, strict=True)),
            "notes": table.notes,
            **extra,
        },
        "held_out": {
            "rows": len(study.held),
            "network": scores["this network"],
            "formula": scores.get("formula"),
            "before": {name: row for name, row in scores.items() if name in own[2:]},
            "not_kept": {name: row for name, row in scores.items() if name in study.trained.beside},
            "baselines": {name: row for name, row in scores.items() if name not in (*own, *study.trained.beside)},
        },
        "training": {
            "rows": len(study.rest),
            "interrupted": study.interrupted,
            "stages": study.trained.stages,
        },
        "formula": told(study),
        "model": {
            "summary": str(summary(study.model)),
            "edits": [f"{edit.action}: {edit.detail}" for edit in study.model.edits],
        },
        "not_made": dict(missing),
    }


def told(study: Findings) -> dict[str, Any]:
    """The formula for result.json."""
    good, rejected = study.formula, study.rejected
    return {
        "message": study.forms or study.trained.closed.message,
        "complete": good is not None and not good.splines,
        "outputs": good.lines() if good else [],
        "where": good.legend() if good else [],
        "splines": [list(edge) for edge in good.splines] if good else [],
        "undefined_rows": good.undefined if good else 0,
        "failure": study.trained.closed.failure,
        "rejected": {"outputs": rejected.lines(), **rejected.scores} if rejected else None,
    }


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
    for package in ("torch", "numpy", "scipy", "llvmlite", "scikit-learn", "sympy", "matplotlib"):
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
            return from_bytes(read(place), str(place)), {}
        if not place.is_dir():
            parent = place.absolute().parent
            near = (
                did_you_mean(place.name, [entry.name for entry in parent.iterdir() if entry.is_dir()])
                if parent.is_dir()
                else ""
            )
            raise DataError(f"there is no run folder {path}" + (f"; {near}" if near.startswith("did") else ""))
        if not os.path.lexists(place / MODEL):
            raise DataError(f"{path} holds no run: {MODEL} is missing; make one with edgewise fit ... --out {path}")
        model = from_bytes((place / MODEL).read_bytes(), str(place / MODEL))
        if not os.path.lexists(place / RESULT):
            return model, {}
        result = json.loads((place / RESULT).read_text(encoding="utf-8"))
        if not isinstance(result, dict):
            raise ValueError("it holds no object")
        return model, result
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # JSON of many thousand levels
        if isinstance(error, DataError) or type(error).__module__.endswith("errors"):
            raise
        raise DataError(f"{path}: {RESULT} is damaged: {error}") from error

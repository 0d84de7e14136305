"""`edgewise info`: what a run folder holds, in words."""

from __future__ import annotations

import argparse
from typing import Any

from ..data import raw_columns
from ..errors import DataError, shown
from ..model import KAN
from ..studies import words
from ..studies.folder import open_run

LINK = {"log": "logarithm", "logit": "logit"}


def run(args: argparse.Namespace) -> int:
    """Print it. Raises `EdgewiseError` for a folder that holds no run."""
    model, result = open_run(args.run_folder)
    print(describe(model))
    if result:
        try:
            print("\n" + story(result, model.metadata.task))
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise DataError(
                f"{args.run_folder}: result.json lacks what edgewise fit writes there ({shown(error)})"
            ) from error
    return 0


def describe(model: KAN) -> str:
    """The network, its columns and its history."""
    metadata = model.metadata
    lines = [words.structure(model, metadata.inputs)]
    if metadata.inputs:
        lines.append(f"predicts {', '.join(metadata.outputs)} from {', '.join(raw_columns(metadata))}")
        width = max(map(len, metadata.inputs)) + 2
        for name, (low, high) in zip(metadata.inputs, metadata.ranges, strict=False):
            lines.append(f"  {name.ljust(width)}{low:.6g} to {high:.6g}")
    if metadata.loss:
        lines.append(f"fitted by {metadata.loss}; the network gives the {LINK[metadata.link]} of the mean")
    if metadata.classes:
        lines.append(f"classes: {', '.join(metadata.classes)}")
    lines += [f"edit: {edit.action}: {edit.detail}" for edit in model.edits]
    return "\n".join(lines)


def story(result: dict[str, Any], task: str) -> str:
    """Where the network came from and how well it does."""
    data, held = result["data"], result["held_out"]
    others = {name: row if isinstance(row, str) else _numbers(row) for name, row in held["baselines"].items()}
    lines = [
        (
            f"fitted {result['created']} to {data['file']} ({data['rows']} rows), seed {result['seed']}, edgewise"
            f" {result['versions']['edgewise']}"
        ),
        *(f"note: {note}" for note in data["notes"]),
        f"on the {held['rows']} rows held out:",
        words.table(_numbers(held["network"]), others),
        "",
        str(result["verdict"]),
    ]
    return "\n".join(lines)


def _numbers(scores: dict[str, Any]) -> dict[str, float]:
    return {name: float("nan") if value is None else float(value) for name, value in scores.items()}

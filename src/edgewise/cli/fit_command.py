"""`edgewise fit`: a table in, a run folder with a pruned network, its errors and those of three baselines out."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from ..checkpoint import to_bytes
from ..data import Table, from_grid, read_grid, split
from ..errors import DataError
from ..files import check_new_folder, new_folder, write_whole
from ..model import KAN
from ..size import summary
from ..train.closing import far_columns
from . import words
from .formulas import Written
from .learn import Trained, learn
from .measure import Scores, baselines, scores
from .options import counted, names
from .papers import papers, written
from .run_folder import FORMULA, HISTORY, MODEL, OWN, PICTURE, REPORT, RESULT, csv_text, json_text, versions

FEWEST = 10  # rows from which a fit and a held-out part can be made


def run(args: argparse.Namespace) -> int:
    """Do it. Raises `EdgewiseError` for whatever the user can mend."""
    began = time.perf_counter()

    def say(text: str) -> None:
        if not args.quiet:
            print(text, flush=True)

    check_new_folder(args.out, args.force, OWN)
    table = read(args)
    rest, held = split(table, args.test, args.seed)
    goal = ", ".join(table.outputs)
    say(f"{args.table}: {len(table)} rows, {counted(len(table.inputs), 'input')}, {table.task} of {goal}")
    for note in (*table.notes, *far_columns(table.X, table.inputs)):
        say(f"note: {note}")
    say(f"fitting on {len(rest)} rows; {len(held)} rows (drawn with seed {args.seed}) are held out to judge the result")
    trained = learn(rest, args, progress=not args.quiet and sys.stderr.isatty())
    if trained.interrupted:
        say("interrupted: going on with the best network so far")
    network = scores(held, predict(trained.model, held))
    others = baselines(rest, held, args.seed)
    verdict = words.verdict(table.task, goal, network, others)
    inside = ((held.X >= rest.X.amin(dim=0)) & (held.X <= rest.X.amax(dim=0))).all(dim=1)
    within = scores(held.take(inside.nonzero()[:, 0]), predict(trained.model, held)[inside]) if inside.any() else None
    verdict += words.extrapolated(table.task, len(held) - int(inside.sum()), within)
    formula = (None, None, "") if args.no_formula else written(trained, held)
    compared = {**before(trained, held), **others}
    own = {"formula": formula[0].scores} if formula[0] and trained.closed.model is not None else {}
    say(f"\n{words.table(table.task, network, {**own, **compared})}\n\n{verdict}")
    say(words.structure(trained.model, table.inputs))
    if not args.no_formula:
        say(words.formula(trained.closed.message, formula[0]))
    files, missing = papers(
        trained,
        rest,
        held,
        network=network,
        others=compared,
        formula=formula,
        verdict=verdict,
        asked=not args.no_formula,
    )
    for name, why in missing.items():
        print(f"note: {name} was not made: {why}", file=sys.stderr)
    result = {
        "verdict": verdict,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - began, 2),
        "seed": args.seed,
        "versions": versions(),
        "configuration": {name: value for name, value in vars(args).items() if name not in ("run", "command")},
        "data": describe(args.table, table),
        "held_out": {
            "rows": len(held),
            "network": network,
            "formula": own.get("formula"),
            "before": before(trained, held),
            "baselines": others,
            "inside": int(inside.sum()),
            "network_inside": within,
        },
        "training": {"rows": len(rest), "interrupted": trained.interrupted, "stages": trained.stages},
        "formula": told(trained, *formula),
        "model": {
            "summary": str(summary(trained.model)),
            "edits": [f"{edit.action}: {edit.detail}" for edit in trained.model.edits],
        },
        "not_made": missing,
    }
    with new_folder(args.out, args.force, OWN) as folder:
        write_whole(folder / MODEL, to_bytes(trained.model))
        write_whole(folder / HISTORY, csv_text(trained.rows))
        write_whole(folder / RESULT, json_text(result))
        for name, content in files.items():
            write_whole(folder / name, content)
    made = [
        name
        for name in (REPORT, PICTURE, FORMULA, MODEL, HISTORY, RESULT)
        if name in files or name in (MODEL, HISTORY, RESULT)
    ]
    say(f"\nwritten to {args.out}: {', '.join(made)}")
    return 130 if trained.interrupted else 0


def before(trained: Trained, held: Table) -> dict[str, Scores]:
    """Scores of the networks that the one kept came from: before its closed forms, and before pruning."""
    found = {}
    if trained.closed.model is not None:
        found["network before closed forms"] = scores(held, predict(trained.splines, held))
    if trained.splines.active_edges() != trained.first.active_edges():
        found["network before pruning"] = scores(held, predict(trained.first, held))
    return found


def told(trained: Trained, good: Written | None, rejected: Written | None, wrong: str) -> dict[str, Any]:
    """The formula for result.json."""
    return {
        "message": trained.closed.message + (f" It was {wrong}." if wrong else ""),
        "complete": good is not None and not good.splines,
        "outputs": good.lines() if good else [],
        "where": good.legend() if good else [],
        "splines": [list(edge) for edge in good.splines] if good else [],
        "undefined_rows": good.undefined if good else 0,
        "rejected": {"outputs": rejected.lines(), **rejected.scores} if rejected else None,
        "seconds": round(trained.closed.seconds, 2),
    }


def read(args: argparse.Namespace) -> Table:
    """The table with the columns that the options name. Raises `DataError`."""
    given = {option: getattr(args, option) for option in ("target", "features", "drop", "categorical")}
    asked = [name for texts in given.values() for text in texts or () for name in (text, *names([text], ()))]
    grid = read_grid(args.table, named=[name for name in asked if name != "rows"], drop_rows="rows" in asked)
    chosen = {option: names(texts, grid.names) for option, texts in given.items()}
    table = from_grid(
        grid,
        chosen["target"],
        features=chosen["features"] if given["features"] else None,
        drop=chosen["drop"],
        categorical=chosen["categorical"],
        task=args.task,
    )
    if len(table) < FEWEST:
        raise DataError(
            f"{args.table} has {len(table)} usable rows; a fit that holds some out to judge itself needs at least"
            f" {FEWEST}"
        )
    return table


def predict(model: KAN, table: Table) -> torch.Tensor:
    """Predictions (n, k): numbers, or class probabilities."""
    with torch.no_grad():
        y = model(table.X)
    return y if table.classes is None else y.softmax(dim=1)


def describe(path: str, table: Table) -> dict[str, Any]:
    """The table in figures, with its digest so that a result can be traced to its data."""
    place = Path(path)
    return {
        "file": path,
        "sha256": hashlib.sha256(place.read_bytes()).hexdigest() if place.is_file() else None,
        "rows": len(table),
        "inputs": table.inputs,
        "outputs": table.outputs,
        "task": table.task,
        "classes": table.classes,
        "categories": dict(table.categories),
        "ranges": dict(zip(table.inputs, table.ranges, strict=True)),
        "notes": table.notes,
    }

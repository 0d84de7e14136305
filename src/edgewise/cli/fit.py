"""`edgewise fit`: a table in, a run folder with a pruned network, its errors and those of three baselines out."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from ..checkpoint import to_bytes
from ..data import Table, from_grid, read_grid, split
from ..errors import DataError
from ..files import check_new_folder, new_folder, write_whole
from ..model import KAN, summary
from ..train.loop import fit as train
from ..train.result import FitResult
from ..train.status import Status
from ..transforms import prune
from . import words
from .measure import baselines, scores
from .options import counted, names
from .run_folder import HISTORY, MODEL, OWN, RESULT, csv_text, json_text, versions

FEWEST = 10  # rows from which a fit and a held-out part can be made
WORTH = 1.1  # a pruned network may have so much of the held-out loss of the one before it


@dataclass(frozen=True)
class Trained:
    """The network that is kept and how it came about."""

    model: KAN
    rows: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    interrupted: bool


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
    for note in table.notes:
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
    say(f"\n{words.table(table.task, network, others)}\n\n{verdict}")
    say(words.structure(trained.model, table.inputs))
    result = {
        "verdict": verdict,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - began, 2),
        "seed": args.seed,
        "versions": versions(),
        "configuration": {name: value for name, value in vars(args).items() if name not in ("run", "command")},
        "data": describe(args.table, table),
        "held_out": {"rows": len(held), "network": network, "baselines": others, "inside": int(inside.sum()), "network_inside": within},
        "training": {"rows": len(rest), "interrupted": trained.interrupted, "stages": trained.stages},
        "model": {"summary": str(summary(trained.model)), "edits": [f"{edit.action}: {edit.detail}" for edit in trained.model.edits]},
    }
    with new_folder(args.out, args.force, OWN) as folder:
        write_whole(folder / MODEL, to_bytes(trained.model))
        write_whole(folder / HISTORY, csv_text(trained.rows))
        write_whole(folder / RESULT, json_text(result))
    say(f"\nwritten to {args.out}: {MODEL}, {HISTORY}, {RESULT}")
    return 130 if trained.interrupted else 0


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
        raise DataError(f"{args.table} has {len(table)} usable rows; a fit that holds some out to judge itself needs at least {FEWEST}")
    return table


def learn(rest: Table, args: argparse.Namespace, progress: bool) -> Trained:
    """Fit with mild sparsity, prune, and fit again what is left. The network before pruning is kept where the one after it is clearly worse on the
    rows that `fit` holds out, which are the same in both runs."""
    outputs = rest.y.shape[1] if rest.classes is None else len(rest.classes)
    hidden = [width for width in args.hidden if width]
    model = KAN((len(rest.inputs), *hidden, outputs), grid_size=args.grids[0] if args.grids else 5, seed=args.seed)
    settings: dict[str, Any] = {
        "grids": args.grids or "auto",
        "loss": "squared_error" if rest.classes is None else "cross_entropy",
        "seed": args.seed,
        "progress": progress,
    }
    first = train(model, rest.X, rest.y, sparsity=args.sparsity, **settings)
    rows = [{"part": "fit", **row} for row in first.history]
    stages = [stage("fit", first)]
    chosen = first
    if args.sparsity > 0 and first.status is not Status.INTERRUPTED:
        try:
            second = train(prune(first.model, rest.X), rest.X, rest.y, **settings)
            rows += [{"part": "refit", **row} for row in second.history]
            stages.append(stage("refit after pruning", second))
            if not worse(second, first):
                chosen = second
        except KeyboardInterrupt:  # outside fit, which catches its own: the network before pruning is kept
            return Trained(named(first.model, rest), rows, stages, True)
    return Trained(named(chosen.model, rest), rows, stages, stages[-1]["status"] == Status.INTERRUPTED.name)


def worse(new: FitResult, old: FitResult) -> bool:
    """Whether the held-out loss has risen by more than a smaller network is worth."""
    return new.validation_loss is not None and old.validation_loss is not None and not new.validation_loss <= WORTH * old.validation_loss


def named(model: KAN, rest: Table) -> KAN:
    """The model with the names, classes and ranges of the rows that it was fitted to."""
    low, high = rest.X.amin(dim=0).tolist(), rest.X.amax(dim=0).tolist()
    return model.build(metadata=replace(rest, ranges=tuple(zip(low, high, strict=True))).metadata())


def stage(name: str, result: FitResult) -> dict[str, Any]:
    """One training run in words and figures."""
    return {
        "name": name,
        "status": result.status.name,
        "message": result.message,
        "train_loss": result.train_loss,
        "validation_loss": result.validation_loss,
        "seconds": round(result.seconds, 2),
        "edges": summary(result.model).edges,
    }


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

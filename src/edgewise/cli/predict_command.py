"""`edgewise predict`: a new table in, the same table with the predicted columns out."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from ..data import EncodedRows, encode
from ..errors import DataError, ShapeError
from ..files import clear_leftovers, write_whole
from ..metadata import Metadata
from ..model import KAN
from ..prediction import as_mean, finite_outputs
from ..screen import nobody, on_stderr, told_by
from ..studies.folder import open_run
from .safe_csv import inert
from .streams import print_data


def run(args: argparse.Namespace) -> int:
    """Do it. Raises `EdgewiseError` for whatever the user can mend."""
    if args.out and Path(args.out).is_file() and not args.force:
        raise DataError(f"{args.out} exists already; choose another name, or replace it with --force")
    if args.out:
        clear_leftovers(args.out)
    model, _ = open_run(args.run_folder)
    rows = encode(args.table, model.metadata, drop=args.drop or (), used=model.used_inputs)
    if not args.quiet:
        for note in rows.notes:
            print(f"note: {note}", file=sys.stderr)
    with told_by(nobody if args.quiet else on_stderr):
        text = output(model.metadata, rows, predictions(model, rows.X), inert if args.safe_csv else str)
    if args.out:
        write_whole(args.out, text)
        if not args.quiet:
            print(f"{len(rows.X)} predictions written to {args.out}", file=sys.stderr)
    else:
        print_data(text)
    return 0


def predictions(model: KAN, X: Tensor) -> Tensor:
    """The network's means (n, k), class probabilities for a classification. Raises `ShapeError` where the columns do
    not fit."""
    if X.shape[1] != model.topology.features:
        raise ShapeError(
            f"the table gives {X.shape[1]} columns, the network takes {model.topology.features}; it was saved without"
            " their names"
        )
    with torch.no_grad():
        y = model(X.to(model.dtype))
    y = finite_outputs(y)
    return y.softmax(dim=1) if model.metadata.classes else finite_outputs(as_mean(y, model.metadata.link))


def output(metadata: Metadata, rows: EncodedRows, y: Tensor, cell: Callable[[str], str] = str) -> str:
    """The kept rows as they were read, then the predictions, in the separator and decimal mark of the table; each text
    as `cell` writes it."""
    grid = rows.grid
    outputs = metadata.outputs or tuple(f"y{index + 1}" for index in range(y.shape[1]))
    if metadata.classes:
        names = [f"predicted {outputs[0]}", *(f"p({outputs[0]}={label})" for label in metadata.classes)]
        best = y.argmax(dim=1).tolist()
        added = [
            [metadata.classes[code], *(_written(p, grid.decimal) for p in row)]
            for code, row in zip(best, y.tolist(), strict=True)
        ]
    else:
        names = [f"predicted {name}" for name in outputs]
        added = [[_written(value, grid.decimal) for value in row] for row in y.tolist()]
    out = io.StringIO()
    writer = csv.writer(out, delimiter="," if grid.separator == " " else grid.separator, lineterminator="\n")
    writer.writerow([cell(name) for name in (*grid.names, *names)])
    columns = grid.stored.texts() if grid.stored else grid.columns
    for row, values in zip(rows.kept, added, strict=True):
        writer.writerow([cell(str(text)) for text in (*(column[row] for column in columns), *values)])
    return out.getvalue()


def _written(value: float, decimal: str) -> str:
    return repr(value).replace(".", decimal)

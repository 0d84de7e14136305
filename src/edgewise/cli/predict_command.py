"""`edgewise predict`: a new table in, the same table with the predicted columns out."""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data import EncodedRows, encode
from ..data.text import PARQUET, starts_with
from ..errors import ConfigError, DataError, ShapeError
from ..files import clear_leftovers, write_whole
from ..metadata import Metadata
from ..model import KAN
from ..prediction import as_mean, finite_outputs
from ..screen import nobody, on_stderr, told_by
from ..studies.folder import open_run
from .safe_csv import inert
from .streams import print_data

PARQUET_ENDINGS = (".parquet", ".pq")
OTHER_ENDINGS = frozenset(  # of tables in other forms than fields and separators
    ".arrow .avro .db .dta .feather .h5 .hdf5 .html .ipc .json .jsonl .ndjson .npy .npz .ods .orc .pickle .pkl .rds"
    " .sas7bdat .sav .sqlite .xls .xlsb .xlsm .xlsx .xml".split()
)


def run(args: argparse.Namespace) -> int:
    """Do it. Raises `EdgewiseError` for whatever the user can mend."""
    as_parquet = _writes_parquet(args)
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
        names, values = predicted(model.metadata, predictions(model, rows.X))
    if as_parquet and rows.grid.stored:
        write_whole(args.out, rows.grid.stored.extended(rows.kept, names, values))
    else:
        text = output(rows, names, values, inert if args.safe_csv else str)
        if not args.out:
            print_data(text)
            return 0
        write_whole(args.out, text)
    if not args.quiet:
        print(f"{len(rows.X)} predictions written to {args.out}", file=sys.stderr)
    return 0


def _writes_parquet(args: argparse.Namespace) -> bool:
    """Whether --out asks for Parquet. Raises `ConfigError` for an ending of files that are not written."""
    ending = Path(args.out or "").suffix.lower()
    if ending in OTHER_ENDINGS:
        raise ConfigError(f"--out {args.out}: predictions are a .csv, .tsv, .txt or .parquet file, got {ending}")
    if ending not in PARQUET_ENDINGS:
        return False
    if os.path.exists(args.table) and not starts_with(args.table, PARQUET):
        raise ConfigError(f"--out {args.out}: Parquet is written only where the table is Parquet; name a .csv file")
    if args.safe_csv:
        raise ConfigError(f"--safe-csv is for text that a spreadsheet opens, and {args.out} is none; leave it out")
    return True


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


def predicted(metadata: Metadata, y: Tensor) -> tuple[list[str], list[list[Any]]]:
    """The names of the columns that predictions y (n, k) make, and the values of each: numbers, and labels of classes
    with their probabilities."""
    outputs = metadata.outputs or tuple(f"y{index + 1}" for index in range(y.shape[1]))
    if not metadata.classes:
        return [f"predicted {name}" for name in outputs], y.T.tolist()
    labels = [metadata.classes[code] for code in y.argmax(dim=1).tolist()]
    names = [f"predicted {outputs[0]}", *(f"p({outputs[0]}={label})" for label in metadata.classes)]
    return names, [labels, *y.T.tolist()]


def output(
    rows: EncodedRows, names: Sequence[str], values: Sequence[Sequence[Any]], cell: Callable[[str], str] = str
) -> str:
    """The kept rows as they were read, then these columns, in the separator and decimal mark of the table; each text as
    `cell` writes it."""
    grid = rows.grid
    out = io.StringIO()
    writer = csv.writer(out, delimiter="," if grid.separator == " " else grid.separator, lineterminator="\n")
    writer.writerow([cell(name) for name in (*grid.names, *names)])
    columns = grid.stored.texts() if grid.stored else grid.columns
    for row, *added in zip(rows.kept, *values, strict=True):
        new = [repr(value).replace(".", grid.decimal) if isinstance(value, float) else value for value in added]
        writer.writerow([cell(str(text)) for text in (*(column[row] for column in columns), *new)])
    return out.getvalue()

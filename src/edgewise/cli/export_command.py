"""`edgewise export`: a run's network in another language."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..discovery.formulas.named_formula import spelled
from ..errors import ConfigError, DataError
from ..exports import export
from ..files import clear_leftovers, write_whole
from ..model import KAN
from ..studies.folder import open_run
from ..symbolic.written import input_symbols
from .streams import print_data


def run(args: argparse.Namespace) -> int:
    """Write it to a file, or to standard output.

    Columns of levels, of dates and with gaps are several inputs each, such as `colour=red`, as `edgewise info` lists
    them. A row of "sql" is one of the table itself; in the other languages it holds these inputs.

    Args:
        args: `run_folder`, `to`, `out`, `function`, `force`, as the parser gives them.

    Raises:
        EdgewiseError: for a folder that holds no run, a file that is there already or has no name, or what the language
            does not have.
    """
    if args.out is not None and not str(args.out).strip():
        raise ConfigError(f"--out needs the name of a file, got {args.out!r}; leave it out for standard output")
    if args.to == "onnx" and not args.out:
        raise ConfigError("--to onnx writes a file that is no text; say where, such as --out model.onnx")
    if args.out and Path(args.out).is_file() and not args.force:
        raise DataError(f"{args.out} exists already; choose another name, or replace it with --force")
    model, _ = open_run(args.run_folder)
    if not args.out:
        print_data(_as_text(export(model, args.to, function=args.function), model))
        return 0
    clear_leftovers(args.out)
    if args.to == "onnx":
        export(model, args.to, path=args.out)
    else:
        write_whole(args.out, _as_text(export(model, args.to, function=args.function), model))
    print(f"written to {args.out}")
    return 0


def _as_text(exported: Any, model: KAN) -> str:
    """What was exported, with an end of line; expressions of sympy one a line, as `ew.from_formula` reads them."""
    if isinstance(exported, str):
        text = exported
    else:
        names = [str(symbol) for symbol in input_symbols(model)]
        text = "\n".join(spelled(expression, names) for expression in exported)
    return text if text.endswith("\n") else text + "\n"

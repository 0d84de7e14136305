"""The options of every subcommand; nothing heavy is imported here, so that help and mistyped options answer at once."""

from __future__ import annotations

import argparse
from typing import Any

from .. import __version__
from .options import amount, constant, constraint, growing, hidden, share, unit, whole

HELD_OUT = 0.2
USER_ERROR = 2  # argparse ends with it, too
UNSAID = 3
LANGUAGES = ("python", "numpy", "torch", "c", "latex", "sympy", "sql", "onnx")
STATUS = """exit status:
  0      done
  1      done, but a bug of edgewise kept a part from being made
  2      not done, or not written to its place, for a reason that the message tells
  3      done, but not all of the output could be written
  128+N  ended by signal N: 130 for Ctrl-C; what fit or discover has by then is written"""
SPARSITY = 0.01  # mild: what matters stays, and idle edges fall to constants


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="edgewise",
        description="Fit Kolmogorov-Arnold networks to tables.",
        epilog=STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"edgewise {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (_fit, _discover, _predict, _info, _plot, _export, _warmup):
        add(commands)
    return top


def _fit(commands: Any) -> None:
    about = "Fit a network to a table and judge it on rows it has not seen."
    it = commands.add_parser("fit", help="fit a network to a table", description=about, allow_abbrev=False)
    it.add_argument(
        "table", help="a text table with a header: CSV, TSV, ...; separator, encoding and decimal mark are guessed"
    )
    it.add_argument(
        "--target",
        action="append",
        metavar="NAME",
        help="the column to predict (again, or joined by commas, for several)",
    )
    it.add_argument("--out", required=True, metavar="FOLDER", help="the run folder to write")
    it.add_argument(
        "--task",
        choices=("auto", "regression", "classification"),
        default="auto",
        help="auto: classification for text and truth values",
    )
    it.add_argument(
        "--loss",
        default="auto",
        metavar="NAME",
        help="squared_error, huber, absolute_error, quantile=0.9, student_t, poisson, gamma or binomial (default:"
        " squares, or cross-entropy for classes)",
    )
    it.add_argument("--features", action="append", metavar="NAMES", help="the input columns (default: all others)")
    it.add_argument(
        "--drop",
        action="append",
        metavar="NAMES",
        help="columns to leave out; 'rows' leaves out rows with missing or unusable cells, 'targetless' only those"
        " without a target",
    )
    it.add_argument("--categorical", action="append", metavar="NAMES", help="numbers that are levels, one input each")
    it.add_argument(
        "--groups",
        metavar="NAME",
        help="a column such as the patient: whole groups are held out, and the column is no input",
    )
    _ways(it)
    it.add_argument("--force", action="store_true", help="replace an existing run folder")
    it.add_argument(
        "--resume",
        action="store_true",
        help="go on from FOLDER.unfinished, where a killed fit left its state; begin where there is none",
    )
    it.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _ways(it: Any) -> None:
    """How a network is fitted and judged."""
    it.add_argument(
        "--hidden", type=hidden, default=(5,), metavar="N[,N]", help="nodes per hidden layer (default 5; 0: none)"
    )
    it.add_argument(
        "--interactions",
        type=whole,
        metavar="N",
        help="most products of the functions of two inputs (default: as many as the data ask for; 0: none)",
    )
    it.add_argument(
        "--grids",
        type=growing,
        metavar="G[,G]",
        help="intervals of the splines, growing (default: chosen on held-out rows)",
    )
    it.add_argument(
        "--sparsity",
        type=amount,
        default=SPARSITY,
        help=f"pull towards fewer edges (default {SPARSITY}; 0: none, and no pruning)",
    )
    it.add_argument(
        "--test",
        type=share,
        default=HELD_OUT,
        metavar="PART",
        help=f"part of the rows that only judge (default {HELD_OUT})",
    )
    it.add_argument(
        "--effort",
        choices=("quick", "default", "thorough"),
        default="default",
        help="quick: closed form alone; thorough: hidden layers are tried in any case, from more starts",
    )
    it.add_argument(
        "--constraint",
        action="append",
        type=constraint,
        metavar="NAME=SHAPE",
        help="hold the function of an input: increasing, decreasing, convex, concave, non-negative or periodic (such as"
        " hour=periodic:24); again for another",
    )
    it.add_argument("--seed", type=whole, default=0, help="seed of the split, the start and all else (default 0)")
    it.add_argument("--no-formula", action="store_true", help="look for no closed forms and write no formula.txt")


def _discover(commands: Any) -> None:
    about = (
        "Look for the law behind a table. Prints the front: short formulas first, the best one marked. With --out it"
        " writes front.csv, the front, law.txt, the best formula, and report.html."
        " A column of text splits the table: a law is looked for at each of its levels, and one for all of them."
    )
    it = commands.add_parser("discover", help="look for the law behind a table", description=about, allow_abbrev=False)
    it.add_argument("table", help="a text table with a header, as for fit")
    it.add_argument("--target", action="append", metavar="NAME", help="the column that the law is to explain")
    it.add_argument("--out", metavar="FOLDER", help="the folder to write (default: none, the front is printed)")
    it.add_argument("--features", action="append", metavar="NAMES", help="the columns to use (default: all others)")
    it.add_argument(
        "--drop",
        action="append",
        metavar="NAMES",
        help="columns to leave out; 'rows' leaves out rows with missing or unusable cells, 'targetless' only those"
        " without a target",
    )
    it.add_argument(
        "--categorical",
        action="append",
        metavar="NAMES",
        help="columns that hold levels though they are numbers: a law is looked for at each level, as for text",
    )
    it.add_argument(
        "--unit",
        action="append",
        type=unit,
        metavar="NAME=UNIT",
        help="the unit of a column, a constant or the target, such as v=m/s (again for each, '' for none; all or none)",
    )
    it.add_argument(
        "--constant",
        action="append",
        type=constant,
        metavar="NAME=VALUE",
        help="a constant that the law may hold by its name, such as g=9.81 (again for each)",
    )
    it.add_argument(
        "--seconds", type=amount, default=60.0, metavar="S", help="begin no step after so many (default 60)"
    )
    it.add_argument("--seed", type=whole, default=0, help="seed of the split of the rows (default 0)")
    it.add_argument("--force", action="store_true", help="replace an existing folder of this kind")
    it.add_argument(
        "--quiet", action="store_true", help="print nothing but errors, and the front where there is no --out"
    )
    it.set_defaults(task="regression", groups=None)


def _predict(commands: Any) -> None:
    about = "Predict with a fitted network; columns are found by name. Writes the table with the predictions behind it."
    it = commands.add_parser("predict", help="predict with a fitted network", description=about, allow_abbrev=False)
    it.add_argument("run_folder", metavar="RUN", help="the folder that edgewise fit wrote")
    it.add_argument("table", help="a table with the inputs that the network needs: of text, or Parquet")
    it.add_argument(
        "--out",
        metavar="FILE",
        help="where to write (default: standard output): text, or Parquet where table and FILE are .parquet",
    )
    it.add_argument(
        "--drop", action="append", choices=("rows",), help="'rows' leaves out rows with missing or unusable cells"
    )
    it.add_argument(
        "--safe-csv",
        action="store_true",
        help="put ' before text that a spreadsheet would run as a formula: it begins with =, +, -, @, tab or return",
    )
    it.add_argument("--force", action="store_true", help="replace an existing file")
    it.add_argument("--quiet", action="store_true", help="print no notes")


def _info(commands: Any) -> None:
    it = commands.add_parser(
        "info", help="what a run folder holds", description="Say what a run folder holds.", allow_abbrev=False
    )
    it.add_argument("run_folder", metavar="RUN", help="the folder that edgewise fit wrote, or a model file")


def _plot(commands: Any) -> None:
    about = (
        "Draw a fitted network: nodes, and every edge with its function. The ending of FILE chooses SVG, PDF or PNG."
    )
    it = commands.add_parser("plot", help="draw a fitted network", description=about, allow_abbrev=False)
    it.add_argument("run_folder", metavar="RUN", help="the folder that edgewise fit wrote, or a model file")
    it.add_argument("--out", metavar="FILE", help="where to write (default: kan.svg in the run folder)")
    it.add_argument("--title", metavar="TEXT", help="a title above the picture")
    it.add_argument(
        "--top", type=whole, metavar="N", help="the most edges shown in each layer, by importance (default 40; 0: all)"
    )
    it.add_argument(
        "--threshold", type=amount, default=0.0, metavar="SCORE", help="leave out edges of less importance (default 0)"
    )
    it.add_argument("--force", action="store_true", help="replace an existing file")


def _export(commands: Any) -> None:
    about = (
        "Write a fitted network in another language, to run without edgewise. It takes the inputs that `edgewise info`"
        " lists, in this order; sql takes the table itself, by the names of its columns."
    )
    it = commands.add_parser("export", help="a fitted network as code", description=about, allow_abbrev=False)
    it.add_argument("run_folder", metavar="RUN", help="the folder that edgewise fit wrote, or a model file")
    it.add_argument(
        "--to", required=True, choices=LANGUAGES, help="the language; onnx needs --out and the package onnx"
    )
    it.add_argument("--out", metavar="FILE", help="where to write (default: standard output)")
    it.add_argument(
        "--function",
        default="predict",
        metavar="NAME",
        help="the name of the function (default predict), in sql that of the table (default data)",
    )
    it.add_argument("--force", action="store_true", help="replace an existing file")


def _warmup(commands: Any) -> None:
    about = (
        "Compile the kernels for this processor now, so that no fit has to. They are kept in the folder that"
        " EDGEWISE_CACHE_DIR names, or in the user's cache folder. For images and clusters: run it once for each kind"
        " of processor, with a folder that every user can read."
    )
    commands.add_parser("warmup", help="compile the kernels now", description=about, allow_abbrev=False)

"""Functions that are in no table of the paper, by the same rules."""

from __future__ import annotations

from .. import paper
from ..runner import Options

TITLE = "Functions of our own choosing"
ABOUT = """Twelve functions of one to three variables that are in no table of the paper
(`experiments/data/own_functions.csv`), by the same rules:
a check that the method, not the rows, was worked on. There are no figures of the paper;
pykan on the same data is the yardstick
(`--peers mlp` adds MLPs)."""


def run(options: Options) -> int:
    """Fit them."""
    return paper.run("own_functions", "own", TITLE, ABOUT, options)

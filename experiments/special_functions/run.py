"""Table 1 of the paper."""

from __future__ import annotations

from .. import paper
from ..runner import Options

TITLE = "Special functions"
ABOUT = """Table 1 of the KAN paper (arXiv 2404.19756): 15 special functions of two variables, root mean square
error on test points. The paper's MLPs
are its best of width 5 or 100 and depth 2 to 6, its KANs its best of width 5 and depth 2 to 6."""


def run(options: Options) -> int:
    """Repeat the table."""
    return paper.run("special_functions", "special", TITLE, ABOUT, options)

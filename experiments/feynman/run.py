"""Table 2 of the paper."""

from __future__ import annotations

from .. import paper
from ..runner import Options

TITLE = "Feynman equations"
ABOUT = """Table 2 of the KAN paper (arXiv 2404.19756): 27 equations of the Feynman lectures in dimensionless form,
root mean square error on test
points. The paper's KAN figure is the best of its human-built, pruned and unpruned networks."""


def run(options: Options) -> int:
    """Repeat the table."""
    return paper.run("feynman", "feynman", TITLE, ABOUT, options)

"""Model to model: every function here returns a new model, leaves the old one as it was, and notes what it did in
`.edits`."""

from __future__ import annotations

from .adapt import adapt as adapt
from .edge import EdgeFunction as EdgeFunction
from .edge import edge as edge
from .edits import deepen as deepen
from .edits import perturb as perturb
from .edits import swap as swap
from .edits import widen as widen
from .grids import extend as extend
from .grids import refine as refine
from .merge import merge as merge
from .prune import prune as prune
from .structure import remove as remove
from .structure import tidy as tidy
from .symbolic import set_symbolic as set_symbolic
from .symbolic import unset_symbolic as unset_symbolic

__all__ = [
    "EdgeFunction",
    "adapt",
    "deepen",
    "edge",
    "extend",
    "merge",
    "perturb",
    "prune",
    "refine",
    "remove",
    "set_symbolic",
    "swap",
    "tidy",
    "unset_symbolic",
    "widen",
]

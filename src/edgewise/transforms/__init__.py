"""Model to model: every function here returns a new model, leaves the old one as it was, and notes what it did in `.edits`."""

from __future__ import annotations

from .grids import adapt as adapt
from .grids import extend as extend
from .grids import refine as refine
from .merge import merge as merge
from .prune import prune as prune
from .structure import remove as remove
from .structure import tidy as tidy

__all__ = ["adapt", "extend", "merge", "prune", "refine", "remove", "tidy"]

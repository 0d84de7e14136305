"""A network as text for elsewhere: Python, numpy, C, LaTeX, sympy. None of it needs this package to run."""

from __future__ import annotations

from .c import c_source
from .export import export
from .latex import latex
from .numpy_module import numpy_source
from .python import python_source

__all__ = ["c_source", "export", "latex", "numpy_source", "python_source"]

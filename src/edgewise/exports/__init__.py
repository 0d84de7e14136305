"""A network for elsewhere: Python, numpy, torch, C, SQL, ONNX, LaTeX, sympy. None of it needs this package to run."""

from __future__ import annotations

from .c import c_source
from .export import export
from .latex import latex
from .numpy_module import numpy_source
from .onnx_file import onnx_bytes
from .python import python_source
from .sql import sql_source

__all__ = ["c_source", "export", "latex", "numpy_source", "onnx_bytes", "python_source", "sql_source"]

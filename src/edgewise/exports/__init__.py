"""A network for elsewhere: Python, numpy, torch, C, SQL, ONNX, LaTeX, sympy. None of it needs this package to run."""

from __future__ import annotations

from .export import export

__all__ = ["export"]

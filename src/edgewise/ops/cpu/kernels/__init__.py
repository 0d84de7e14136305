"""The source of the kernels, in the part of Python that numba compiles. Nothing here runs where edgewise is used:
`emit.py` makes bitcode of it, which `..machine_code` takes."""

from __future__ import annotations

import hashlib
from pathlib import Path


def digest(folder: Path = Path(__file__).parent) -> str:
    """A digest of the text of every Python file in a folder: whether the bitcode is that of these sources."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py"))]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()

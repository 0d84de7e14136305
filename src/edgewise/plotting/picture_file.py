"""A figure as the bytes of a file: the same figure gives the same bytes."""

from __future__ import annotations

import io
from typing import Any

from ..errors import require

SALT = "edgewise"  # matplotlib names clip paths by a hash, which is salted at random unless told otherwise
DPI = 200


def as_file(figure: Any, kind: str) -> bytes:
    """A matplotlib figure as "svg", "pdf" or "png"."""
    date = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    file = io.BytesIO()
    with require("matplotlib").rc_context({"svg.hashsalt": SALT}):
        figure.savefig(file, format=kind, dpi=DPI, metadata=date)
    return file.getvalue()

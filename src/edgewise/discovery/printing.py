"""A front as text."""

from __future__ import annotations

from collections.abc import Sequence

from .laws import SHOWN, Law


def table(front: Sequence[Law], best: Law, target: str, message: str) -> str:
    """One line for each formula, the best one marked, and the message below."""
    rows = [("", "complexity", "rmse", "r2", target)]
    for law in front:
        text = str(law)
        text = text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
        mark = "*" if str(law) == str(best) else ""
        rows.append((mark, str(law.complexity), f"{law.rmse:.3g}", f"{law.r2:.6f}", text))
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, message])

"""A front as text."""

from __future__ import annotations

from collections.abc import Sequence

from .laws import SHOWN, Law


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Cells as lines, each column as wide as its widest cell.

    >>> aligned([("a", "b"), ("long", "c")])
    ['a     b', 'long  c']
    """
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def clipped_formula(formula: object) -> str:
    """A formula as text that fits a line."""
    text = str(formula)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def table(front: Sequence[Law], best: Law, target: str, message: str) -> str:
    """One line for each formula, the best one marked, and the message below."""
    rows = [("", "complexity", "rmse", "r2", target)]
    for law in front:
        mark = "*" if str(law) == str(best) else ""
        rows.append((mark, str(law.complexity), f"{law.rmse:.3g}", f"{law.r2:.6f}", clipped_formula(law)))
    return "\n".join([*aligned(rows), message])

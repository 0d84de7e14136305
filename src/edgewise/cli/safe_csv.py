"""Cells that no spreadsheet runs as a formula."""

from __future__ import annotations

from ..data.cells import is_numeric

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # OWASP, "CSV Injection"


def inert(cell: str) -> str:
    """The cell, with a ' before text that begins like a formula; numbers stay as they are.

    Spreadsheets show what follows the ' as text. Source: OWASP, "CSV Injection".

    >>> inert("=1+1"), inert("-1.5"), inert("red")
    ("'=1+1", '-1.5', 'red')
    """
    return "'" + cell if cell.startswith(STARTS_A_FORMULA) and not is_numeric(cell) else cell

"""The names of columns as they stand in formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CONSTANTS = ("pi", "E")  # what formulas call so is no column


def in_formula(name: str) -> str:
    """The name of a column as it stands in a formula: in backquotes where it could be taken for anything else, as
    `ew.from_formula` reads it.

    >>> in_formula("x"), in_formula("x-1"), in_formula("pi")
    ('x', '`x-1`', '`pi`')
    """
    return name if name.isidentifier() and name not in CONSTANTS else f"`{name.replace('`', '``')}`"


def spelled(expression: Any, names: Sequence[str]) -> str:
    """A sympy expression over the columns of these names as text, the names as `in_formula` has them."""
    import sympy

    return str(expression.xreplace({sympy.Symbol(name): sympy.Symbol(in_formula(name)) for name in names}))

"""A formula over named columns: what laws, conserved quantities and surfaces between classes have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..data import as_matrix
from .tree import Node, to_sympy, values, written

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


class NamedFormula:
    """A formula that can be called and written. A subclass is a dataclass with the fields `names` and `_node`."""

    names: tuple[str, ...]
    _node: Node

    @property
    def expression(self) -> Any:
        """The formula in sympy, over plain symbols with the names of the columns."""
        import sympy

        return to_sympy(self._node, [sympy.Symbol(name) for name in self.names])

    def __call__(self, X: Any) -> Tensor:
        """The formula on rows X (n, d), by the order of the columns: a tensor (n,).

        Raises:
            DataError, ShapeError: rows that cannot be used.
        """
        return values(self._node, as_matrix(X, width=len(self.names), dtype=torch.float64, device="cpu")).clone()

    @property
    def text(self) -> str:
        """The formula as text with all digits of its constants."""
        return spelled(self.expression, self.names)

    def __str__(self) -> str:
        return written(self._node, [*map(in_formula, self.names)])

"""A formula over named columns: what laws, conserved quantities and surfaces between classes have in common."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...data import as_matrix
from ...symbolic.column_names import CONSTANTS, in_formula, spelled
from .tree import Node, to_sympy, values, written

__all__ = ["CONSTANTS", "NamedFormula", "in_formula", "spelled"]


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

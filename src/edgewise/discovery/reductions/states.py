"""What is left to find: y = prefactor * g(columns), where both are formulas of the given columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..formulas.tree import ONE, Apply, Node, Var, on_columns, power, product, values, written
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from ..tables.law_task import LawRows

ROUND_OFF = 1e-13  # part of a column's size within which all its values are one: some hundred roundings of float64
FEW = 8  # rows that tell columns apart


@dataclass(frozen=True)
class Reduction:
    """A step to fewer columns. rest: what the test left, as a part of the gradient's size."""

    kind: str
    count: int
    rest: float


@dataclass(frozen=True)
class ReducedProblem:
    """A reduced problem. columns: formulas of the given columns, as arguments of g; trail: how it came about."""

    prefactor: Node
    columns: tuple[Node, ...]
    trail: tuple[Reduction, ...] = ()

    @staticmethod
    def whole(d: int) -> ReducedProblem:
        """The problem as it is given."""
        return ReducedProblem(ONE, tuple(Var(i) for i in range(d)))

    def without_constants(self, rows: LawRows) -> ReducedProblem:
        """The problem without columns that have one value, but for round-off, on all rows: they explain nothing."""
        kept = [node for node in self.columns if _varies(values(node, rows.X))]
        return replace(self, columns=tuple(kept))

    def inner(self, rows: LawRows) -> tuple[Tensor, Tensor, Tensor]:
        """Columns (n, m), g (n,) and prefactor (n,) on these rows; rows where one is not finite are left out."""
        Z = torch.stack([values(node, rows.X) for node in self.columns], 1) if self.columns else rows.X[:, :0]
        factor = values(self.prefactor, rows.X)
        g = rows.y / factor
        usable = torch.isfinite(Z).all(1) & torch.isfinite(g) & torch.isfinite(factor)
        return Z[usable], g[usable], factor[usable]

    def fingerprint(self, rows: LawRows) -> frozenset[tuple[float, ...]]:
        """What is equal for states with the same columns, however these are written, moved or stretched."""
        Z = self.inner(rows)[0]
        apart = Z - Z.mean(0)
        apart = apart / apart.square().mean(0).sqrt().clamp(min=1e-300)
        apart = apart * apart[:1].sign()
        return frozenset(tuple((column * 2**20).round().tolist()) for column in apart[:FEW].T)

    def formula(self, inner: Node) -> Node:
        """y as a formula of the given columns, from that of g."""
        return product(self.prefactor, on_columns(inner, self.columns))

    def turned(self, rows: LawRows) -> list[ReducedProblem]:
        """The same problem in one over its column, and in the logarithm of it: a function that is short in one of them
        may be long in another. None where there are more columns, or a column has a zero."""
        if len(self.columns) != 1:
            return []
        z = self.inner(rows)[0]
        if not len(z) or not float(z.abs().min()) > LINEAR_ALGEBRA.least_spread * float(z.abs().max()):
            return []
        column = self.columns[0]
        others = [power(column, -1.0), *([Apply("log", column)] if float(z.min()) > 0 else [])]
        return [replace(self, columns=(other,)) for other in others]

    def words(self, names: Sequence[str]) -> str:
        """The columns, as they are written."""
        return ", ".join(written(column, names) for column in self.columns)

    def call(self, names: Sequence[str]) -> str:
        """g of its columns, as it is written, by a letter that no column is called."""
        if not self.columns:
            return "a constant"
        letter = next((letter for letter in "gGhH" if letter not in names), "function")
        return f"{letter}({self.words(names)})"


def _varies(column: Tensor) -> bool:
    usable = column[torch.isfinite(column)]
    return len(usable) > 0 and float(usable.max() - usable.min()) > ROUND_OFF * float(usable.abs().max())

"""A law with constants by level: one formula for all levels of a column, such as `k[material]*x/z`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...errors import DataError, did_you_mean, shown
from ..formulas.named_formula import spelled
from ..formulas.simplify import simplified
from ..formulas.tree import Node, Num, complexity, numbers_of, to_sympy, values, with_numbers
from ..judging.laws import LawConstant
from ..tables.law_task import LawTask
from .common_form import CommonForm
from .level_rows import level_of_rows

LETTERS = ("k", "c", "q", "h")  # of constants by level, the first that no column is called by
DIGITS = 6  # of constants, where the formula is shown


@dataclass(frozen=True, repr=False)
class SharedLaw:
    """One formula for all levels. Its figures come from rows that neither fitted nor chose it, of all levels.

    Attributes:
        names: of the columns of numbers.
        columns: those that hold levels.
        symbols: of the constants that differ by level, such as "k[material]".
        by_level: level -> the value of each of these, with its standard error.
        constants: those that all levels have, and that are no simple numbers.
        complexity: symbols of the formula, a constant by level counted as one.
        rmse: root mean squared error.
        r2: part of the variance that it explains.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    symbols: tuple[str, ...]
    by_level: Mapping[str, tuple[LawConstant, ...]]
    constants: tuple[LawConstant, ...]
    complexity: int
    rmse: float
    r2: float
    _node: Node
    _own: tuple[int, ...]
    _formulas: Mapping[str, Node]

    @property
    def expression(self) -> Any:
        """The formula in sympy, over plain symbols: the columns, and the constants by level."""
        import sympy

        letters = {place: sympy.Symbol(word) for place, word in zip(self._own, self.symbols, strict=True)}
        numbers = [Num(part.value, part.name) for part in numbers_of(self._node)]  # each told by its identity
        marked = {id(numbers[place]): symbol for place, symbol in letters.items()}
        node = with_numbers(self._node, numbers)
        symbols = [sympy.Symbol(name) for name in self.names]
        return to_sympy(node, symbols, lambda part: marked.get(id(part)))

    @property
    def text(self) -> str:
        """The formula as text with all digits of its constants."""
        return spelled(self.expression, self.names)

    def __call__(self, X: Any) -> Tensor:
        """The law on rows (n,): a DataFrame, or a mapping of columns, with the levels and the numbers by their names.

        Raises:
            DataError, ShapeError: rows that cannot be used, and levels that were not there.
        """
        return at_rows(X, self.columns, self.names, self._formulas)

    def __str__(self) -> str:
        import sympy

        expression = self.expression
        short = expression.xreplace({part: sympy.Float(part, DIGITS) for part in expression.atoms(sympy.Float)})
        return spelled(short, self.names)

    def __repr__(self) -> str:
        return f"SharedLaw({self}, rmse={self.rmse:.3g}, complexity={self.complexity})"


def as_shared(
    made: CommonForm, tasks: Mapping[str, LawTask], levels: Sequence[str], columns: tuple[str, ...]
) -> SharedLaw:
    """The law of a form.

    tasks: by level, in the order of the form. levels: in the order in which they are told.
    """
    order = list(tasks)
    names = next(iter(tasks.values())).names
    letter = next((one for one in LETTERS if one not in names), f"{LETTERS[0]}_")
    words = [letter] if len(made.own) == 1 else [f"{letter}{n + 1}" for n in range(len(made.own))]
    own: dict[str, tuple[LawConstant, ...]] = {}
    for level in levels:
        n = order.index(level)
        own[level] = tuple(LawConstant(made.form.numbers[n][p].value, made.spreads[n][p]) for p in made.own)
    common = tuple(
        LawConstant(made.form.numbers[0][place].value, made.spreads[0][place]) for place in sorted(made.form.common)
    )
    numbers = [Num(part.value) if n in made.own else part for n, part in enumerate(made.form.numbers[0])]
    node = with_numbers(made.form.node, numbers)
    formulas = {level: made.at(order.index(level)) for level in levels}
    off, r2 = _figures(formulas, tasks)
    return SharedLaw(
        names=names,
        columns=columns,
        symbols=tuple(f"{word}[{', '.join(columns)}]" for word in words),
        by_level=own,
        constants=common,
        complexity=complexity(simplified(node)),
        rmse=off,
        r2=r2,
        _node=node,
        _own=made.own,
        _formulas=formulas,
    )


def at_rows(X: Any, columns: Sequence[str], names: Sequence[str], formulas: Mapping[str, Node]) -> Tensor:
    """The formula of each row's level (n,). Raises `DataError` for a level without a formula."""
    levels, numbers = level_of_rows(X, columns, names, formulas)
    unknown = [level for level in dict.fromkeys(levels) if level not in formulas]
    if unknown:
        raise DataError(
            f"{', '.join(map(shown, columns))} has the level {shown(unknown[0])}, of which no law is known;"
            f" {did_you_mean(unknown[0], formulas)}"
        )
    found = torch.full((len(levels),), math.nan, dtype=torch.float64)
    for level, node in formulas.items():
        rows = torch.tensor([n for n, one in enumerate(levels) if one == level], dtype=torch.long)
        if len(rows):
            found[rows] = values(node, numbers[rows])
    return found


def _figures(formulas: Mapping[str, Node], tasks: Mapping[str, LawTask]) -> tuple[float, float]:
    """Root mean squared error, and the part of the variance that is explained, on the rows that judge at all levels."""
    judging = [(formulas[level], task.judging) for level, task in tasks.items()]
    left = torch.cat([values(node, rows.X) - rows.y for node, rows in judging]).square().mean()
    mean = torch.cat([task.fitting.y for task in tasks.values()]).mean()
    spread = (torch.cat([rows.y for _, rows in judging]) - mean).square().mean()
    return float(left.sqrt()), float(1 - left / spread) if spread > 0 else math.nan

"""The numbers that price and shorten formulas: each with its meaning, unit and reason. "Not measured" says that a value
was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FormulaTuning:
    """All of them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ length (tree.py, yardstick.py)

    symbol_bits: float = 4.0
    """Bits of a symbol: one of sixteen, about as many as there are columns, operations and short numbers."""
    form_bits: float = 2.0
    """Bits of one step of complexity of a closed form (`primitives/library.py`), where 2 is a sine."""
    constant_bits: float = 16.0
    """Bits of the digits of a free constant: five digits. Half the logarithm of the rows, Rissanen's price, is 5 to 7
    bits; a constant that was looked for costs more. Not measured."""
    exponent_bits: float = 24.0
    """Bits more for a free exponent: nearly all laws have simple ones. Not measured."""

    # ------------------------------------------------------------------ tidy forms (tidy.py)

    tidy_rounds: int = 3
    """Times that computer algebra is asked for a shorter form, each on the last one."""
    tidy_operations: int = 60
    """Operations of a formula, at most, for which it is asked: longer ones take seconds."""
    tidy_equal: float = 1e-11
    """Relative difference of equal formulas, root mean square: ten times that of a pole next to one of 300 rows."""
    tidy_constants: int = 4
    """Free constants of it, at most: each is one more symbol. Not measured."""


FORMULAS = FormulaTuning()

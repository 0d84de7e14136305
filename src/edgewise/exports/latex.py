"""The formulas of a network as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..discovery.judging.laws import Law
from ..discovery.levels.shared_law import SharedLaw
from ..errors import require
from ..model import KAN
from ..symbolic.formula import formula
from ..symbolic.written import output_names
from .law import law_expression, law_outputs

SPECIAL = {  # characters that LaTeX does not take as they are, in text neither
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    **{char: f"\\{char}" for char in "{}$&#%_"},
}
SHOWN_DIGITS = 7  # of decimal constants: what a float32 holds, and as much as anyone reads


def latex(
    model: KAN | Law | SharedLaw, inputs: Sequence[Any] | None = None, outputs: Sequence[Any] | None = None
) -> str:
    r"""The formula of every output as LaTeX, one equation a line. Arguments as for `export`.

    >>> import edgewise as ew
    >>> latex(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)}), inputs=["beta"])
    'y = \\frac{\\beta^{2}}{2}'
    """
    sympy = require("sympy")
    lines = []
    if isinstance(model, Law | SharedLaw):
        named = [(law_outputs(outputs)[0], law_expression(model, inputs))]
    else:
        named = list(zip(output_names(model, outputs), formula(model, inputs), strict=True))
    for name, expression in named:
        rounded = {number: sympy.Float(number, SHOWN_DIGITS) for number in expression.atoms(sympy.Float)}
        short, left = expression.xreplace(rounded), sympy.Symbol(name)
        texts = {
            symbol: rf"\text{{{_escaped(symbol.name)}}}"
            for symbol in {*short.free_symbols, left}
            if not re.fullmatch(r"[A-Za-z]\w*", symbol.name)
        }
        lines.append(f"{sympy.latex(left, symbol_names=texts)} = {sympy.latex(short, symbol_names=texts)}")
    return "\n".join(lines)


def _escaped(name: str) -> str:
    r"""The name as LaTeX text, on one line.

    >>> print(_escaped("50% of a_b"))
    50\% of a\_b
    """
    return "".join(SPECIAL.get(char, char) for char in " ".join(name.split()))

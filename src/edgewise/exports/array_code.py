"""What code over arrays shares, be they numpy's or torch's: the steps, and the edges without closed form as tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .pieces import Pieces
from .statements import Statements, form_of, printed


def steps_of(parts: Statements, printer: Any, constant: str = "{}") -> list[str]:
    """The lines that take columns out of X, and those of the steps.

    Args:
        parts: the network.
        printer: writes the expressions.
        constant: the code of a step that is the same for all rows, with braces for its number.
    """
    lines = [f"    {name} = X[:, {column}]" for _, name, column in parts.columns]
    for name, expression in parts.steps:
        code = printed(printer, expression, list(parts.edges))
        lines.append(f"    {name} = {code if expression.free_symbols else constant.format(code)}")
    return lines


def table_of(name: str, pieces: Pieces, printer: Any, bases: Mapping[str, str], array: str = "{}") -> str:
    """An edge as a table of polynomials and a function that reads it by `_edge`.

    Args:
        name: of the function.
        pieces: the polynomials.
        printer: writes the closed form that the edge has besides, if any.
        bases: base function -> its code.
        array: the code of an array, with braces for the list that it is made of.
    """
    form = form_of(pieces)
    more = "" if form is None else f" + {printed(printer, form)}"
    rows = ",\n    ".join("[" + ", ".join(map(repr, row)) + "]" for row in pieces.coefficients)
    breaks, centres, coefficients = (
        array.format(text) for text in (repr(pieces.breaks), repr(pieces.centres), f"[\n    {rows}]")
    )
    arguments = f"x, {pieces.shift!r}, {pieces.scale!r}, *_{name}, {pieces.base_scale!r}, {bases[pieces.base]}"
    return f"""
_{name} = (
    {breaks},
    {centres},
    {coefficients},
)


def {name}(x):
    return _edge({arguments}){more}
"""


def pairs_of(code: str) -> Callable[[Any, Any], str]:
    """The rule for Max or Min, of any number of arguments, by the code of the one of two: braces for each."""

    def rule(self: Any, expr: Any) -> str:
        text, *rest = (self._print(arg) for arg in expr.args)
        for other in rest:
            text = code.format(text, other)
        return text

    return rule


def printer_of(parent: type, parts: Statements, module: str, **rules: Any) -> Any:
    """A printer of sympy's for arrays that writes every digit, `module` in the place of numpy, and by these rules.

    Args:
        parent: the class of sympy that it goes by.
        parts: whose edges are functions of their own.
        module: the name by which the code knows the library.
        rules: further methods, such as `_print_Max`.
    """

    def _print_Float(self: Any, expr: Any) -> str:
        return repr(float(expr))  # sympy writes 15 digits

    def _module_format(self: Any, fqn: str, register: bool = True) -> str:
        return re.sub(r"^numpy\.", f"{module}.", parent._module_format(self, fqn, register))  # type: ignore[attr-defined]

    own = {"_module": module, "_print_Float": _print_Float, "_module_format": _module_format, **rules}
    settings = {"fully_qualified_modules": True, "user_functions": {name: name for name in parts.edges}}
    return type("Printer", (parent,), own)(settings)

"""The formula of every output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError
from ...plotting.wording import clean
from ..subject import Subject


@dataclass(frozen=True)
class Expression:
    """An output's name, its sympy expression (typeset by the page), and the same as Python and as LaTeX to copy."""

    name: str
    value: Any
    python: str
    latex: str


@dataclass(frozen=True)
class Expressions:
    """One expression per output, and what the names in them stand for."""

    expressions: tuple[Expression, ...]
    notes: tuple[str, ...]


def expressions(subject: Subject, formulas: Sequence[Any] | None, notes: Sequence[str] = ()) -> Expressions | None:
    """The formulas, None where there are none. Raises `ConfigError` for another number of them than of outputs."""
    names = subject.outputs
    if formulas is None:
        return None
    if len(formulas) != len(names):
        raise ConfigError(f"formulas needs one expression per output ({len(names)}), got {len(formulas)}")
    pairs = zip(names, formulas, strict=True)
    found = tuple(Expression(name, value, f"{name} = {clean(value)}", as_latex(value)) for name, value in pairs)
    return Expressions(found, tuple(map(clean, notes)))


def as_latex(value: Any) -> str:
    """An expression in LaTeX, empty where it has none."""
    write = getattr(value, "_repr_latex_", None)
    if not callable(write):
        return ""
    try:
        return clean(write()).removeprefix("$\\displaystyle ").removesuffix("$")
    except Exception:  # what cannot be written in LaTeX is still there as text
        return ""

"""from_formula: a network that is a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from ..config import KANConfig, is_sequence
from ..devices import made_on
from ..discovery.formulas.named_formula import NamedFormula
from ..discovery.formulas.tree import Node
from ..errors import LISTED, ConfigError, SymbolicError, as_words, clipped, knows_keywords, shown, twice
from ..metadata import Edit, Metadata
from ..model import KAN
from .circuit import Circuit
from .edge_sums import EdgeSum
from .formula_reader import names_in, read_formula
from .sympy_reader import is_expression, read_expression, symbols_in
from .wiring import kan_of_stages, stages_of

Formula = Any  # a text, an expression of sympy, or a law


@knows_keywords
def from_formula(
    formula: Formula | Sequence[Formula],
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    *,
    grid_size: int = 5,
    degree: int = 3,
    base: str | None = "silu",
    domain: tuple[float, float] = (-1.0, 1.0),
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> KAN:
    """The KAN that is this formula: every edge is a closed form, and `ew.formula` gives the formula back.

    Sums are nodes, products are nodes that multiply. `fit` can go on from it: all constants are parameters.

    Args:
        formula: a text such as "exp(sin(pi*x) + y**2)", an expression of sympy, or a law (`ew.discover(...).best`). A
            list of these makes one output of each. Text is read by a reader of its own and never run.
        inputs (columns of X): a name for every column, in order, those that no formula reads too. Default: the names
            in a text as they first stand, the symbols of sympy sorted, the columns of a law.
        outputs (outputs): a name for every formula.
        grid_size: intervals of the splines that edges get where they become some, as by `unset_symbolic`.
        degree (0 to 7): of these splines.
        base: the function beside them: "silu", "identity" or "none" (None).
        domain: (low, high), the interval on which they lie.
        dtype: of the parameters.
        device: where they live; torch's default by default.

    Returns:
        The network. Outside the domain of a closed form, as for log(-1), it gives the value at the domain's end.

    Raises:
        SymbolicError: a formula that cannot be read, and at which character; a function or power that no edge holds; a
            constant without finite real value, or larger than the dtype holds.
        ConfigError: names that do not fit, and settings that cannot be used.

    Source: arXiv 2408.10205, section 4.2, which calls it kanpiler.

    >>> model = from_formula("exp(sin(pi*x) + y**2)", inputs=("x", "y"))
    >>> model.topology.shape_text()
    '[2, 1, 1]'
    >>> model(torch.tensor([[0.5, 0.0]], dtype=torch.float64)).item()
    2.718281828459045
    """
    formulas = _listed(formula)
    columns = _found_names(formulas) if inputs is None else _checked_names(inputs, "inputs")
    names = () if outputs is None else _checked_names(outputs, "outputs")
    if names and len(names) != len(formulas):
        raise ConfigError(f"outputs needs {len(formulas)} names, one for every formula, got {shown(outputs)}")
    like = made_on(dtype, device)
    config = KANConfig.create(
        (len(columns), len(formulas)), grid_size=grid_size, degree=degree, base=base, domain=domain
    )
    circuit = Circuit(len(columns))
    outcomes = [_value(circuit, one, columns) for one in formulas]
    edit = Edit("from_formula", clipped("; ".join(clipped(one) for one in formulas), LISTED))
    metadata = Metadata(inputs=columns, outputs=names)
    return kan_of_stages(stages_of(circuit, outcomes), config, metadata, edit, like)


def _listed(formula: Any) -> list[Any]:
    """The formulas, one for each output. Raises `SymbolicError` for anything else."""
    best = getattr(formula, "best", None)  # of all that a search found
    formula = best if isinstance(best, NamedFormula) else formula
    listed = [formula] if _is_formula(formula) else list(formula) if is_sequence(formula) else []
    if not listed or not all(map(_is_formula, listed)):
        raise SymbolicError(
            "formula must be a text such as 'exp(x) + y**2', an expression of sympy, a law of ew.discover, or a list"
            f" of these, got {shown(formula)}"
        )
    return listed


def _is_formula(value: Any) -> bool:
    return isinstance(value, str | NamedFormula) or is_expression(value)


def _found_names(formulas: Iterable[Formula]) -> tuple[str, ...]:
    """The columns, where no names are given. Raises `SymbolicError` for what is no formula, and `ConfigError` for what
    is a constant."""
    found = _names_of(formulas)
    if found:
        return _checked_names(found, "inputs")
    for one in formulas:
        _value(Circuit(0), one, ())  # one that cannot be read names no column either
    raise ConfigError("the formula names no column; give inputs=(...), one name for every column of X")


def _names_of(formulas: Iterable[Formula]) -> tuple[str, ...]:
    """The columns that the formulas name, each once."""
    found: dict[str, None] = {}
    for one in formulas:
        names = one.names if isinstance(one, NamedFormula) else names_in(one) if isinstance(one, str) else None
        found |= dict.fromkeys(symbols_in(one) if names is None else names)
    return tuple(found)


def _checked_names(names: Sequence[Any], what: str) -> tuple[str, ...]:
    words = as_words(names)
    if not words or not all(words):
        raise ConfigError(f"{what} needs names that are not empty, such as ('a', 'b'), got {shown(names)}")
    if again := twice(words):
        raise ConfigError(f"{what} must be different names, got {shown(again[0])} twice")
    return tuple(words)


def _value(circuit: Circuit, formula: Formula, columns: Sequence[str]) -> EdgeSum:
    """What a formula is in the circuit. Raises `SymbolicError` for one that cannot be read."""
    try:
        return circuit.value(_tree(formula, columns))
    except RecursionError as error:  # functions of many arguments, such as max, nest by themselves
        raise SymbolicError(f"the formula nests too deep: {shown(formula)}") from error


def _tree(formula: Formula, columns: Sequence[str]) -> Node:
    if isinstance(formula, str):
        return read_formula(formula, columns)
    return read_expression(formula.expression if isinstance(formula, NamedFormula) else formula, columns)

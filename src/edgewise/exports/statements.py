"""A network in steps, before it is written in any language: columns, named expressions, outputs."""

from __future__ import annotations

import keyword
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..discovery.judging.laws import Law
from ..errors import SymbolicError, require, shown
from ..model import KAN
from ..primitives import get
from ..symbolic.formula import as_mean, formula
from ..symbolic.task import present_forms
from ..symbolic.written import Writer, edge_name, input_symbols, output_names
from .law import law_expression, law_outputs, law_symbols
from .pieces import Pieces
from .stable import stable

STEP = re.compile(r"(out|node|phi)(_\d+)+")  # names of results, nodes and edges
WHOLE_UP_TO = 150  # operations up to which a network is written as one expression; larger ones node by node


@dataclass(frozen=True)
class Statements:
    """A network in steps.

    title: "y from x1, x2", in one line. columns: those used, as (name of the user, name in code, column). steps: name =
    expression, the last of them the outputs. results: names of the outputs. edges: name in code -> the polynomials of
    an edge without closed form.
    """

    title: str
    features: int
    columns: list[tuple[str, str, int]]
    steps: list[tuple[str, Any]]
    results: list[str]
    edges: dict[str, Pieces]


def statements(
    model: KAN | Law, inputs: Sequence[Any] | None, outputs: Sequence[Any] | None, reserved: set[str]
) -> Statements:
    """The network as one expression per output where that is short, node by node otherwise. `reserved`: names that
    mean something in the language. Raises `SymbolicError` for a constant that no float holds."""
    if isinstance(model, Law):
        return _of_law(model, inputs, outputs, reserved)
    sympy = require("sympy")
    symbols, forms = input_symbols(model, inputs), present_forms(model)
    open_edges = [edge for edge in model.active_edges() if model.topology.edge_position(edge) not in forms]
    edges = {edge_name(edge): Pieces.of(model, edge) for edge in open_edges}
    used = list(model.topology.node_ids[0])
    names = _identifiers([str(symbols[column]) for column in used], reserved | set(edges))
    plain = [sympy.Symbol(name) for name in names]
    columns = [(one_line(str(symbols[column])), name, column) for column, name in zip(used, names, strict=True)]
    results = [f"out_{k}" for k in range(len(model.topology.node_ids[-1]))]
    whole = [] if edges else formula(model, inputs)
    short = not edges and sum(expression.count_ops() for expression in whole) <= WHOLE_UP_TO
    if short and all(map(_within_floats, whole)):
        swap = dict(zip((symbols[column] for column in used), plain, strict=True))
        steps = [(name, expression.xreplace(swap)) for name, expression in zip(results, whole, strict=True)]
    else:
        steps = _by_node(model, plain, results)
    steps = _needed(steps, results)
    for name, expression in steps:
        if not _within_floats(expression):
            raise SymbolicError(
                f"{name} holds a constant beyond {sys.float_info.max:.1g}; give inputs or targets another unit"
            )
    read = {symbol.name for _, expression in steps for symbol in expression.free_symbols}
    called = {name for _, expression in steps for name in _undefined(expression)}
    title = f"{', '.join(output_names(model, outputs))} from {', '.join(map(str, symbols))}"
    return Statements(
        one_line(title),
        model.topology.features,
        [column for column in columns if column[1] in read],
        steps,
        results,
        {name: pieces for name, pieces in edges.items() if name in called},
    )


def _of_law(law: Law, inputs: Sequence[Any] | None, outputs: Sequence[Any] | None, reserved: set[str]) -> Statements:
    """The one expression of a law."""
    sympy, symbols = require("sympy"), law_symbols(law, inputs)
    names = _identifiers([str(symbol) for symbol in symbols], reserved)
    swap = {symbol: sympy.Symbol(name) for symbol, name in zip(symbols, names, strict=True)}
    expression = law_expression(law, inputs).xreplace(swap)
    read = {symbol.name for symbol in expression.free_symbols}
    columns = [
        (one_line(str(symbol)), name, place)
        for place, (symbol, name) in enumerate(zip(symbols, names, strict=True))
        if name in read
    ]
    title = one_line(f"{law_outputs(outputs)[0]} from {', '.join(map(str, symbols))}")
    return Statements(title, len(symbols), columns, [("out_0", expression)], ["out_0"], {})


def _by_node(model: KAN, values: list[Any], results: list[str]) -> list[tuple[str, Any]]:
    """Every node as an expression of those before it."""
    sympy, writer = require("sympy"), Writer(model)
    steps: list[tuple[str, Any]] = []
    for number in range(model.topology.depth):
        last = number == model.topology.depth - 1
        nodes = writer.layer(number, values)
        nodes = [as_mean(node, model) for node in nodes] if last else nodes
        labels = results if last else [f"node_{number + 1}_{ident}" for ident in model.topology.node_ids[number + 1]]
        steps += zip(labels, nodes, strict=True)
        values = [sympy.Symbol(label) for label in labels]
    return steps


def _within_floats(expression: Any) -> bool:
    """Whether all constants are numbers that a program can hold: sympy's may be of any size."""
    return all(math.isfinite(_as_float(number)) for number in expression.atoms(require("sympy").Number))


def _as_float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # of a fraction of long whole numbers
        return math.inf


def _needed(steps: list[tuple[str, Any]], results: list[str]) -> list[tuple[str, Any]]:
    """The steps that lead to a result."""
    wanted, kept = set(results), []
    for name, expression in reversed(steps):
        if name in wanted:
            kept.append((name, expression))
            wanted |= {symbol.name for symbol in expression.free_symbols}
    return kept[::-1]


def form_of(pieces: Pieces) -> Any:
    """The closed form that an edge has besides its spline, as an expression of x; None where it has none."""
    if pieces.form is None:
        return None
    name, a, b, c, d = pieces.form
    return c * get(name).expr(a * require("sympy").Symbol("x") + b) + d


def printed(printer: Any, expression: Any, known: Sequence[str] = ()) -> str:
    """The expression in the printer's language; `known` are the names of edges. Raises `SymbolicError` for a function
    that the language does not have."""
    unknown = sorted(_undefined(expression) - set(known))
    if unknown:
        raise SymbolicError(
            f"the closed form {shown(unknown[0])} has no sympy symbol to write it by; give"
            " add_primitive(..., sympy=...)"
        )
    try:
        return printer.doprint(stable(expression))
    except NotImplementedError as error:
        what = str(error).splitlines()[0]
        raise SymbolicError(f"the formula holds a function that cannot be written in this language: {what}") from error


def _undefined(expression: Any) -> set[str]:
    """Names of the functions that have no meaning in sympy: edges, and added primitives without a symbol."""
    return {f.func.__name__ for f in expression.atoms(require("sympy").core.function.AppliedUndef)}


def _identifiers(names: Sequence[str], taken: set[str]) -> list[str]:
    """Names that both Python and C accept, all different."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII) or "x"
        plain = plain if re.match(r"[A-Za-z]", plain) else "x_" + plain
        while plain in found or plain in taken or keyword.iskeyword(plain) or STEP.fullmatch(plain):
            plain += "_"
        found.append(plain)
    return found


def one_line(text: str) -> str:
    """Text that can stand in a comment of either language."""
    return re.sub(r'[\\"\s]+|\*/|/\*', " ", text)

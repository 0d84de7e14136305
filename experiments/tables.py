"""Rows of the paper's tables: a name, a function of numpy arrays, input names and ranges, and the figures that the
paper prints."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special

PAPER_TABLES = Path(__file__).parent / "data" / "paper_tables.csv"
OWN_FUNCTIONS = PAPER_TABLES.with_name("own_functions.csv")
Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Row:
    """One function to fit: X (n, inputs) -> y (n,), uniform on `ranges`. `shapes` and `paper` hold what the paper
    prints for it, by its own names (shapes: human, minimal, best; paper: kan, mlp, minimal, human, pruned,
    unpruned)."""

    name: str
    expression: str
    inputs: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    function: Function
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    paper: Mapping[str, float] = field(default_factory=dict)

    def sample(self, count: int, part: str, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """X (count, inputs) and y (count,); each part ("train", "test") has points of its own, the same in every run.

        `noise`: standard deviation of normal noise on y, relative to that of y.
        """
        stream = np.random.default_rng([zlib.crc32(self.name.encode()), zlib.crc32(part.encode())])
        low, high = np.array(self.ranges).T
        X = stream.uniform(low, high, (count, len(self.inputs)))
        y = np.asarray(self.function(X), dtype=float)
        return X, y + noise * y.std() * stream.standard_normal(count) if noise else y


def sympy_function(expression: str, inputs: Sequence[str]) -> Function:
    """The function of a sympy expression, in which every input is a plain symbol, whatever else sympy knows by its name
    (beta, E, S).

    >>> sympy_function("beta*x + 1", ("x", "beta"))(np.array([[2.0, 3.0]]))
    array([7.])
    """
    import sympy
    from sympy.parsing.sympy_parser import convert_xor, parse_expr, standard_transformations

    symbols = {name: sympy.Symbol(name) for name in inputs}
    tree = parse_expr(expression, local_dict=dict(symbols), transformations=(*standard_transformations, convert_xor))
    if unknown := tree.free_symbols - set(symbols.values()):
        raise ValueError(
            f"{expression!r} uses {sorted(map(str, unknown))}, which are no inputs; the inputs are {list(inputs)}"
        )
    numeric = sympy.lambdify(list(symbols.values()), tree, modules=["numpy", "scipy"])
    return lambda X: np.broadcast_to(numeric(*X.T), X.shape[:1]).astype(float)


def scipy_function(expression: str, inputs: Sequence[str]) -> Function:
    """The function of a text such as "scipy.special.ellipj(x, y)[0]": a call of scipy.special on inputs and whole
    numbers, or one of its results.

    >>> float(scipy_function("scipy.special.lpmv(0, x, y)", ("x", "y"))(np.array([[1.0, 0.5]]))[0])
    0.5
    """
    found = re.fullmatch(r"scipy\.special\.(\w+)\(([^()]*)\)(?:\[(\d+)\])?", expression)
    if found is None or not hasattr(scipy.special, found[1]):
        raise ValueError(f"{expression!r} is no call of a function in scipy.special")
    function, result = getattr(scipy.special, found[1]), found[3]
    arguments = [text.strip() for text in found[2].split(",")]

    def call(X: np.ndarray) -> np.ndarray:
        y = function(*(X[:, inputs.index(text)] if text in inputs else int(text) for text in arguments))
        return np.asarray(y[int(result)] if result else y, dtype=float)

    return call


def harmonic(order: int, degree: int) -> Function:
    """The real part of the spherical harmonic of this order m and degree n, at azimuth X[:, 0] and polar angle X[:, 1].

    >>> round(float(harmonic(0, 0)(np.zeros((1, 2)))[0]) ** 2 * 4 * np.pi, 9)
    1.0
    """
    special: Any = scipy.special
    if hasattr(special, "sph_harm_y"):
        return lambda X: np.real(special.sph_harm_y(degree, order, X[:, 1], X[:, 0]))
    return lambda X: np.real(special.sph_harm(order, degree, X[:, 0], X[:, 1]))  # scipy before 1.15


def function_of(expression: str, inputs: Sequence[str]) -> Function:
    """The function that an entry of the tables describes: a call of scipy.special, a spherical harmonic in words, or a
    sympy expression."""
    if expression.startswith("scipy.special."):
        return scipy_function(expression, inputs)
    if found := re.match(
        r"real part of the spherical harmonic m=(\d+) n=(\d+) at azimuth x, polar angle y", expression
    ):
        return harmonic(int(found[1]), int(found[2]))
    return sympy_function(expression, inputs)


def ranges_of(variables: str) -> dict[str, tuple[float, float]]:
    """Input names and their ranges from "x:0:2*pi y:-1:1".

    >>> ranges_of("x:0:pi/2 beta:-1:1")["beta"]
    (-1.0, 1.0)
    """
    from sympy import N

    found: dict[str, tuple[float, float]] = {}
    for text in variables.split():
        name, low, high = text.split(":")
        found[name] = (float(str(N(low, 20))), float(str(N(high, 20))))
    return found


@cache
def read_rows(table: str) -> tuple[Row, ...]:
    """The rows of the table "special" or "feynman" in the paper's order, or of "own" functions."""
    with (OWN_FUNCTIONS if table == "own" else PAPER_TABLES).open(encoding="utf-8", newline="") as file:
        records = [record for record in csv.DictReader(file) if record["table"] == table]
    if not records:
        raise ValueError(f"there is no table {table!r}; the tables are special, feynman, own")
    return tuple(_row(record) for record in records)


def _row(record: Mapping[str, str]) -> Row:
    ranges = ranges_of(record["variables"])
    shapes = {kind: record.get(f"{kind}_shape") for kind in ("human", "minimal", "best")}
    paper = {kind: record.get(f"{kind}_rmse") for kind in ("kan", "mlp", "minimal", "human", "pruned", "unpruned")}
    return Row(
        name=record["name"],
        expression=record["expression"],
        inputs=tuple(ranges),
        ranges=tuple(ranges.values()),
        function=function_of(record["expression"], tuple(ranges)),
        shapes={kind: tuple(map(int, text.split("-"))) for kind, text in shapes.items() if text},
        paper={kind: float(text) for kind, text in paper.items() if text},
    )

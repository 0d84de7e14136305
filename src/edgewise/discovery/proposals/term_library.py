"""Terms that a law may be a sum or a product of: products of powers, and shapes of simple arguments.

Letters: n rows, d columns, L terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from itertools import product as every

import torch
from torch import Tensor

from ..formulas.tree import Apply, Node, Num, Var, columns_of, monomial, number, power, product, total, values
from ..formulas.tuning import FORMULAS
from ..formulas.yardstick import bits
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from .tuning import PROPOSALS

SMALL = (-1.0, 1.0, 2.0, -2.0)
POWERS: dict[int, tuple[float, ...]] = {
    1: (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 1.5, -1.5, 4.0, -4.0, 5.0, -5.0, 6.0),
    2: (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 4.0, -4.0),
    3: (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0),
}


@dataclass(frozen=True)
class Library:
    """Terms as formulas, and their values (n, L) on the rows that were looked at."""

    nodes: tuple[Node, ...]
    values: Tensor

    def __len__(self) -> int:
        return len(self.nodes)


def bits_of_terms(library: Library) -> Tensor:
    """The bits of each term with a weight."""
    weight = FORMULAS.constant_bits + 3 * FORMULAS.symbol_bits  # its digits, and the signs around it
    return library.values.new_tensor([bits(node) + weight for node in library.nodes])


def scaled(scale: float, argument: Node) -> Node:
    """The argument times a free number, or the argument itself where that is 1."""
    return argument if scale == 1.0 else product(Num(scale), argument)


def _applied(form: str) -> Callable[[float, Node], Node]:
    return lambda k, z: Apply(form, scaled(k, z))


def _about_one(exponent: float, sign: float, square: bool) -> Callable[[float, Node], Node]:
    """(1 + k z)^p or (1 + k z^2)^p."""

    def build(k: float, z: Node) -> Node:
        inner = power(z, 2.0) if square else z
        one = number(sign) if k == 1.0 else Num(sign * abs(k))
        return power(total(number(1.0), product(one, inner)), exponent)

    return build


def _less_one(k: float, z: Node) -> Node:
    return total(Apply("exp", scaled(k, z)), number(-1.0))


# Shapes of an argument z with a scale k. Those of `PLAIN` matter first.
PLAIN: dict[str, Callable[[float, Node], Node]] = {
    "z": lambda k, z: z,
    "z2": lambda k, z: power(z, 2.0),
    "1/z": lambda k, z: power(z, -1.0),
    "exp": _applied("exp"),
    "exp-": lambda k, z: Apply("exp", scaled(-k, z) if k != 1.0 else product(number(-1.0), z)),
    "log": lambda k, z: Apply("log", z),
    "sin": _applied("sin"),
    "cos": _applied("cos"),
    "tan": _applied("tan"),
    "tanh": _applied("tanh"),
    "1-z2": _about_one(1.0, -1.0, True),
    "sqrt(1-z2)": _about_one(0.5, -1.0, True),
    "1/sqrt(1-z2)": _about_one(-0.5, -1.0, True),
    "1/(1-z)": _about_one(-1.0, -1.0, False),
    "1/(1+z)": _about_one(-1.0, 1.0, False),
    "1/(1+z2)": _about_one(-1.0, 1.0, True),
    "1/(1-z2)": _about_one(-1.0, -1.0, True),
    "sqrt(1+z2)": _about_one(0.5, 1.0, True),
    "sqrt(1+z)": _about_one(0.5, 1.0, False),
    "sqrt(1-z)": _about_one(0.5, -1.0, False),
    "log(1+z)": lambda k, z: Apply("log", total(number(1.0), scaled(k, z))),
    "gauss": lambda k, z: Apply("exp", product(Num(-k) if k != 1.0 else number(-1.0), power(z, 2.0))),
    "1/(exp-1)": lambda k, z: power(_less_one(k, z), -1.0),
    "1/(exp+1)": lambda k, z: power(total(Apply("exp", scaled(k, z)), number(1.0)), -1.0),
    "arcsin": _applied("arcsin"),
    "arccos": _applied("arccos"),
    "arctan": _applied("arctan"),
    "sinh": _applied("sinh"),
    "cosh": _applied("cosh"),
    "1/cosh": lambda k, z: power(Apply("cosh", scaled(k, z)), -1.0),
    "cos2": lambda k, z: power(Apply("cos", scaled(k, z)), 2.0),
    "sin2": lambda k, z: power(Apply("sin", scaled(k, z)), 2.0),
    "erf": _applied("erf"),
    "J0": _applied("J0"),
    "abs": lambda k, z: Apply("abs", z),
}

WAVES = ("sin", "cos", "J0")  # shapes whose scale must be near for least squares to find it

# Factors of a law that is a product: the others are powers of these or of columns.
FACTOR_SHAPES: dict[str, Callable[[float, Node], Node]] = {
    "exp": _applied("exp"),
    "gauss": PLAIN["gauss"],
    "log": PLAIN["log"],
    "sin": _applied("sin"),
    "cos": _applied("cos"),
    "tanh": _applied("tanh"),
    "1+z": _about_one(1.0, 1.0, False),
    "1-z": _about_one(1.0, -1.0, False),
    "1+z2": _about_one(1.0, 1.0, True),
    "1-z2": _about_one(1.0, -1.0, True),
    "exp-1": _less_one,
    "exp+1": lambda k, z: total(Apply("exp", scaled(k, z)), number(1.0)),
    "1-cos": lambda k, z: total(number(1.0), product(number(-1.0), Apply("cos", scaled(k, z)))),
    "1+cos": lambda k, z: total(number(1.0), Apply("cos", scaled(k, z))),
    "sinh": _applied("sinh"),
    "cosh": _applied("cosh"),
    "arcsin": _applied("arcsin"),
    "arctan": _applied("arctan"),
    "log(1+z)": PLAIN["log(1+z)"],
    "J0": _applied("J0"),
}


def monomials(d: int, most: int) -> list[Node]:
    """Products of powers of the columns, the shortest first, without the constant."""
    choice = (0.0, *POWERS.get(d, SMALL))
    cost = {p: 0.0 if p == 0 else 1.0 + 0.5 * place for place, p in enumerate(choice[1:])} | {0.0: 0.0}
    found: list[tuple[float, tuple[float, ...]]] = []
    for exponents in _sparse(d, choice, limit=6 * most):
        found.append((sum(cost[p] for p in exponents), exponents))
    found.sort(key=lambda entry: entry[0])
    return [monomial(map(Var, range(d)), exponents) for _, exponents in found[:most]]


def _sparse(d: int, choice: Sequence[float], limit: int) -> Iterator[tuple[float, ...]]:
    """Tuples of exponents that are not all zero; of many columns, those with small exponents only."""
    while len(choice) > 3 and len(choice) ** d > limit:
        choice = choice[:-1]
    for exponents in every(choice, repeat=d) if len(choice) ** d <= max(limit, 20_000) else _few_columns(d, choice):
        if any(exponents):
            yield tuple(exponents)


def _few_columns(d: int, choice: Sequence[float]) -> Iterator[tuple[float, ...]]:
    """Exponents of at most two columns, where there are too many columns for all."""
    for i in range(d):
        for p in choice[1:]:
            yield tuple(p if n == i else 0.0 for n in range(d))
            for j in range(i):
                for q in choice[1:]:
                    yield tuple(p if n == i else q if n == j else 0.0 for n in range(d))


def arguments(d: int) -> list[Node]:
    """What shapes are taken of: columns, and their products, ratios, sums and differences."""
    columns: list[Node] = [Var(i) for i in range(d)]
    pairs = [(a, b) for n, a in enumerate(columns) for b in columns[n + 1 :]]
    found = list(columns)
    if d <= 2:  # which of a ratio and its inverse is a column, is chance
        found += [power(column, -1.0) for column in columns]
    if d == 1:
        found.append(Apply("log", columns[0]))
    for a, b in pairs:
        found += [product(a, b), product(a, power(b, -1.0)), product(b, power(a, -1.0))]
    for a, b in pairs:
        found += [total(a, product(number(-1.0), b)), total(a, b)]
    if d == 3:
        found += [
            product(*(power(column, p) for column, p in zip(columns, signs, strict=True)))
            for signs in every((1.0, -1.0), repeat=3)
        ]
    return found


def scales(argument: Tensor, d: int) -> tuple[float, ...]:
    """Scales at which a shape of the argument (n,) is tried: 1 always, a dense row of them for one column."""
    spread = float(argument.abs().mean())
    if not math.isfinite(spread) or spread == 0:
        return ()
    low, high, count = PROPOSALS.scales
    if d == 1:
        steps = torch.logspace(math.log10(low), math.log10(high), count, dtype=torch.float64)
        return (1.0, *(steps / spread).tolist())
    return (1.0, 0.5, 2.0, math.pi, 1 / spread) if d == 2 else (1.0, 0.5, 2.0) if d == 3 else (1.0,)


def _frequencies(argument: Tensor) -> list[float]:
    """Scales of waves, evenly spaced: neighbours differ by so much over the rows that least squares find the rest."""
    width = float(argument.max() - argument.min())
    step, count = PROPOSALS.frequencies
    return [step * n / width for n in range(1, count + 1)] if math.isfinite(width) and width > 0 else []


def build(candidates: Iterable[Node], X: Tensor, most: int) -> Library:
    """The library of those candidates that are finite, vary, and are no repetition on the rows X (n, d)."""
    nodes, columns, seen = [], [], set()
    for node in candidates:
        column = values(node, X)
        size = column.abs()
        largest = float(size.max())
        if not math.isfinite(largest) or float(column.std()) <= LINEAR_ALGEBRA.least_spread * largest:
            continue
        centred = column - column.mean()
        unit = centred / centred.norm()
        print_ = tuple((unit[:3] * torch.sign(unit[0])).mul(1e9).round().tolist())
        if print_ in seen:
            continue
        seen.add(print_)
        nodes.append(node)
        columns.append(column)
        if len(nodes) == most:
            break
    return Library(tuple(nodes), torch.stack(columns, 1) if columns else X.new_zeros(len(X), 0))


def terms(X: Tensor) -> Library:
    """Terms of sums on the rows X (n, d): products of powers first, then shapes and their products with powers."""
    d = X.shape[1]
    return build([*monomials(d, PROPOSALS.powers), *_shapes(X)], X, PROPOSALS.terms)


def _shapes(X: Tensor) -> Iterator[Node]:
    """Shapes of plain arguments first, then shapes of columns times powers of columns, then other scales."""
    d = X.shape[1]
    bases = [(argument, scales(values(argument, X), d)) for argument in arguments(d)]
    own = [(argument, ks) for argument, ks in bases if len(columns_of(argument)) == 1] if d > 1 else bases
    for make in PLAIN.values():
        for argument, ks in bases:
            if ks:
                yield make(1.0, argument)
    if d <= 2:
        for name in WAVES:
            for column in arguments(d)[:d]:
                for k in _frequencies(values(column, X)):
                    yield PLAIN[name](k, column)
    powers = (1.0, -1.0, 2.0, -2.0, 0.5, 3.0, -3.0) if d == 1 else (1.0, -1.0, 2.0, 0.5, -0.5) if d == 2 else (1.0,)
    for p in powers:
        for make in PLAIN.values():
            for argument, ks in own:
                for i in range(d):
                    if ks and (d == 1 or Var(i) not in (argument, *getattr(argument, "parts", ()))):
                        yield product(power(Var(i), p), make(1.0, argument))
    for factor in (0.0, *powers):
        for make in PLAIN.values():
            for argument, ks in own:
                for k in ks[1:]:
                    for i in range(d if factor else 1):
                        yield product(power(Var(i), factor), make(k, argument))


def lengths(d: int) -> list[Node]:
    """Squares of lengths: sums of two or three squared columns, as central forces have them, and differences of two."""
    squares = [power(Var(i), 2.0) for i in range(d)]
    pairs, triples = combinations(squares, 2), combinations(squares, 3)
    found = [total(*chosen) for chosen in (*pairs, *triples)]
    return found + [total(a, product(number(-1.0), b)) for a, b in combinations(squares, 2)]


def factors_of(X: Tensor) -> Library:
    """Shapes whose logarithms are compared with that of the target, on the rows X (n, d)."""
    d = X.shape[1]
    made = (
        make(k, argument)
        for first in (True, False)  # the scale 1 first
        for make in FACTOR_SHAPES.values()
        for argument in arguments(d)
        for k in scales(values(argument, X), d)
        if first == (k == 1.0)
    )
    return build([*lengths(d), *made], X, PROPOSALS.terms)

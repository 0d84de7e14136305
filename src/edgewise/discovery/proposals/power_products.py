"""Products of powers and shapes that few rows propose.

Letters: n rows, d columns, L terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..formulas.tree import Node, Num, Power, Var, power, product, values
from ..formulas.yardstick import bits
from ..linear_algebra.pairs import Choice, best_sums, solved
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from .question import Question, sorted_by
from .term_library import Library, bits_of_terms, factors_of
from .tuning import PROPOSALS


def powers(asked: Question) -> list[Node]:
    """c prod z_i^p_i: linear in logarithms."""
    logs = _Logarithms.of(asked)
    if logs is None:
        return []
    none = Library((), asked.X[:, :0])
    return sorted_by(asked, _product(_solution(logs), none, logs, asked))


def products(asked: Question) -> list[Node]:
    """The same times powers of shapes, the best first."""
    logs = _Logarithms.of(asked)
    if logs is None:
        return []
    library = factors_of(asked.X)
    kept = [place for place in range(len(library)) if float(library.values[:, place].abs().min()) > 0]
    library = Library(tuple(library.nodes[place] for place in kept), library.values[:, kept])
    logarithms = library.values.abs().log() * logs.weight[:, None]
    how = {"singles": PROPOSALS.singles, "pairs": PROPOSALS.followed}
    found = best_sums(logarithms, bits_of_terms(library), logs.base, logs.target, asked.yardstick, **how)
    return sorted_by(asked, [node for choice in found for node in _product(choice, library, logs, asked)])


@dataclass(frozen=True)
class _Logarithms:
    """The logarithm of |g| and of the columns without a zero, weighted so that errors are in units of y."""

    usable: list[int]
    weight: Tensor
    base: Tensor
    target: Tensor
    sign: float

    @staticmethod
    def of(asked: Question) -> _Logarithms | None:
        """None where g has zeros."""
        X, g, factor = asked.X, asked.g, asked.factor
        size = g.abs()
        if not float(size.min()) > LINEAR_ALGEBRA.least_spread * float(size.max()):
            return None
        weight = factor.abs() * size
        usable = [i for i in range(X.shape[1]) if float(X[:, i].abs().min()) > 0]
        logs = [torch.ones_like(g), *(X[:, i].abs().log() for i in usable)]
        base = torch.stack(logs, 1) * weight[:, None]
        return _Logarithms(usable, weight, base, size.log() * weight, math.copysign(1.0, float(g.sum())))


def _solution(logs: _Logarithms) -> Choice:
    """The powers of least squares."""
    return solved((), logs.base[:, :0], logs.base, logs.target)


def _product(choice: Choice, library: Library, logs: _Logarithms, asked: Question) -> list[Node]:
    """The product with the powers as they are, and with simple ones in their place where these are near."""
    if not all(map(math.isfinite, choice.base)) or any(abs(p) > PROPOSALS.largest_power for p in choice.weights):
        return []
    factors = [*(Var(i) for i in logs.usable), *(library.nodes[place] for place in choice.places)]
    exponents = [*choice.base[1:], *choice.weights]
    head = Num(logs.sign * math.exp(max(-700.0, min(choice.base[0], 700.0))))
    versions = {
        tuple(_to_power(node, p, reach) for node, p in zip(factors, exponents, strict=True))
        for reach in (PROPOSALS.as_good_as, PROPOSALS.near_power)
    }
    return sorted((_with_sign(head, version, asked) for version in versions), key=bits)


def _with_sign(head: Num, rest: tuple[Node, ...], asked: Question) -> Node:
    """The product with the sign that g has: odd powers of columns change theirs from row to row."""
    node = product(head, *rest)
    along = (asked.factor * values(node, asked.X) * asked.factor * asked.g).sum()
    return product(Num(-head.value), *rest) if bool(along < 0) else node


def _to_power(node: Node, p: float, reach: float) -> Node:
    """The node to a power: to a half or a third where one is within reach, else to a free one."""
    near = min((round(2 * p) / 2, round(3 * p) / 3, round(4 * p) / 4), key=lambda simple: abs(simple - p))
    near = round(2 * p) / 2 if abs(round(2 * p) / 2 - p) <= reach else near
    return power(node, near) if abs(near - p) <= reach else Power(node, Num(p))

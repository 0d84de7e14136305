"""Formulas that few rows propose: products of powers and shapes, and sums under an output transform.

Letters: n rows, d columns, L terms. A state asks for y = prefactor g(columns), see `states.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .outputs import OUTPUTS
from .pairs import Choice, best_sums, solved
from .term_library import Library, factors_of, monomials, terms
from .tree import Node, Num, Power, Var, number, power, product, total, values
from .tuning import TUNED
from .yardstick import Yardstick, bits


@dataclass(frozen=True)
class Question:
    """What is asked: g (n,) as a formula of the columns X (n, d). factor (n,): error of y by error of g."""

    X: Tensor
    g: Tensor
    factor: Tensor
    yardstick: Yardstick

    def error(self, node: Node) -> float:
        """Root mean squared error of a formula for g, in units of y; infinite where it is not defined."""
        off = float((self.factor * (values(node, self.X) - self.g)).square().mean().sqrt())
        return off if math.isfinite(off) else math.inf

    def price(self, node: Node) -> float:
        """Its description length and that of what it leaves, in bits."""
        return self.yardstick.price(node, self.error(node))


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
    how = {"singles": TUNED.singles, "pairs": TUNED.followed}
    found = best_sums(logarithms, _costs(library), logs.base, logs.target, asked.yardstick, **how)
    return sorted_by(asked, [node for choice in found for node in _product(choice, library, logs, asked)])


def sums(asked: Question) -> list[Node]:
    """Sums of terms under every output transform, also divided by one plus a multiple of a product of powers."""
    X, g = asked.X, asked.g
    plain, below = terms(X), monomials(X.shape[1], TUNED.below)
    lower = torch.stack([values(node, X) for node in below], 1) if below else X[:, :0]
    costs = torch.cat([_costs(plain), _costs(Library(tuple(below), lower))])
    one = torch.ones_like(g)[:, None]
    found = []
    for output in OUTPUTS:
        if not output.allowed(g):
            continue
        image, slope = output.value(g), output.slope(g)
        weight = asked.factor / slope
        if not bool(torch.isfinite(weight).all() & torch.isfinite(image).all()):
            continue
        design = torch.cat([plain.values, lower * image[:, None]], 1) * weight[:, None]
        design = torch.where(torch.isfinite(design).all(0), design, 0.0)
        how = {"singles": TUNED.followed, "pairs": TUNED.followed}
        choices = best_sums(design, costs, one * weight[:, None], image * weight, asked.yardstick, **how)
        found += [output.inverse(_ratio(choice, plain, below)) for choice in choices]
    return sorted_by(asked, found)


def sorted_by(asked: Question, found: list[Node]) -> list[Node]:
    """Formulas in the order of their description length, without those that are not defined on a row."""
    priced = [(asked.yardstick.price(node, off), node) for node in found if math.isfinite(off := asked.error(node))]
    return [node for _, node in sorted(priced, key=lambda entry: entry[0])]


def _costs(library: Library) -> Tensor:
    """The bits of each term with a weight."""
    weight = TUNED.constant_bits + 3 * TUNED.symbol_bits  # its digits, and the signs around it
    return library.values.new_tensor([bits(node) + weight for node in library.nodes])


# ------------------------------------------------------------------ products


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
        if not float(size.min()) > TUNED.least_spread * float(size.max()):
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
    if not all(map(math.isfinite, choice.base)) or any(abs(p) > TUNED.largest_power for p in choice.weights):
        return []
    factors = [*(Var(i) for i in logs.usable), *(library.nodes[place] for place in choice.places)]
    exponents = [*choice.base[1:], *choice.weights]
    head = Num(logs.sign * math.exp(max(-700.0, min(choice.base[0], 700.0))))
    versions = {
        tuple(_to_power(node, p, reach) for node, p in zip(factors, exponents, strict=True))
        for reach in (TUNED.as_good_as, TUNED.near_power)
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


# ------------------------------------------------------------------ sums


def _ratio(choice: Choice, plain: Library, below: list[Node]) -> Node:
    """(constant + sum of plain terms) / (1 - sum of those below)."""
    above: list[Node] = [Num(choice.base[0])]
    under: list[Node] = [number(1.0)]
    for place, weight in zip(choice.places, choice.weights, strict=True):
        if place < len(plain):
            above.append(product(Num(weight), plain.nodes[place]))
        else:
            under.append(product(Num(-weight), below[place - len(plain)]))
    return total(*above) if len(under) == 1 else product(total(*above), power(total(*under), -1.0))

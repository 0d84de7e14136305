"""Differences that lose digits where their argument is small: `1 - cos(z)` becomes `2*sin(z/2)**2`."""

from __future__ import annotations

from torch import Tensor

from .tree import Apply, Node, Num, Power, Product, Sum, number, power, product, total, values

HALVES = {"cos": ("sin", 2.0), "cosh": ("sinh", -2.0)}  # 1 - f(z) = factor * half(z/2)^2
LOST = 1e-14  # relative difference of the two ways, root mean square, that is more than some roundings of float64


def with_half_angles(node: Node, X: Tensor) -> Node:
    """The formula with half angles, if it loses digits on these rows without: as in `(1 - cos(z))/z**2`, which is
    smooth at zero. As it is elsewhere, since `1 - cos(z)` says more."""
    halved = _halved(node)
    if halved == node:
        return node
    before, after = values(node, X), values(halved, X)
    apart = float((after - before).square().mean().sqrt())
    return node if apart <= LOST * float(before.square().mean().sqrt()) else halved


def _halved(node: Node) -> Node:
    match node:
        case Sum(parts):
            return _sum([_halved(part) for part in parts])
        case Product(parts):
            return product(*map(_halved, parts))
        case Power(base, exponent):
            return Power(_halved(base), exponent)
        case Apply(form, argument):
            return Apply(form, _halved(argument))
        case _:
            return node


def _sum(parts: list[Node]) -> Node:
    """The sum, where a number and its negative times a cosine become one term."""
    constant = next((part for part in parts if isinstance(part, Num)), None)
    if constant is None:
        return total(*parts)
    for part in parts:
        weight, form, angle = _weighted(part)
        if form in HALVES and weight.value == -constant.value:
            half, factor = HALVES[form]
            value = factor * constant.value
            head = Num(value) if constant.name is None else number(value)
            square = power(Apply(half, product(number(0.5), angle)), 2.0)
            others = (other for other in parts if other is not part and other is not constant)
            return total(*others, product(head, square))
    return total(*parts)


def _weighted(part: Node) -> tuple[Num, str, Node]:
    """A term as a number times a function of an argument; of no function where it is no such term."""
    match part:
        case Apply(form, argument):
            return number(1.0), form, argument
        case Product((Num() as weight, Apply(form, argument))):
            return weight, form, argument
        case _:
            return number(0.0), "", part

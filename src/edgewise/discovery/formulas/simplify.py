"""Formulas without what they do not need: zeros, ones, sums in sums, numbers that multiply numbers."""

from __future__ import annotations

import math

from ...primitives import get
from .tree import ONE, ZERO, Apply, Node, Num, Power, Product, Sum, number, product, total

INVERSE = {"exp": "log", "log": "exp", "sin": "arcsin", "cos": "arccos", "tan": "arctan", "tanh": "arctanh"}


def simplified(node: Node) -> Node:
    """An equal formula that is no longer; free constants that only act together become one.

    >>> from edgewise.discovery.formulas.tree import Var
    >>> simplified(Product((Num(2.5), Sum((ZERO, Var(0))), Num(2.0))))
    Product(parts=(Num(value=5.0, name=None), Var(index=0)))
    """
    match node:
        case Sum(parts):
            return _sum([simplified(part) for part in parts])
        case Product(parts):
            return _product([simplified(part) for part in parts])
        case Power(base, exponent):
            return _power(simplified(base), exponent)
        case Apply(form, argument):
            return _apply(form, simplified(argument))
        case _:
            return node


def _sum(parts: list[Node]) -> Node:
    node = total(*parts)
    if not isinstance(node, Sum):
        return node
    return total(*(part for part in node.parts if not isinstance(part, Num)), _joined(node.parts, product=False))


def _product(parts: list[Node]) -> Node:
    node = product(*parts)
    if not isinstance(node, Product):
        return node
    head = _joined(node.parts, product=True)
    if head == ZERO:
        return ZERO
    if len(node.parts) == 2 and isinstance(node.parts[1], Sum) and _is_free(head):
        if all(_is_free(_head(part)) for part in node.parts[1].parts):
            return _sum([_product([head, part]) for part in node.parts[1].parts])
    powers: dict[Node, float] = {}
    rest: list[Node] = []
    for part in node.parts:
        if isinstance(part, Num):
            continue
        base, exponent = (part.base, part.exponent) if isinstance(part, Power) else (part, ONE)
        if exponent.name is None:
            rest.append(part)
        else:
            powers[base] = powers.get(base, 0.0) + exponent.value
    return product(head, *(_power(base, number(p)) for base, p in powers.items() if p != 0), *rest)


def _is_free(node: Node) -> bool:
    return isinstance(node, Num) and node.name is None


def _head(node: Node) -> Node:
    """The first factor."""
    return node.parts[0] if isinstance(node, Product) else node


def _joined(parts: tuple[Node, ...], *, product: bool) -> Node:
    """The numbers among the parts as one: free if one of them is."""
    numbers = [part for part in parts if isinstance(part, Num)]
    if not numbers:
        return ONE if product else ZERO
    value = math.prod(part.value for part in numbers) if product else math.fsum(part.value for part in numbers)
    if len(numbers) == 1:
        return numbers[0]
    return Num(value) if any(part.name is None for part in numbers) else number(value)


def _power(base: Node, exponent: Num) -> Node:
    if exponent.name is None:
        if isinstance(base, Num) and base.value > 0:
            return ONE if base == ONE else Num(base.value**exponent.value)
        if isinstance(base, Apply) and base.form == "exp":
            return _apply("exp", _product([exponent, base.argument]))
        return Power(base, exponent)
    p = exponent.value
    if p == 0:
        return ONE
    if p == 1:
        return base
    if isinstance(base, Num) and (base.value > 0 or p.is_integer() and base.value != 0):
        value = base.value**p
        return Num(value) if base.name is None else number(value)
    if isinstance(base, Power) and base.exponent.name is not None and p.is_integer():
        return _power(base.base, number(base.exponent.value * p))
    if isinstance(base, Product) and p.is_integer():
        return _product([_power(part, exponent) for part in base.parts])
    if isinstance(base, Product) and isinstance(base.parts[0], Num) and base.parts[0].value > 0:
        return product(_power(base.parts[0], exponent), Power(product(*base.parts[1:]), exponent))
    if isinstance(base, Apply) and base.form == "exp":
        return _apply("exp", _product([exponent, base.argument]))
    return Power(base, exponent)


def _apply(form: str, argument: Node) -> Node:
    if isinstance(argument, Num):
        import torch

        value = float(get(form).value(torch.tensor(argument.value, dtype=torch.float64)))
        if math.isfinite(value):
            return Num(value) if argument.name is None else number(value)
    if isinstance(argument, Apply) and INVERSE.get(argument.form) == form and form in ("exp", "log"):
        return argument.argument if form == "exp" or argument.form == "exp" else Apply(form, argument)
    if form == "exp" and isinstance(argument, Sum) and any(isinstance(part, Num) for part in argument.parts):
        fixed = _joined(argument.parts, product=False)
        rest = _sum([part for part in argument.parts if not isinstance(part, Num)])
        return product(_apply("exp", fixed), Apply("exp", rest))
    return Apply(form, argument)

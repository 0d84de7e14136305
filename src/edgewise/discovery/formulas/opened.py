"""A law with all constants free that it may have at another level of a column, those that are not written among them.

A constant that is one or zero is not written: `x/z` may be `k*x/z` elsewhere, with k of one here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .tree import ONE, ZERO, Apply, Node, Num, Power, Product, Sum, numbers_of


class Role(Enum):
    """What a number of a form does."""

    EXPONENT = "a whole exponent, which makes the form what it is"
    POWER = "an exponent that is a fraction or was fitted"
    WRITTEN = "it stands in the law"
    SILENT = "a factor of one inside the law, which is not written"
    FACTOR = "the factor in front, a silent one too"
    OFFSET = "an added constant of zero, which is not written"


@dataclass(frozen=True)
class OpenForm:
    """A form, its numbers as they are in the law, and the role of each, in the order of `walk`."""

    node: Node
    roles: tuple[Role, ...]

    @property
    def numbers(self) -> tuple[Num, ...]:
        """What the law has: simple numbers by their names."""
        return tuple(numbers_of(self.node))

    def places(self, *roles: Role) -> list[int]:
        """Where the numbers of these roles stand."""
        return [place for place, role in enumerate(self.roles) if role in roles]


def opened(law: Node) -> OpenForm:
    """The form of a law.

    >>> from edgewise.discovery.formulas.tree import Var, power, product
    >>> form = opened(product(Var(0), power(Var(1), -1.0)))
    >>> [(number.value, role.name) for number, role in zip(form.numbers, form.roles)]
    [(0.0, 'OFFSET'), (1.0, 'FACTOR'), (-1.0, 'EXPONENT')]
    """
    roles: dict[int, Role] = {}

    def slot(number: Num, role: Role) -> Num:
        made = Num(number.value, number.name)  # a number of its own, told by its identity
        roles[id(made)] = role
        return made

    def inside(node: Node) -> Node:
        match node:
            case Num():
                return slot(node, Role.WRITTEN)
            case Sum(parts):
                return Sum(tuple([weighed(part) for part in parts]))
            case Product(parts):
                return Product(tuple([inside(part) for part in parts]))
            case Power(base, exponent):
                whole = exponent.name is not None and exponent.value.is_integer()
                role = Role.EXPONENT if whole else Role.POWER
                return Power(inside(base), slot(exponent, role))
            case Apply(form, argument):
                return Apply(form, weighed(argument))
            case _:
                return node

    def weighed(node: Node) -> Node:
        """With a factor in front, unless it has one, or is a sum, whose terms have theirs."""
        if isinstance(node, Num | Sum) or _has_number(node):
            return inside(node)
        return _times(slot(ONE, Role.SILENT), inside(node))

    if isinstance(law, Num):
        node: Node = slot(law, Role.WRITTEN)
    elif isinstance(law, Product) and _has_number(law):
        head = next(place for place, part in enumerate(law.parts) if isinstance(part, Num))
        node = Product(
            tuple(
                slot(part, Role.FACTOR) if place == head and isinstance(part, Num) else inside(part)
                for place, part in enumerate(law.parts)
            )
        )
    else:
        node = _times(slot(ONE, Role.FACTOR), inside(law))
    if not isinstance(law, Num) and not (isinstance(law, Sum) and _has_number(law)):
        node = Sum((slot(ZERO, Role.OFFSET), node))
    return OpenForm(node, tuple(roles[id(number)] for number in numbers_of(node)))


def _has_number(node: Node) -> bool:
    """Whether a product or a sum has a number among its parts."""
    return isinstance(node, Product | Sum) and any(isinstance(part, Num) for part in node.parts)


def _times(head: Num, node: Node) -> Node:
    return Product((head, *node.parts)) if isinstance(node, Product) else Product((head, node))

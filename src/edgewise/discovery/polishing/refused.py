"""Simple numbers that a formula was found with, such as the ratio in 3 x + 2 y: the rows may refuse them.

A rough surrogate shows whole ratios that are only near the true ones.
"""

from __future__ import annotations

import math

import torch

from ..formulas.multiply import shorter
from ..formulas.opened import Role, opened
from ..formulas.simplify import simplified
from ..formulas.tree import Node, Num, count_free, jacobian, number, numbers_of, with_numbers
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from ..tables.law_task import LawRows
from ..tables.tuning import TABLES
from .least_squares import error, fitted
from .snapping import snapped
from .tuning import POLISHING

FACTORS = (Role.FACTOR, Role.SILENT, Role.WRITTEN)


def without_refused(node: Node, rows: LawRows) -> Node:
    """The formula with all factors fitted anew, and simple where they can be; itself where the rows allow those it has.

    node: with constants of least squares on these rows.
    """
    free = loosened(node, rows)
    if free == node:
        return node
    free = fitted(free, rows, steps=POLISHING.steps)
    return shorter(snapped(free, rows), rows.X) if refuses(free, node, rows) else node


def refuses(free: Node, node: Node, rows: LawRows) -> bool:
    """Whether the rows refuse a formula beside one of more free constants: what these gain is more than chance.

    Source: the F-test of nested fits, Seber & Lee 2003, Linear Regression Analysis, section 4.3.
    """
    from scipy.special import fdtrc

    before, after = error(node, rows) ** 2, error(free, rows) ** 2
    size = float(rows.y.square().mean().sqrt())
    if not after < before or math.sqrt(before) <= TABLES.exact * size:
        return False
    constants = count_free(free)
    more, degrees = constants - count_free(node), len(rows) - constants
    if more < 1 or degrees < 1:
        return False
    return bool(fdtrc(more, degrees, (before - after) / more / max(after / degrees, 1e-300)) < POLISHING.refused)


def loosened(node: Node, rows: LawRows) -> Node:
    """The formula with all factors and added numbers free. Factors of one that are not written are freed, too. A number
    that the others can replace stays as it is.

    >>> from edgewise.discovery.formulas.tree import Var, product, total, written
    >>> X = torch.rand(50, 2, dtype=torch.float64)
    >>> node = product(Num(0.5), total(product(number(3.0), Var(0)), product(number(2.0), Var(1))))
    >>> written(loosened(node, LawRows(X, X[:, 0])), "xy")
    '1.5*x + 1*y'
    """
    form = opened(node)
    numbers = list(form.numbers)
    for place in form.places(*FACTORS):
        numbers[place] = Num(numbers[place].value)
    free = simplified(with_numbers(form.node, numbers))
    numbers = numbers_of(free)
    places = [place for place, part in enumerate(numbers) if part.name is None]
    # the simplest last, so that it stays where the others say as much
    order = sorted(range(len(places)), key=lambda n: _cost(numbers[places[n]].value), reverse=True)
    slopes = jacobian(free, rows.X)[1][:, order]
    unit = slopes.square().sum(0).sqrt().clamp(min=1e-300)
    if not places or len(slopes) < len(places) or not bool(torch.isfinite(unit).all()):
        return node
    own = torch.linalg.qr(slopes / unit, mode="r").R.diagonal().abs()
    for n, part in zip(order, own.tolist(), strict=True):
        if part < LINEAR_ALGEBRA.same:
            numbers[places[n]] = number(numbers[places[n]].value)
    return simplified(with_numbers(free, numbers))


def _cost(value: float) -> float:
    """What it takes to write a number down."""
    name = number(value).name
    return math.inf if name is None else name.cost

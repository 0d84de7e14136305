"""Units of the columns: scalings that any law between them has, whatever the rows say.

A law does not change when metres become feet. So it is y = M(x) g(pi_1, pi_2, ...), with a product of powers M that has
the unit of y, and groups pi without a unit. Letters: d columns, r independent units.

Source: Buckingham 1914, "On physically similar systems".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, islice
from typing import Any

import torch
from torch import Tensor

from ...errors import ConfigError, did_you_mean, require, shown
from ..formulas.tree import Node, values
from ..linear_algebra.directions import Directions, cost
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from .tuning import TABLES

Row = list[Fraction]


def unit_scalings(units: Any, names: Sequence[str], target: str, shy: Collection[int] = ()) -> Directions | None:
    """The scalings that these units ask of a law, as null vectors of `[x_i f_i, f]`; None where all are without unit.

    Args:
        units: the unit of every column and of the target, by name: words that pint knows, such as "m/s^2"; "" for none.
        names (d): of the columns.
        target: the name of y.
        shy: columns that come near zero, so that others are divided by them only where nothing else can be.

    Raises:
        ConfigError: a name without a unit, a unit without a name, words that are no unit, scales with another zero such
            as degrees Celsius, and units of which none of y's can be made.
        MissingExtra: pint is not installed.

    >>> unit_scalings({"v": "m/s", "r": "m", "a": "m/s^2"}, ["v", "r"], "a").pivots
    (0, 1)
    """
    if not isinstance(units, Mapping):
        raise ConfigError(
            f"units needs the unit of every column by its name, such as {{'v': 'm/s'}}, got {shown(units)}"
        )
    if target in names:
        raise ConfigError(
            f"the target and a column are both called {shown(target)}; give target another name for units"
        )
    known = [*names, target]
    for name in units:
        if name not in known:
            raise ConfigError(
                f"units has {shown(name)}, which is no column and not y; {did_you_mean(str(name), known)}"
            )
    if lacking := [name for name in known if name not in units]:
        raise ConfigError(f"units has nothing for {', '.join(map(shown, lacking))}; give every unit, '' for none")
    powers = [_dimensions(units[name], name) for name in known]
    kinds = sorted({kind for power in powers for kind in power})
    if not kinds:
        return None
    columns = [[power.get(kind, Fraction(0)) for power in powers] for kind in kinds]
    equations = [[*row[:-1], -row[-1]] for row in columns]
    found = _shortest(_independent(equations), shy)
    if found is None:
        raise ConfigError(
            f"no product of powers of the columns has the unit of {shown(target)}, {shown(units[target])}"
        )
    return found


def breaks_units(node: Node, X: Tensor, scalings: Directions) -> bool:
    """Whether a formula at rows X (n, d) becomes another one in other units: a change of scale shows it.

    >>> from edgewise.discovery.formulas.tree import Var, product, total
    >>> X, scalings = torch.rand(9, 2).double(), unit_scalings({"v": "m/s", "t": "s", "s": "m"}, ["v", "t"], "s")
    >>> breaks_units(product(Var(0), Var(1)), X, scalings), breaks_units(total(Var(0), Var(1)), X, scalings)
    (False, True)
    """
    plain = values(node, X)
    for *weights, degree in scalings.vectors:
        scale = TABLES.unit_change ** torch.tensor([float(weight) for weight in weights], dtype=X.dtype)
        changed, wanted = values(node, X * scale), TABLES.unit_change ** -float(degree) * plain
        there = torch.isfinite(changed) & torch.isfinite(wanted)
        if bool((changed - wanted)[there].norm() > TABLES.unit_digits * wanted[there].norm()):
            return True
    return False


def _dimensions(unit: Any, name: str) -> dict[str, Fraction]:
    """The powers of length, time, ... in a unit. Raises `ConfigError` for what is none."""
    pint = require("pint", "units")
    registry = pint.get_application_registry()
    if not isinstance(unit, str | pint.Unit):
        raise ConfigError(f"the unit of {shown(name)} must be words such as 'm/s', got {shown(unit)}")
    try:
        parsed = registry.Unit(unit)
        zero = registry.Quantity(0.0, parsed).to_base_units().magnitude
    except Exception as error:  # pint and the parser below it raise many kinds
        raise ConfigError(f"the unit of {shown(name)} is nothing that pint knows: {shown(unit)} ({error})") from error
    if zero != 0:
        raise ConfigError(f"the unit of {shown(name)}, {shown(unit)}, has a zero of its own; use one such as kelvin")
    return {kind: Fraction(power).limit_denominator(100) for kind, power in parsed.dimensionality.items()}


def _independent(rows: Sequence[Row]) -> list[Row]:
    """Rows that span what all of them do, and of which none is a sum of the others."""
    done: list[Row] = []
    for row in rows:
        for lead in done:
            row = _without(row, lead, _first(lead))
        if any(row):
            done.append([entry / row[_first(row)] for entry in row])
    return done


def _first(row: Row) -> int:
    return next(place for place, entry in enumerate(row) if entry)


def _without(row: Row, lead: Row, column: int) -> Row:
    return [entry - row[column] * other for entry, other in zip(row, lead, strict=True)]


def _shortest(rows: list[Row], shy: Collection[int]) -> Directions | None:
    """The columns to divide by that make the groups shortest; None where y's own unit would have to be one of them."""
    best: Directions | None = None
    width = len(rows[0]) - 1
    for pivots in islice(combinations(range(width), len(rows)), LINEAR_ALGEBRA.pivot_choices):
        solved = _solved(rows, pivots)
        if solved is None:
            continue
        found = Directions(pivots, tuple(map(tuple, solved)), 0.0)
        if best is None or cost(found, shy) < cost(best, shy):
            best = found
    return best


def _solved(rows: list[Row], pivots: Sequence[int]) -> list[Row] | None:
    """The rows with 1 at their own pivot and 0 at the others, in the order of the pivots; None where that cannot be."""
    left = [list(row) for row in rows]
    done: list[Row] = []
    for pivot in pivots:
        lead = next((row for row in left if row[pivot]), None)
        if lead is None:
            return None
        left.remove(lead)
        lead = [entry / lead[pivot] for entry in lead]
        done, left = ([_without(row, lead, pivot) for row in part] for part in (done, left))
        done.append(lead)
    return done

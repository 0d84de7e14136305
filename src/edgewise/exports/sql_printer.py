"""Expressions and splines in SQL that SQLite, PostgreSQL and DuckDB read alike. NULL stands where one is undefined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import SymbolicError, require, shown
from .pieces import Pieces
from .sql_steps import Sql, SqlSteps, joined, number
from .statements import form_of

STEEPEST = "700e0"  # PostgreSQL ends with an error where EXP is too large: log of the largest float is 709.8
STEEP = "230e0"  # EXP of its opposite, 1e-100, counts as 0: PostgreSQL ends with an error where products get too small
EXP = f"CASE WHEN {{0}} < -{STEEP} THEN 0e0 WHEN {{0}} <= {STEEPEST} THEN EXP({{0}}) END"
# 1 / (k + exp(z)) and log(1 + exp(z)) have values where exp(z) is too large
LOGISTIC = f"CASE WHEN {{0}} > {STEEP} THEN 0e0 ELSE 1e0 / ({{1}} + {EXP}) END"
SOFTPLUS = f"CASE WHEN {{0}} > 40e0 THEN {{0}} ELSE LN(1e0 + {EXP}) END"  # past 40, z is exact to its last digit
FUNCTIONS = {  # of sympy, of one argument
    **{name: f"{name.upper()}({{0}})" for name in ("sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh")},
    "Abs": "ABS({0})",
    "acos": "CASE WHEN {0} >= -1e0 AND {0} <= 1e0 THEN ACOS({0}) END",
    "acosh": "CASE WHEN {0} >= 1e0 THEN ACOSH({0}) END",
    "asin": "CASE WHEN {0} >= -1e0 AND {0} <= 1e0 THEN ASIN({0}) END",
    "atanh": "CASE WHEN {0} > -1e0 AND {0} < 1e0 THEN ATANH({0}) END",
    "ceiling": "CEIL({0})",
    "exp": EXP,
    "floor": "FLOOR({0})",
    "log": "CASE WHEN {0} > 0e0 THEN LN({0}) END",
    "sign": "CASE WHEN {0} > 0e0 THEN 1e0 WHEN {0} < 0e0 THEN -1e0 WHEN {0} = 0e0 THEN 0e0 END",
    "sinc": "CASE WHEN {0} = 0e0 THEN 1e0 ELSE SIN({0}) / {0} END",
}
ABSENT = {"erf": "erf", "besselj": "Bessel functions"}  # in words


class SqlPrinter:
    """Writes sympy expressions of the columns of a query.

    Args:
        steps: the query, which gets columns for what is written several times.
        edges: name -> the polynomials of an edge without closed form.
    """

    def __init__(self, steps: SqlSteps, edges: Mapping[str, Pieces]) -> None:
        self._sympy, self._steps, self._edges = require("sympy"), steps, edges

    def write(self, expression: Any) -> Sql:
        """The expression. Raises `SymbolicError` for a function that SQL does not have."""
        if expression.is_Symbol:
            return Sql(expression.name, frozenset([expression.name]))
        if expression.is_number:
            return self._constant(expression)
        if expression.is_Add:
            return _balanced("({} + {})", [self.write(term) for term in expression.args])
        if expression.is_Mul:
            return self._product(expression)
        if expression.is_Pow:
            return self._power(*expression.args)
        return self._function(expression)

    def _constant(self, expression: Any) -> Sql:
        value = expression.evalf(17)
        if not value.is_Float and not value.is_Integer and not value.is_Rational:
            raise SymbolicError(f"the formula holds {shown(expression)}, which is no real number")
        return number(float(expression))

    def _product(self, expression: Any) -> Sql:
        above, below = [], []
        for factor in expression.args:
            base, power = factor.as_base_exp()
            if not factor.is_number and power.is_number and power.is_negative and _logistic(base) is None:
                below.append(self._power(base, -power))
            else:
                above.append(self.write(factor))
        top = _balanced("({} * {})", above) if above else number(1.0)
        return joined("({} / NULLIF({}, 0e0))", top, _balanced("({} * {})", below)) if below else top

    def _power(self, base: Any, power: Any) -> Sql:
        if not power.is_number or not power.is_negative:
            return self._raised(self.write(base), power)
        logistic = _logistic(base)
        if logistic is None:
            return joined("(1e0 / NULLIF({}, 0e0))", self._power(base, -power))
        constant, exponent = logistic
        z = self._steps.once(self.write(exponent))
        return self._raised(joined(LOGISTIC, z, self._constant(constant)), -power)

    def _raised(self, z: Sql, power: Any) -> Sql:
        if power == 1:
            return z
        if power.is_Integer or (power.is_Float and float(power).is_integer()):
            return joined("POWER({}, {})", z, number(float(power)))
        z = self._steps.once(z)
        if 2 * power == 1:
            return joined("CASE WHEN {0} >= 0e0 THEN SQRT({0}) END", z)
        where = ">=" if power.is_number else ">"
        return joined(f"CASE WHEN {{0}} {where} 0e0 THEN POWER({{0}}, {{1}}) END", z, self.write(power))

    def _function(self, expression: Any) -> Sql:
        name = expression.func.__name__
        if name in self._edges:
            return self._spline(self._edges[name], self.write(expression.args[0]))
        if name in ("Max", "Min"):
            return self._extreme(">=" if name == "Max" else "<=", [self.write(arg) for arg in expression.args])
        if name not in FUNCTIONS or len(expression.args) != 1:
            raise SymbolicError(f"SQL has no {ABSENT.get(name, name)}; export another language, or choose another form")
        sum_of_log = _constant_and_exponent(expression.args[0]) if name == "log" else None
        if sum_of_log is not None and float(sum_of_log[0]) == 1:
            return joined(SOFTPLUS, self._steps.once(self.write(sum_of_log[1])))
        return joined(FUNCTIONS[name], self._steps.once(self.write(expression.args[0])))

    def _extreme(self, beats: str, values: list[Sql]) -> Sql:
        """The largest or the smallest; NULL where one is NULL, which comparisons with it are not true for."""
        values = [self._steps.once(value) for value in values]
        if len(values) == 1:
            return values[0]
        cases = []
        for value in values:
            beaten = " AND ".join(f"{value.text} {beats} {other.text}" for other in values if other is not value)
            cases.append(f"WHEN {beaten} THEN {value.text}")
        return Sql(f"CASE {' '.join(cases)} END", frozenset().union(*(value.needs for value in values)))

    def _spline(self, pieces: Pieces, x: Sql) -> Sql:
        """An edge without closed form: a polynomial on every interval, and the tangent beyond the ends."""
        x = self._steps.once(x)
        plain = pieces.shift == 0 and pieces.scale == 1
        u = x if plain else joined("(({} - {}) / {})", x, number(pieces.shift), number(pieces.scale))
        u = u if plain else self._steps.column_of(u)
        cases = ["WHEN {0} IS NULL THEN NULL"]
        for end, sign in ((0, "<"), (-1, ">")):
            at, value, slope = _tangent(pieces, end)
            cases.append(f"WHEN {{0}} {sign} {at} THEN {value} + {slope} * ({{0}} - {at})")
        last = len(pieces.centres) - 1
        for place, (centre, row) in enumerate(zip(pieces.centres, pieces.coefficients, strict=True)):
            value = number(row[-1]).text
            for c in reversed(row[:-1]):
                value = f"({value} * ({{0}} - {number(centre).text}) + {number(c).text})"
            until = number(pieces.breaks[place + 1]).text
            cases.append(f"ELSE {value}" if place == last else f"WHEN {{0}} < {until} THEN {value}")
        parts = [joined(f"CASE {' '.join(cases)} END", u)]
        if pieces.base_scale and pieces.base != "none":
            weight = joined(LOGISTIC, joined("(-{})", u), number(1.0))
            base = u if pieces.base == "identity" else joined("({} * {})", u, weight)
            parts.append(joined("({} * {})", number(pieces.base_scale), base))
        form = form_of(pieces)
        if form is not None:
            parts.append(self.write(form.xreplace({self._sympy.Symbol("x"): self._sympy.Symbol(x.text)})))
        return _balanced("({} + {})", parts)


def _constant_and_exponent(total: Any) -> tuple[Any, Any] | None:
    """k and z where the expression is k + exp(z), else None. m exp(z) counts as exp(z + log m)."""
    if not total.is_Add or len(total.args) != 2:
        return None
    one, two = sorted(total.args, key=lambda arg: not arg.is_number)
    factor, power = two.as_coeff_Mul()
    if not (one.is_number and factor.is_positive and power.func.__name__ == "exp"):
        return None
    return one, power.args[0] + require("sympy").log(factor)


def _logistic(total: Any) -> tuple[Any, Any] | None:
    """k and z where the expression is k + exp(z) and k is positive: its reciprocal falls to 0, and has no pole."""
    found = _constant_and_exponent(total)
    return found if found is not None and found[0].is_positive else None


def _balanced(template: str, parts: list[Sql]) -> Sql:
    """All parts in pairs of pairs: databases limit how deep an expression nests, and long sums would be deep."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return joined(template, _balanced(template, parts[:half]), _balanced(template, parts[half:]))


def _tangent(pieces: Pieces, end: int) -> tuple[str, str, str]:
    """The first (0) or the last (-1) point of a grid, and value and slope there, as literals."""
    at, value, slope = pieces.breaks[end], 0.0, 0.0
    t = at - pieces.centres[end]
    for c in reversed(pieces.coefficients[end]):
        slope = slope * t + value
        value = value * t + c
    return number(at).text, number(value).text, number(slope).text

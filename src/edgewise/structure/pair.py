"""Two columns that enter through one expression A(x_i) + B(x_j), and the powers that A and B are, where they are."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from .expression import parallel
from .finding import Evidence, Finding, weakest
from .null_space import Weight, simple_number, vanishing
from .probe import Probe
from .ratio import same_ratio, separable_ratio
from .sample import FunctionSample
from .tuning import TUNED

# n rows


@dataclass(frozen=True)
class Powers:
    """The expression (x_i - c_i)^p + factor (x_j - c_j)^q, in which a power of 0 is the logarithm.

    Two logarithms make the product x_i x_j^factor, which is told as such.

    Attributes:
        powers: p and q.
        factor: of the second term.
        centre: c_i and c_j.
    """

    powers: tuple[Weight, Weight]
    factor: Weight = 1
    centre: tuple[Weight, Weight] = (0, 0)

    @property
    def product(self) -> bool:
        """Whether it is a product of powers."""
        return not any(self.powers)

    def values(self, x: np.ndarray) -> np.ndarray:
        """The expression at rows of both columns (n, 2)."""
        with np.errstate(all="ignore"):
            if self.product:
                return x[:, 0] * x[:, 1] ** float(self.factor)
            one, other = (
                np.log(u) if not p else u ** float(p) for u, p in zip(self._moved(x), self.powers, strict=True)
            )
            return one + float(self.factor) * other

    def slopes(self, x: np.ndarray) -> np.ndarray:
        """Its derivatives (n, 2)."""
        with np.errstate(all="ignore"):
            if self.product:
                factor = float(self.factor)
                return np.stack([x[:, 1] ** factor, factor * x[:, 0] * x[:, 1] ** (factor - 1)], 1)
            one, other = (
                1 / u if not p else float(p) * u ** (float(p) - 1)
                for u, p in zip(self._moved(x), self.powers, strict=True)
            )
            return np.stack([one, float(self.factor) * other], 1)

    def _moved(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x[:, 0] - float(self.centre[0]), x[:, 1] - float(self.centre[1])

    def text(self, names: list[str]) -> str:
        """It in words.

        >>> Powers((2, 1), -3).text(["a", "b"]), Powers((0, 0), -1).text(["a", "b"]), Powers((0, 1)).text(["a", "b"])
        ('a^2 - 3 b', 'a b^(-1)', 'log(a) + b')
        """
        if self.product:
            return f"{self.first(names[0])} {to_power(names[1], self.factor)}"
        size = abs(self.factor)
        times = "" if size == 1 else f"({size}) " if "/" in str(size) else f"{_number(size)} "
        second = to_power(_from_centre(names[1], self.centre[1]), self.powers[1])
        return f"{self.first(names[0])} {'+' if self.factor > 0 else '-'} {times}{second}"

    def first(self, name: str) -> str:
        """Its first term or factor in words."""
        return name if self.product else to_power(_from_centre(name, self.centre[0]), self.powers[0])


def _from_centre(name: str, centre: Weight) -> str:
    return f"({name} {'-' if centre > 0 else '+'} {_number(abs(centre))})" if centre else name


def _number(value: Weight) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def to_power(name: str, power: Weight) -> str:
    """A column to a power in words; a power of 0 is the logarithm.

    >>> to_power("a", 1), to_power("a", Fraction(-1, 2)), to_power("a", 0)
    ('a', 'a^(-1/2)', 'log(a)')
    """
    text = f"{power:.4g}" if isinstance(power, float) else str(power)
    if not power:
        return f"log({name})"
    return name if power == 1 else f"{name}^{text}" if text.isdigit() else f"{name}^({text})"


@dataclass(frozen=True, repr=False)
class PairOfColumns(Finding):
    """Two columns that enter through one expression A(x_i) + B(x_j), on which all of f depends.

    Attributes:
        powers: the expression where A and B are powers or logarithms; None where they are something else.
        powers_evidence: the test of that expression.
    """

    kind: ClassVar[str] = "pair"
    powers: Powers | None = None
    powers_evidence: Evidence | None = None

    @property
    def words(self) -> str:
        """What it means."""
        one, other = self.named(self.columns)
        text = f"A({one}) + B({other})" if self.powers is None else self.powers.text([one, other])
        return f"{one} and {other} enter only as {text}"


def pairs(probe: Probe, without: Collection[int] = ()) -> tuple[PairOfColumns, ...]:
    """The pairs of columns that enter through one expression which is a sum in some scale.

    The ratio of the two derivatives must be a function of one column over a function of the other, and depend on
    nothing else: f_i / f_j = A'(x_i) / B'(x_j). Then f depends on them through A + B. Powers are tried for A' and B'.

    Args:
        probe: the function.
        without: columns that do not matter. Above `TUNED.pairs` others nothing is looked for.

    >>> from edgewise.structure import probe_of
    >>> X = 1 + np.random.default_rng(0).random((100, 3))
    >>> pairs(probe_of(lambda X: (X[:, 0] * X[:, 1] ** 2).sin() + X[:, 2] * X[:, 0], X, None, None, 0))
    ()
    >>> pairs(probe_of(lambda X: (X[:, 0] * X[:, 1] ** 2).sin() * X[:, 2].exp(), X, None, None, 0))[0].words
    'x1 and x2 enter only as x1 x2^2'
    """
    columns = [column for column in range(probe.base.columns) if column not in without]
    if len(columns) > TUNED.pairs:
        return ()
    found = []
    for i, j in itertools.combinations(columns, 2):
        others = [column for column in columns if column not in (i, j)]
        apart = [same_ratio(probe.base, probe.at(others), i, j)] if others else []
        if all(one.holds for one in apart):
            evidence = weakest([separable_ratio(probe, [i], [j]), *apart])
            if evidence.holds:
                found.append(_with_powers(probe.base, PairOfColumns((i, j), evidence, probe.base.names)))
    return tuple(found)


def _with_powers(sample: FunctionSample, pair: PairOfColumns) -> PairOfColumns:
    """The pair with its powers, where they hold."""
    i, j = pair.columns
    sample = sample.at(np.flatnonzero(sample.finite))
    for powers in (*powers_of(sample, i, j), *_squares(sample, i, j)):
        evidence = parallel(sample, (i, j), powers.slopes(sample.X[:, [i, j]]))
        # a power must be told from those near it, which lie the closer the longer it is
        longest = max(_denominator(power) for power in powers.powers)
        if evidence.holds and evidence.noise <= TUNED.sharp / longest**2:
            return PairOfColumns(pair.columns, pair.evidence, pair.names, powers, evidence)
    return pair


def _denominator(power: Weight) -> int:
    """Of a simple power; the largest one for any other."""
    return TUNED.denominators[-1] if isinstance(power, float) else Fraction(power).denominator


def powers_of(sample: FunctionSample, i: int, j: int) -> list[Powers]:
    """Candidates for the powers behind f_i / f_j = C x_i^a x_j^-b, the simplest first; none where it is no such ratio.

    The logarithm of the ratio is linear in those of the columns. Rows count by its error.
    """
    x, slopes, error = sample.X[:, [i, j]], sample.gradient[:, [i, j]], sample.gradient_error[:, [i, j]]
    with np.errstate(all="ignore"):
        target = np.log(np.abs(slopes[:, 0] / slopes[:, 1]))
        unsure = np.hypot(error[:, 0] / slopes[:, 0], error[:, 1] / slopes[:, 1])
        design = np.column_stack([np.ones(len(x)), np.log(np.abs(x[:, 0])), -np.log(np.abs(x[:, 1]))])
        usable = np.isfinite(target) & np.isfinite(design).all(1) & (unsure < TUNED.sharp)
    if usable.sum() < TUNED.least_rows:
        return []
    weight = 1 / np.maximum(unsure[usable], np.finfo(float).eps)
    _, a, b = np.linalg.lstsq(design[usable] * weight[:, None], target[usable] * weight, rcond=None)[0].tolist()
    near = simple_number(a), simple_number(b)
    kept = tuple(w if one is None else one for one, w in zip(near, (a, b), strict=True))
    choices = dict.fromkeys((one, other) for one in (kept[0], a) for other in (kept[1], b))
    return [made for one, other in choices if (made := _made(x[usable], slopes[usable], weight, one, other))]


def _made(x: np.ndarray, slopes: np.ndarray, weight: np.ndarray, a: Weight, b: Weight) -> Powers | None:
    """The expression whose derivatives have the ratio C x_i^a x_j^-b; C from the rows."""
    p, q = a + 1, b + 1
    if any(power and abs(power) < TUNED.snap for power in (p, q)):
        return None  # as good as a logarithm
    with np.errstate(all="ignore"):
        constants = slopes[:, 0] / slopes[:, 1] * x[:, 1] ** float(b) / x[:, 0] ** float(a)
    there = np.isfinite(constants)
    constant = _weighted_median(constants[there], weight[there]) if there.any() else 0.0
    if not constant:
        return None
    factor = (float(p) or 1.0) / (constant * (float(q) or 1.0))
    simple = simple_number(factor)
    reach = TUNED.snap if not (p or q) else TUNED.snap / TUNED.denominators[-1]  # of a power, or of a number
    return Powers((p, q), simple if simple and abs(simple - factor) <= reach * abs(factor) else factor)


def _squares(sample: FunctionSample, i: int, j: int) -> list[Powers]:
    """Squares around a centre other than zero, which must not lie far outside: there squares look like lines.

    The derivatives obey (x_j - c_j) f_i = (x_i - c_i) f_j / factor: a combination of four parts that vanishes.
    """
    x, slope, error = sample.X[:, [i, j]], sample.gradient[:, [i, j]], sample.gradient_error[:, [i, j]]
    parts = np.column_stack([x[:, ::-1] * slope, slope])
    unsure = np.column_stack([np.abs(x[:, ::-1]) * error, error])
    middle, width = (x.max(0) + x.min(0)) / 2, np.ptp(x, axis=0)
    found = []
    for (own, other, first, second), _ in vanishing(parts, unsure, (0, 1)):
        if own and other:
            centre = (-second / other if second else 0, -first / own if first else 0)
            if np.all(np.abs(np.array([float(c) for c in centre]) - middle) <= TUNED.far * width):
                found.append(Powers((Fraction(2), Fraction(2)), -own / other, centre))
    return found


def _weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    order = values.argsort(kind="stable")
    sums = weight[order].cumsum()
    return float(values[order][np.searchsorted(sums, sums[-1] / 2)])

"""Strengths of a Gaussian prior with the highest marginal likelihood: what the data say about their own smoothness.

The parameters come in groups: the line of an edge is one, its curves are another. The prior of a parameter has the
precision strength times roughness. An update sets the strength of a group to its effective parameters, over what the
prior charges for them (MacKay 1992, doi:10.1162/neco.1992.4.3.415; Wood & Fasiolo 2017, doi:10.1111/biom.12666, who
show that it raises the marginal likelihood). A group that the data say nothing for ends with no parameters, and goes.

Letters: n rows, m functions, k classes, q groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ..problems.products import add_symmetric
from .cholesky import factor_of, inverse_diagonal, occam_of
from .gram import Blocks, gram
from .tuning import TUNED

Note = Callable[[float], bool]  # told the loss after every update; ends the run by returning True


@dataclass(frozen=True)
class Prior:
    """groups (m,): the group of every function; roughness (m,): what multiplies the strength of its group; count: how
    many groups there are, of which some may be empty; terms (m,): the term of every function; broad (m,): which are
    products of a pair that has more of them than others."""

    groups: Tensor
    roughness: Tensor
    count: int
    terms: Tensor
    broad: Tensor | None = None

    @property
    def sizes(self) -> Tensor:
        """Functions in each group (q,)."""
        return torch.bincount(self.groups, minlength=self.count).to(self.roughness)

    @property
    def begin(self) -> Tensor:
        """Strengths (q,) to begin with, in units of the targets' precision. Those of `broad` functions give them a
        variance of 1 together: narrower priors would hide the rough ones behind smooth ones that say nothing."""
        each = torch.ones_like(self.roughness)
        if self.broad is not None:
            each = torch.where(self.broad, 1 / self.roughness, each)
        return each.new_zeros(self.count).index_add_(0, self.groups, each)

    def sums(self, values: Tensor, places: Tensor) -> Tensor:
        """Sums of values times roughness over each group, of the functions at these places: (q,)."""
        found = self.roughness.new_zeros(self.count)
        return found.index_add_(0, self.groups[places], values * self.roughness[places])


@dataclass(frozen=True)
class Spread:
    """How sure a posterior is of each of its terms. terms (t,): their numbers; places: of the functions of each (m_t,);
    covariance: of these (m_t, m_t), for each prediction (l)."""

    terms: list[int]
    places: list[Tensor]
    covariance: list[list[Tensor]]


@dataclass(frozen=True)
class Posterior:
    """coef (m,) or (m, k); constant () or (k,); effective (q,): parameters that the data determine in each group;
    strength (q,): of their prior, nan for a group that went; noise: variance that the functions leave, 1 for classes;
    settled: whether the strengths came to rest; gain: how much higher the log marginal likelihood is than that of a
    constant; worth (t,): how much of that goes with each term; flat () or (k,): the best constant
    alone; likelihood: with its own parameters, where the loss is no square; spread: how sure it is of its functions."""

    coef: Tensor
    constant: Tensor
    effective: Tensor
    strength: Tensor
    noise: float
    settled: bool
    gain: float
    worth: Tensor
    flat: Tensor
    likelihood: Any = None
    spread: Spread | None = None

    def nothing(self) -> Posterior:
        """The best constant in place of the functions."""
        zero = {name: torch.zeros_like(getattr(self, name)) for name in ("coef", "effective", "worth")}
        gone = torch.full_like(self.strength, math.nan)
        return replace(self, constant=self.flat, strength=gone, spread=None, **zero)


class Strengths:
    """The strengths of the groups, and which of them are still there. begin (q,): where they begin; known (q,): from
    where to go on, nan for a group that is new; least: below which none falls."""

    def __init__(self, prior: Prior, begin: Tensor, known: Tensor | None = None, least: float = 0.0) -> None:
        self.prior, self.there, self.value, self.least = prior, prior.sizes > 0, begin, least
        if known is not None:
            self.value = torch.where(known.isnan(), self.value, known)
        self.updates = 0

    @property
    def places(self) -> Tensor:
        """Of the functions that are there."""
        return self.there[self.prior.groups].nonzero()[:, 0]

    def precision(self, places: Tensor) -> Tensor:
        """Of the prior of the functions at these places."""
        return self.value[self.prior.groups[places]] * self.prior.roughness[places]

    def update(self, determined: Tensor, square: Tensor, places: Tensor) -> tuple[Tensor, float]:
        """From what the data determine of each parameter, between 0 and 1, and the squares of the parameters; the
        effective parameters of the groups, and the largest relative change."""
        effective = torch.zeros_like(self.value).index_add_(0, self.prior.groups[places], determined)
        charged = self.prior.sums(square, places).clamp(min=1e-300)
        factor = (effective / charged / self.value).clamp(1 / TUNED.largest_change, TUNED.largest_change)
        moving = self.there & (effective > TUNED.idle)
        change = float(factor[moving].log().abs().max()) if bool(moving.any()) else 0.0
        self.value = torch.where(self.there, (self.value * factor).clamp(min=self.least), self.value)
        self.updates += 1
        if self.updates > TUNED.patience:
            self.there &= effective > TUNED.idle
        return effective * self.there, change

    @property
    def state(self) -> tuple[Tensor, Tensor, int]:
        """What updates change."""
        return self.value, self.there.clone(), self.updates

    @state.setter
    def state(self, state: tuple[Tensor, Tensor, int]) -> None:
        self.value, self.there, self.updates = state

    @property
    def left(self) -> Tensor:
        """The strengths (q,), nan for groups that are gone."""
        return torch.where(self.there, self.value, math.nan)


@dataclass(frozen=True)
class Sums:
    """What rows say of functions and targets, each without its mean: matrix (m, m), right (m,), and the square of the
    targets. `design` (n, m) and `target` (n,) stand in for the matrix where there are fewer rows than functions."""

    rows: float
    constant: Tensor
    means: Tensor
    right: Tensor
    square: float
    matrix: Tensor
    design: Tensor | None
    target: Tensor

    @staticmethod
    def of(blocks: Blocks, prior: Prior) -> Sums:
        """Sums over the rows, each as often as it counts, by one pass over them. What is summed is the distance from
        the means of the first block, so that little cancels when the means of all rows are known."""
        m, lines, rows, square = len(prior.groups), 0, 0.0, 0.0
        near: tuple[Tensor, Tensor] | None = None
        off, means, right = (prior.roughness.new_zeros(size) for size in ((), m, m))
        matrix, kept = prior.roughness.new_zeros(m, m), []
        for functions, y, weight in blocks():
            count = float(weight.sum())
            if near is None:
                near = functions.mean(0), y.mean()
            functions, y, root = functions - near[0], y - near[1], weight.sqrt()
            lines, rows = lines + len(y), rows + count
            means, off = means + weight @ functions, off + weight @ y
            scaled, target = root[:, None] * functions, root * y
            if lines < m:
                kept.append((scaled, target, root))
                continue
            for one, other in [(one, other) for one, other, _ in kept] + [(scaled, target)]:
                matrix += gram(one, torch.ones_like(other)[None])[0]
                right += one.T @ other
                square += float(other @ other)
            kept = []
        assert near is not None
        means, off = means / rows, off / rows
        if kept:  # fewer rows than functions
            design = torch.cat([scaled - root[:, None] * means for scaled, _, root in kept])
            target = torch.cat([target - root * off for _, target, root in kept])
            right, square = design.T @ target, float(target @ target)
            design = design.T.contiguous().T  # function by function: they are taken, and solved for, in less time
            return Sums(rows, near[1] + off, near[0] + means, right, square, matrix[:0, :0], design, target)
        matrix.addr_(means, means, alpha=-rows)
        right, square = right - rows * means * off, square - rows * float(off) ** 2
        return Sums(rows, near[1] + off, near[0] + means, right, square, matrix, None, right[:0])

    def take(self, places: Tensor) -> Sums:
        """The sums of the functions at these places alone."""
        matrix = self.matrix[places][:, places] if self.design is None else self.matrix
        design = None if self.design is None else self.design.T[places].T
        return replace(self, means=self.means[places], right=self.right[places], matrix=matrix, design=design)

    def solve(self, precision: Tensor, noise: float) -> tuple[Tensor, Tensor, float]:
        """The posterior mean, what the data determine of each function, and the log determinant of the posterior's
        precision over the prior's: what parameters cost that the data determine."""
        if self.design is not None and len(precision) > len(self.design):
            scale = precision.rsqrt()
            across = self.design * scale
            matrix = torch.diag(across.new_full((len(across),), noise))
            add_symmetric(matrix, across.T, across.T)
            factor = factor_of(matrix)
            found = scale * (across.T @ torch.cholesky_solve(self.target[:, None], factor)[:, 0])
            half = torch.linalg.solve_triangular(factor, across, upper=False)
            occam = float(2 * factor.diagonal().log().sum()) - len(across) * math.log(noise)
            return found, half.square().sum(0), occam
        factor = factor_of(self.inner / noise + torch.diag(precision))
        found = torch.cholesky_solve((self.right / noise)[:, None], factor)[:, 0]
        determined = (1 - precision * inverse_diagonal(factor)).clamp(min=0)
        return found, determined, occam_of(factor, precision)

    @cached_property
    def inner(self) -> Tensor:
        """Products of the functions, summed over the rows."""
        return self.matrix if self.design is None else self.design.T @ self.design

    def residual(self, coef: Tensor) -> float:
        """Squares that these coefficients leave."""
        if self.design is not None:
            return float((self.target - self.design @ coef).square().sum())
        return self.square - 2 * float(coef @ self.right) + float(coef @ (self.inner @ coef))


def squared_error(sums: Sums, prior: Prior, note: Note, known: Tensor | None = None) -> Posterior:
    """The posterior of numbers: only sums over the rows are kept, so that there may be many of them. `known` (q,): the
    strengths to go on from, nan where there are none."""
    coef, spread = torch.zeros_like(sums.right), sums.square / sums.rows
    noise, settled = 0.5 * spread, not spread > 0
    strengths = Strengths(prior, prior.begin / max(spread, 1e-300), known)
    effective, gain = torch.zeros_like(strengths.value), 0.0
    at = strengths.places
    there = sums.take(at)  # seldom changes
    while not settled and strengths.updates < TUNED.rounds and bool(strengths.there.any()):
        places = strengths.places
        if not torch.equal(places, at):
            there, at = sums.take(places), places
        found, determined, occam = there.solve(strengths.precision(places), noise)
        coef = torch.zeros_like(sums.right).index_add_(0, places, found)
        before = gain
        explained = sums.square - float(found @ there.right)
        gain = -0.5 * (sums.rows * math.log(noise / spread) + explained / noise - sums.rows + occam)
        effective, change = strengths.update(determined, found.square(), places)
        error = there.residual(found)
        noise = max(error / max(sums.rows - 1 - float(effective.sum()), 1.0), TUNED.noise * spread)
        settled = change < TUNED.settled or 0 <= gain - before < TUNED.gained or note(max(error, 0.0) / sums.rows)
    coef = coef * strengths.there[prior.groups]
    settled = settled or not bool(strengths.there.any())
    constant = sums.constant - sums.means @ coef
    value, sure = coef.new_zeros(int(prior.terms.max()) + 1), None
    if spread > 0:
        there = there if torch.equal(strengths.places, at) else sums.take(strengths.places)
        value, sure = _sureness(there, prior, strengths.precision(strengths.places), noise, coef, strengths.places)
    left = strengths.left
    return Posterior(coef, constant, effective, left, noise, settled, gain, value, sums.constant, spread=sure)


def _sureness(
    there: Sums, prior: Prior, precision: Tensor, noise: float, coef: Tensor, places: Tensor
) -> tuple[Tensor, Spread]:
    """What each term is worth, and how sure a posterior is of it. there: sums of the functions at these places, of
    which the prior has this precision; coef (m,): of all functions."""
    terms = prior.terms[places]
    covariance = torch.cholesky_inverse(factor_of(there.inner / noise + torch.diag(precision)))
    value = worth(coef[places], covariance, precision, terms, int(prior.terms.max()) + 1)
    return value, spread_of([covariance], terms, places)


def narrowed(sums: Sums, prior: Prior, found: Posterior) -> Posterior:
    """The posterior with the strength of the first group that predicts unseen rows best, where it is larger than the
    most likely one, by generalized cross-validation (Golub, Heath & Wahba 1979, doi:10.1080/00401706.1979.10489751).

    A few directions of many columns that say the same may have large effects, and others none. One prior for all of
    them then is as wide as the few ask for, and lets noise into the others. The gain stays that of the most likely
    strength: it is what other models are compared by.
    """
    places = (~found.strength.isnan())[prior.groups].nonzero()[:, 0]
    if not len(places) or bool(found.strength[0].isnan()):
        return found
    there, groups = sums.take(places), prior.groups[places]
    likely = found.strength[groups] * prior.roughness[places]

    def tried(factor: Tensor) -> tuple[Tensor, Tensor, Tensor, float, float]:
        """Precision, coefficients, what is determined of them, noise, and what rows lose that were left out."""
        precision = torch.where(groups == 0, factor * likely, likely)
        coef, determined, _ = there.solve(precision, found.noise)
        left, error = sums.rows - 1 - float(determined.sum()), max(there.residual(coef), 0.0)
        noise = max(error / max(left, 1.0), TUNED.noise * sums.square / sums.rows)
        return precision, coef, determined, noise, error / max(left, TUNED.none_left) ** 2

    factors = torch.logspace(*TUNED.narrower, dtype=likely.dtype)
    tries = [tried(factor) for factor in factors]
    best = min(range(len(tries)), key=lambda number: tries[number][-1])
    if best == 0:
        return found
    precision, part, determined, noise, _ = tries[best]
    coef = torch.zeros_like(found.coef).index_add_(0, places, part)
    effective = torch.zeros_like(found.effective).index_add_(0, groups, determined)
    strength = found.strength * (found.noise / noise)  # what they are next to the noise decides
    strength[0] *= factors[best]
    value, sure = _sureness(there, prior, precision * (found.noise / noise), noise, coef, places)
    constant = sums.constant - sums.means @ coef
    new = {"coef": coef, "constant": constant, "effective": effective, "strength": strength, "noise": noise}
    return replace(found, worth=value, spread=sure, **new)


def believed(gain: float, prior: Prior) -> bool:
    """Whether noise alone would hardly give such a gain.

    A group of which nothing is true gains nothing half of the time, and half a chi-squared number else (Self & Liang
    1987, doi:10.1080/01621459.1987.10478472): 1/4 in the mean, with a variance of 5/16.
    """
    groups = int((prior.sizes > 0).sum())
    return gain > groups / 4 + TUNED.chance * math.sqrt(5 / 16 * groups)


def worth(coef: Tensor, covariance: Tensor, precision: Tensor, terms: Tensor, count: int, part: float = 1.0) -> Tensor:
    """How much higher the log marginal likelihood is with each term than without it (t,): the density of its posterior
    at zero, over that of its prior (Dickey 1971, doi:10.1214/aoms/1177693507).

    coef (m,) and covariance (m, m): of the posterior; precision (m,): that of the prior; terms (m,): the term of each
    parameter, of so many. part: how much of a free parameter each of these stands for.
    """
    found, variance = coef.new_zeros(count), covariance.diagonal()
    alone = torch.bincount(terms)[terms] == 1  # the lines of many pairs are hundreds of such terms
    alone &= variance > 0
    narrower = 0.5 * (precision * variance)[alone].log()
    found[terms[alone]] = 0.5 * coef[alone].square() / variance[alone] + part * narrower
    for term, at in of_terms(terms):
        if not alone[at[0]]:
            factor = factor_of(covariance[at][:, at])
            far = torch.linalg.solve_triangular(factor, coef[at][:, None], upper=False)
            narrower = 0.5 * precision[at].log().sum() + factor.diagonal().log().sum()
            found[term] = 0.5 * far.square().sum() + part * narrower
    return found


def of_terms(terms: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Each term with the places of its parameters. terms (m,): of each parameter.

    >>> [(term, at.tolist()) for term, at in of_terms(torch.tensor([3, 1, 3]))]
    [(1, [1]), (3, [0, 2])]
    """
    order = terms.argsort(stable=True)
    known, counts = terms[order].unique_consecutive(return_counts=True)
    return zip(known.tolist(), order.split(counts.tolist()), strict=True)


def spread_of(covariances: Sequence[Tensor], terms: Tensor, places: Tensor) -> Spread:
    """How sure a posterior is of each term. covariances (m, m): of the functions, for each prediction; terms, places
    (m,): of each function."""
    each = dict(of_terms(terms))
    found = [[covariance[at][:, at] for covariance in covariances] for at in each.values()]
    return Spread(list(each), [places[at] for at in each.values()], found)

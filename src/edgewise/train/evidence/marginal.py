"""Strengths of a Gaussian prior with the highest marginal likelihood: what the data say about their own smoothness.

The parameters come in groups: the line of an edge is one, its curves are another. The prior of a parameter has the
precision strength times roughness. An update sets the strength of a group to its effective parameters, over what the
prior charges for them (MacKay 1992, doi:10.1162/neco.1992.4.3.415; Wood & Fasiolo 2017, doi:10.1111/biom.12666, who
show that it raises the marginal likelihood). A group that the data say nothing for ends with no parameters, and goes.

Letters: n rows, m functions, k classes, q groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .tuning import TUNED

Blocks = Callable[[], Iterator[tuple[Tensor, Tensor, Tensor]]]  # design (n, m), targets (n, ...), counts of rows (n,)
Note = Callable[[float], bool]  # told the loss after every update; ends the run by returning True


@dataclass(frozen=True)
class Prior:
    """groups (m,): the group of every function; roughness (m,): what multiplies the strength of its group."""

    groups: Tensor
    roughness: Tensor

    @property
    def sizes(self) -> Tensor:
        """Functions in each group (q,)."""
        return torch.bincount(self.groups).to(self.roughness)

    def sums(self, values: Tensor, places: Tensor) -> Tensor:
        """Sums of values times roughness over each group, of the functions at these places: (q,)."""
        found = torch.zeros_like(self.sizes)
        return found.index_add_(0, self.groups[places], values * self.roughness[places])


@dataclass(frozen=True)
class Posterior:
    """coef (m,) or (m, k); constant () or (k,); effective (q,): parameters that the data determine in each group;
    noise: variance that the functions leave, 1 for classes; settled: whether the strengths came to rest; gain: how much
    higher the log marginal likelihood is than that of a constant."""

    coef: Tensor
    constant: Tensor
    effective: Tensor
    noise: float
    settled: bool
    gain: float


class _Strengths:
    """The strengths of the groups, and which of them are still there."""

    def __init__(self, prior: Prior, unit: float) -> None:
        self.prior, self.sizes = prior, prior.sizes
        self.value = self.sizes / unit
        self.there = self.sizes > 0
        self.updates = 0

    @property
    def places(self) -> Tensor:
        """Of the functions that are there."""
        return self.there[self.prior.groups].nonzero()[:, 0]

    def precision(self, places: Tensor) -> Tensor:
        """Of the prior of the functions at these places."""
        return self.value[self.prior.groups[places]] * self.prior.roughness[places]

    def update(self, variance: Tensor, square: Tensor, places: Tensor, copies: int = 1) -> tuple[Tensor, float]:
        """From posterior variances and squares of the parameters; the effective parameters of the groups, and the
        largest relative change. `copies`: parameters for each function."""
        effective = (copies * self.sizes - self.value * self.prior.sums(variance, places)).clamp(min=0)
        charged = self.prior.sums(square, places).clamp(min=1e-300)
        factor = (effective / charged / self.value).clamp(1 / TUNED.largest_change, TUNED.largest_change)
        moving = self.there & (effective > TUNED.idle)
        change = float(factor[moving].log().abs().max()) if bool(moving.any()) else 0.0
        self.value = torch.where(self.there, self.value * factor, self.value)
        self.updates += 1
        if self.updates > TUNED.patience:
            self.there &= effective > TUNED.idle
        return effective * self.there, change


def squared_error(blocks: Blocks, prior: Prior, note: Note) -> Posterior:
    """The posterior of numbers: only sums over the rows are kept, so that there may be many of them."""
    rows, total = 0.0, torch.zeros((), dtype=prior.roughness.dtype)
    for _, y, weight in blocks():
        rows, total = rows + float(weight.sum()), total + weight @ y
    constant, m = total / rows, len(prior.groups)
    matrix, right, square = torch.zeros(m, m, dtype=total.dtype), torch.zeros(m, dtype=total.dtype), 0.0
    for functions, y, weight in blocks():
        matrix.addmm_(functions.T, weight[:, None] * functions)
        right += functions.T @ (weight * (y - constant))
        square += float(weight @ (y - constant).square())
    coef, spread = torch.zeros_like(right), square / rows
    strengths, noise, settled = _Strengths(prior, max(spread, 1e-300)), 0.5 * spread, not spread > 0
    effective, gain = torch.zeros_like(strengths.value), 0.0
    while not settled and strengths.updates < TUNED.rounds and bool(strengths.there.any()):
        places = strengths.places
        precision, inner = strengths.precision(places), matrix[places][:, places]
        factor = torch.linalg.cholesky(inner / noise + torch.diag(precision))
        found = torch.cholesky_solve((right[places] / noise)[:, None], factor)[:, 0]
        coef = torch.zeros_like(right).index_add_(0, places, found)
        fits = rows * math.log(noise / spread) + (square - float(found @ right[places])) / noise - rows
        gain = -0.5 * (fits + _occam(factor, precision))
        effective, change = strengths.update(torch.cholesky_inverse(factor).diagonal(), found.square(), places)
        left = square - 2 * float(found @ right[places]) + float(found @ (inner @ found))
        noise = max(left / max(rows - 1 - float(effective.sum()), 1.0), TUNED.noise * spread)
        settled = change < TUNED.settled or note(max(left, 0.0) / rows)
    coef = coef * strengths.there[prior.groups]
    end = Posterior(coef, constant, effective, noise, settled or not bool(strengths.there.any()), gain)
    return _believed(end, prior, constant)


def _believed(found: Posterior, prior: Prior, flat: Tensor) -> Posterior:
    """The posterior, or the constant `flat` where noise alone would give such a gain.

    A group of which nothing is true gains nothing half of the time, and half a chi-squared number else (Self & Liang
    1987, doi:10.1080/01621459.1987.10478472): 1/4 in the mean, with a variance of 5/16.
    """
    groups = int((prior.sizes > 0).sum())
    if found.gain > groups / 4 + TUNED.chance * math.sqrt(5 / 16 * groups):
        return found
    nothing = torch.zeros_like(found.coef), flat, torch.zeros_like(found.effective)
    return Posterior(*nothing, found.noise, found.settled, found.gain)


def _occam(factor: Tensor, precision: Tensor) -> float:
    """Log determinant of a posterior's precision, of which this is the Cholesky factor, over that of its prior: what
    parameters cost that the data determine."""
    return float(2 * factor.diagonal().log().sum() - precision.log().sum())


def cross_entropy(blocks: Blocks, prior: Prior, classes: int, note: Note) -> Posterior:
    """The posterior of logits (k classes), by a Newton step between two updates (Laplace's approximation)."""
    counts = torch.zeros(classes, dtype=prior.roughness.dtype)
    for _, y, weight in blocks():
        counts.index_add_(0, y, weight)
    constant = flat = ((counts + 0.5) / (counts + 0.5).sum()).log()
    coef = torch.zeros(len(prior.groups), classes, dtype=constant.dtype)
    strengths, settled, gain = _Strengths(prior, 1.0), False, 0.0
    effective, mass = torch.zeros_like(strengths.value), float(counts.sum())
    alone = _alone(blocks, constant)
    while not settled and strengths.updates < TUNED.rounds and bool(strengths.there.any()):
        places = strengths.places
        precision = torch.cat([torch.full((1,), TUNED.unpenalised, dtype=coef.dtype), strengths.precision(places)])
        here = torch.cat([constant[None], coef[places]])  # (1 + m, k)
        value, slope, curvature = _softmax(blocks, here, places)
        factor = torch.linalg.cholesky(curvature + torch.diag(precision.repeat(classes)))
        slope = slope + precision[:, None] * here
        step = -torch.cholesky_solve(slope.T.reshape(-1, 1), factor).reshape(classes, -1).T
        objective = value + 0.5 * float((precision[:, None] * here.square()).sum())
        gain = alone - objective - 0.5 * _occam(factor, precision[1:].repeat(classes))
        found, length = here + step, 1.0
        while length > TUNED.shortest:
            charged = 0.5 * float((precision[:, None] * found.square()).sum())
            if _softmax_value(blocks, found, places) + charged <= objective * (1 + 1e-12) + 1e-12:
                break
            length /= 2
            found = here + length * step
        constant = found[0]
        coef = torch.zeros_like(coef).index_add_(0, places, found[1:])
        variance = torch.cholesky_inverse(factor).diagonal().reshape(classes, -1)[:, 1:].sum(0)
        effective, change = strengths.update(variance, found[1:].square().sum(1), places, classes)
        coef = coef * strengths.there[prior.groups][:, None]
        settled = (change < TUNED.settled_classes and length == 1.0) or note(value / mass)
    end = Posterior(coef, constant, effective, 1.0, settled or not bool(strengths.there.any()), gain)
    return _believed(end, prior, flat)


def _alone(blocks: Blocks, constant: Tensor) -> float:
    """The same as the gain is measured by, of the constants alone."""
    none = torch.zeros(0, dtype=torch.long)
    value, _, curvature = _softmax(blocks, constant[None], none)
    factor = torch.linalg.cholesky(curvature + TUNED.unpenalised * torch.eye(len(constant), dtype=constant.dtype))
    return value + 0.5 * TUNED.unpenalised * float(constant.square().sum()) + float(factor.diagonal().log().sum())


def _softmax(blocks: Blocks, coef: Tensor, places: Tensor) -> tuple[float, Tensor, Tensor]:
    """Sum of the losses of the rows, its gradient (1 + m, k), and its curvature (k (1 + m), k (1 + m)), class by
    class."""
    value, slope, k = 0.0, torch.zeros_like(coef), coef.shape[1]
    curvature = torch.zeros(k, len(coef), k, len(coef), dtype=coef.dtype)
    for functions, y, weight in blocks():
        functions = torch.cat([torch.ones_like(functions[:, :1]), functions[:, places]], 1)
        logs = (functions @ coef).log_softmax(1)
        value -= float(weight @ logs[torch.arange(len(y)), y])
        shares = logs.exp()
        slope += functions.T @ (weight[:, None] * (shares - torch.nn.functional.one_hot(y, k).to(shares)))
        for a in range(k):
            for b in range(a + 1):
                part = weight * shares[:, a] * ((1.0 if a == b else 0.0) - shares[:, b])
                product = functions.T @ (part[:, None] * functions)
                curvature[a, :, b] += product
                if a != b:
                    curvature[b, :, a] += product
    return value, slope, curvature.reshape(k * len(coef), -1)


def _softmax_value(blocks: Blocks, coef: Tensor, places: Tensor) -> float:
    value = 0.0
    for functions, y, weight in blocks():
        logs = (coef[0] + functions[:, places] @ coef[1:]).log_softmax(1)
        value -= float(weight @ logs[torch.arange(len(y)), y])
    return value

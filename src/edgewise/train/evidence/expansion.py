"""The losses to second order, with the curvature of several predictions in two ways: as it is, or class by class. Where
no row says more at one prediction than at another, it is summed once.

Logits that all grow by as much change no probability, so only contrasts of classes are curved. As it is, the curvature
has a row for each function and contrast: (k - 1) m of them, and (k - 1)^3 m^3 operations. Class by class, its
determinant and variances come from one matrix for each class:

    H_a = k / (k - 1) sum over rows of w p_a (1 - p_a) f f' + P,    log |H| ~ (k - 1) / k sum over a of log |H_a|

with probabilities p and the precision P of the prior, which is the same for every class. This is exact for two logits,
and for classes that are alike. Else it says that more is determined than is, and so charges a model more. On 1437
digits of ten classes it says 205 parameters, and the curvature as it is 195. Of ten classes that compete two by two it
says 88, and not 77. Newton steps come from conjugate gradients, which take products with the curvature itself; H_a
prepares for them.

Letters: n rows, m functions, k classes, l predictions of a row, c contrasts of these: one less, or the prediction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from .cholesky import Array, factor_of, inverse, inverse_diagonal, occam_of, solved
from .gram import Blocks, gram_with_constant
from .likelihoods import Likelihood, Pairs, shares_of
from .posterior import Spread
from .tuning import TUNED
from .worth import spread_of, worth


class Losses(Protocol):
    """The losses of the rows to second order about coefficients (1 + m, l), of which the first are the constants."""

    @property
    def value(self) -> float:
        """Their sum there."""
        ...

    @property
    def slope(self) -> Tensor:
        """Its derivatives (1 + m, l)."""
        ...

    def foretold(self, step: Tensor) -> float:
        """Their sum after a step (1 + m, l), by the parabola."""
        ...

    def under(self, precision: Tensor) -> PosteriorCurvature:
        """With a prior of this precision (1 + m,)."""
        ...


class PosteriorCurvature(Protocol):
    """Of a posterior, whose first function is the constant."""

    @property
    def precision(self) -> Tensor:
        """Of its prior (1 + m,)."""
        ...

    def step(self, slope: Tensor) -> Tensor:
        """The Newton step (1 + m, l) down a slope of that shape."""
        ...

    def occam(self) -> float:
        """Log determinant of the posterior's precision over that of the prior of the functions."""
        ...

    def determined(self) -> Tensor:
        """What the data determine of each function (m,), between 0 and l."""
        ...

    def worth(self, coef: Tensor, terms: Tensor, count: int) -> Tensor:
        """Of each term (count,), from the coefficients (1 + m, l) and the term of each function (m,)."""
        ...

    def spread(self, terms: Tensor, places: Tensor) -> Spread:
        """How sure it is of each term; terms, places (m,): of each function."""
        ...


Expand = Callable[[Blocks, Likelihood, Tensor, Tensor], Losses]


@dataclass(frozen=True)
class Whole:
    """As it is. factor (c (1 + m), c (1 + m)): of the posterior's precision, contrast by contrast; precision (1 + m,):
    of the prior, which also says all of the sum over classes; contrasts (l, c): of the predictions."""

    factor: Array
    precision: Tensor
    contrasts: Tensor

    @cached_property
    def covariance(self) -> Array:
        """Of the posterior (c (1 + m), c (1 + m))."""
        return inverse(self.factor)

    def step(self, slope: Tensor) -> Tensor:
        """Contrasts by the factor, the sum over classes by the prior."""
        apart = slope @ self.contrasts
        found = torch.from_numpy(solved(self.factor, apart.T.reshape(-1).numpy())).reshape(apart.T.shape).T
        return -found @ self.contrasts.T - (slope - apart @ self.contrasts.T) / self.precision[:, None]

    def occam(self) -> float:
        """By the factor. The sum over classes is as the prior has it, but for the constant."""
        predictions, count = self.contrasts.shape
        common = (predictions - count) * float(self.precision[0].log())
        return occam_of(self.factor, self.precision[1:].repeat(count).numpy()) + common

    def determined(self) -> Tensor:
        """By the inverse."""
        variance = torch.from_numpy(inverse_diagonal(self.factor)).reshape(-1, len(self.precision))[:, 1:]
        return (1 - self.precision[1:] * variance).clamp(min=0).sum(0)

    def worth(self, coef: Tensor, terms: Tensor, count: int) -> Tensor:
        """Of the functions of all contrasts together; the constants count as one term more."""
        contrasts = self.contrasts.shape[1]
        whose = np.tile(np.concatenate([[count], terms.numpy()]), contrasts)
        precision = np.tile(self.precision.numpy(), contrasts)
        apart = (coef @ self.contrasts).T.reshape(-1).numpy()
        return torch.from_numpy(worth(apart, self.covariance, precision, whose, count + 1)[:-1])

    def spread(self, terms: Tensor, places: Tensor) -> Spread:
        """Of each prediction: its contrasts, and the sum over classes as the prior has it."""
        size = len(self.precision)
        blocks = torch.from_numpy(self.covariance).reshape(-1, size, self.contrasts.shape[1], size)[:, 1:, :, 1:]
        each = [torch.einsum("i,ipjq,j->pq", mine, blocks, mine) for mine in self.contrasts]
        common = [(1 - mine.square().sum()) * torch.diag(1 / self.precision[1:]) for mine in self.contrasts]
        sides = [(a + b).numpy() for a, b in zip(each, common, strict=True)]
        return spread_of(sides, terms.numpy(), places.numpy())


@dataclass(frozen=True)
class ByClass:
    """Class by class, of two logits or more. factors (1 + m, 1 + m): of H_a for each class; precision (1 + m,): of the
    prior; product: with the curvature of the losses themselves (1 + m, k)."""

    factors: list[Array]
    precision: Tensor
    product: Callable[[Tensor], Tensor]

    @property
    def part(self) -> float:
        """How much of a free parameter each parameter of a class stands for."""
        return 1 - 1 / len(self.factors)

    @cached_property
    def covariances(self) -> list[Array]:
        """Of the functions in each class (m, m)."""
        return [inverse(factor)[1:, 1:] for factor in self.factors]

    def step(self, slope: Tensor) -> Tensor:
        """By conjugate gradients, as near as the next update asks for."""
        found, left = torch.zeros_like(slope), -slope
        ready = self._solved(left)
        ahead, size = ready, float((left * ready).sum())
        enough = TUNED.step_error**2 * size
        for _ in range(TUNED.step_products):
            if size <= enough:
                break
            bent = self.product(ahead) + self.precision[:, None] * ahead
            length = size / float((ahead * bent).sum())
            found, left = found + length * ahead, left - length * bent
            ready = self._solved(left)
            before, size = size, float((left * ready).sum())
            ahead = ready + (size / before) * ahead
        return found

    def _solved(self, right: Tensor) -> Tensor:
        """Contrasts by the factors, the sum over classes by the prior."""
        mean = right.mean(1, keepdim=True)
        sides = zip((right - mean).T, self.factors, strict=True)
        apart = torch.from_numpy(np.stack([solved(factor, side.numpy()) for side, factor in sides], 1))
        return apart - apart.mean(1, keepdim=True) + mean / self.precision[:, None]

    def occam(self) -> float:
        """Of the contrasts. The sum over classes is as the prior has it, but for the constant."""
        contrasts = self.part * sum(occam_of(factor, self.precision[1:].numpy()) for factor in self.factors)
        return contrasts + float(self.precision[0].log())

    def determined(self) -> Tensor:
        """Of the contrasts."""
        variances = torch.from_numpy(np.stack([inverse_diagonal(factor)[1:] for factor in self.factors]))
        return self.part * (1 - self.precision[1:] * variances).clamp(min=0).sum(0)

    def worth(self, coef: Tensor, terms: Tensor, count: int) -> Tensor:
        """Of the contrasts; too large for terms that act, since no other class can make up for one."""
        apart = coef[1:] - coef[1:].mean(1, keepdim=True)
        sides = zip(apart.T, self.covariances, strict=True)
        whose = self.precision[1:].numpy(), terms.numpy(), count, self.part
        return torch.from_numpy(sum(worth(side.numpy(), covariance, *whose) for side, covariance in sides))

    def spread(self, terms: Tensor, places: Tensor) -> Spread:
        """Of each class: contrasts, and the sum over classes as the prior has it."""
        common = (1 - self.part) * np.diag(1 / self.precision[1:].numpy())
        each = [self.part * covariance + common for covariance in self.covariances]
        return spread_of(each, terms.numpy(), places.numpy())


@dataclass(frozen=True)
class WholeLosses:
    """With the curvature (c (1 + m), c (1 + m)) as it is, contrast by contrast; contrasts (l, c): of predictions."""

    value: float
    slope: Tensor
    curvature: Tensor
    contrasts: Tensor

    def foretold(self, step: Tensor) -> float:
        """By the matrix."""
        flat = (step @ self.contrasts).T.reshape(-1)
        return self.value + float((self.slope * step).sum() + 0.5 * flat @ self.curvature @ flat)

    def under(self, precision: Tensor) -> Whole:
        """By a factor."""
        matrix = self.curvature.clone()
        matrix.diagonal().add_(precision.repeat(self.contrasts.shape[1]))
        return Whole(factor_of(matrix.numpy()), precision, self.contrasts)


@dataclass(frozen=True)
class ClassLosses:
    """With the curvature class by class. curvatures (1 + m, 1 + m): of each; product: with the curvature as it is."""

    value: float
    slope: Tensor
    curvatures: list[Tensor]
    product: Callable[[Tensor], Tensor]

    def foretold(self, step: Tensor) -> float:
        """By a product with the curvature as it is."""
        return self.value + float(((self.slope + 0.5 * self.product(step)) * step).sum())

    def under(self, precision: Tensor) -> ByClass:
        """By a factor of each class."""
        prior = torch.diag(precision)
        return ByClass([factor_of((matrix + prior).numpy()) for matrix in self.curvatures], precision, self.product)


def whole(blocks: Blocks, likelihood: Likelihood, coef: Tensor, places: Tensor) -> WholeLosses:
    """The losses of the rows about coefficients (1 + m, l) of the functions at these places."""
    return WholeLosses(*taylor(blocks, likelihood, coef, places), contrasts_of(coef.shape[1]).to(coef))


def steady(rows: Blocks) -> Expand:
    """The expansion of numbers under a loss whose information is the same for every row and prediction. Products of the
    functions are summed over the rows once, and each expansion passes over the rows for slopes alone."""
    summed = sum(
        gram_with_constant(functions, weight[None], torch.arange(functions.shape[1]))[0]
        for functions, _, weight in rows()
    )
    assert isinstance(summed, Tensor)

    def expand(blocks: Blocks, likelihood: Likelihood, coef: Tensor, places: Tensor) -> WholeLosses:
        value, slope, _, _ = _looked_at(blocks, likelihood, coef, places, [])
        one = coef.new_ones(1)
        known = likelihood.bends(one, one[:, None], one, [(0, 0)])[0]
        there = torch.cat([places.new_zeros(1), 1 + places])
        return WholeLosses(value, slope, known * summed[there][:, there], coef.new_ones(1, 1))

    return expand


def predictions(functions: Tensor, coef: Tensor, places: Tensor) -> Tensor:
    """Of rows (n, l) with these functions, of which those at the places have coefficients (1 + m, l); the first is the
    constant. No function is copied."""
    every = coef.new_zeros(functions.shape[1], coef.shape[1])
    return coef[0] + functions @ every.index_copy(0, places, coef[1:])


def by_class(blocks: Blocks, likelihood: Likelihood, coef: Tensor, places: Tensor) -> ClassLosses:
    """The same of classes, with the curvature class by class."""
    classes = coef.shape[1]
    pairs = [(number, number) for number in range(classes)]
    value, slope, sums, known = _looked_at(blocks, likelihood, coef, places, pairs)

    def product(ahead: Tensor) -> Tensor:
        found = torch.zeros_like(ahead)
        for (functions, _, weight), predicted in zip(blocks(), known, strict=True):
            shares = shares_of(predicted)
            moved = shares * predictions(functions, ahead, places)
            found += _against(functions, weight[:, None] * (moved - shares * moved.sum(1, keepdim=True)), places)
        return found

    return ClassLosses(value, slope, list(sums.mul_(classes / (classes - 1))), product)


def contrasts_of(predictions: int) -> Tensor:
    """An orthonormal basis (l, c) of what differs between the predictions of a row; of a single one itself.

    >>> contrasts_of(2).abs().mul(2**0.5).round(decimals=6).tolist()
    [[1.0], [1.0]]
    """
    if predictions == 1:
        return torch.ones(1, 1, dtype=torch.float64)
    differ = torch.eye(predictions, dtype=torch.float64)[:, 1:] - 1 / predictions
    return torch.linalg.qr(differ)[0]


def taylor(blocks: Blocks, likelihood: Likelihood, coef: Tensor, places: Tensor) -> tuple[float, Tensor, Tensor]:
    """Sum of the losses of the rows, its gradient (1 + m, l), and its curvature (c (1 + m), c (1 + m)), contrast by
    contrast: that of the sum over classes is 0."""
    contrasts = contrasts_of(coef.shape[1]).to(coef)
    count, size = contrasts.shape[1], len(coef) * contrasts.shape[1]
    pairs = [(a, b) for a in range(count) for b in range(a + 1)]
    value, slope, sums, _ = _looked_at(blocks, likelihood, coef, places, pairs, contrasts)
    if count == 1:
        return value, slope, sums[0]
    place = [[max(a, b) * (max(a, b) + 1) // 2 + min(a, b) for b in range(count)] for a in range(count)]  # among pairs
    return value, slope, sums[torch.tensor(place)].transpose(1, 2).reshape(size, size)


def _looked_at(
    blocks: Blocks, likelihood: Likelihood, coef: Tensor, places: Tensor, pairs: Pairs, contrasts: Tensor | None = None
) -> tuple[float, Tensor, Tensor, list[Tensor]]:
    """By one pass over the rows: the sum of their losses, its gradient (1 + m, l), its curvature by these pairs of
    predictions, or of contrasts (l, c) of them, (p, 1 + m, 1 + m), and the predictions of each block."""
    value, slope, found = 0.0, torch.zeros_like(coef), []
    sums = coef.new_zeros(len(pairs), len(coef), len(coef))
    for functions, y, weight in blocks():
        predicted = predictions(functions, coef, places)
        value += float(weight @ likelihood.losses(predicted, y))
        slope += _against(functions, weight[:, None] * likelihood.slopes(predicted, y), places)
        if pairs:
            bends = _bends(likelihood, weight, predicted, y, pairs, contrasts)
            sums += gram_with_constant(functions, bends, places)
        found.append(predicted)
    return value, slope, sums, found


def _bends(
    likelihood: Likelihood, weight: Tensor, predicted: Tensor, y: Tensor, pairs: Pairs, contrasts: Tensor | None
) -> Tensor:
    """Second derivatives of the losses by pairs of predictions, or of contrasts of them, times the weight: (p, n)."""
    if contrasts is None or contrasts.shape[1] == contrasts.shape[0]:
        return likelihood.bends(weight, predicted, y, pairs)
    count = predicted.shape[1]
    every = likelihood.bends(weight, predicted, y, [(a, b) for a in range(count) for b in range(count)])
    mixed = torch.einsum("ai,abn,bj->ijn", contrasts, every.reshape(count, count, -1), contrasts)
    return torch.stack([mixed[a, b] for a, b in pairs])


def _against(functions: Tensor, values: Tensor, places: Tensor) -> Tensor:
    """Products of the constant and of the functions at these places with values (n, l), summed over the rows:
    (1 + m, l)."""
    return torch.cat([values.sum(0, keepdim=True), (functions.T @ values)[places]])

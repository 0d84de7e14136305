"""A smooth function near the rows, with gradients and what these are wrong by: it shows structure, and proves nothing.

Polynomials are the first surrogate: they cost a tenth of a second, and are as good as networks for most smooth laws.

Letters: n rows, d columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..linear_algebra.polynomials import (
    Frame,
    Powers,
    count,
    exponents,
    feature_slopes,
    features,
    least_squares,
    neighbours,
)
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from .tuning import REDUCTIONS


@dataclass(frozen=True)
class Image:
    """A function of y that may be smoother than y itself: its value, its slope, and the way back."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    back: Callable[[Tensor], Tensor]


PLAIN = Image(lambda y: y, torch.ones_like, lambda t: t)
SQUARE = Image(torch.square, lambda y: 2 * y, lambda t: t.clamp(min=0.0).sqrt())
INVERSE = Image(torch.reciprocal, lambda y: -1 / y.square(), torch.reciprocal)


def _logarithm(sign: float) -> Image:
    return Image(lambda y: y.abs().log(), torch.reciprocal, lambda t: sign * t.clamp(max=700.0).exp())


def images(y: Tensor) -> list[Image]:
    """Those that can be taken of these values."""
    low, high = float(y.min()), float(y.max())
    one_sign = low * high > 0 and min(abs(low), abs(high)) > LINEAR_ALGEBRA.least_spread * max(abs(low), abs(high))
    return [
        PLAIN,
        *([SQUARE] if low >= 0 else []),
        *([_logarithm(math.copysign(1.0, low)), INVERSE] if one_sign else []),
    ]


@dataclass(frozen=True)
class Surrogate:
    """A polynomial of moved columns, of an image of y. error: its root mean squared error in units of y, on rows that
    it was not fitted to."""

    frame: Frame
    image: Image
    powers: Powers
    weights: Tensor
    error: float

    def values(self, X: Tensor) -> Tensor:
        """(n, d) -> (n,)."""
        return self.image.back(features(self.frame(X), self.powers) @ self.weights)

    def gradient(self, X: Tensor) -> Tensor:
        """(n, d) -> (n, d)."""
        moved = self.frame(X)
        slopes = [feature_slopes(moved, self.powers, i) @ self.weights for i in range(X.shape[1])]
        return torch.stack(slopes, 1) * self.frame.slopes(X) / self.image.slope(self.values(X))[:, None]


@dataclass(frozen=True)
class SurrogatePair:
    """The best surrogate, and the next coarser one, from which it differs by about as much as it is wrong.

    finer: the next one beyond the best, where it was fitted: where the best is a law already, only this one is near.
    """

    fine: Surrogate
    coarse: Surrogate
    finer: Surrogate | None = None

    @property
    def ease(self) -> float:
        """Part of the difference that the finer one is wrong by: where degrees come in steps, neighbours differ by
        more."""
        return min(1.0, self.fine.error / max(self.coarse.error, 1e-300)) ** 0.5

    def shows_noise(self, X: Tensor) -> bool:
        """Whether what is left is noise rather than the surrogate's own error, as far as the two tell on rows X."""
        return self.fine.error > REDUCTIONS.noisy * self.own_error(X)

    def own_error(self, X: Tensor) -> float:
        """What the best one is wrong by on rows X (n, d), about: its difference from its nearest neighbour."""
        best, others = self.fine.values(X), [self.coarse, *([] if self.finer is None else [self.finer])]
        apart = [float((best - other.values(X)).square().mean().sqrt()) for other in others]
        return min((one for one in apart if math.isfinite(one)), default=math.inf)


@dataclass(frozen=True)
class SurrogateRows:
    """Rows that fit a surrogate, and rows that judge it."""

    X: Tensor
    y: Tensor
    X_held: Tensor
    y_held: Tensor

    def first(self, count: int) -> SurrogateRows:
        """Fewer rows that fit."""
        return SurrogateRows(self.X[:count], self.y[:count], self.X_held, self.y_held)


def surrogates(given: SurrogateRows) -> SurrogatePair | None:
    """The polynomials that predict the held-out rows best; None where the rows are too few for any.

    All frames and images are compared with few features, and the best of them get many: all up to some degree, and,
    where these leave more than noise, those that the rows ask for.
    """
    if len(given.y) < 2 or len(given.y_held) < 2:
        return None
    every = torch.cat([given.X, given.X_held])
    frames = [Frame.of(every, logarithms=False), Frame.of(every, logarithms=True)]
    frames = frames if any(frames[1].logarithm) else frames[:1]
    few = given.first(REDUCTIONS.compared_rows)
    tried = [
        (found[0].error, frame, image)
        for frame in frames
        for image in images(torch.cat([given.y, given.y_held]))
        if (found := by_degree(Fit(frame, image), few, REDUCTIONS.compared_features))
    ]
    tried.sort(key=lambda entry: entry[0])
    fits = [Fit(frame, image) for _, frame, image in tried[: REDUCTIONS.climbs]]
    climbs = [found for fit in fits if (found := by_degree(fit, given, REDUCTIONS.features))]
    if not climbs:
        return None
    best = SurrogatePair(*min(climbs, key=lambda found: found[0].error))
    enough = REDUCTIONS.good_enough * float(given.y_held.square().mean().sqrt())
    if best.fine.error > enough and not best.shows_noise(given.X_held):
        finer = [by_neighbours(fit, given, REDUCTIONS.features) for fit in fits]
        return min([best, *(SurrogatePair(*found) for found in finer if found)], key=lambda pair: pair.fine.error)
    return best


@dataclass(frozen=True)
class Fit:
    """What a surrogate is made of: moved columns, and an image of y."""

    frame: Frame
    image: Image

    def weighted(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The image of y (n,) and the weight of each row, so that errors are those of y."""
        weight = 1 / self.image.slope(y).abs().clamp(min=1e-300)
        weight = weight.clamp(max=REDUCTIONS.heaviest * float(weight.quantile(0.95)))
        return self.image.value(y) * weight, weight

    def error(self, held: Tensor, weights: Tensor, y: Tensor) -> float:
        """Root mean squared error of y (n,) for features (n, M)."""
        return float((self.image.back(held @ weights) - y).square().mean().sqrt())


def by_degree(fit: Fit, given: SurrogateRows, most: int) -> list[Surrogate]:
    """The surrogate of the best degree, and its neighbour. One Gram matrix serves all degrees, since features are
    sorted by them."""
    d, most = given.X.shape[1], min(int(len(given.y) / LINEAR_ALGEBRA.rows_a_feature), most)
    degrees = [k for k in range(1, LINEAR_ALGEBRA.degree + 1) if count(d, k) <= most]
    if not degrees:
        return []
    powers = exponents(d, degrees[-1])
    target, weight = fit.weighted(given.y)
    design = features(fit.frame(given.X), powers) * weight[:, None]
    held = features(fit.frame(given.X_held), powers)
    gram, right = design.T @ design, design.T @ target
    found: list[Surrogate] = []
    for degree in degrees:
        m = count(d, degree)
        weights = least_squares(design[:, :m], target, gram[:m, :m], right[:m])
        off = fit.error(held[:, :m], weights, given.y_held)
        if math.isfinite(off):
            found.append(Surrogate(fit.frame, fit.image, powers[:m], weights, off))
        if d > 1 and _worse(found):  # of one column, waves show at high degrees only, and these cost little
            break
    return _best(found)


def by_neighbours(fit: Fit, given: SurrogateRows, most: int) -> list[Surrogate]:
    """The best surrogate of a growing set of features, and the one before it.

    Features that explain most of what is left come next, each a neighbour of those that are there. So columns that act
    alone or simply take few of them. Source: Chkifa, Cohen & Schwab 2014, doi:10.1007/s10208-013-9154-z.
    """
    most = min(int(len(given.y) / LINEAR_ALGEBRA.rows_a_feature), most)
    powers, found = exponents(given.X.shape[1], 1), []
    U, V = fit.frame(given.X), fit.frame(given.X_held)
    target, weight = fit.weighted(given.y)
    few = slice(REDUCTIONS.compared_rows)
    while len(powers) <= most and not _worse(found):
        design = features(U, powers) * weight[:, None]
        weights = least_squares(design, target, design.T @ design, design.T @ target)
        off = fit.error(features(V, powers), weights, given.y_held)
        if math.isfinite(off):
            found.append(Surrogate(fit.frame, fit.image, powers, weights, off))
        left = (target - design @ weights)[few] * weight[few]
        more = grown(powers, U[few], left, most)
        if more == powers:
            break
        powers = more
    return _best(found)


def _worse(found: list[Surrogate]) -> bool:
    """Whether the last two are worse than one before them."""
    return len(found) > 2 and min(s.error for s in found[-2:]) > min(s.error for s in found[:-2])


def _best(found: list[Surrogate]) -> list[Surrogate]:
    """The best one and the one before it, then the one after it, those that there are; none where there are no two."""
    if len(found) < 2:
        return []
    place = min(range(len(found)), key=lambda n: found[n].error)
    return [found[place], *found[max(place - 1, 0) : place], *found[place + 1 : place + 2]]


def grown(powers: Powers, U: Tensor, left: Tensor, most: int) -> Powers:
    """The features and those of their neighbours that explain most of what is left (n,) on moved rows U (n, d)."""
    around = neighbours(powers, LINEAR_ALGEBRA.degree)
    if not around or len(powers) >= most:
        return powers
    more = min(max(U.shape[1], int(REDUCTIONS.growth * len(powers))), most - len(powers), len(around))
    scores = (features(U, around).T @ left).abs()
    return powers + tuple(around[n] for n in sorted(torch.topk(scores, more).indices.tolist()))

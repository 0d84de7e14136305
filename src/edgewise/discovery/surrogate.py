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

from .polynomials import Frame, count, exponents, feature_slopes, features, least_squares
from .tuning import TUNED


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
    one_sign = low * high > 0 and min(abs(low), abs(high)) > TUNED.least_spread * max(abs(low), abs(high))
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
    degree: int
    weights: Tensor
    error: float

    def values(self, X: Tensor) -> Tensor:
        """(n, d) -> (n,)."""
        return self.image.back(features(self.frame(X), exponents(X.shape[1], self.degree)) @ self.weights)

    def gradient(self, X: Tensor) -> Tensor:
        """(n, d) -> (n, d)."""
        moved, powers = self.frame(X), exponents(X.shape[1], self.degree)
        slopes = [feature_slopes(moved, powers, i) @ self.weights for i in range(X.shape[1])]
        return torch.stack(slopes, 1) * self.frame.slopes(X) / self.image.slope(self.values(X))[:, None]


@dataclass(frozen=True)
class Pair:
    """The best surrogate, and the next coarser one, from which it differs by about as much as it is wrong."""

    fine: Surrogate
    coarse: Surrogate


def surrogates(X: Tensor, y: Tensor, X_held: Tensor, y_held: Tensor) -> Pair | None:
    """The polynomials that predict the held-out rows best; None where the rows are too few for any.

    All frames and images are compared with few features, and the best of them get many.
    """
    if len(y) < 2 or len(y_held) < 2:
        return None
    every = torch.cat([X, X_held])
    frames = [Frame.of(every, logarithms=False), Frame.of(every, logarithms=True)]
    frames = frames if any(frames[1].logarithm) else frames[:1]
    few = (X[: TUNED.compared_rows], y[: TUNED.compared_rows], X_held, y_held)
    tried = [
        (found[0].error, frame, image)
        for frame in frames
        for image in images(torch.cat([y, y_held]))
        if (found := _climb(frame, image, *few, TUNED.compared_features))
    ]
    tried.sort(key=lambda entry: entry[0])
    climbs = [_climb(frame, image, X, y, X_held, y_held, TUNED.features) for _, frame, image in tried[: TUNED.climbs]]
    best = min((found for found in climbs if found), key=lambda found: found[0].error, default=[])
    return Pair(best[0], best[1]) if len(best) > 1 else None


def _climb(
    frame: Frame, image: Image, X: Tensor, y: Tensor, X_held: Tensor, y_held: Tensor, most: int
) -> list[Surrogate]:
    """The surrogate of the best degree and its neighbour. One Gram matrix serves all degrees, since features are sorted
    by them."""
    d, most = X.shape[1], min(int(len(y) / TUNED.rows_a_feature), most)
    degrees = [k for k in range(1, TUNED.degree + 1) if count(d, k) <= most]
    if not degrees:
        return []
    powers = exponents(d, degrees[-1])
    slope = image.slope(y).abs()
    weight = 1 / slope.clamp(min=TUNED.flattest * float(slope.mean()))  # so that errors are those of y
    design, held = features(frame(X), powers) * weight[:, None], features(frame(X_held), powers)
    gram, right, target = design.T @ design, design.T @ (image.value(y) * weight), image.value(y) * weight
    found: list[Surrogate] = []
    for degree in degrees:
        m = count(d, degree)
        weights = least_squares(design[:, :m], target, gram[:m, :m], right[:m])
        off = float((image.back(held[:, :m] @ weights) - y_held).square().mean().sqrt())
        if math.isfinite(off):
            found.append(Surrogate(frame, image, degree, weights, off))
        if len(found) > 2 and found[-1].error > found[-3].error and found[-2].error > found[-3].error:
            break
    if len(found) < 2:
        return []
    place = min(range(len(found)), key=lambda n: found[n].error)
    return [found[place], found[place - 1] if place else found[1]]

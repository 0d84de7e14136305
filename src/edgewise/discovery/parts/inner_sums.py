"""Columns that enter through one sum of functions, g = G(a(z1) + b(z2) + ...), whatever G is.

Then a'(z1) g_2 = b'(z2) g_1: linear in the coefficients of a' and b', so that they are a null vector. Nothing is
divided by, and G may go up and down. From there on a, b and G are fitted to the rows, so that a rough gradient is
enough, and rows that were not fitted tell whether it is so.

Letters: n rows, d columns, m coefficients of each summand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from ..linear_algebra.pairs import solved
from ..linear_algebra.polynomials import Frame, exponents, feature_slopes, features
from ..tables.tuning import TABLES
from .splits import SplitRows
from .tuning import PARTS


@dataclass(frozen=True)
class InnerSum:
    """The summands as polynomials, up to a common factor and constants.

    weights (d, m): of their features. error: root mean squared error of y on rows that it was not fitted to.
    """

    frame: Frame
    weights: Tensor
    error: float

    def values(self, Z: Tensor) -> Tensor:
        """Each summand at rows Z (n, d): (n, d)."""
        return torch.einsum("dnm,dm->nd", _features(self.frame, Z, self.weights.shape[1]), self.weights)


def inner_sum(fitting: SplitRows, held: SplitRows, gradient: Tensor) -> InnerSum | None:
    """The sum that these columns enter through, from gradients (n, d) at the rows that fit; None where there is none.

    It grows in degrees while the held-out rows get nearer.
    """
    frame = Frame.of(torch.cat([fitting.Z, held.Z]), logarithms=False)
    weights = _null_vector(frame, fitting.Z, gradient, PARTS.inner_sizes[0][0])
    best: InnerSum | None = None
    for degree, outer in PARTS.inner_sizes:
        if weights is None or (degree * fitting.Z.shape[1] + outer) * 3 > len(fitting.g):
            break
        weights = torch.cat([weights, weights.new_zeros(len(weights), degree - weights.shape[1])], 1)
        weights, error = _fitted(_Model(frame, degree, outer), fitting, held, weights)
        if math.isfinite(error) and (best is None or error < best.error):
            best = InnerSum(frame, weights, error)
        elif best is not None and error > PARTS.split_worse * best.error:
            break
    return best


def _features(frame: Frame, Z: Tensor, degree: int) -> Tensor:
    """Features of every column (d, n, m), without the constant."""
    powers = exponents(1, degree)[1:]
    return torch.stack([features(u[:, None], powers) for u in frame(Z).T])


def _null_vector(frame: Frame, Z: Tensor, gradient: Tensor, degree: int) -> Tensor | None:
    """Weights (d, m) of the summands, from gradients inside the rows, where they are best."""
    d, U = Z.shape[1], frame(Z)
    kept = torch.isfinite(gradient).all(1) & (U.abs() < PARTS.inside).all(1)
    Z, gradient, U = Z[kept], gradient[kept], U[kept]
    size = gradient.norm(dim=1, keepdim=True)
    if len(Z) < 2 * d * degree or not float(size.median()) > 0:
        return None
    gradient = gradient / size.clamp(min=PARTS.least_slope * float(size.median()))
    powers = exponents(1, degree)[1:]
    slopes = [feature_slopes(u[:, None], powers, 0) * s[:, None] for u, s in zip(U.T, frame.slopes(Z).T, strict=True)]
    blocks = []
    for i, j in combinations(range(d), 2):
        row = [torch.zeros_like(slopes[0])] * d
        row[i], row[j] = slopes[i] * gradient[:, [j]], -slopes[j] * gradient[:, [i]]
        blocks.append(torch.cat(row, 1))
    design = torch.cat(blocks)
    norms = design.norm(dim=0).clamp(min=1e-300)
    weights = (torch.linalg.svd(design / norms, full_matrices=False).Vh[-1] / norms).reshape(d, degree)
    usual = torch.stack([slope @ w for slope, w in zip(slopes, weights, strict=True)]).square().mean(1).sqrt()
    return weights if float(usual.min()) > PARTS.least_share * float(usual.max()) else None


@dataclass(frozen=True)
class _Model:
    """G of the sum, as polynomials; outer: degree of G."""

    frame: Frame
    degree: int
    outer: int

    def at(self, design: Tensor, weights: Tensor) -> Tensor:
        """The sum (n,), from the features of all columns (d, n, m)."""
        return torch.einsum("dnm,dm->n", design, weights)

    def outside(self, s: Tensor, low: float, high: float) -> tuple[Tensor, Tensor]:
        """Features of G (n, k) at a sum that lies between these ends, and their slopes."""
        u, powers = (2 * s - low - high)[:, None] / max(high - low, 1e-300), exponents(1, self.outer)
        return features(u, powers), feature_slopes(u, powers, 0) * 2 / max(high - low, 1e-300)


def _fitted(model: _Model, fitting: SplitRows, held: SplitRows, weights: Tensor) -> tuple[Tensor, float]:
    """Weights of least squares, from a start, and the error on the held-out rows.

    G is solved for at every step (variable projection, after Kaufman 1975, doi:10.1007/BF01932995).
    """
    designs = [_features(model.frame, rows.Z, model.degree) for rows in (fitting, held)]
    weight, target = fitting.factor[:, None], fitting.g * fitting.factor
    damping, last = PARTS.inner_damping, math.inf
    best = weights
    for _ in range(PARTS.inner_steps):
        s = model.at(designs[0], weights)
        B, slopes = model.outside(s, float(s.min()), float(s.max()))
        B = B * weight
        choice = solved((), B[:, :0], B, target)
        if choice.error < last:
            fell = choice.error < PARTS.inner_gain * last
            best, last, damping = weights, choice.error, damping / PARTS.inner_eased
            outer = B.new_tensor(choice.base)
            rest = target - B @ outer
            jacobian = (slopes @ outer)[:, None] * weight * designs[0].permute(1, 0, 2).flatten(1)
            q = torch.linalg.qr(B).Q
            jacobian = jacobian - q @ (q.T @ jacobian)
            gram, right = jacobian.T @ jacobian, jacobian.T @ rest
            if (
                not fell
                and damping < PARTS.inner_damping * PARTS.inner_free
                or last <= TABLES.exact * PARTS.inner_exact * float(target.abs().mean())
            ):
                break
        else:
            damping *= PARTS.inner_stiffened
            if damping > PARTS.inner_stuck:
                break
        least = PARTS.inner_least * float(gram.diagonal().max())
        damped = gram + damping * torch.diag(gram.diagonal().clamp(min=least))
        factor, info = torch.linalg.cholesky_ex(damped)
        if int(info):
            damping = max(damping * PARTS.inner_stiffened, PARTS.inner_least)
            continue
        weights = best + torch.cholesky_solve(right[:, None], factor)[:, 0].reshape(best.shape)
    s, s_held = (model.at(design, best) for design in designs)
    low, high = float(torch.cat([s, s_held]).min()), float(torch.cat([s, s_held]).max())
    B = model.outside(s, low, high)[0]
    outer = B.new_tensor(solved((), B[:, :0], B * weight, target).base)
    rest = (model.outside(s_held, low, high)[0] @ outer - held.g) * held.factor
    return best / (high - low) * 2, float(rest.square().mean().sqrt())

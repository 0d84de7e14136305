"""Logistic regressions: many at once that share all columns but one, and one whose sharpness varies.

Letters: n rows, F columns that all share, L columns of which each has one, Q features of the sharpness.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .tuning import SURFACES


def with_each(
    shared: Tensor, extra: Tensor, labels: Tensor, start: Tensor | None = None, steps: int = SURFACES.steps
) -> tuple[Tensor, Tensor]:
    """Regressions of labels on the shared columns and each of the others: weights (L, F + 1), deviances (L,).

    Newton's steps, halved where they raise the loss, with a slight penalty that keeps weights finite where classes come
    apart. Columns should have about the size one.

    Args:
        shared (n, F), extra (n, L): the columns.
        labels (n,): 0 or 1.
        start (F,): weights of the shared columns to begin with; zeros by default.
        steps: at most.
    """
    size, count = shared.shape[1] + 1, extra.shape[1]
    theta = extra.new_zeros(count, size)
    if start is not None:
        theta[:, :-1] = start
    ridge = SURFACES.ridge * len(labels)
    loss = _loss(shared, extra, labels, theta, ridge)
    for _ in range(steps):
        p = torch.sigmoid(_scores(shared, extra, theta))
        off, weight = p - labels[:, None], p * (1 - p)
        gradient = torch.cat([(shared.T @ off).T, (extra * off).sum(0)[:, None]], 1) + ridge * theta
        hessian = extra.new_empty(count, size, size)
        products = (shared[:, :, None] * shared[:, None, :]).reshape(len(labels), -1)
        hessian[:, :-1, :-1] = (products.T @ weight).T.reshape(count, size - 1, size - 1)
        hessian[:, :-1, -1] = hessian[:, -1, :-1] = (shared.T @ (weight * extra)).T
        hessian[:, -1, -1] = (weight * extra.square()).sum(0)
        hessian.diagonal(dim1=1, dim2=2).add_(ridge)
        step = torch.cholesky_solve(gradient[:, :, None], torch.linalg.cholesky(hessian))[:, :, 0]
        for _ in range(SURFACES.halvings):
            tried = _loss(shared, extra, labels, theta - step, ridge)
            worse = tried > loss
            if not bool(worse.any()):
                break
            step = torch.where(worse[:, None], step / 2, step)
        step = torch.where((_loss(shared, extra, labels, theta - step, ridge) <= loss)[:, None], step, 0.0)
        theta = theta - step
        before, loss = loss, _loss(shared, extra, labels, theta, ridge)
        if float((before - loss).max()) < SURFACES.close:
            break
    return theta, 2 * (loss - ridge / 2 * theta.square().sum(1))


def _scores(shared: Tensor, extra: Tensor, theta: Tensor) -> Tensor:
    return shared @ theta[:, :-1].T + extra * theta[:, -1]


def _loss(shared: Tensor, extra: Tensor, labels: Tensor, theta: Tensor, ridge: float) -> Tensor:
    scores = _scores(shared, extra, theta)
    fits = (torch.nn.functional.softplus(scores) - labels[:, None] * scores).sum(0)
    return fits + ridge / 2 * theta.square().sum(1)


def alone(columns: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One regression: weights (F,), their covariance (F, F), the deviance."""
    theta, deviance = with_each(columns[:, :-1], columns[:, -1:], labels)
    p = torch.sigmoid(columns @ theta[0])
    hessian = columns.T @ (columns * (p * (1 - p))[:, None])
    hessian.diagonal().add_(SURFACES.ridge * len(labels))
    return theta[0], torch.cholesky_inverse(torch.linalg.cholesky(hessian)), deviance[0]


@dataclass(frozen=True)
class Sharpened:
    """A regression whose scores are multiplied by a sharpness, the exponential of a sum.

    Attributes:
        theta (F,): weights of the columns.
        covariance (F, F): of these weights.
        deviance: of the labels.
        sharpness (Q,): weights of the features.
    """

    theta: Tensor
    covariance: Tensor
    deviance: float
    sharpness: Tensor


def sharpness(features: Tensor, weights: Tensor) -> Tensor:
    """How sharp a surface is (n,), within bounds."""
    return (features @ weights).exp().clamp(1 / SURFACES.sharpness, SURFACES.sharpness)


def sharpened(columns: Tensor, features: Tensor, labels: Tensor, wrong: float) -> Sharpened:
    """One regression whose surface may be sharp in some places and dim in others: steps of Fisher's scoring.

    Weights of the sharpness have a normal prior of unit size. Columns and features should have about the size one.

    Args:
        columns (n, F): of which a weighted sum is zero at the surface.
        features (n, Q): of which a weighted sum is the logarithm of the sharpness.
        labels (n,): 0 or 1.
        wrong: part of the labels that are wrong wherever they lie, above 0 and below a half.

    Source: Copas 1988 (doi:10.1111/j.2517-6161.1988.tb01723.x) for labels that are wrong by chance.
    """
    size, n = columns.shape[1], len(labels)
    known = torch.cat([alone(columns, labels)[0], columns.new_zeros(features.shape[1])])
    prior = torch.cat([columns.new_full((size,), SURFACES.ridge * n), torch.ones_like(known[size:])])

    def scores(at: Tensor) -> tuple[Tensor, Tensor]:
        sharp = sharpness(features, at[size:])
        return sharp, sharp * (columns @ at[:size])

    def told(score: Tensor) -> Tensor:
        """The probability of the second class."""
        return wrong + (1 - 2 * wrong) * torch.sigmoid(score)

    def loss(at: Tensor) -> float:
        p = told(scores(at)[1])
        return -float(torch.where(labels > 0, p, 1 - p).log().sum()) + float((prior * at.square()).sum()) / 2

    value, hessian = loss(known), torch.diag(prior)
    for _ in range(SURFACES.steps):
        sharp, score = scores(known)
        p, q = told(score), torch.sigmoid(score)
        rise = (1 - 2 * wrong) * q * (1 - q)
        slopes = torch.cat([sharp[:, None] * columns, score[:, None] * features], 1)
        gradient = slopes.T @ (rise * (p - labels) / (p * (1 - p))) + prior * known
        hessian = slopes.T @ (slopes * (rise.square() / (p * (1 - p)))[:, None]) + torch.diag(prior)
        step = torch.cholesky_solve(gradient[:, None], torch.linalg.cholesky(hessian))[:, 0]
        tries = ((known - step / 2**k) for k in range(SURFACES.halvings + 1))
        new = next((at for at in tries if loss(at) < value), None)
        if new is None:
            break
        before, known, value = value, new, loss(new)
        if before - value < SURFACES.close:
            break
    deviance = 2 * (value - float((prior * known.square()).sum()) / 2)
    covariance = torch.cholesky_inverse(torch.linalg.cholesky(hessian))[:size, :size]
    return Sharpened(known[:size], covariance, deviance, known[size:])

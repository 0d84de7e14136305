"""Logistic regressions that share all columns but one, all at once.

Letters: n rows, F columns that all share, L columns of which each has one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .tuning import TUNED


def with_each(shared: Tensor, extra: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Regressions of labels on the shared columns and each of the others: weights (L, F + 1), deviances (L,).

    Newton's steps, halved where they raise the loss, with a slight penalty that keeps weights finite where classes come
    apart. Columns should have about the size one.

    Args:
        shared (n, F), extra (n, L): the columns.
        labels (n,): 0 or 1.
    """
    size, count = shared.shape[1] + 1, extra.shape[1]
    theta = extra.new_zeros(count, size)
    ridge = TUNED.edge_ridge * len(labels)
    loss = _loss(shared, extra, labels, theta, ridge)
    for _ in range(TUNED.edge_steps):
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
        for _ in range(TUNED.edge_halvings):
            tried = _loss(shared, extra, labels, theta - step, ridge)
            worse = tried > loss
            if not bool(worse.any()):
                break
            step = torch.where(worse[:, None], step / 2, step)
        step = torch.where((_loss(shared, extra, labels, theta - step, ridge) <= loss)[:, None], step, 0.0)
        theta = theta - step
        before, loss = loss, _loss(shared, extra, labels, theta, ridge)
        if float((before - loss).max()) < TUNED.edge_close:
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
    hessian.diagonal().add_(TUNED.edge_ridge * len(labels))
    return theta[0], torch.cholesky_inverse(torch.linalg.cholesky(hessian)), deviance[0]

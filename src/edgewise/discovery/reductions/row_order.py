"""Rows in the order of a column: what they are off the line between neighbours, and which powers bring them nearer.

Letters: n rows, K columns that give an order, u columns whose powers are asked for.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

TINY = 1e-12  # part of a column's own spread that keeps a matrix from being singular: round-off


def off_the_line(columns: Tensor, g: Tensor, factor: Tensor) -> Tensor:
    """What rows are off the line between their neighbours in the order of each column (n, K), root mean square in
    units of y: (K,).

    It estimates the noise of g (n,), and is the spread of y where a column says nothing. Source: Gasser, Sroka &
    Jennen-Steinmetz 1986, doi:10.1093/biomet/73.3.625.
    """
    z, order = columns.sort(0)
    g, factor = g[order], factor[order]
    width = z[2:] - z[:-2]
    before = torch.where(width > 0, (z[2:] - z[1:-1]) / width.clamp(min=1e-300), 0.5)
    after = 1 - before
    off = before * g[:-2] + after * g[2:] - g[1:-1]
    noise = 1 / factor.square()  # the variance of g, if all rows of y have the same
    scale = noise[1:-1] + before.square() * noise[:-2] + after.square() * noise[2:]
    return (off.square() / scale).mean(0).sqrt()


def powers_between(columns: Tensor, logs: Tensor, left_out: Tensor, g: Tensor, factor: Tensor) -> tuple[Tensor, Tensor]:
    """The powers of columns for which g = (product of powers) h(column), and what that leaves, in units of y.

    Neighbours have nearly the same h, so that their difference in log |g| is linear in the powers. Source: Yatchew
    1997, doi:10.1016/S0165-1765(97)00218-8.

    Args:
        columns (n, K): each gives an order.
        logs (n, u): logarithms of the columns whose powers are asked for.
        left_out (K, u): true where h may hold a power already.
        g, factor (n,): the values, and the error of y by that of g.

    Returns:
        Powers (K, u), and what is left (K,).
    """
    order = columns.argsort(0)
    size = (factor * g).abs()[order]
    unit = float(size.max()) or 1.0
    size = size / unit  # squares of it neither overflow nor vanish
    weight = torch.minimum(size[1:], size[:-1])  # small where g has a zero, and its logarithm a pole
    steps = g.abs().clamp(min=1e-300).log()[order].diff(dim=0) * weight
    slopes = logs[order].diff(dim=0) * weight[..., None]
    kept = (~left_out).to(logs.dtype)
    slopes = slopes * kept
    gram = torch.einsum("nku,nkv->kuv", slopes, slopes)
    ridge = torch.diagonal(gram, dim1=1, dim2=2).amax(1, keepdim=True).clamp(min=1e-300) * TINY + (1 - kept)
    right = torch.einsum("nku,nk->ku", slopes, steps)
    root, failed = torch.linalg.cholesky_ex(gram + torch.diag_embed(ridge))
    powers = torch.cholesky_solve(right[..., None], root)[..., 0]
    left = (steps - torch.einsum("nku,ku->nk", slopes, powers)).square().mean(0)
    usable = (failed == 0) & torch.isfinite(powers).all(1) & torch.isfinite(left)
    powers = torch.where(usable[:, None], powers, 0.0)
    return powers, torch.where(usable, unit * (left / 2).sqrt(), math.inf)

"""Derivatives that every problem needs, once each: symmetric products of rows, differences along a step, products with
a loss's curvature, the diagonal from random signs.

Letters: b rows of a block, r rows of a matrix, k outputs, P parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ...errors import TrainingError, clipped
from .tuning import TUNED


def add_symmetric(matrix: Tensor, a: Tensor, b: Tensor) -> None:
    """matrix (P, P) += a^T b, in place, for a^T b that is symmetric; a, b (r, P). Blocks below the diagonal are copied:
    near half the work."""
    half = matrix.shape[0] // 2
    if half < TUNED.square:
        matrix.addmm_(a.T, b)
        return
    add_symmetric(matrix[:half, :half], a[:, :half], b[:, :half])
    add_symmetric(matrix[half:, half:], a[:, half:], b[:, half:])
    matrix[:half, half:].addmm_(a[:, :half].T, b[:, half:])
    matrix[half:, :half].copy_(matrix[:half, half:].T)


def either_side(outputs: Callable[[Tensor], Tensor], theta: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs a little ahead of theta (P,) along a step, and as far behind: with those at theta, they make the second
    derivative along the step (`second_derivative`)."""
    return outputs(theta + TUNED.bend * step), outputs(theta - TUNED.bend * step)


def second_derivative(ahead: Tensor, here: Tensor, behind: Tensor) -> Tensor:
    """Of outputs along a step, from those of `either_side` and those at theta."""
    return ((ahead - here) + (behind - here)) / TUNED.bend**2


def times(bend: Tensor | float, v: Tensor) -> Tensor:
    """Curvature per row (b, k, k), or a number, times v (b, k)."""
    return torch.einsum("nkl,nl->nk", bend, v) if isinstance(bend, Tensor) else bend * v


def root(bend: Tensor) -> Tensor:
    """R (b, k, k) with R R^T = bend, which is positive semi-definite but may be singular."""
    values, vectors = torch.linalg.eigh(bend)
    return vectors * values.clamp(min=0).sqrt()[:, None, :]


def diagonal_by_signs(pull: Callable[[Tensor], Tensor], like: Tensor, probes: int) -> Tensor:
    """The diagonal (P,) of A A^T from products pull(u) = A u with random signs u, shaped like `like`: the mean of their
    squares is that without bias."""
    generator = torch.Generator().manual_seed(0)
    total = torch.zeros((), dtype=torch.float64, device=like.device)
    for _ in range(probes):
        signs = (2 * torch.randint(0, 2, like.shape, generator=generator) - 1).to(like)
        total = total + pull(signs).square()
    return total / probes


@contextmanager
def once_only() -> Iterator[None]:
    """Say in words what a module with an operation that cannot be differentiated twice lacks."""
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            "products with the Jacobian need operations that can be differentiated twice, and the module holds one"
            f" that cannot; use 'lm' or 'lbfgs', which differentiate once ({clipped(error)})"
        ) from error


def slices(rows: int, step: int) -> Iterator[slice]:
    """So many rows in blocks of `step`."""
    return (slice(start, start + step) for start in range(0, rows, step))

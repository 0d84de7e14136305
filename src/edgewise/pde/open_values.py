"""How far a solution may be off, as other values would satisfy the equation and its conditions nearly as well.

A step z of the parameters changes residuals by R z and values by V z. Where some z changes values and hardly residuals,
conditions are missing, or the problem is one that magnifies errors. That z is the largest singular vector of V A^-1, A
a triangular factor of R. What is left of the residuals, over the smallest |R z| / |V z|, is how far values may be off.

Source: Björck, "Numerical Methods for Least Squares Problems" (1996), section 4.2, for the pair (R, V).

Letters: P parameters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..train.solvers.orthogonal import triangle
from .collocation import Collocation
from .indices import Indices
from .residual_terms import ResidualTerm
from .tuning import TUNED


def least_change(problem: Collocation, theta: Tensor, sizes: Sequence[float], least: float) -> float:
    """The least change of residuals among the steps that change values by their own size; up to a factor near 1.

    Args:
        problem: the equation and its conditions.
        theta (P,): parameters and unknown constants of the solution.
        sizes: of each term, how large its parts usually are, as a mean square: the unit of its changes.
        least: root mean square of a value that counts as more than zero.
    """
    value = Indices.closing([(0,) * problem.terms[0].x.shape[1]])
    x = problem.terms[0].x
    values = ResidualTerm("values", x, x[:, :0], lambda u, *_: u(), value)
    problem.load(theta)
    unit = max(math.sqrt(float(problem.jets.derivatives(x, value).square().sum()) / len(x)), least)
    V = _factor(problem, theta, [values], [unit**2])
    R = _factor(problem, theta, problem.terms, sizes)
    lengths = torch.cat([R, V]).square().sum(0).sqrt()
    damping = torch.diag(TUNED.open_damping * torch.where(lengths > 0, lengths, 1.0))
    A = triangle(torch.cat([R, damping]))
    generator = torch.Generator().manual_seed(0)
    found = torch.randn(len(theta), TUNED.open_vectors, dtype=theta.dtype, generator=generator)
    for _ in range(TUNED.open_iterations):  # of (V A^-1)^T (V A^-1)
        moved = V @ torch.linalg.solve_triangular(A, torch.linalg.qr(found).Q, upper=True)
        found = torch.linalg.solve_triangular(A.T, V.T @ moved, upper=False)
    return 1 / math.sqrt(max(float(torch.linalg.matrix_norm(found, 2)), 1e-300))


def _factor(problem: Collocation, theta: Tensor, terms: Sequence[ResidualTerm], sizes: Sequence[float]) -> Tensor:
    """A triangular factor (P, P) of the Jacobian of these terms, each in units of its size."""
    found = theta.new_zeros(0, len(theta))
    for term, size in zip(terms, sizes, strict=True):
        for block in problem.term_rows(term, theta):
            found = triangle(torch.cat([found, block.jacobian / math.sqrt(size * term.count)]))
    return found


def told_open(left: float, least: float) -> str:
    """What it means in words, "" where values are not open.

    left: root mean square of what is left of all terms, in units of their sizes. least: what `least_change` found.

    >>> told_open(1e-6, 0.3)
    ''
    >>> told_open(1e-3, 2e-3)
    'Values may be off by 50%, as conditions hardly tell: give more of them, or a finer grid'
    >>> told_open(1e-16, 1e-12)
    'Values may be off by all of their size, as conditions hardly tell: give more of them, or a finer grid'
    """
    share = max(left, TUNED.open_floor) / max(least, 1e-300)
    if share < TUNED.open:
        return ""
    off = f"{share:.0%}" if share < 1 else "all of their size"
    return f"Values may be off by {off}, as conditions hardly tell: give more of them, or a finer grid"

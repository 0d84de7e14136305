"""How far a solution may be off, as other values, or other constants, would satisfy the equation and its conditions
nearly as well.

A step z of the parameters changes residuals by R z and values by V z. Where some z changes values and hardly residuals,
conditions are missing, or the problem is one that magnifies errors. That z is the largest singular vector of V A^-1, A
a triangular factor of R. What is left of the residuals, over the smallest |R z| / |V z|, is how far values may be off.
A constant that some z changes and residuals do not is open, too.

Source: Björck, "Numerical Methods for Least Squares Problems" (1996), section 4.2, for the pair (R, V).

Letters: P parameters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

import torch
from torch import Tensor

from ..train.solvers.orthogonal import triangle
from .collocation import Collocation
from .indices import Indices
from .residual_terms import ResidualTerm
from .tuning import TUNED


class Changes(NamedTuple):
    """The least change of residuals among the steps that change all values by their own size, and of those that change
    an unknown constant so, for each (u,). The size of one near zero is its unit."""

    values: float
    unknowns: list[float]


def least_changes(problem: Collocation, theta: Tensor, sizes: Sequence[Tensor], least: float) -> Changes:
    """What the residuals tell of values and constants; up to a factor near 1.

    Args:
        problem: the equation and its conditions.
        theta (P,): parameters and unknown constants of the solution.
        sizes: of each term, how large the parts of its residuals (k,) usually are, as mean squares: the units of their
            changes. One may stand for all of a term.
        least: root mean square of a value that counts as more than zero.
    """
    value = Indices.closing([(0,) * problem.terms[0].x.shape[1]])
    x = problem.terms[0].x
    values = ResidualTerm("values", x, x[:, :0], lambda u, *_: u(), value)
    problem.load(theta)
    unit = max(math.sqrt(float(problem.jets.derivatives(x, value).square().sum()) / len(x)), least)
    V = _factor(problem, theta, [values], [theta.new_tensor([unit**2])])
    R = _factor(problem, theta, problem.terms, sizes)
    lengths = torch.cat([R, V]).square().sum(0).sqrt()
    damping = torch.diag(TUNED.open_damping * torch.where(lengths > 0, lengths, 1.0))
    A = triangle(torch.cat([R, damping]))
    generator = torch.Generator().manual_seed(0)
    found = torch.randn(len(theta), TUNED.open_vectors, dtype=theta.dtype, generator=generator)
    for _ in range(TUNED.open_iterations):  # of (V A^-1)^T (V A^-1)
        moved = V @ torch.linalg.solve_triangular(A, torch.linalg.qr(found).Q, upper=True)
        found = torch.linalg.solve_triangular(A.T, V.T @ moved, upper=False)
    values = 1 / math.sqrt(max(float(torch.linalg.matrix_norm(found, 2)), 1e-300))
    first = len(theta) - len(problem.unknowns)
    picked = torch.eye(len(theta), dtype=theta.dtype)[:, first:] * theta[first:].abs().clamp_min(1)
    moved = torch.linalg.solve_triangular(A.T, picked, upper=False).norm(dim=0)
    return Changes(values, (1 / moved.clamp_min(1e-300)).tolist())


def _factor(problem: Collocation, theta: Tensor, terms: Sequence[ResidualTerm], sizes: Sequence[Tensor]) -> Tensor:
    """A triangular factor (P, P) of the Jacobian of these terms, each residual in units of its size."""
    found = theta.new_zeros(0, len(theta))
    for term, size in zip(terms, sizes, strict=True):
        for block in problem.term_rows(term, theta):
            units = (size * term.count).sqrt().repeat(len(block.jacobian) // len(size))
            found = triangle(torch.cat([found, block.jacobian / units[:, None]]))
    return found


def told_open(left: float, least: Changes, names: Sequence[str] = ()) -> str:
    """What it means in words, "" where nothing is open.

    left: root mean square of what is left of all terms, in units of their sizes. It is no reason to doubt constants, as
    noise of measured values leaves it too. least: what `least_changes` found. names: of the unknown constants.

    >>> told_open(1e-6, Changes(0.3, [0.2]), ["k"])
    ''
    >>> told_open(1e-3, Changes(2e-3, []))
    'Values may be off by 50%, as conditions hardly tell: give more of them, or a finer grid'
    >>> told_open(1e-16, Changes(1e-12, []))
    'Values may be off by all of their size, as conditions hardly tell: give more of them, or a finer grid'
    >>> told_open(1e-2, Changes(0.3, [0.01]), ["k"])
    ''
    >>> told_open(1e-6, Changes(0.3, [1e-12]), ["k"])
    'Conditions hardly tell unknown constants (k): measure more, or seek fewer'
    """
    found, share = [], max(left, TUNED.open_floor) / max(least.values, 1e-300)
    if share >= TUNED.open:
        off = f"{share:.0%}" if share < 1 else "all of their size"
        found.append(f"Values may be off by {off}, as conditions hardly tell: give more of them, or a finer grid")
    hardly = [change <= TUNED.open_floor / TUNED.open for change in least.unknowns]
    unknown = list(compress(names, hardly))
    if unknown:
        found.append(f"Conditions hardly tell unknown constants ({', '.join(unknown)}): measure more, or seek fewer")
    return ". ".join(found)

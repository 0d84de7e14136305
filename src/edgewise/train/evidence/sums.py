"""What rows say of functions and targets: sums over the rows, of which the posterior of numbers is made.

Letters: n rows, m functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from .cholesky import Array, Places, factor_of, half_solved, inverse_diagonal, occam_of, solved
from .gram import Blocks, gram
from .posterior import Prior
from .tuning import TUNED


@dataclass(frozen=True)
class Sums:
    """What rows say of functions and targets, each without its mean: matrix (m, m), right (m,), and the square of the
    targets. `design` (n, m) and `target` (n,) stand in for the matrix where there are fewer rows than functions."""

    rows: float
    constant: float
    means: Array
    right: Array
    square: float
    matrix: Array
    design: Array | None
    target: Array

    @staticmethod
    def of(blocks: Blocks, prior: Prior) -> Sums:
        """Sums over the rows, each as often as it counts, by one pass over them. What is summed is the distance from
        the means of the first block, so that little cancels when the means of all rows are known."""
        m, lines, rows, square = len(prior.groups), 0, 0.0, 0.0
        near: tuple[Tensor, Tensor] | None = None
        off, means, right = (prior.roughness.new_zeros(size) for size in ((), m, m))
        matrix, kept = prior.roughness.new_zeros(m, m), []
        for functions, y, weight in blocks():
            count = float(weight.sum())
            if near is None:
                near = functions.mean(0), y.mean()
            functions, y, root = functions - near[0], y - near[1], weight.sqrt()
            lines, rows = lines + len(y), rows + count
            means, off = means + weight @ functions, off + weight @ y
            scaled, target = root[:, None] * functions, root * y
            if lines < m:
                kept.append((scaled, target, root))
                continue
            for one, other in [(one, other) for one, other, _ in kept] + [(scaled, target)]:
                matrix += gram(one, torch.ones_like(other)[None])[0]
                right += one.T @ other
                square += float(other @ other)
            kept = []
        assert near is not None
        means, off = means / rows, off / rows
        middle, constant = (near[0] + means).numpy(), float(near[1] + off)
        if kept:  # fewer rows than functions
            design = torch.cat([scaled - root[:, None] * means for scaled, _, root in kept])
            target = torch.cat([target - root * off for _, target, root in kept])
            right, square = design.T @ target, float(target @ target)
            kept_rows = np.asfortranarray(design.numpy())  # function by function: they are taken in less time
            return Sums(rows, constant, middle, right.numpy(), square, np.zeros((0, 0)), kept_rows, target.numpy())
        matrix.addr_(means, means, alpha=-rows)
        right, square = right - rows * means * off, square - rows * float(off) ** 2
        return Sums(rows, constant, middle, right.numpy(), square, matrix.numpy(), None, np.zeros(0))

    def take(self, places: Places) -> Sums:
        """The sums of the functions at these places alone."""
        if np.array_equal(places, np.arange(len(self.means))):
            return self
        matrix = self.matrix if self.design is not None else self.matrix[np.ix_(places, places)]
        design = None if self.design is None else self.design.T[places].T
        return replace(self, means=self.means[places], right=self.right[places], matrix=matrix, design=design)

    def solve(self, precision: Array, noise: float) -> tuple[Array, Array, float]:
        """The posterior mean, what the data determine of each function, and the log determinant of the posterior's
        precision over the prior's: what parameters cost that the data determine."""
        if self.design is not None and len(precision) > TUNED.wide * len(self.design):
            scale = precision**-0.5
            across = self.design * scale
            factor = factor_of(_raised(across @ across.T, noise))
            found = scale * (across.T @ solved(factor, self.target))
            half = half_solved(factor, across)
            occam = float(2 * np.log(factor.diagonal()).sum()) - len(across) * math.log(noise)
            return found, np.einsum("ij,ij->j", half, half), occam
        factor = self.factor(precision, noise)
        determined = np.maximum(1 - precision * inverse_diagonal(factor), 0.0)
        return solved(factor, self.right / noise), determined, occam_of(factor, precision)

    def factor(self, precision: Array, noise: float) -> Array:
        """The Cholesky factor of the posterior's precision (m, m)."""
        return factor_of(_raised(self.inner / noise, precision))

    @cached_property
    def inner(self) -> Array:
        """Products of the functions, summed over the rows."""
        return self.matrix if self.design is None else self.design.T @ self.design

    def residual(self, coef: Array) -> float:
        """Squares that these coefficients leave."""
        if self.design is not None:
            left = self.target - self.design @ coef
            return float(left @ left)
        return self.square - 2 * float(coef @ self.right) + float(coef @ (self.inner @ coef))


def _raised(matrix: Array, by: Array | float) -> Array:
    """A matrix (m, m) with its diagonal raised, in place."""
    np.einsum("ii->i", matrix)[:] += by
    return matrix

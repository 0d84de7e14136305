"""Least squares for the free constants of a formula, and how well the rows determine them.

Letters: n rows, P free constants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...symbolic.program import InUnits
from ...train.solvers.levenberg_marquardt import minimize
from ...train.solvers.stop import Step
from ..formulas.tree import Node, Num, jacobian, numbers_of, values, with_numbers
from ..tables.law_task import LawRows
from ..tables.tuning import TABLES


@dataclass(frozen=True)
class Constants:
    """The mean squared error of a formula on rows, as a part of `scale` squared, in its free constants."""

    node: Node
    rows: LawRows
    scale: float

    def start(self) -> Tensor:
        """The free constants as they are (P,)."""
        return self.rows.X.new_tensor([part.value for part in numbers_of(self.node) if part.name is None])

    def at(self, theta: Tensor) -> Node:
        """The formula with these constants."""
        values = iter(theta.tolist())
        return with_numbers(self.node, [part if part.name else Num(next(values)) for part in numbers_of(self.node)])

    def value(self, theta: Tensor) -> float:
        """The loss; NaN where the formula is not defined on a row."""
        return float(((values(self.at(theta), self.rows.X) - self.rows.y) / self.scale).square().mean())

    def quadratic(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """Loss, gradient and curvature."""
        found, slopes = jacobian(self.at(theta), self.rows.X)
        rest, slopes = (found - self.rows.y) / self.scale, slopes / self.scale
        count = len(rest)
        return float(rest.square().mean()), 2 / count * (slopes.T @ rest), 2 / count * (slopes.T @ slopes)


def fitted(node: Node, rows: LawRows, *, steps: int, left: float = 1e-3 * TABLES.exact) -> Node:
    """The formula with the constants of least squares, from where they are; as it is where they are of no use.

    left: relative error that ends the fit; by default far below exact, where more digits are none.
    """
    scale = float(rows.y.square().mean().sqrt()) or 1.0
    problem: Any = Constants(node, rows, scale)
    theta = problem.start()
    if not len(theta) or not math.isfinite(problem.value(theta)):
        return node
    scaled = InUnits.at(problem, theta)

    def exact(step: Step) -> bool:
        return step.value <= left**2

    found = minimize(scaled, theta / scaled.unit, steps=steps, watch=exact, patience=3, tolerance=1e-9)
    return problem.at(found.theta * scaled.unit)


def error(node: Node, rows: LawRows) -> float:
    """Root mean squared error; infinite where the formula is not defined on a row."""
    found = float((values(node, rows.X) - rows.y).square().mean().sqrt())
    return found if math.isfinite(found) else math.inf


def standard_errors(node: Node, rows: LawRows, sigma: float) -> list[float]:
    """The standard error of each free constant, in the order of `walk`, the others free too; infinite where the rows do
    not determine it. Source: Seber & Wild 1989, Nonlinear Regression, section 2.1.

    sigma: the standard deviation of the noise.
    """
    return [sigma * spread for spread in spreads(jacobian(node, rows.X)[1])]


def spreads(slopes: Tensor) -> list[float]:
    """The standard error of each of P constants for noise of size one, by derivatives (n, P) with respect to them."""
    if not slopes.shape[1]:
        return []
    unit = slopes.square().sum(0).sqrt()
    if not bool(torch.isfinite(unit).all()) or bool((unit == 0).any()):
        return [math.inf] * slopes.shape[1]
    triangle = torch.linalg.qr(slopes / unit, mode="r").R
    if float(triangle.diagonal().abs().min()) < 1e-12:  # a direction that round-off decides
        return [math.inf] * slopes.shape[1]
    inverse = torch.linalg.solve_triangular(triangle, torch.eye(len(unit), dtype=unit.dtype), upper=True)
    return (inverse.square().sum(1).sqrt() / unit).tolist()

"""The equation and its conditions at chosen points, as a sum of squares for a minimiser.

Letters: b point, k residual, P parameters (of the network, then unknown constants in their units), m rows of the
Jacobian.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ..train.problems.products import either_side, second_derivative
from .field import Unknown
from .form_jets import FormJets
from .indices import Indices
from .kan_jets import KanJets
from .residual_terms import ResidualTerm
from .resolution import spline_errors
from .tuning import TUNED


class Jets(Protocol):
    """A network as a function with derivatives: `KanJets`, `ModuleJets`."""

    outputs: int

    def start(self) -> Tensor:
        """The parameters as they are now (P,)."""
        ...

    def load(self, theta: Tensor) -> None:
        """Set the parameters."""
        ...

    def derivatives(self, x: Tensor, indices: Indices) -> Tensor:
        """(a, b, o) at x (b, d)."""
        ...

    def forward(self, x: Tensor, indices: Indices) -> Any:
        """A pass with `.derivatives`, for `rows`."""
        ...

    def rows(self, done: Any, slopes: Tensor) -> Tensor:
        """(b, k, P) from the derivatives (a, b, k, o) of residuals."""
        ...


@dataclass(frozen=True, eq=False)
class WeightedRows:
    """Weighted residuals r (m,) of some points and their Jacobian (m, P)."""

    residual: Tensor
    jacobian: Tensor


class Collocation:
    """The weighted sum of the mean squares of all terms, as a function of theta (P,).

    weights: of the mean square of each term. The minimiser sees `value`, and rows whose squares sum to it.
    """

    def __init__(
        self,
        jets: Jets,
        terms: Sequence[ResidualTerm],
        unknowns: Sequence[Unknown],
        weights: Sequence[float] | None = None,
    ) -> None:
        self.jets, self.terms, self.unknowns = jets, list(terms), list(unknowns)
        self.weights = [1.0] * len(self.terms) if weights is None else list(weights)
        self.kept: tuple[Tensor, list[WeightedRows]] | None = None  # of the point where `rows` was last asked for

    def load(self, theta: Tensor) -> dict[str, Tensor]:
        """Set the network's parameters; the unknown constants by name."""
        many = len(self.unknowns)
        self.jets.load(theta[: len(theta) - many])
        constants = theta[len(theta) - many :]
        return {unknown.name: unknown.unit * one for unknown, one in zip(self.unknowns, constants, strict=True)}

    def value(self, theta: Tensor) -> float:
        """The objective; NaN where a residual is not finite."""
        return sum(weight * square for weight, square in zip(self.weights, self.mean_squares(theta), strict=True))

    def mean_squares(self, theta: Tensor) -> list[float]:
        """The mean square of each term's residuals, a point's residuals added up."""
        constants = self.load(theta)
        return [float(self.at(term, constants).square().sum()) / term.count for term in self.terms]

    def at(self, term: ResidualTerm, constants: dict[str, Tensor]) -> Tensor:
        """The residual (b, k) of a term, with the parameters last loaded."""
        parts = [part.value(self.jets.derivatives(part.x, part.indices), constants) for part in self._parts(term, 1)]
        return torch.cat(parts)

    def rows(self, theta: Tensor) -> list[WeightedRows]:
        """All rows of residuals and Jacobian, times the roots of their weights, in blocks."""
        found = []
        for term, weight in zip(self.terms, self.weights, strict=True):
            root = math.sqrt(weight / term.count)
            for block in self.term_rows(term, theta):
                found.append(WeightedRows(block.residual.mul_(root), block.jacobian.mul_(root)))
        self.kept = theta, found
        return found

    def turning(self, theta: Tensor, step: Tensor) -> Tensor:
        """2 J^T r'' (P,) at theta, with r'' the second derivative of the residuals along the step, by differences: what
        bends a Levenberg-Marquardt step."""
        known = self.kept is not None and self.kept[0] is theta
        blocks = self.kept[1] if known and self.kept is not None else self.rows(theta)
        ahead, behind = either_side(self.weighted, theta, step)
        here = torch.cat([block.residual for block in blocks])
        second = second_derivative(ahead, here, behind)
        total = torch.zeros_like(theta)
        for block, part in zip(blocks, second.split([len(block.residual) for block in blocks]), strict=True):
            total.addmv_(block.jacobian.T, part, alpha=2.0)
        return total

    def weighted(self, theta: Tensor) -> Tensor:
        """All residuals (m,), times the roots of their weights, in the order of `rows`."""
        constants = self.load(theta)
        parts = [
            self.at(term, constants).mul_(math.sqrt(weight / term.count))
            for term, weight in zip(self.terms, self.weights, strict=True)
        ]
        return torch.cat([part.flatten() for part in parts])

    def term_rows(self, term: ResidualTerm, theta: Tensor) -> Iterator[WeightedRows]:
        """The rows of one term, not weighted."""
        constants = self.load(theta)
        units = theta.new_tensor([unknown.unit for unknown in self.unknowns])
        for part in self._parts(term, len(theta)):
            with torch.no_grad():
                done = self.jets.forward(part.x, part.indices)
                slopes = part.slopes(done.derivatives, constants)
                jacobian = self.jets.rows(done, slopes.by_solution)
                if part.places > 1:
                    jacobian = jacobian.unflatten(0, (part.places, part.count)).sum(0)
                whole = torch.cat([jacobian, slopes.by_unknowns * units], 2)
            yield WeightedRows(slopes.value.flatten(), whole.flatten(0, 1))

    def spline_errors(self, theta: Tensor) -> list[Tensor]:
        """Of each layer of a KAN (i, G): the mean squared residual of the first term, the equation, that is due to each
        interval of the splines."""
        form = self.jets if isinstance(self.jets, FormJets) else None
        network: Any = self.jets if form is None else form.inner
        assert isinstance(network, KanJets)
        constants, term = self.load(theta), self.terms[0]
        total: list[Tensor] = []
        for part in self._parts(term, len(theta)):
            done: Any = self.jets.forward(part.x, part.indices)
            slopes = part.slopes(done.derivatives, constants).by_solution
            if form is None:
                found = spline_errors(network, done, slopes)
            else:
                found = spline_errors(network, done.inner, form.through(done, slopes))
            total = found if not total else [old + new for old, new in zip(total, found, strict=True)]
        return [errors / term.count for errors in total]

    def _parts(self, term: ResidualTerm, size: int) -> Iterator[ResidualTerm]:
        """The term in blocks of points whose Jacobians of so many columns are not too large."""
        step = max(1, TUNED.block // (size * len(term.indices) * term.places))
        if step >= term.count:
            yield term
            return
        for start in range(0, term.count, step):
            yield term.part(slice(start, min(start + step, term.count)))


def balanced(problem: Collocation, theta: Tensor) -> list[float]:
    """Weights with which every term has as much curvature as the first one, the equation.

    The mean square of the gradients of a term's residuals is the trace of its Gauss-Newton curvature. A second
    derivative answers a change of the network far more than its value does: without weights, values on the boundary
    would count for nothing. Unknown constants do not count: their units are guesses. But where the first guess of one
    is far too small, the solution moves the equation by next to nothing: then its own squares count.
    """
    traces, own = [], len(theta) - len(problem.unknowns)
    for term in problem.terms:
        total = sum(float(block.jacobian[:, :own].square().sum()) for block in problem.term_rows(term, theta))
        traces.append(total / term.count)
    if problem.unknowns:
        equation = sum(float(block.residual.square().sum()) for block in problem.term_rows(problem.terms[0], theta))
        traces[0] = max(traces[0], equation / problem.terms[0].count)
    return [traces[0] / trace if trace > 0 else 1.0 for trace in traces]

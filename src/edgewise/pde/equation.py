"""The user's equation: which derivatives and unknowns it asks for, and whether it can be used.

Letters: n point, d dimension, o output, k residual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import ConfigError, ShapeError, few
from ..layers import KANLayer
from .domain import Domain
from .field import Asking, Field, Unknown
from .indices import Indices
from .residual_terms import ResidualTerm, called, columns
from .tuning import TUNED

THE_EQUATION = "the equation"


@dataclass(frozen=True)
class Equation:
    """residual(u, x) with what it asks for: derivatives, and unknown constants."""

    residual: Callable[[Any, Tensor], Any]
    indices: Indices
    unknowns: tuple[Unknown, ...]

    @staticmethod
    def asked(residual: Any, domain: Domain, outputs: int) -> Equation:
        """The equation, called at two numbers of points to see what it asks for.

        Raises:
            ConfigError: no function, one that fails, or one that never asks for the solution.
            ShapeError: its result does not have one row per point.
        """
        if not callable(residual):
            raise ConfigError(f"{THE_EQUATION} must be a function of u and x, got {type(residual).__name__}")
        many = []
        for count in (TUNED.asked, TUNED.asked + 1):  # rows that meet columns give as many residuals as points
            x, asking = domain.interior(count, 0), Asking(count, outputs, domain.dims)
            many.append(columns(called(residual, THE_EQUATION, asking, x), count, THE_EQUATION).shape[1])
        if many[0] != many[1]:
            raise ShapeError(
                f"{THE_EQUATION} gives {many[0]} residuals a point for {TUNED.asked} points, {many[1]} for one more: a"
                " part of shape (n,) met one of shape (n, 1); u() has a column per output, so take"
                " x[:, :1] or f(x)[:, None] beside it"
            )
        if not asking.indices:
            raise ConfigError(
                f"{THE_EQUATION} ignores the solution: it calls neither u() nor a derivative such as u(0, 0), so"
                " nothing of the network enters it"
            )
        return Equation(residual, Indices.closing(asking.indices), tuple(asking.unknowns.values()))

    @property
    def orders(self) -> tuple[int, ...]:
        """The highest order of differentiation by each input."""
        return tuple(max(order) for order in zip(*self.indices.entries, strict=True))

    def term(self, x: Tensor) -> ResidualTerm:
        """The equation at points x (n, d)."""

        def residual(u: Field, x: Tensor, _: Tensor) -> Any:
            return called(self.residual, THE_EQUATION, u, x)

        return ResidualTerm(THE_EQUATION, x, x[:, :0], residual, self.indices)


def refuse_degree(layers: list[KANLayer], terms: list[ResidualTerm]) -> None:
    """Raise `ConfigError` where a derivative is asked for that splines of this degree do not have."""
    degree = min((layer.degree for layer in layers if bool(layer.spline_edges().any())), default=None)
    beyond = [term for term in terms if degree is not None and term.indices.order > degree]
    if beyond:
        highest = max(term.indices.order for term in beyond)
        raise ConfigError(
            f"{few([term.name for term in beyond])} asks for derivatives of order {highest}, which are zero for splines"
            f" of degree {degree}; take degree={min(7, highest + 3)}"
        )


def refuse_coupled(term: ResidualTerm, derivatives: Tensor, constants: dict[str, Tensor]) -> None:
    """Raise `ConfigError` where the residual of one point depends on the others, as a mean over all would.

    derivatives (a, n, o): of the solution at the term's points.
    """
    whole = term.value(derivatives, constants)
    if not bool(whole.isfinite().all()):
        return  # told of by another message
    first = term.part(slice(0, 1)).value(derivatives[:, :1], constants)
    same = torch.isclose(first[0], whole[0], rtol=1e-6, atol=1e-12 + 1e-9 * float(whole.abs().max()), equal_nan=True)
    if not bool(same.all()):
        raise ConfigError(
            f"{term.name} depends on other points than its own (a mean, a sum or a maximum over all points?), so it has"
            " no Jacobian point by point"
        )

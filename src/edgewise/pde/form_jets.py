"""A form around a network, g + d (N_0 + f_1 N_1 + ...), as a function with derivatives.

Letters: a multi-index, b point, k residual, o output, j part of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .form import Form
from .function_jets import function_jets
from .indices import Indices
from .taylor import multiply, pull


@dataclass(frozen=True)
class FormPass:
    """The derivatives of the solution (a, b, o), the pass of the network, and the coefficients that it met."""

    derivatives: Tensor
    inner: Any
    factors: Tensor  # Taylor coefficients (a, b, j o) of d, d f_1, ...
    factorials: Tensor  # (a, 1, 1)
    indices: Indices


class FormJets:
    """`Jets` of a form around `inner`, those of its network. The functions of the form do not move with parameters, so
    their derivatives at a set of points are taken once."""

    def __init__(self, inner: Any, form: Form) -> None:
        self.inner, self.form, self.outputs = inner, form, form.outputs
        self.known: dict[Any, tuple[Tensor, Tensor]] = {}

    def start(self) -> Tensor:
        """The parameters as they are now (P,)."""
        return self.inner.start()

    def load(self, theta: Tensor) -> None:
        """Set the parameters."""
        self.inner.load(theta)

    def derivatives(self, x: Tensor, indices: Indices) -> Tensor:
        """(a, b, o) at x (b, d)."""
        return self.forward(x, indices).derivatives

    def forward(self, x: Tensor, indices: Indices) -> FormPass:
        """A pass, for `rows`."""
        done = self.inner.forward(x, indices)
        factorials = torch.tensor(indices.factorials, dtype=x.dtype)[:, None, None]
        lift, factors = self._functions(x, indices).split([self.outputs, self.outputs * self.form.parts], 2)
        parts = multiply(factors, done.derivatives / factorials, indices)
        whole = lift + parts.unflatten(2, (self.form.parts, self.outputs)).sum(2)
        return FormPass(whole * factorials, done, factors, factorials, indices)

    def rows(self, done: FormPass, slopes: Tensor) -> Tensor:
        """(b, k, P) from the derivatives (a, b, k, o) of residuals."""
        return self.inner.rows(done.inner, self.through(done, slopes))

    def through(self, done: FormPass, slopes: Tensor) -> Tensor:
        """The derivatives (a, b, k, j o) of residuals by those of the network, from those (a, b, k, o) by the
        solution's."""
        cotangent = (slopes * done.factorials[..., None]).repeat(1, 1, 1, self.form.parts)
        return pull(cotangent, done.factors[:, :, None], done.indices) / done.factorials[..., None]

    def _functions(self, x: Tensor, indices: Indices) -> Tensor:
        """Taylor coefficients (a, b, o (1 + j)) of the functions of the form."""
        key = (x.data_ptr(), tuple(x.shape), x.stride(), indices.entries)
        if key not in self.known:  # x is kept, so that no other tensor gets its place in memory
            factorials = torch.tensor(indices.factorials, dtype=x.dtype)[:, None, None]
            self.known[key] = x, function_jets(self.form.columns, x, indices) / factorials
        return self.known[key][1]

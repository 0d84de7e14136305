"""Any module as a function with derivatives, by nested forward-mode and one reverse-mode derivative.

It is slower than a KAN's own jets, and there so that other networks can be compared under the same solver.

Letters: a multi-index, b point, d input, k residual, o output, P parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import grad, jvp, vmap

from ..errors import ShapeError, TrainingError, clipped
from ..train.problems.parameters import FlatModule
from .indices import Index, Indices

Function = Callable[[Tensor], Tensor]


class ModulePass(NamedTuple):
    """The derivatives of the outputs (a, b, o), and where they were taken."""

    derivatives: Tensor
    x: Tensor
    indices: Indices


class ModuleJets:
    """Values, partial derivatives, and their derivatives by the parameters, of a private module that treats rows one by
    one."""

    def __init__(self, module: nn.Module, dims: int) -> None:
        self.module, self.flat = module, FlatModule(module)
        self.theta = self.start()
        probe = torch.zeros(2, dims, dtype=torch.float64)
        try:
            with torch.no_grad():
                y = module(probe)
        except Exception as error:  # of the user's module, which may raise anything
            raise TrainingError(f"the module cannot be called with x of shape (2, {dims}): {clipped(error)}") from error
        if not isinstance(y, Tensor) or y.ndim != 2 or len(y) != 2:
            got = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
            raise ShapeError(f"the module must give (n, outputs) for x of shape (n, {dims}), got {got} for n = 2")
        self.outputs = y.shape[1]

    def start(self) -> Tensor:
        """The parameters as they are now (P,)."""
        return self.flat.read()

    def load(self, theta: Tensor) -> None:
        """Set the parameters to theta (P,)."""
        self.theta = theta.detach()
        self.flat.load(theta)

    def derivatives(self, x: Tensor, indices: Indices) -> Tensor:
        """Every partial derivative of the outputs at x (b, d): (a, b, o)."""
        return self.forward(x, indices).derivatives

    def forward(self, x: Tensor, indices: Indices) -> ModulePass:
        """The pass at x (b, d), with the parameters last loaded."""
        with torch.no_grad():
            found = vmap(lambda row: self._at(self.theta, row, indices), out_dims=1)(x)
        return ModulePass(found, x, indices)

    def rows(self, done: ModulePass, slopes: Tensor) -> Tensor:
        """The Jacobian (b, k, P) of residuals, from their derivatives (a, b, k, o) by those of the outputs."""

        def combined(theta: Tensor, row: Tensor, weights: Tensor) -> Tensor:
            return (weights * self._at(theta, row, done.indices)).sum()

        one = vmap(grad(combined), in_dims=(None, None, 1))  # over k; weights (a, k, o)
        with torch.no_grad():
            return vmap(one, in_dims=(None, 0, 1))(self.theta, done.x, slopes)

    def _at(self, theta: Tensor, row: Tensor, indices: Indices) -> Tensor:
        """(a, o): the derivatives at one point (d,)."""

        def output(point: Tensor) -> Tensor:
            return self.flat.call(theta, point[None])[0]

        made: dict[Index, Function] = {}
        for entry in indices.entries:  # each from one of lower order, which stands before it
            axis = next((number for number, times in enumerate(entry) if times), None)
            if axis is None:
                made[entry] = output
                continue
            below = tuple(times - (number == axis) for number, times in enumerate(entry))
            made[entry] = _directional(made[below], axis)
        return torch.stack([made[entry](row) for entry in indices.entries])


def _directional(function: Function, axis: int) -> Function:
    """The derivative of a function of a point (d,) by one of its coordinates."""

    def derivative(point: Tensor) -> Tensor:
        direction = torch.nn.functional.one_hot(torch.tensor(axis), len(point)).to(point)
        return jvp(function, (point,), (direction,))[1]  # type: ignore[return-value]

    return derivative

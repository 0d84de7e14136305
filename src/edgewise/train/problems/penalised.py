"""A problem's loss plus a differentiable penalty of the module."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .module import ModuleProblem


class Penalised:
    """The loss of a problem plus penalty(module, X), for methods that need value and gradient."""

    def __init__(self, problem: ModuleProblem, penalty: Callable[[nn.Module, Tensor], Tensor]) -> None:
        self.problem, self.penalty = problem, penalty

    def value_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """Value and gradient (P,) of the sum at theta (P,)."""
        problem = self.problem
        value, gradient = problem.value_gradient(theta)
        problem.load(theta)
        with torch.enable_grad():
            extra = self.penalty(problem.module, problem.X)
            parts = torch.autograd.grad(extra, problem.flat.parameters, allow_unused=True)
        return value + extra.item(), gradient + problem.flat.join(parts)

"""The user's own residual vector as a problem: differential equations, constraints, several data sets at once.

Letters: m residuals, P trainable parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd import grad

from ...devices import unreadable
from ...errors import ShapeError, TrainingError
from .curvature import Formed, Linearised
from .parameters import FlatModule
from .products import add_symmetric, diagonal_by_signs, either_side, once_only, second_derivative, slices
from .tuning import TUNED


class ResidualProblem:
    """mean(r^2) of the residuals r = residual(module), of any shape, which may hold derivatives of the module.

    Raises `ShapeError` for a residual that is not a tensor of real numbers, `TrainingError` for one that is random or
    ignores the parameters.

    >>> x = torch.linspace(0, 1, 5)[:, None]
    >>> problem = ResidualProblem(nn.Linear(1, 1), lambda module: module(x) - x)
    >>> value, gradient, curvature = problem.quadratic(problem.start())
    >>> curvature.shape
    torch.Size([2, 2])
    """

    def __init__(self, module: nn.Module, residual: Callable[[nn.Module], Tensor]) -> None:
        self.flat, self.module, self.residual = FlatModule(module), module.eval(), residual
        devices = [p.device for p in self.flat.parameters[:1] if p.device.type == "cuda"]
        with torch.random.fork_rng(devices=devices):
            first, again = self._residuals(), self._residuals()
        if first.grad_fn is None:
            raise TrainingError(
                "the residual does not depend on the model's parameters; compute it from the model that it is given"
            )
        self.residuals = first.numel()
        same = {"rtol": 1e-4, "atol": 1e-4 * float(first.detach().abs().nan_to_num().max()), "equal_nan": True}
        if first.shape != again.shape or not torch.allclose(first, again, **same):
            raise TrainingError(
                "the residual is different each time it is computed from the same model; draw its random points once,"
                " outside of it"
            )
        self.batched = True  # until a backward pass shows that it cannot be batched
        self._compare(first)

    def start(self) -> Tensor:
        """The parameters as they are now (P,)."""
        return self.flat.read()

    def load(self, theta: Tensor) -> None:
        """Set the module's parameters."""
        self.flat.load(theta)

    def value(self, theta: Tensor) -> float:
        """Mean square of the residuals."""
        self.load(theta)
        return float(self._residuals().detach().to(torch.float64).square().mean())

    def value_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """Mean square of the residuals and its gradient (P,)."""
        self.load(theta)
        value = self._residuals().to(torch.float64).square().mean()
        return value.item(), self.flat.join(grad(value, self.flat.parameters, allow_unused=True))

    def quadratic(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """Mean square of the residuals, gradient (P,), Gauss-Newton curvature (P, P)."""
        value, gradient, rows = self.rows_of_curvature(theta)
        curvature = theta.new_zeros(theta.numel(), theta.numel(), dtype=torch.float64)
        add_symmetric(curvature, rows.rows, rows.rows)
        return value, gradient, curvature

    def rows_of_curvature(self, theta: Tensor) -> tuple[float, Tensor, Formed]:
        """Mean square of the residuals, gradient (P,), and rows A (m, P) whose product A^T A is the Gauss-Newton
        curvature."""
        self.load(theta)
        r = self._residuals()
        values, root = r.detach().to(torch.float64), math.sqrt(2.0 / r.numel())
        rows = root * self.jacobian(r).to(torch.float64)
        return float(values.square().mean()), root * (rows.T @ values), Formed(rows)

    def jacobian(self, r: Tensor) -> Tensor:
        """d r / d parameters (m, P) of residuals r (m,) that hang on the parameters: by rows, or by columns where these
        are far fewer."""
        total = sum(self.flat.sizes)
        if r.numel() > TUNED.columns * total and self.batched:  # a column costs a pass through the backward pass
            try:
                return self._by_columns(r, total)
            except RuntimeError:  # an operation without a second derivative; rows need only the first
                pass
        return self._by_rows(r)

    def _by_rows(self, r: Tensor) -> Tensor:
        total = r.numel()
        if self.batched:
            unit = torch.eye(total, dtype=r.dtype, device=r.device)
            parts = [self._pull(r, unit[s]) for s in slices(total, max(1, TUNED.part // total))]
            return torch.cat(parts)
        return torch.stack([self._pull_one(r, number) for number in range(total)])

    def _by_columns(self, r: Tensor, total: int) -> Tensor:
        probe = torch.zeros_like(r, requires_grad=True)
        pulled = self.flat.join(grad(r, self.flat.parameters, probe, create_graph=True, allow_unused=True))
        unit = torch.eye(total, dtype=pulled.dtype, device=pulled.device)
        parts = [
            grad(pulled, probe, unit[s], retain_graph=True, is_grads_batched=True)[0].to(torch.float64)
            for s in slices(total, max(1, TUNED.part // r.numel()))
        ]
        return torch.cat(parts).T

    def _pull(self, r: Tensor, cotangents: Tensor) -> Tensor:
        found = grad(r, self.flat.parameters, cotangents, retain_graph=True, is_grads_batched=True, allow_unused=True)
        return self.flat.join(found, (cotangents.shape[0],))

    def _pull_one(self, r: Tensor, number: int) -> Tensor:
        return self.flat.join(grad(r[number], self.flat.parameters, retain_graph=True, allow_unused=True))

    def turning(self, theta: Tensor, step: Tensor) -> Tensor:
        """J^T r'' (P,) at theta times the curvature 2/m, with r'' the residuals' second derivative along the step, by
        differences."""
        ahead, behind = either_side(lambda point: self._at(point).detach(), theta, step)
        r = self._at(theta)
        second = second_derivative(ahead, r.detach(), behind)
        return (2.0 / r.numel()) * self.flat.join(grad(r, self.flat.parameters, second, allow_unused=True))

    @torch.enable_grad()
    def linearise(self, theta: Tensor) -> Linearised:
        """Value, gradient and products with the Gauss-Newton curvature at theta, which is never formed."""
        self.load(theta)
        r = self._residuals()
        values, unit = r.detach(), 2.0 / r.numel()
        probe = torch.zeros_like(r, requires_grad=True)
        with once_only():
            pulled = self.flat.join(grad(r, self.flat.parameters, probe, create_graph=True, allow_unused=True))
            grad(pulled, probe, theta.to(pulled), retain_graph=True)

        def pull(u: Tensor) -> Tensor:
            return self.flat.join(grad(r, self.flat.parameters, u, retain_graph=True, allow_unused=True)).detach()

        def apply(v: Tensor) -> Tensor:
            return unit * pull(grad(pulled, probe, v, retain_graph=True)[0].detach())

        def diagonal(probes: int) -> Tensor:
            return unit * diagonal_by_signs(pull, values, probes)

        return Linearised(float(values.to(torch.float64).square().mean()), unit * pull(values), apply, diagonal)

    def _at(self, theta: Tensor) -> Tensor:
        """The residuals (m,) at theta (P,), which is loaded."""
        self.load(theta)
        return self._residuals()

    @torch.enable_grad()
    def _residuals(self) -> Tensor:
        r = self.residual(self.module)
        if isinstance(r, Tensor) and (odd := unreadable(r)):
            raise ShapeError(f"residual(model) must return a plain tensor, got one that is {odd}")
        if not isinstance(r, Tensor) or not r.is_floating_point() or r.numel() == 0:
            got = f"{tuple(r.shape)} of {r.dtype}" if isinstance(r, Tensor) else type(r).__name__
            raise ShapeError(f"residual(model) must return a tensor of real numbers, one per residual, got {got}")
        if r.ndim == 0:
            raise ShapeError(
                "residual(model) gave a single number, wanted residuals (m,), whose mean square is minimised; leave out"
                " the mean()"
            )
        return r.reshape(-1)

    def _compare(self, r: Tensor) -> None:
        """Decide whether backward passes can be batched: they must run, and give what a single one gives."""
        want = torch.stack([self._pull_one(r, 0), self._pull_one(r, r.numel() - 1)])
        cotangents = torch.zeros(2, r.numel(), dtype=r.dtype, device=r.device)
        cotangents[0, 0] = cotangents[1, -1] = 1.0
        try:
            got = self._pull(r, cotangents)
        except Exception:  # custom operations fail under batching in ways of their own; single passes take them all
            self.batched = False
            return
        tolerance = math.sqrt(torch.finfo(r.dtype).eps)
        self.batched = torch.allclose(
            got, want, rtol=tolerance, atol=tolerance * float(want.abs().nan_to_num().max()), equal_nan=True
        )

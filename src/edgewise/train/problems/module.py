"""Any torch module on data, or under the user's own residual, as a problem for the minimisers: value, gradient,
Gauss-Newton curvature.

Letters: b rows of a block, n all rows, k outputs, m residuals, P trainable parameters. The module is private to its
problem: every call moves its parameters, and it is put into evaluation mode, in which batch normalisation is a fixed
map and dropout the identity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.autograd import grad

from ...errors import ShapeError, TrainingError
from ...losses import Loss
from .curvature import Formed, JacobianRows, Linearised
from .jacobian import Jacobian
from .linear_layers import Factored
from .parameters import FlatModule
from .products import add_symmetric, diagonal_by_signs, either_side, once_only, root, second_derivative, slices, times
from .tuning import TUNED


class ModuleProblem:
    """loss(module(X), y) for any module that treats rows one by one. X (n, ...), y (n, k), (n,) for one output or class
    numbers (n,), weight (n,).

    Raises `TrainingError` for a module that is random in evaluation mode, couples the rows of a batch, or has nothing
    to train, and `ShapeError` for outputs that do not fit the targets.

    >>> from edgewise.losses import SquaredError
    >>> problem = ModuleProblem(nn.Linear(2, 1), torch.rand(5, 2), torch.rand(5, 1), SquaredError())
    >>> value, gradient, curvature = problem.quadratic(problem.start())
    >>> gradient.shape, curvature.shape
    (torch.Size([3]), torch.Size([3, 3]))
    """

    def __init__(self, module: nn.Module, X: Tensor, y: Tensor, loss: Loss, weight: Tensor | None = None) -> None:
        self.flat, self.module, self.loss = FlatModule(module), module.eval(), loss
        self.X, self.y = X, y
        rows = X.shape[0]
        self.weight = (
            X.new_full((rows,), 1.0 / rows, dtype=torch.float64)
            if weight is None
            else weight.to(torch.float64) / weight.sum()
        )
        self._check()

    @cached_property
    def jacobian(self) -> Jacobian:
        """(theta, X) -> d outputs / d parameters (b, k, P), outputs (b, k). Made when a curvature is asked for: what it
        is made with takes two seconds to load, and methods of gradients have no use for it."""
        return Jacobian(self.module, self.flat, self.X[:2])

    # ------------------------------------------------------------------ values

    def start(self) -> Tensor:
        """The parameters as they are now (P,)."""
        return self.flat.read()

    def load(self, theta: Tensor) -> None:
        """Set the module's parameters."""
        self.flat.load(theta)

    def predict(self, X: Tensor) -> Tensor:
        """Outputs (b, k) with the parameters last loaded."""
        return self._two_dimensional(self.module(X), X)

    @torch.no_grad()
    def loss_value(self, theta: Tensor, X: Tensor, y: Tensor) -> float:
        """The plain mean loss on other data."""
        self.load(theta)
        total = 0.0
        for s in slices(X.shape[0], TUNED.rows):
            prediction = self.predict(X[s])
            total += float(self.loss.rows(prediction, _like(y[s], prediction)).to(torch.float64).sum())
        return total / X.shape[0]

    @torch.no_grad()
    def value(self, theta: Tensor) -> float:
        """The weighted mean loss."""
        self.load(theta)
        return float(sum(self._weighed(s) for s in slices(self.X.shape[0], TUNED.rows)))

    def value_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """The weighted mean loss and its gradient (P,)."""
        self.load(theta)
        value, gradient = 0.0, torch.zeros_like(theta, dtype=torch.float64)
        with torch.enable_grad():
            for s in slices(self.X.shape[0], TUNED.rows):
                part = self._weighed(s)
                value += part.item()
                gradient += self.flat.join(grad(part, self.flat.parameters, allow_unused=True))
        return value, gradient

    def _weighed(self, rows: slice) -> Tensor:
        return self.weight[rows] @ self.loss.rows(self.predict(self.X[rows]), self.y[rows]).to(torch.float64)

    # ------------------------------------------------------------------ curvature

    def quadratic(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """The weighted mean loss, its gradient (P,) and its Gauss-Newton curvature (P, P)."""
        theta = theta.detach().to(torch.float64)
        value, gradient = 0.0, torch.zeros_like(theta)
        curvature = theta.new_zeros(theta.numel(), theta.numel())
        for s, part, prediction, jacobian in self._blocks(theta):
            value += part
            accumulate(self.loss, prediction, self.y[s], self.weight[s], jacobian, gradient, curvature)
        return value, gradient, curvature

    def rows_of_curvature(self, theta: Tensor) -> tuple[float, Tensor, JacobianRows]:
        """The weighted mean loss, its gradient (P,) and rows A (n k, P) whose product A^T A is the Gauss-Newton
        curvature."""
        theta = theta.detach().to(torch.float64)
        self.load(theta)
        found = self.jacobian.factored(self.X)
        return self._rows_formed(theta) if found is None else self._rows_factored(*found)

    def _rows_factored(self, jacobian: Factored, prediction: Tensor) -> tuple[float, Tensor, JacobianRows]:
        gradient = jacobian.pull(
            (self.weight[:, None] * self.loss.gradient(prediction, self.y)).to(torch.float64).flatten()
        )
        value = float(self.weight @ self.loss.rows(prediction, self.y).to(torch.float64))
        return value, gradient, jacobian.mixed(self._roots(prediction, self.y, self.weight))

    def _rows_formed(self, theta: Tensor) -> tuple[float, Tensor, JacobianRows]:
        value, gradient = 0.0, torch.zeros_like(theta)
        rows = theta.new_empty(self.X.shape[0], self.outputs, theta.numel())
        for s, part, prediction, jacobian in self._blocks(theta):
            value += part
            pull = (self.weight[s, None] * self.loss.gradient(prediction, self.y[s])).to(jacobian.dtype)
            gradient.addmv_(jacobian.flatten(0, 1).T, pull.flatten())
            rows[s] = torch.bmm(self._roots(prediction, self.y[s], self.weight[s]).mT.to(jacobian.dtype), jacobian)
        return value, gradient, Formed(rows.flatten(0, 1))

    def _roots(self, prediction: Tensor, y: Tensor, weight: Tensor) -> Tensor:
        """R (b, k, k) with R R^T the weighted curvature of the loss, row by row."""
        bend = self.loss.curvature(prediction, y)
        if isinstance(bend, Tensor):
            half = root(bend)
        else:
            half = math.sqrt(bend) * torch.eye(self.outputs, dtype=weight.dtype, device=weight.device)
        return half.to(weight.dtype) * weight.sqrt()[:, None, None]

    def _blocks(self, theta: Tensor) -> Iterator[tuple[slice, float, Tensor, Tensor]]:
        """Rows, their share of the loss, outputs and Jacobian, block by block."""
        self.load(theta)
        for s in slices(self.X.shape[0], max(1, TUNED.block // (theta.numel() * self.outputs))):
            jacobian, prediction = self.jacobian(theta, self.X[s])
            yield (
                s,
                float(self.weight[s] @ self.loss.rows(prediction, self.y[s]).to(torch.float64)),
                prediction,
                jacobian,
            )

    @property
    def residuals(self) -> int:
        """Rows times outputs, the most that the rank of the curvature can be."""
        return self.X.shape[0] * self.outputs

    def turning(self, theta: Tensor, step: Tensor) -> Tensor:
        """J^T H o'' (P,) at theta, with o'' the outputs' second derivative along the step, by differences: what bends a
        Levenberg-Marquardt step."""
        with torch.no_grad():
            ahead, behind = either_side(self._outputs, theta, step)
            here = self._outputs(theta)  # last: it stays loaded
            second = second_derivative(ahead, here, behind)
            pull = (self.weight[:, None] * times(self.loss.curvature(here, self.y), second)).to(here.dtype)
        total = torch.zeros_like(theta, dtype=torch.float64)
        with torch.enable_grad():
            for s in slices(self.X.shape[0], TUNED.rows):
                total += self.flat.join(grad(self.predict(self.X[s]), self.flat.parameters, pull[s], allow_unused=True))
        return total

    def _outputs(self, theta: Tensor) -> Tensor:
        """The outputs of all rows (n, k) at theta (P,), which is loaded."""
        self.load(theta)
        return torch.cat([self.predict(self.X[s]) for s in slices(self.X.shape[0], TUNED.rows)])

    @torch.enable_grad()
    def linearise(self, theta: Tensor) -> Linearised:
        """Value, gradient and products with the Gauss-Newton curvature J^T H J at theta, which is never formed.
        `TrainingError` where the module can be differentiated only once."""
        flat = theta.detach().to(torch.float64).requires_grad_()
        self.load(flat)
        prediction = self._two_dimensional(self.flat.call(flat, self.X), self.X)
        outputs = prediction.detach()
        probe = torch.zeros_like(prediction, requires_grad=True)
        with once_only():
            (pulled,) = grad(prediction, flat, probe, create_graph=True)  # linear in the probe: its derivative is J
            grad(pulled, probe, flat, retain_graph=True)
        weight = self.weight[:, None]
        bend = self.loss.curvature(outputs, self.y)

        def pull(u: Tensor) -> Tensor:
            return grad(prediction, flat, u.to(prediction.dtype), retain_graph=True)[0].detach()

        def apply(v: Tensor) -> Tensor:
            tangent = grad(pulled, probe, v, retain_graph=True)[0].detach()
            return pull(weight * times(bend, tangent))

        def diagonal(probes: int) -> Tensor:
            # E (J^T R u)^2 = diag(J^T R R^T J) for random signs u, with R R^T = H
            half = root(bend) if isinstance(bend, Tensor) else math.sqrt(bend)
            return diagonal_by_signs(lambda signs: pull(weight.sqrt() * times(half, signs)), outputs, probes)

        value = float(self.weight @ self.loss.rows(outputs, self.y).to(torch.float64))
        return Linearised(value, pull(weight * self.loss.gradient(outputs, self.y)), apply, diagonal)

    # ------------------------------------------------------------------ checks

    def _two_dimensional(self, y: Tensor, X: Tensor) -> Tensor:
        if not isinstance(y, Tensor):
            raise ShapeError(f"the module must return a tensor of shape (rows, outputs), got {type(y).__name__}")
        if y.ndim == 0 and X.shape[0] == 1:
            return y.reshape(1, 1)
        if y.ndim not in (1, 2) or y.shape[0] != X.shape[0]:
            raise ShapeError(
                f"the module must return outputs of shape (rows, outputs) = ({X.shape[0]}, ...), got {tuple(y.shape)}"
            )
        return y[:, None] if y.ndim == 1 else y

    @torch.no_grad()
    def _check(self) -> None:
        x = self.X[:3]
        devices = [x.device] if x.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            y, again = self.predict(x), self.predict(x)
            alone = torch.cat([self.predict(row) for row in x.split(1)])
        self.outputs = y.shape[1]
        self.y = _like(self.y, y)
        if self.y.is_floating_point() and self.y.shape != (self.X.shape[0], self.outputs):
            raise ShapeError(
                f"y must have the shape of the module's outputs, {(self.X.shape[0], self.outputs)}, got"
                f" {tuple(self.y.shape)}"
            )
        close = {
            "rtol": 1e-2 * math.sqrt(torch.finfo(y.dtype).eps) if y.dtype == torch.float64 else 1e-3,
            "equal_nan": True,
        }
        close["atol"] = close["rtol"] * float(y.abs().nan_to_num().max())
        if not torch.allclose(y, again, **close):
            raise TrainingError(
                "the module gives different outputs for the same input in evaluation mode, which no second-order or"
                " line-search method can take; use optimizer='adam', or make its forward pass deterministic"
            )
        if not torch.allclose(y, alone, **close):
            raise TrainingError(
                "the module's output for one row depends on the other rows of the batch, so it has no Jacobian row by"
                " row; use optimizer='adam', or fit with residual=... , which may couple rows"
            )


def accumulate(
    loss: Loss,
    prediction: Tensor,
    target: Tensor,
    weight: Tensor,
    jacobian: Tensor,
    gradient: Tensor,
    curvature: Tensor,
) -> None:
    """Add a block's share to gradient (P,) and curvature (P, P), in place. jacobian (b, k, P) is overwritten, weight
    (b,)."""
    pull = (weight[:, None] * loss.gradient(prediction, target)).to(jacobian.dtype)
    bend = loss.curvature(prediction, target)
    rows = jacobian.flatten(0, 1)
    gradient.addmv_(rows.T, pull.flatten())
    if isinstance(bend, Tensor):
        add_symmetric(
            curvature, rows, torch.bmm((bend * weight[:, None, None]).to(jacobian.dtype), jacobian).flatten(0, 1)
        )
    else:
        scaled = jacobian.mul_((bend * weight).sqrt()[:, None, None]).flatten(0, 1)
        add_symmetric(curvature, scaled, scaled)


def _like(y: Tensor, outputs: Tensor) -> Tensor:
    """Numbers (n,) become (n, 1) in the outputs' format; class numbers stay."""
    if not y.is_floating_point():
        return y
    return (y[:, None] if y.ndim == 1 else y).to(outputs.dtype)

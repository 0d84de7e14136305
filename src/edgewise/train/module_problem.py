"""Any torch module on data, or under the user's own residual, as a problem for the minimisers: value, gradient, Gauss-Newton curvature.

Letters: b rows of a block, n all rows, k outputs, m residuals, P trainable parameters. The module is private to its problem: every call moves its
parameters, and it is put into evaluation mode, in which batch normalisation is a fixed map and dropout the identity.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd import grad

from ..errors import ShapeError, TrainingError
from .objective import Loss

BLOCK = 1 << 22  # numbers in one block of a Jacobian (32 MB)
ROWS = 1 << 16  # rows in one forward pass
SQUARE = 64  # columns in the smallest block of a symmetric product
BEND = 0.1  # part of a step over which second differences are taken


class Flat:
    """The trainable parameters of a module as one float64 vector (P,)."""

    def __init__(self, module: nn.Module) -> None:
        named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        if any(isinstance(p, nn.parameter.UninitializedParameter) for _, p in named):
            raise TrainingError("the module has parameters without a shape yet; run it once on a row of data before training")
        if not named:
            raise TrainingError("the module has no parameter that requires a gradient, so there is nothing to train")
        if odd := [name for name, p in named if not p.is_floating_point()]:
            raise TrainingError(f"parameters must be real numbers, but {odd[0]} is {dict(named)[odd[0]].dtype}")
        self.names = [name for name, _ in named]
        self.parameters = [p for _, p in named]
        self.sizes = [p.numel() for p in self.parameters]

    @torch.no_grad()
    def read(self) -> Tensor:
        """A copy of the parameters (P,)."""
        return torch.cat([p.reshape(-1).to(torch.float64) for p in self.parameters])

    @torch.no_grad()
    def load(self, theta: Tensor) -> None:
        """Set the parameters, rounding to their own number formats."""
        for p, part in zip(self.parameters, theta.split(self.sizes), strict=True):
            p.copy_(part.view(p.shape))

    def named(self, theta: Tensor) -> dict[str, Tensor]:
        """theta (P,) as named parameters, differentiably: what `torch.func.functional_call` takes."""
        parts = zip(self.names, self.parameters, theta.split(self.sizes), strict=True)
        return {name: part.view(p.shape).to(p.dtype) for name, p, part in parts}

    def join(self, gradients: tuple[Tensor | None, ...], lead: tuple[int, ...] = ()) -> Tensor:
        """Gradients with respect to the parameters as one tensor (*lead, P); None is zero."""
        parts = [
            p.new_zeros(*lead, p.numel(), dtype=torch.float64) if g is None else g.reshape(*lead, -1).to(torch.float64)
            for p, g in zip(self.parameters, gradients, strict=True)
        ]
        return torch.cat(parts, dim=-1)


@dataclass(frozen=True)
class Linearised:
    """The problem about a point: objective, gradient (P,), Gauss-Newton curvature as a product `apply(v)` (P,) -> (P,), and
    `diagonal(probes)` (P,), the diagonal of the curvature estimated without bias from that many random signs."""

    value: float
    gradient: Tensor
    apply: Callable[[Tensor], Tensor]
    diagonal: Callable[[int], Tensor]


class ModuleProblem:
    """loss(module(X), y) for any module that treats rows one by one. X (n, ...), y (n, k), (n,) for one output or class numbers (n,), weight (n,).

    Raises `TrainingError` for a module that is random in evaluation mode, couples the rows of a batch, or has nothing to train, and `ShapeError`
    for outputs that do not fit the targets.

    >>> from edgewise.train.objective import SquaredError
    >>> problem = ModuleProblem(nn.Linear(2, 1), torch.rand(5, 2), torch.rand(5, 1), SquaredError())
    >>> value, gradient, curvature = problem.quadratic(problem.start())
    >>> gradient.shape, curvature.shape
    (torch.Size([3]), torch.Size([3, 3]))
    """

    def __init__(self, module: nn.Module, X: Tensor, y: Tensor, loss: Loss, weight: Tensor | None = None) -> None:
        self.flat, self.module, self.loss = Flat(module), module.eval(), loss
        self.X, self.y = X, y
        rows = X.shape[0]
        self.weight = X.new_full((rows,), 1.0 / rows, dtype=torch.float64) if weight is None else weight.to(torch.float64) / weight.sum()
        self._check()
        self.by_rows = self._vmap_is_right()

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
        for s in slices(X.shape[0], ROWS):
            prediction = self.predict(X[s])
            total += float(self.loss.rows(prediction, _like(y[s], prediction)).to(torch.float64).sum())
        return total / X.shape[0]

    @torch.no_grad()
    def value(self, theta: Tensor) -> float:
        """The weighted mean loss."""
        self.load(theta)
        return float(sum(self._weighed(s) for s in slices(self.X.shape[0], ROWS)))

    def value_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """The weighted mean loss and its gradient (P,)."""
        self.load(theta)
        value, gradient = 0.0, torch.zeros_like(theta, dtype=torch.float64)
        with torch.enable_grad():
            for s in slices(self.X.shape[0], ROWS):
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

    def rows_of_curvature(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """The weighted mean loss, its gradient (P,) and rows A (n k, P) whose product A^T A is the Gauss-Newton curvature."""
        theta = theta.detach().to(torch.float64)
        value, gradient = 0.0, torch.zeros_like(theta)
        rows = theta.new_empty(self.X.shape[0], self.outputs, theta.numel())
        for s, part, prediction, jacobian in self._blocks(theta):
            value += part
            weight, bend = self.weight[s, None], self.loss.curvature(prediction, self.y[s])
            pull = (weight * self.loss.gradient(prediction, self.y[s])).to(jacobian.dtype)
            gradient.addmv_(jacobian.flatten(0, 1).T, pull.flatten())
            root = weight.sqrt()[..., None]
            rows[s] = root * (torch.bmm(_root(bend).mT.to(jacobian.dtype), jacobian) if isinstance(bend, Tensor) else math.sqrt(bend) * jacobian)
        return value, gradient, rows.flatten(0, 1)

    def _blocks(self, theta: Tensor) -> Iterator[tuple[slice, float, Tensor, Tensor]]:
        """Rows, their share of the loss, outputs and Jacobian, block by block."""
        self.load(theta)
        for s in slices(self.X.shape[0], max(1, BLOCK // (theta.numel() * self.outputs))):
            jacobian, prediction = self.jacobian(theta, self.X[s])
            yield s, float(self.weight[s] @ self.loss.rows(prediction, self.y[s]).to(torch.float64)), prediction, jacobian

    @property
    def residuals(self) -> int:
        """Rows times outputs, the most that the rank of the curvature can be."""
        return self.X.shape[0] * self.outputs

    def jacobian(self, theta: Tensor, X: Tensor) -> tuple[Tensor, Tensor]:
        """d outputs / d parameters (b, k, P), and the outputs (b, k), row by row."""
        return self._by_vmap(theta, X) if self.by_rows else self._by_loop(X)

    def _by_vmap(self, theta: Tensor, X: Tensor) -> tuple[Tensor, Tensor]:
        def output(theta: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
            y = torch.func.functional_call(self.module, self.flat.named(theta), (x[None],)).reshape(-1)
            return y, y

        with torch.no_grad():
            return torch.func.vmap(torch.func.jacrev(output, has_aux=True), in_dims=(None, 0))(theta, X)  # type: ignore[return-value]

    @torch.enable_grad()
    def _by_loop(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Slow, for modules that vmap cannot take: one backward pass per row and output, with the parameters last loaded."""
        jacobian, outputs = [], []
        for row in X:
            y = self.module(row[None]).reshape(-1)
            rows = [grad(part, self.flat.parameters, retain_graph=True, allow_unused=True) for part in y]
            jacobian.append(torch.stack([self.flat.join(row) for row in rows]))
            outputs.append(y.detach())
        return torch.stack(jacobian), torch.stack(outputs)

    def turning(self, theta: Tensor, step: Tensor) -> Tensor:
        """J^T H o'' (P,) at theta, with o'' the outputs' second derivative along the step, by differences: what bends a Levenberg-Marquardt step."""
        outputs = []
        with torch.no_grad():
            for part in (BEND, -BEND, 0.0):  # theta last: it stays loaded
                self.load(theta + part * step)
                outputs.append(torch.cat([self.predict(self.X[s]) for s in slices(self.X.shape[0], ROWS)]))
            ahead, behind, here = outputs
            second = ((ahead - here) + (behind - here)) / BEND**2
            pull = (self.weight[:, None] * _times(self.loss.curvature(here, self.y), second)).to(here.dtype)
        total = torch.zeros_like(theta, dtype=torch.float64)
        with torch.enable_grad():
            for s in slices(self.X.shape[0], ROWS):
                total += self.flat.join(grad(self.predict(self.X[s]), self.flat.parameters, pull[s], allow_unused=True))
        return total

    @torch.enable_grad()
    def linearise(self, theta: Tensor) -> Linearised:
        """Value, gradient and products with the Gauss-Newton curvature J^T H J at theta, which is never formed. `TrainingError` where the module can
        be differentiated only once."""
        flat = theta.detach().to(torch.float64).requires_grad_()
        self.load(flat)
        prediction = self._two_dimensional(torch.func.functional_call(self.module, self.flat.named(flat), (self.X,)), self.X)
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
            return pull(weight * _times(bend, tangent))

        def diagonal(probes: int) -> Tensor:
            # E (J^T R u)^2 = diag(J^T R R^T J) for random signs u, with R R^T = H
            generator = torch.Generator().manual_seed(0)
            total = torch.zeros_like(theta, dtype=torch.float64)
            root = _root(bend) if isinstance(bend, Tensor) else math.sqrt(bend)
            for _ in range(probes):
                signs = (2 * torch.randint(0, 2, outputs.shape, generator=generator) - 1).to(outputs)
                total += pull(weight.sqrt() * _times(root, signs)).square()
            return total / probes

        value = float(self.weight @ self.loss.rows(outputs, self.y).to(torch.float64))
        return Linearised(value, pull(weight * self.loss.gradient(outputs, self.y)), apply, diagonal)

    def hessian_vector(self, theta: Tensor, v: Tensor) -> Tensor:
        """The Gauss-Newton curvature at theta times v (P,)."""
        return self.linearise(theta).apply(v)

    # ------------------------------------------------------------------ checks

    def _two_dimensional(self, y: Tensor, X: Tensor) -> Tensor:
        if not isinstance(y, Tensor):
            raise ShapeError(f"the module must return a tensor of shape (rows, outputs), got {type(y).__name__}")
        if y.ndim == 0 and X.shape[0] == 1:
            return y.reshape(1, 1)
        if y.ndim not in (1, 2) or y.shape[0] != X.shape[0]:
            raise ShapeError(f"the module must return outputs of shape (rows, outputs) = ({X.shape[0]}, ...), got {tuple(y.shape)}")
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
            raise ShapeError(f"y must have the shape of the module's outputs, {(self.X.shape[0], self.outputs)}, got {tuple(self.y.shape)}")
        close = {"rtol": 1e-2 * math.sqrt(torch.finfo(y.dtype).eps) if y.dtype == torch.float64 else 1e-3, "equal_nan": True}
        close["atol"] = close["rtol"] * float(y.abs().nan_to_num().max())
        if not torch.allclose(y, again, **close):
            raise TrainingError(
                "the module gives different outputs for the same input in evaluation mode, which no second-order or line-search method can take; "
                "use optimizer='adam', or make its forward pass deterministic"
            )
        if not torch.allclose(y, alone, **close):
            raise TrainingError(
                "the module's output for one row depends on the other rows of the batch, so it has no Jacobian row by row; "
                "use optimizer='adam', or fit with residual=... , which may couple rows"
            )

    def _vmap_is_right(self) -> bool:
        """Whether vmap takes the module and gives what autograd gives row by row."""
        theta, x = self.start(), self.X[:2]
        want, _ = self._by_loop(x)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # vmap warns where it falls back to a loop of its own
                got, _ = self._by_vmap(theta, x)
        except Exception:  # modules fail under vmap in ways of their own; the loop takes them all
            return False
        tolerance = 1e-9 if want.dtype == torch.float64 and all(p.dtype == torch.float64 for p in self.flat.parameters) else 1e-2
        return got.shape == want.shape and torch.allclose(got, want, rtol=tolerance, atol=tolerance * float(want.abs().max()), equal_nan=True)


def accumulate(loss: Loss, prediction: Tensor, target: Tensor, weight: Tensor, jacobian: Tensor, gradient: Tensor, curvature: Tensor) -> None:
    """Add a block's share to gradient (P,) and curvature (P, P), in place. jacobian (b, k, P) is overwritten, weight (b,)."""
    pull = (weight[:, None] * loss.gradient(prediction, target)).to(jacobian.dtype)
    bend = loss.curvature(prediction, target)
    rows = jacobian.flatten(0, 1)
    gradient.addmv_(rows.T, pull.flatten())
    if isinstance(bend, Tensor):
        add_symmetric(curvature, rows, torch.bmm((bend * weight[:, None, None]).to(jacobian.dtype), jacobian).flatten(0, 1))
    else:
        scaled = jacobian.mul_((bend * weight).sqrt()[:, None, None]).flatten(0, 1)
        add_symmetric(curvature, scaled, scaled)


def add_symmetric(matrix: Tensor, a: Tensor, b: Tensor) -> None:
    """matrix (P, P) += a^T b, in place, for a^T b that is symmetric; a, b (r, P). Blocks below the diagonal are copied: near half the work."""
    half = matrix.shape[0] // 2
    if half < SQUARE:
        matrix.addmm_(a.T, b)
        return
    add_symmetric(matrix[:half, :half], a[:, :half], b[:, :half])
    add_symmetric(matrix[half:, half:], a[:, half:], b[:, half:])
    matrix[:half, half:].addmm_(a[:, :half].T, b[:, half:])
    matrix[half:, :half].copy_(matrix[:half, half:].T)


def _times(bend: Tensor | float, v: Tensor) -> Tensor:
    """Curvature per row (n, k, k), or a number, times v (n, k)."""
    return torch.einsum("nkl,nl->nk", bend, v) if isinstance(bend, Tensor) else bend * v


def _root(bend: Tensor) -> Tensor:
    """R (b, k, k) with R R^T = bend, which is positive semi-definite but may be singular."""
    values, vectors = torch.linalg.eigh(bend)
    return vectors * values.clamp(min=0).sqrt()[:, None, :]


@contextmanager
def once_only() -> Iterator[None]:
    """Say in words what a module with an operation that cannot be differentiated twice lacks."""
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            "products with the Jacobian need operations that can be differentiated twice, and the module holds one that cannot; "
            f"use 'lm' or 'lbfgs', which differentiate once ({error})"
        ) from error


def slices(rows: int, step: int) -> Iterator[slice]:
    return (slice(start, start + step) for start in range(0, rows, step))


def _like(y: Tensor, outputs: Tensor) -> Tensor:
    """Numbers (n,) become (n, 1) in the outputs' format; class numbers stay."""
    if not y.is_floating_point():
        return y
    return (y[:, None] if y.ndim == 1 else y).to(outputs.dtype)

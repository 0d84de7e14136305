"""Problems with known minima for every optimizer: least-squares functions, regressions, a classification; all in
float64, no global random state."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edgewise.losses import CrossEntropy, SquaredError
from edgewise.train.problems.module import ModuleProblem


@dataclass(frozen=True)
class LeastSquares:
    """Half the sum of squared residuals, as a problem for every minimiser, with its start and its least value."""

    name: str
    residual: Callable[[Tensor], Tensor]  # theta (P,) -> (m,)
    first: tuple[float, ...]
    least: float = 0.0

    def start(self) -> Tensor:
        return torch.tensor(self.first, dtype=torch.float64)

    def value(self, theta: Tensor) -> float:
        return 0.5 * self.residual(theta.detach()).square().sum().item()

    def value_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        with torch.enable_grad():
            theta = theta.detach().requires_grad_()
            value = 0.5 * self.residual(theta).square().sum()
            return value.item(), torch.autograd.grad(value, theta)[0]

    def quadratic(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        r, jacobian = self.residual(theta.detach()), torch.func.jacrev(self.residual)(theta.detach())
        return 0.5 * r.square().sum().item(), jacobian.T @ r, jacobian.T @ jacobian


def rosenbrock(t: Tensor) -> Tensor:
    """More, Garbow & Hillstrom 1981, no. 1 and 21."""
    return torch.cat([10 * (t[1::2] - t[::2] ** 2), 1 - t[::2]])


def beale(t: Tensor) -> Tensor:
    """No. 5."""
    return torch.stack([1.5 - t[0] * (1 - t[1]), 2.25 - t[0] * (1 - t[1] ** 2), 2.625 - t[0] * (1 - t[1] ** 3)])


def powell(t: Tensor) -> Tensor:
    """No. 13, Powell's singular function: the curvature has rank 2 of 4 at the minimum."""
    return torch.stack(
        [t[0] + 10 * t[1], math.sqrt(5) * (t[2] - t[3]), (t[1] - 2 * t[2]) ** 2, math.sqrt(10) * (t[0] - t[3]) ** 2]
    )


def deficient(t: Tensor) -> Tensor:
    """Two parameters that only act as their sum, and one that does not act at all."""
    return torch.stack([t[0] + t[1] - 1, (t[0] + t[1]) ** 2 - 1])


def walled(t: Tensor) -> Tensor:
    """Minimum at (1, 1), NaN wherever the first parameter is not positive: long steps leave the domain."""
    return torch.stack([8 * torch.log(t[0]), t[1] - t[0]])


def units(t: Tensor) -> Tensor:
    """Parameters whose natural sizes differ by 10^6: a straight line with x in thousands, y in thousandths."""
    x = torch.linspace(1000, 2000, 20, dtype=torch.float64)
    return 1e-3 * (t[0] - 2) + x * (t[1] - 3e-3)


def biggs(t: Tensor) -> Tensor:
    """A sum of exponentials with data that it cannot fit exactly: the minimum is not zero."""
    x = torch.linspace(0, 2, 21, dtype=torch.float64)
    return t[0] * torch.exp(-t[1] * x) - (torch.exp(-x) + 0.1 * torch.cos(7 * x))


FUNCTIONS: dict[str, LeastSquares] = {
    problem.name: problem
    for problem in [
        LeastSquares("rosenbrock", rosenbrock, (-1.2, 1.0)),
        LeastSquares("rosenbrock 20", rosenbrock, (-1.2, 1.0) * 10),
        LeastSquares("beale", beale, (1.0, 1.0)),
        LeastSquares("powell", powell, (3.0, -1.0, 0.0, 1.0)),
        LeastSquares("deficient", deficient, (3.0, -1.0, 5.0)),
        LeastSquares("walled", walled, (6.0, -3.0)),
        LeastSquares("units", units, (0.0, 0.0)),
        LeastSquares("exponential", biggs, (1.0, 1.0), least=0.05200775115697904),
    ]
}


class Spline(nn.Module):
    """One edge function on fixed knots, linear in its coefficients: the least-squares optimum is known."""

    knots: Tensor

    def __init__(self, intervals: int = 8, degree: int = 3) -> None:
        super().__init__()
        from edgewise import grid

        ends = torch.tensor([-1.0], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64)
        self.register_buffer("knots", grid.uniform(*ends, intervals, degree))
        self.coef = nn.Parameter(torch.zeros(1, intervals + degree, 1, dtype=torch.float64))
        self.degree = degree

    def forward(self, x: Tensor) -> Tensor:
        from edgewise import ops

        return ops.spline(x, self.coef, self.knots, degree=self.degree)


def points(rows: int, inputs: int, seed: int = 0) -> Tensor:
    """Uniform in [-1, 1]^inputs: (rows, inputs)."""
    return 2 * torch.rand(rows, inputs, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1


def seeded(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module in float64 with weights drawn from a generator of its own, spread as 1/sqrt(inputs)."""
    generator = torch.Generator().manual_seed(seed)
    module = module.double()
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) / math.sqrt(p.shape[-1]))
    return module


def mlp(inputs: int = 2, width: int = 8, outputs: int = 1, seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):  # torch's layers draw from the global state
        return seeded(nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, outputs)), seed)


def spline_problem() -> tuple[ModuleProblem, float]:
    """A 1-D spline fit, and the least value by linear algebra."""
    x = points(120, 1)
    y, module = torch.sin(4 * x), Spline()
    problem = ModuleProblem(module, x, y, SquaredError())
    design = problem.jacobian(problem.start(), x)[0][:, 0]
    best = torch.linalg.lstsq(design, y, driver="gelsd").solution
    return problem, float((design @ best - y).square().mean())


def regression_problem(seed: int = 0) -> ModuleProblem:
    """An MLP on a smooth function of two variables."""
    x = points(150, 2)
    return ModuleProblem(mlp(seed=seed), x, torch.exp(x[:, :1]) * torch.sin(3 * x[:, 1:]), SquaredError())


def logistic_data() -> tuple[Tensor, Tensor]:
    """Three overlapping classes in the plane: X (n, 2), class numbers (n,)."""
    generator = torch.Generator().manual_seed(3)
    labels = torch.arange(120) % 3
    centres = torch.tensor([[0.0, 1.0], [1.0, -0.5], [-1.0, -0.5]], dtype=torch.float64)
    return centres[labels] + torch.randn(120, 2, generator=generator, dtype=torch.float64), labels


def logistic_problem() -> ModuleProblem:
    """Multinomial logistic regression: convex, and rank deficient, as one shift of all logits changes nothing."""
    x, labels = logistic_data()
    with torch.random.fork_rng(devices=[]):
        return ModuleProblem(seeded(nn.Linear(2, 3), seed=1), x, labels, CrossEntropy())

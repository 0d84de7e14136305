"""The equations: what is solved, by which network, and what is known of the solution."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import edgewise as ew

from . import references
from .references import Box, Function, Reference
from .solutions import (
    ALLEN_CAHN,
    REYNOLDS,
    corner,
    kovasznay,
    many,
    paper,
    peaks,
    singular,
    string,
    warmth,
    waves,
)

pi = math.pi
SQUARE: Box = ((-1.0, 1.0), (-1.0, 1.0))
SLAB: Box = ((-1.0, 1.0), (0.0, 1.0))
L_SHAPE = ew.pde.Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])
MEASURED = 200  # points of the inverse problem
NU = 0.05  # its viscosity
# Slabs in which polynomials of degree 7 follow the front of Burgers' equation, which forms from 0.25 to 0.45.
FORMING = (0.0625, 0.125, 0.1875, 0.225, 0.26, 0.285, 0.31, 0.33, 0.35, 0.37, 0.39, 0.415, 0.45, 0.5, 0.58, 0.7, 0.85)


@dataclass(frozen=True)
class Problem:
    """One row. title: the equation in words. bar: the error to reach, and of what. published: what others report.
    domain, grids, points, steps, slabs and features: as `solve` takes them; the box is the domain where there is none.
    network: from a seed; a KAN of the shape where there is none. unknown: the true value of the constant to be found.
    """

    title: str
    bar: str
    shape: tuple[Any, ...]
    box: Box
    equation: Callable[[Any, Tensor], Any]
    conditions: Callable[[int], list[Any]]
    reference: Callable[[], Reference]
    points: int = 2000
    grid: int = 5
    degree: int = 5
    grids: str | tuple[int, ...] = "auto"
    steps: int | None = None
    restarts: int = 4
    slabs: Any = 1
    features: tuple[Function, ...] = ()
    domain: Any = None
    network: Callable[[int], Any] | None = None
    published: str = ""
    unknown: float | None = None

    def model(self, seed: int) -> Any:
        """The network to begin with."""
        if self.network is not None:
            return self.network(seed)
        return ew.KAN(self.shape, grid_size=self.grid, degree=self.degree, base=None, seed=seed)


def _with_solution(exact: Function, box: Box) -> dict[str, Any]:
    """Values on the whole boundary, and the comparison, from an exact solution."""
    return {
        "box": box,
        "conditions": lambda seed: [ew.pde.Dirichlet(exact)],
        "reference": lambda: references.of_function(exact, box),
    }


def _with_zeros(exact: Function, box: Box) -> dict[str, Any]:
    """The same for a solution that vanishes on the boundary, exactly."""
    return _with_solution(exact, box) | {"conditions": lambda seed: [ew.pde.Dirichlet(0.0, hard=True)]}


def _poisson(exact: Function) -> Callable[[Any, Tensor], Any]:
    source = references.laplacian(exact)
    return lambda u, x: u(0, 0) + u(1, 1) - source(x)


def navier_stokes(u: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Both momenta, and no divergence."""
    flow, by_x, by_y = u(), u(0), u(1)
    bend = (u(0, 0) + u(1, 1)) / REYNOLDS
    first = flow[:, 0] * by_x[:, 0] + flow[:, 1] * by_y[:, 0] + by_x[:, 2] - bend[:, 0]
    second = flow[:, 0] * by_x[:, 1] + flow[:, 1] * by_y[:, 1] + by_y[:, 2] - bend[:, 1]
    return first, second, by_x[:, 0] + by_y[:, 1]


def perceptron(*widths: int) -> Callable[[int], nn.Module]:
    """Fully connected layers with tanh between them, from a seed."""

    def made(seed: int) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = [nn.Linear(a, b, dtype=torch.float64) for a, b in zip(widths, widths[1:], strict=False)]
        return nn.Sequential(*[part for layer in layers for part in (layer, nn.Tanh())][:-1])

    return made


def _in_time(grid: int, power: int = 7) -> dict[str, Any]:
    """A polynomial of time whose coefficients are splines of the place, slab by slab."""
    factors = tuple(max(2, 1 + (k > 0) + (k > 5)) for k in range(power + 1))
    network = lambda seed: ew.pde.polynomial_in_time(2, power=power, grid_size=grid, seed=seed)  # noqa: E731
    shape = (2, (0, factors), 1)
    return {"shape": shape, "network": network, "grid": grid, "degree": 7, "grids": (grid,), "restarts": 0}


def _many(dims: int, points: int) -> Problem:
    source, box = references.laplacian(many), ((-1.0, 1.0),) * dims
    return Problem(
        title=f"Poisson in {dims} dimensions",
        bar="",
        shape=(dims, 4, 1),
        equation=lambda u, x: sum(u(axis, axis) for axis in range(dims)) - source(x),
        points=points,
        grids=(4, 8),
        restarts=3,
        **_with_solution(many, box),
    )


def _corner(known: str, shape: tuple[Any, ...], **settings: Any) -> Problem:
    return Problem(
        title=f"Laplace on an L, two singular functions and a smooth one{known}",
        bar="",
        shape=shape,
        box=SQUARE,
        domain=L_SHAPE,
        equation=lambda u, x: u(0, 0) + u(1, 1),
        conditions=lambda seed: [ew.pde.Dirichlet(corner)],
        reference=lambda: references.of_function(corner, SQUARE, domain=L_SHAPE),
        grids=(6, 12),
        restarts=2,
        **settings,
    )


def _burgers_conditions(seed: int) -> list[Any]:
    return [ew.pde.Initial(lambda x: -torch.sin(pi * x[:, 0])), ew.pde.Dirichlet(0.0)]


def _burgers(nu: float, **settings: Any) -> Problem:
    exact = references.burgers(nu)
    return Problem(
        box=SLAB,
        equation=lambda u, x: u(1) + u() * u(0) - nu * u(0, 0),
        conditions=_burgers_conditions,
        reference=lambda: references.of_function(exact, SLAB),
        **settings,
    )


def _inverse(noise: float, bar: str, points: int, grids: tuple[int, ...]) -> Problem:
    exact, unknown = references.burgers(NU), ew.pde.Unknown("nu", 0.2)

    def conditions(seed: int) -> list[Any]:
        generator = torch.Generator().manual_seed(seed)
        X = torch.rand(MEASURED, 2, dtype=torch.float64, generator=generator) * torch.tensor([2.0, 1.0]).double()
        X[:, 0] -= 1
        y = exact(X)
        y = y + noise * y.std() * torch.randn(MEASURED, 1, dtype=torch.float64, generator=generator)
        return [ew.pde.Data(X, y), *_burgers_conditions(seed)]

    return Problem(
        title=f"Burgers, viscosity {NU} unknown, {MEASURED} measurements with {noise:.0%} noise",
        bar=bar,
        shape=(2, 4, 4, 1),
        box=SLAB,
        equation=lambda u, x: u(1) + u() * u(0) - u[unknown] * u(0, 0),
        conditions=conditions,
        reference=lambda: references.of_function(exact, SLAB),
        points=points,
        grids=grids,
        restarts=2,
        unknown=NU,
    )


PROBLEMS: dict[str, Problem] = {
    "poisson": Problem(
        title="Poisson, sin(pi x) sin(pi y^2): the paper's, of rank one",
        bar="squared L2 below 1e-12 with at most 200 parameters",
        published="squared L2: 1e-7 (KAN paper); 6e-11 with 512 parameters (KHRONOS)",
        shape=(2, (0, 1), 1),
        equation=_poisson(paper),
        degree=7,
        grids=(5, 10, 20, 30),
        **_with_solution(paper, SQUARE),
    ),
    "poisson hard": Problem(
        title="Poisson, the paper's, with hard boundary values",
        bar="squared L2 below 1e-12 with at most 200 parameters",
        shape=(2, (0, 1), 1),
        equation=_poisson(paper),
        degree=7,
        grids=(5, 10, 20, 30),
        **_with_zeros(paper, SQUARE),
    ),
    "poisson MLP": Problem(
        title="Poisson, the paper's, by a perceptron with tanh under the same minimiser",
        bar="",
        shape=(2, 11, 11, 1),
        equation=_poisson(paper),
        network=perceptron(2, 11, 11, 1),
        **_with_solution(paper, SQUARE),
    ),
    "poisson sums": Problem(
        title="Poisson, the paper's, by a network of sums alone",
        bar="",
        shape=(2, 5, 1),
        equation=_poisson(paper),
        grids=(5, 10, 20),
        **_with_solution(paper, SQUARE),
    ),
    "peaks": Problem(
        title="Poisson, three peaks turned by different angles",
        bar="L2 below 1e-7, H1 below 1e-5 with at most 2000 parameters",
        shape=(2, 5, 5, 1),
        equation=_poisson(peaks),
        points=4500,
        grids=(6, 12, 42),
        steps=150,
        restarts=2,
        **_with_solution(peaks, SQUARE),
    ),
    "peaks MLP": Problem(
        title="Poisson, the three peaks, by a perceptron with tanh under the same minimiser",
        bar="",
        shape=(2, 31, 31, 1),
        equation=_poisson(peaks),
        network=perceptron(2, 31, 31, 1),
        points=3000,
        **_with_solution(peaks, SQUARE),
    ),
    "helmholtz": Problem(
        title="Helmholtz, sin(pi x) sin(4 pi y)",
        bar="L2 below 1e-8",
        published="1.3e-2 (separable KAN)",
        shape=(2, (0, 3), 1),
        equation=lambda u, x: u(0, 0) + u(1, 1) + u() - (1 - 17 * pi**2) * waves(x),
        degree=7,
        grids=(10, 20, 40),
        **_with_solution(waves, SQUARE),
    ),
    "helmholtz hard": Problem(
        title="Helmholtz, sin(pi x) sin(4 pi y), with hard boundary values",
        bar="L2 below 1e-8",
        shape=(2, (0, 1), 1),
        equation=lambda u, x: u(0, 0) + u(1, 1) + u() - (1 - 17 * pi**2) * waves(x),
        degree=7,
        points=3000,
        grids=(10, 20, 40, 80),
        restarts=16,
        **_with_zeros(waves, SQUARE),
    ),
    "heat": Problem(
        title="heat in a rod, two modes",
        bar="",
        shape=(2, (0, 2), 1),
        box=((0.0, 1.0), (0.0, 1.0)),
        equation=lambda u, x: u(1) - 0.1 * u(0, 0),
        conditions=lambda seed: [ew.pde.Initial(warmth), ew.pde.Dirichlet(0.0)],
        reference=lambda: references.of_function(warmth, ((0.0, 1.0), (0.0, 1.0))),
        grids=(5, 10, 20),
    ),
    "wave": Problem(
        title="a string, two modes",
        bar="",
        box=((0.0, 1.0), (0.0, 1.0)),
        equation=lambda u, x: u(1, 1) - 4 * u(0, 0),
        conditions=lambda seed: [
            ew.pde.Initial(lambda x: torch.sin(pi * x[:, 0]) + 0.5 * torch.sin(4 * pi * x[:, 0])),
            ew.pde.Initial(0.0, derivative=1),
            ew.pde.Dirichlet(0.0),
        ],
        reference=lambda: references.of_function(string, ((0.0, 1.0), (0.0, 1.0))),
        slabs=10,
        **_in_time(20),
    ),
    "corner": _corner("", (2, 5, 5, 1)),
    "corner feature": _corner("; r^(2/3) sin(2 angle / 3) as a feature", (2, 4, 4, 2), features=(singular,)),
    "5 dimensions": _many(5, 2000),
    "10 dimensions": _many(10, 3000),
    "kovasznay": Problem(
        title=f"Navier-Stokes, Kovasznay's flow, Reynolds number {REYNOLDS:g}",
        bar="L2 below 1e-8",
        shape=(2, 8, 3),
        equation=navier_stokes,
        degree=7,
        points=2000,
        grids=(5, 10, 20, 28),
        restarts=2,
        **_with_solution(kovasznay, ((-0.5, 1.0), (-0.5, 1.5))),
    ),
    "burgers": _burgers(
        0.01,
        title="Burgers, viscosity 0.01",
        bar="L2 below 1e-10",
        published="1.9e-12 in 144 s on an H100; 4e-7 in 16 s (perceptrons, quasi-Newton)",
        points=6500,
        slabs=20,
        **_in_time(150),
    ),
    "burgers whole": _burgers(
        0.01,
        title="Burgers, viscosity 0.01, by one network for all time",
        bar="",
        shape=(2, 5, 5, 1),
        points=3000,
        grids=(6, 12, 24),
        restarts=2,
    ),
    "burgers sharp": _burgers(
        0.01 / pi,
        title="Burgers, viscosity 0.01/pi",
        bar="L2 below 8e-9",
        published="8.3e-9 (perceptron, quasi-Newton, GPU)",
        points=6800,
        slabs=FORMING,
        **_in_time(160),
    ),
    "allen-cahn": Problem(
        title=f"Allen-Cahn, diffusion {ALLEN_CAHN:g}",
        bar="L2 below 1.8e-6",
        published="1.9e-6 (perceptron); 0.17 (separable KAN)",
        box=SLAB,
        equation=lambda u, x: u(1) - ALLEN_CAHN * u(0, 0) - 5 * (u() - u() ** 3),
        conditions=lambda seed: [
            ew.pde.Initial(lambda x: x[:, 0] ** 2 * torch.cos(pi * x[:, 0])),
            ew.pde.Periodic(0),
        ],
        reference=references.allen_cahn,
        points=5000,
        slabs=(2e-4, 1e-3, 0.004, 0.015, 0.04, *(0.08 * k for k in range(1, 13))),
        **_in_time(120),
    ),
    "inverse": _inverse(0.0, "viscosity within 1e-6", 2500, (6, 12, 24)),
    "inverse noisy": _inverse(0.01, "viscosity within 1 %", 2000, (6, 12)),
}

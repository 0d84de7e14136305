"""Systems with known laws: what is shown of each, what is found by one call, and how far that is from the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import edgewise as ew

Found = dict[str, Any]  # formulas: text; error: relative


def drawn(count: int, columns: int, seed: int, reach: float = 1.0) -> Tensor:
    """Rows (count, columns), even between -reach and reach."""
    generator = torch.Generator().manual_seed(seed)
    return reach * (2 * torch.rand(count, columns, generator=generator, dtype=torch.float64) - 1)


def off(values: Tensor, truth: Tensor) -> float:
    """The largest error in units of the spread of the truth."""
    return float((values - truth).abs().max() / truth.std())


# ---------------------------------------------------------------------------------------------- what is conserved


def springs(X: Tensor) -> Tensor:
    """The velocities of two equal springs in states x, y, u, v."""
    return torch.cat([X[:, 2:], -X[:, :2]], 1)


def orbit(X: Tensor) -> Tensor:
    """The velocities of a planet in states x, y, u, v."""
    return torch.cat([X[:, 2:], -X[:, :2] / X[:, :2].norm(dim=1, keepdim=True) ** 3], 1)


def spring_quantities(X: Tensor) -> list[Tensor]:
    """Energy and angular momentum."""
    x, y, u, v = X.T
    return [(X**2).sum(1) / 2, x * v - y * u]


def orbit_quantities(X: Tensor) -> list[Tensor]:
    """Energy, angular momentum, and the eccentricity vector, which points to the closest place."""
    x, y, u, v = X.T
    r, turn = (x**2 + y**2).sqrt(), x * v - y * u
    return [(u**2 + v**2) / 2 - 1 / r, turn, v * turn - x / r, -u * turn - y / r]


def away(X: Tensor) -> Tensor:
    """The states that are not close to the sun."""
    return X[X[:, :2].norm(dim=1) > 0.3]


def kept(
    velocity: Callable[[Tensor], Tensor], known: Callable[[Tensor], list[Tensor]], seed: int, smoke: bool
) -> Found:
    """Conserved quantities from 600 states and their velocities. The error is the largest part of a known quantity that
    the found ones, summed with weights, do not give on new states."""
    X = away(drawn(500 if smoke else 700, 4, seed))
    found = ew.conserved(X, velocity, inputs=("x", "y", "u", "v"), seed=seed, progress=False)
    new = away(drawn(1000, 4, 1000 + seed, reach=1.5))
    columns = torch.stack([torch.ones(len(new), dtype=torch.float64), *(one(new) for one in found.quantities)], 1)
    errors = [off(columns @ torch.linalg.lstsq(columns, one[:, None]).solution[:, 0], one) for one in known(new)]
    return {"formulas": "; ".join(map(str, found.quantities)), "error": max(errors)}


def oscillator(seed: int, smoke: bool) -> Found:
    """What two springs keep."""
    return kept(springs, spring_quantities, seed, smoke)


def kepler(seed: int, smoke: bool) -> Found:
    """What an orbit keeps."""
    return kept(orbit, orbit_quantities, seed, smoke)


# ---------------------------------------------------------------------------------------------- a Lagrangian


def motion(X: Tensor) -> Tensor:
    """The acceleration of a particle of unit mass on a spring, in units in which light has the speed 1."""
    q, v = X.T
    return -q * (1 - v**2) ** 1.5


def derivatives(model: Any, X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The Lagrangian (n,), its gradient (n, 2), and that of its derivative by the speed (n, 2)."""
    X = X.clone().requires_grad_()
    value = model(X)[:, 0]
    (slope,) = torch.autograd.grad(value.sum(), X, create_graph=True)
    (bend,) = torch.autograd.grad(slope[:, 1].sum(), X, create_graph=True)
    return value, slope, bend


def lagrangian(seed: int, smoke: bool) -> Found:
    """A Lagrangian from places, speeds and accelerations: the equation of Euler and Lagrange is the residual.

    At rest it is 0, has no momentum, and a mass of 1: these are free in every Lagrangian.
    """
    X = drawn(200 if smoke else 800, 2, seed, reach=0.9)
    acceleration, rest = motion(X), torch.zeros(1, 2, dtype=torch.float64)

    def residual(model: Any) -> Tensor:
        _, slope, bend = derivatives(model, X)
        value, momentum, mass = derivatives(model, rest)
        moved = bend[:, 1] * acceleration + bend[:, 0] * X[:, 1] - slope[:, 0]
        return torch.cat([moved, value, momentum[:, 1], mass[:, 1] - 1])

    model = ew.KAN((2, 1), grid_size=20, degree=5, base=None, domain=(-0.9, 0.9), seed=seed)
    for finer in range(1 if smoke else 3):
        model = ew.fit(ew.refine(model, factor=2) if finer else model, residual=residual, progress=False).model
    values = model(X)[:, 0].detach()
    law = ew.discover(X, values, inputs=("q", "v"), seconds=4 if smoke else 120, seed=seed, progress=False).best
    q, v = (new := drawn(1000, 2, 1000 + seed, reach=0.95)).T
    return {"formulas": f"L = {law}", "error": off(law(new), 1 - (1 - v**2).sqrt() - q**2 / 2)}


# ---------------------------------------------------------------------------------------------- an elastic body

STIFF, BULK = 0.42, 0.28
ENTRIES = tuple(f"F{i}{j}" for i in "123" for j in "123")


def stretched(count: int, seed: int, reach: float) -> tuple[Tensor, Tensor]:
    """Deformations around none at all: their nine entries and their determinant (n, 10), and their stress (n, 3, 3)."""
    F = torch.eye(3, dtype=torch.float64) + drawn(count, 9, seed, reach).reshape(-1, 3, 3)
    J = torch.linalg.det(F)
    eye = torch.eye(3, dtype=torch.float64)
    stress = STIFF * (F @ F.transpose(1, 2) - eye) + BULK * J.log()[:, None, None] * eye
    return torch.cat([F.reshape(-1, 9), J[:, None]], 1), stress


def stress(row: int, column: int, seed: int, smoke: bool) -> Found:
    """The law of a component of the stress of a neo-Hookean body, judged where it is stretched further."""
    X, known = stretched(300 if smoke else 2000, seed, 0.2)
    inputs = (*ENTRIES, "J")
    law = ew.discover(X, known[:, row, column], inputs=inputs, seed=seed, seconds=600, progress=False).best
    new, truth = stretched(1000, 1000 + seed, 0.25)
    return {"formulas": f"T{row + 1}{column + 1} = {law}", "error": off(law(new), truth[:, row, column])}


def pressed(seed: int, smoke: bool) -> Found:
    """The stress along the first axis."""
    return stress(0, 0, seed, smoke)


def sheared(seed: int, smoke: bool) -> Found:
    """The shear stress between the first two axes."""
    return stress(0, 1, seed, smoke)

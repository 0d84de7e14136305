"""Five functions of two variables on the square, from smooth to not smooth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Example:
    """about: in words. values: of rows (n, 2) between -1 and 1."""

    about: str
    values: Callable[[Tensor], Tensor]


def hills(X: Tensor) -> Tensor:
    """The paper's first example."""
    return torch.exp(torch.sin(math.pi * X[:, 0]) + X[:, 1].square())


def franke(X: Tensor) -> Tensor:
    """Franke's function (1982), a common test of interpolation, moved to the square."""
    x, y = (4.5 * (X + 1)).T
    return (
        0.75 * torch.exp(-((x - 2) ** 2 + (y - 2) ** 2) / 4)
        + 0.75 * torch.exp(-((x + 1) ** 2) / 49 - (y + 1) / 10)
        + 0.5 * torch.exp(-((x - 7) ** 2 + (y - 3) ** 2) / 4)
        - 0.2 * torch.exp(-((x - 4) ** 2) - (y - 7) ** 2)
    )


def waves(X: Tensor) -> Tensor:
    """Waves in two directions, none along an axis."""
    x, y = X.T
    return torch.sin(2 * x + 3 * y) + torch.cos(4 * x * y - y)


def cone(X: Tensor) -> Tensor:
    """The distance from a circle, which has a kink along it and another at its centre."""
    return (X.norm(dim=1) - 0.6).abs()


EXAMPLES = {
    "product": Example("`x y`", lambda X: X[:, 0] * X[:, 1]),
    "hills": Example("`exp(sin(pi x) + y^2)`", hills),
    "franke": Example("Franke's function: four bumps, no short form in functions of one variable", franke),
    "waves": Example("`sin(2x + 3y) + cos(4xy - y)`", waves),
    "cone": Example("`|sqrt(x^2 + y^2) - 0.6|`: not smooth along a circle and at its centre", cone),
}


def drawn(count: int, seed: int) -> Tensor:
    """Rows (count, 2), even between -1 and 1."""
    return 2 * torch.rand(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1

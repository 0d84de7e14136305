"""Functions of known structure, and what a surrogate makes of one: the function and a smooth error of known size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.structure import Function, as_function

# n rows, d columns, m waves


@dataclass(frozen=True)
class Waves:
    """A smooth error: waves in random directions, of about the wavelength that grids of ten intervals give."""

    middle: Tensor
    spread: Tensor
    directions: Tensor  # (d, m)
    phases: Tensor  # (m,)
    size: float

    def __call__(self, X: Tensor) -> Tensor:
        z = (X - self.middle) / self.spread
        return self.size * (z @ self.directions + self.phases).cos().mean(1)


def waves(X: np.ndarray, size: float, seed: int, length: float = 7.0, count: int = 40) -> Waves:
    """An error with a gradient of about `size` in units of the columns' spreads; `length`: of the wave vectors."""
    x, generator = torch.tensor(X), torch.Generator().manual_seed(seed)
    directions = torch.randn(X.shape[1], count, dtype=x.dtype, generator=generator)
    directions = length * directions / directions.norm(dim=0)
    phases = 2 * np.pi * torch.rand(count, dtype=x.dtype, generator=generator)
    return Waves(x.mean(0), x.std(0), directions, phases, size / length * (2 * count) ** 0.5)


def surrogate(f: Callable[[Any], Any], X: np.ndarray, error: float, seed: int = 0) -> Function:
    """f with a smooth error: `error` is that of the gradient, relative, in units of the spreads. It tells its size."""
    names = tuple(f"x{k + 1}" for k in range(X.shape[1]))
    exact = as_function(f, X, names)
    scaled = exact.at(X).gradient * X.std(0)
    size = error * float(np.sqrt((scaled**2).sum(1).mean()))
    wave = waves(X, size, seed)
    with torch.no_grad():
        value = float(wave(torch.tensor(X)).std())
    wrong = as_function(wave, X, names).at(X).gradient
    slopes = np.sqrt((wrong**2).mean(0))
    return as_function(lambda x: f(x) + wave(x), X, names, (value, slopes))


@dataclass(frozen=True)
class Known:
    """A function on a box, and what it is made of; columns that are named in no block do not matter.

    sums, products: the finest blocks, columns joined by words of digits. scalings, translations: how many there are.
    groups: the smallest sets that enter through one expression, of functions that are neither sums nor products.
    """

    f: Callable[[Tensor], Tensor]
    columns: int
    sums: str = ""
    products: str = ""
    scalings: int = 0
    translations: int = 0
    groups: str = ""
    unused: str = ""
    low: float = 1.0
    high: float = 3.0

    def rows(self, n: int = 800, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).uniform(self.low, self.high, (n, self.columns))


def _bessel(x: Tensor) -> Tensor:
    return torch.special.bessel_j0(x)


KNOWN: dict[str, Known] = {
    "product of powers": Known(lambda X: X[:, 0] * X[:, 1] ** 2 / X[:, 2].sqrt(), 3, "", "1 2 3", 3),
    "kinetic energy": Known(lambda X: 0.5 * X[:, 0] * (X[:, 1] ** 2 + X[:, 2] ** 2), 3, "", "1 23", 2),
    "gravity in a plane": Known(
        lambda X: X[:, 0] * X[:, 1] / ((X[:, 2] - X[:, 3]) ** 2 + X[:, 4] ** 2), 5, "", "1 2 345", 3, 1
    ),
    "sum of products": Known(lambda X: X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3], 4, "12 34", "", 3),
    "sum of three": Known(lambda X: X[:, 0].sin() + X[:, 1].exp() + X[:, 2] ** 3, 3, "1 2 3", ""),
    "hello": Known(lambda X: ((np.pi * X[:, 0]).sin() + X[:, 1] ** 2).exp(), 2, "", "1 2", 0, low=-1.0, high=1.0),
    "velocities": Known(lambda X: (X[:, 0] + X[:, 1]) / (1 + X[:, 0] * X[:, 1]), 2),
    "velocities with c": Known(
        lambda X: (X[:, 0] + X[:, 1]) / (1 + X[:, 0] * X[:, 1] / X[:, 2] ** 2), 3, "", "", 1, low=0.5, high=1.5
    ),
    "distance": Known(lambda X: X.square().sum(1).sqrt(), 3, "", "", 1, groups="12 13 23"),
    "difference": Known(lambda X: (X[:, 0] - X[:, 1]).cos() * X[:, 2], 3, "", "12 3", 1, 1),
    "slanted wave": Known(lambda X: (X[:, 0] + 2 * X[:, 1] - 3 * X[:, 2]).sin(), 3, "", "", 0, 2, "12 13 23"),
    "decay": Known(lambda X: X[:, 0] * (-X[:, 1] / X[:, 2]).exp(), 3, "", "1 23", 2),
    "saturation": Known(lambda X: X[:, 0] * X[:, 1] / (X[:, 2] + X[:, 1]), 3, "", "1 23", 2),
    "lens": Known(lambda X: 1 / (1 / X[:, 0] + X[:, 2] / X[:, 1]), 3, "", "", 2, 0, "23"),
    "gas": Known(
        lambda X: X[:, 0] * X[:, 1] / (X[:, 2] - 0.2 * X[:, 0]) - 0.3 * (X[:, 0] / X[:, 2]) ** 2, 3, "", "", 1, 0, "13"
    ),
    "relativity": Known(lambda X: X[:, 0] / (1 - X[:, 1] ** 2 / X[:, 2] ** 2 / 16).sqrt(), 3, "", "1 23", 2),
    "harmonic": Known(lambda X: X[:, 0] * (X[:, 1] * X[:, 2] + X[:, 3]).sin(), 4, "", "1 234", 2, 0),
    "nested": Known(lambda X: ((X[:, 0] * X[:, 1]) + X[:, 2].sin() + X[:, 3]).sqrt(), 4, "", "", 1, 0, "12 34"),
    "heat": Known(lambda X: (-(X[:, 0] ** 2) / (4 * X[:, 1])).exp() / X[:, 1].sqrt(), 2, "", "", 1),
    "pendulum": Known(lambda X: 2 * np.pi * (X[:, 0] / X[:, 1]).sqrt() * (1 + X[:, 2] ** 2 / 16), 3, "", "1 2 3", 2),
    "dummies": Known(lambda X: X[:, 1] * X[:, 3].exp(), 5, "", "2 4", 1, 0, unused="1 3 5"),
    "dummy in a sum": Known(lambda X: X[:, 0] ** 2 + (X[:, 1] * X[:, 3]).log(), 4, "1 2 4", "", 1, 0, unused="3"),
    "pair of logs": Known(lambda X: (2 * X[:, 0].log() + 2 * X[:, 1].log()).sin(), 2, "", "", 1),
    "bessel": Known(lambda X: (_bessel(5 * X[:, 0]) + X[:, 1] ** 2).exp(), 2, "", "1 2", low=0.1, high=1.0),
    "saddle": Known(lambda X: X[:, 0] * X[:, 1], 2, "", "1 2", 2, low=-1.0, high=1.0),
    "three-way": Known(lambda X: X[:, 0] * X[:, 1] + X[:, 1] * X[:, 2] + X[:, 0] * X[:, 2], 3, "", "", 1),
    "deep": Known(
        lambda X: (X[:, 0] * X[:, 1].sin() + X[:, 2] ** 2).exp() / (1 + X[:, 3] ** 2) + X[:, 4],
        5,
        "1234 5",
        "",
        low=-1.0,
        high=1.0,
    ),
    "polynomial": Known(
        lambda X: 1 + X[:, 0] + X[:, 0] ** 2 * X[:, 1] + X[:, 1] ** 3 * X[:, 2], 3, "", "", low=-1.0, high=1.0
    ),
    "small third": Known(lambda X: X[:, 0] * X[:, 1] + 0.1 * X[:, 2] ** 2, 3, "12 3", "", 2),
    "friedman": Known(
        lambda X: (np.pi * X[:, 0] * X[:, 1]).sin() + 2 * (X[:, 2] - 0.5) ** 2 + X[:, 3] + X[:, 4] / 2,
        5,
        "12 3 4 5",
        "",
        1,
        1,
        low=0.0,
        high=1.0,
    ),
    "resistors": Known(lambda X: X[:, 0] * X[:, 1] / (X[:, 0] + X[:, 1]), 2, "", "", 1),
    "barometer": Known(lambda X: X[:, 0] * (-X[:, 1] * X[:, 2] * X[:, 3] / X[:, 4]).exp(), 5, "", "1 2345", 4, 0),
    "dipole": Known(lambda X: X[:, 0] * X[:, 1].cos() / X[:, 2] ** 2, 3, "", "1 2 3", 2, 0),
    "rotated": Known(
        lambda X: (X[:, 0] ** 2 + X[:, 1] ** 2) * X[:, 2] + X[:, 0] ** 2 + X[:, 1] ** 2,
        3,
        "",
        "12 3",
        1,
        low=-1,
        high=1,
    ),
    "interference": Known(lambda X: X[:, 0] + X[:, 1] + 2 * (X[:, 0] * X[:, 1]).sqrt() * X[:, 2].cos(), 3, "", "", 1),
    "tanh gate": Known(lambda X: X[:, 0].tanh() * X[:, 1] + X[:, 2].tanh() * X[:, 0], 3, "", "", 0, low=-1, high=1),
    "quotient of sums": Known(lambda X: (X[:, 0] + X[:, 1] * X[:, 2]) / (X[:, 3] + X[:, 2]), 4, "", "", 2),
    "no structure": Known(
        lambda X: (X[:, 0] * X[:, 1] + X[:, 1].exp() * X[:, 2]).sin() + X[:, 0] * X[:, 2] ** 2, 3, low=-1, high=1
    ),
}


def network(columns: int, seed: int, width: int = 8) -> Callable[[Tensor], Tensor]:
    """A random deep network: a smooth function without any structure."""
    generator = torch.Generator().manual_seed(seed)
    sizes = [columns, width, width, 1]
    weights = [
        torch.randn(a, b, dtype=torch.float64, generator=generator) * 2 / a**0.5
        for a, b in zip(sizes, sizes[1:], strict=False)
    ]
    shifts = [torch.randn(b, dtype=torch.float64, generator=generator) for b in sizes[1:]]

    def call(X: Tensor) -> Tensor:
        for weight, shift in zip(weights[:-1], shifts[:-1], strict=True):
            X = (X @ weight + shift).tanh()
        return (X @ weights[-1] + shifts[-1])[:, 0]

    return call


def blocks_of(words: str) -> tuple[tuple[int, ...], ...]:
    """ "12 3" -> ((0, 1), (2,))."""
    return tuple(tuple(int(digit) - 1 for digit in word) for word in words.split())

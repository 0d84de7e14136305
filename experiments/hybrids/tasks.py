"""What the networks learn: regressions with a hard coordinate and without, and digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Split = tuple[Tensor, Tensor, Tensor, Tensor]  # rows and targets to train on, and to judge by

ROWS, JUDGES, INPUTS = 1000, 3000, 6


@dataclass(frozen=True)
class Task:
    """about: in words. split: rows from a seed. classes: 1 for a regression. parameters: of each network."""

    about: str
    split: Callable[[int], Split]
    classes: int
    parameters: int


def smooth(X: Tensor) -> Tensor:
    """A few directions, none of them an axis."""
    return torch.tanh(2 * (X[:, 1] - X[:, 2] + X[:, 3] * X[:, 4])) + torch.sin(X[:, 1] + X[:, 2] + X[:, 5])


def hard(X: Tensor) -> Tensor:
    """The same plus a fast wave of the first coordinate, whose height the others set."""
    return smooth(X) + torch.sin(12 * X[:, 0] + 3 * X[:, 0].square()) * (1 + 0.5 * X[:, 1])


def additive(X: Tensor) -> Tensor:
    """A sum of functions of single coordinates, all of them bent."""
    return torch.sin(6 * X).sum(1) + X.square().sum(1)


def regression(function: Callable[[Tensor], Tensor]) -> Callable[[int], Split]:
    """Rows even between -1 and 1, without noise."""

    def split(seed: int) -> Split:
        generator = torch.Generator().manual_seed(seed)
        X = 2 * torch.rand(ROWS + JUDGES, INPUTS, generator=generator, dtype=torch.float64) - 1
        y = function(X)
        y = (y - y[:ROWS].mean()) / y[:ROWS].std()
        return X[:ROWS], y[:ROWS], X[ROWS:], y[ROWS:]

    return split


def digits(seed: int) -> Split:
    """The 1797 digits of 8 by 8 pixels that scikit-learn ships, a quarter of them to judge by."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    X, y = torch.as_tensor(pixels)[order] / 8 - 1, torch.as_tensor(labels)[order]
    return X[450:], y[450:], X[:450], y[:450]


TASKS = {
    "hard": Task("smooth but for a fast wave of one coordinate of six", regression(hard), 1, 300),
    "smooth": Task("the same without the wave", regression(smooth), 1, 300),
    "additive": Task("a sum of bent functions of six coordinates", regression(additive), 1, 300),
    "digits": Task("ten classes of 8 by 8 pixels (scikit-learn)", digits, 10, 4000),
}

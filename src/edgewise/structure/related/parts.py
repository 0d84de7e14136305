"""Rows in three parts: some to fit, some to choose, some to judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...model import KAN
from .tuning import TUNED

# n rows, d columns


@dataclass(frozen=True, eq=False)
class Parts:
    """A table in three parts, whose columns vary.

    Attributes:
        fitting (n1, d), choosing (n2, d), judging (n3, d): the rows.
        names: of the columns.
    """

    fitting: np.ndarray
    choosing: np.ndarray
    judging: np.ndarray
    names: tuple[str, ...]

    @property
    def known(self) -> np.ndarray:
        """All rows but those that judge."""
        return np.concatenate([self.fitting, self.choosing])


def parts_of(X: np.ndarray, names: tuple[str, ...], seed: int) -> Parts:
    """A table (n, d) in three parts, drawn at random."""
    X = X[np.random.default_rng(seed).permutation(len(X))[: TUNED.rows]]
    first, second = (int(part * len(X)) for part in (TUNED.fitted, TUNED.fitted + TUNED.choosing))
    return Parts(X[:first], X[first:second], X[second:], names)


def told(model: KAN, X: np.ndarray) -> np.ndarray:
    """What a network tells for rows (n, columns of the network): (n,). It may look beyond what it was fitted to."""
    with torch.no_grad():
        return model(torch.tensor(X))[:, 0].numpy()


def unexplained(prediction: np.ndarray, target: np.ndarray) -> float:
    """The part of a column's variance (n,) that predictions leave."""
    return float(np.mean((target - prediction) ** 2) / np.var(target)) if np.var(target) > 0 else np.inf

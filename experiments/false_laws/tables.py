"""Tables without a short law: noise, and random deep networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Rng = np.random.Generator
FEWEST, MOST = 40, 2000  # rows of a table, evenly on a scale of logarithms


@dataclass(frozen=True)
class Kind:
    """Tables of one kind.

    Attributes:
        about: in words.
        target: y (n,) at X (n, d), by a generator.
        columns: the fewest columns and the most.
    """

    about: str
    target: Callable[[Rng, np.ndarray], np.ndarray]
    columns: tuple[int, int]

    def draw(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """X (n, d), evenly on [-1, 1], and y (n,). The seed decides n and d, too."""
        rng = np.random.default_rng([seed, 1])
        low, high = self.columns
        count = round(float(np.exp(rng.uniform(np.log(FEWEST), np.log(MOST)))))
        X = rng.uniform(-1, 1, (count, int(rng.integers(low, high + 1))))
        return X, self.target(rng, X)


def network(widths: tuple[int, ...], noise: float = 0.0) -> Callable[[Rng, np.ndarray], np.ndarray]:
    """A random network with these hidden layers of tanh. noise: normal, in parts of the spread of y."""

    def target(rng: Rng, X: np.ndarray) -> np.ndarray:
        hidden = X
        for width in widths:
            weights = rng.standard_normal((hidden.shape[1], width)) * 2 / hidden.shape[1] ** 0.5
            hidden = np.tanh(hidden @ weights + rng.standard_normal(width))
        y = hidden @ rng.standard_normal(hidden.shape[1])
        return y + noise * y.std() * rng.standard_normal(len(y))

    return target


NOISE, NETWORK = (1, 6), (2, 4)
KINDS = {
    "normal": Kind("normal noise", lambda rng, X: rng.standard_normal(len(X)), NOISE),
    "skewed": Kind("lognormal noise", lambda rng, X: rng.lognormal(0, 1, len(X)), NOISE),
    "heavy": Kind("noise with far outliers, Student's t of 2", lambda rng, X: rng.standard_t(2, len(X)), NOISE),
    "counts": Kind("Poisson counts with mean 3", lambda rng, X: rng.poisson(3, len(X)).astype(float), NOISE),
    "uneven": Kind(
        "normal noise whose spread grows with a column",
        lambda rng, X: (1.2 + X[:, 0]) * rng.standard_normal(len(X)),
        NOISE,
    ),
    "wide": Kind("a network with a hidden layer of 16", network((16,)), NETWORK),
    "deep": Kind("a network with hidden layers of 8 and 8", network((8, 8)), NETWORK),
    "deeper": Kind("a network with hidden layers of 8, 8 and 8", network((8, 8, 8)), NETWORK),
    "faintly noisy": Kind(
        "a network with hidden layers of 8 and 8, and 0.1 % of noise", network((8, 8), 1e-3), NETWORK
    ),
    "noisy": Kind("a network with hidden layers of 8 and 8, and 1 % of noise", network((8, 8), 1e-2), NETWORK),
}

"""L-BFGS: quasi-Newton steps from the last few steps and gradients, with a strong Wolfe line search.

Source: Nocedal & Wright, Numerical Optimization (2006), algorithm 7.4 (two loops) with the scaling of eq. 7.20.
"""

from __future__ import annotations

from collections import deque

from torch import Tensor

from .line_search import ValueGradient, descend
from .snapshots import Snapshots, Tree, damaged
from .stop import Watch
from .types import Minimum


class LimitedMemory:
    """The last `history` pairs of steps and gradient changes."""

    def __init__(self, history: int) -> None:
        self.pairs: deque[tuple[Tensor, Tensor, float]] = deque(maxlen=history)

    @property
    def empty(self) -> bool:
        """Whether nothing is known of the curvature."""
        return not self.pairs

    def reset(self) -> None:
        """Forget everything."""
        self.pairs.clear()

    def update(self, step: Tensor, change: Tensor, bend: float) -> None:
        """Remember a pair; the oldest one goes."""
        self.pairs.append((step, change, float(step @ change)))

    def direction(self, gradient: Tensor) -> Tensor:
        """Minus the approximate inverse Hessian times the gradient (P,)."""
        q, shares = gradient.clone(), []
        for step, change, product in reversed(self.pairs):
            share = float(step @ q) / product
            shares.append(share)
            q.sub_(change, alpha=share)
        if self.pairs:
            _, change, product = self.pairs[-1]
            q.mul_(product / float(change @ change))
        for (step, change, product), share in zip(self.pairs, reversed(shares), strict=True):
            q.add_(step, alpha=share - float(change @ q) / product)
        return q.neg_()

    def state(self) -> Tree:
        """The pairs."""
        return [list(pair) for pair in self.pairs]

    def restore(self, state: Tree) -> None:
        """Know these pairs."""
        if not isinstance(state, list) or not all(isinstance(entry, list) and len(entry) == 3 for entry in state):
            raise damaged("pairs of another kind")
        self.pairs.extend((step, change, product) for step, change, product in state)


def minimize(
    value_gradient: ValueGradient,
    theta: Tensor,
    *,
    steps: int = 1000,
    history: int = 50,
    tolerance: float = 1e-10,
    patience: int = 3,
    watch: Watch | None = None,
    snapshots: Snapshots | None = None,
) -> Minimum:
    """Minimise value_gradient(theta) -> (value, gradient (P,)) from theta (P,), in float64; `line_search.descend` tells
    the statuses and `watch`.

    >>> import torch
    >>> end = minimize(lambda t: (float(t @ t), 2 * t), torch.ones(3))
    >>> end.status.name, end.value
    ('CONVERGED', 0.0)
    """
    return descend(
        value_gradient,
        theta,
        LimitedMemory(history),
        steps=steps,
        tolerance=tolerance,
        patience=patience,
        watch=watch,
        snapshots=snapshots,
    )

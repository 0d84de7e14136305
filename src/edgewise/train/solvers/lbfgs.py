"""L-BFGS: quasi-Newton steps from the last few steps and gradients, with a strong Wolfe line search.

Source: Byrd, Nocedal & Schnabel 1994 (doi:10.1007/BF01582063), theorem 2.2, with the scaling of Nocedal & Wright,
Numerical Optimization (2006), eq. 7.20. The two loops of algorithm 7.4 there give the same direction, pair by pair.
Here all pairs together take six products of a matrix and a vector, which is faster where parameters are few.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .line_search import ValueGradient, descend
from .snapshots import Snapshots, Tree, damaged
from .stop import Watch
from .types import Minimum


class LimitedMemory:
    """The last `history` pairs of steps s and gradient changes y, in a ring: a new pair overwrites the oldest.

    slopes, squares: the products s.y and y.y of all pairs, in the order of time.
    """

    def __init__(self, history: int) -> None:
        self.history = history
        self.reset()

    @property
    def empty(self) -> bool:
        """Whether nothing is known of the curvature."""
        return not self.count

    def reset(self) -> None:
        """Forget everything."""
        self.count = 0
        self.oldest = 0  # its place

    def update(self, step: Tensor, change: Tensor, bend: float) -> None:
        """Remember a pair; the oldest one goes."""
        if not self.count:
            self._begin(step)
        full = self.count == self.history
        place = self.oldest if full else self.count
        if full:
            self.oldest = (place + 1) % self.history
            for products in (self.slopes, self.squares):
                products[:-1, :-1] = products[1:, 1:].clone()
        self.count += not full
        self.steps[place], self.changes[place] = step, change
        last = self.count - 1
        self.slopes[: last + 1, last] = self._in_time(self.steps[: self.count] @ change)
        self.squares[: last + 1, last] = self.squares[last, : last + 1] = self._in_time(
            self.changes[: self.count] @ change
        )

    def direction(self, gradient: Tensor) -> Tensor:
        """Minus the approximate inverse Hessian times the gradient (P,)."""
        if not self.count:
            return -gradient
        steps, changes = self.steps[: self.count], self.changes[: self.count]
        slopes, squares = self.slopes[: self.count, : self.count], self.squares[: self.count, : self.count]
        unit = slopes[-1, -1] / squares[-1, -1]
        along, across = self._in_time(steps @ gradient)[:, None], self._in_time(changes @ gradient)[:, None]
        first = torch.linalg.solve_triangular(slopes, along, upper=True)
        bent = slopes.diagonal()[:, None] * first + unit * (squares @ first - across)
        second = torch.linalg.solve_triangular(slopes.mT, bent, upper=False)
        found = unit * (changes.mT @ self._in_places(first[:, 0]) - gradient)
        return found.sub_(steps.mT @ self._in_places(second[:, 0]))

    def state(self) -> Tree:
        """The pairs, place by place, their products, and the place of the oldest."""
        if not self.count:
            return []
        steps, changes = self.steps[: self.count].clone(), self.changes[: self.count].clone()
        there = [products[: self.count, : self.count].tolist() for products in (self.slopes, self.squares)]
        return [[list(pair) for pair in zip(steps, changes, strict=True)], *there, self.oldest]

    def restore(self, state: Tree) -> None:
        """Know these pairs."""
        if state == []:
            return
        if not self._knows(state):
            raise damaged("pairs of another kind")
        pairs, *there, self.oldest = state
        self._begin(pairs[0][0])
        self.count = len(pairs)
        for place, (step, change) in enumerate(pairs):
            self.steps[place], self.changes[place] = step, change
        for products, values in zip((self.slopes, self.squares), there, strict=True):
            products[: self.count, : self.count] = products.new_tensor(values)

    def _knows(self, state: Tree) -> bool:
        """Whether this is what `state` tells of a memory that is not empty."""
        if not isinstance(state, list) or len(state) != 4 or not all(isinstance(part, list) for part in state[:3]):
            return False
        pairs, *products, oldest = state
        count = len(pairs)
        if not 0 < count <= self.history or type(oldest) is not int:
            return False
        vectors = [vector for pair in pairs if isinstance(pair, list) for vector in pair]
        sizes = [one.shape if isinstance(one, Tensor) and one.ndim == 1 else None for one in vectors]
        rows = [row if isinstance(row, list) else [] for part in products for row in part]
        numbers = all(isinstance(value, float) for row in rows for value in row)
        square = [len(part) for part in products] == [count] * 2 and {len(row) for row in rows} == {count}
        ring = 0 <= oldest < (count if count == self.history else 1)
        return len(sizes) == 2 * count and None not in sizes and len(set(sizes)) == 1 and numbers and square and ring

    def _begin(self, like: Tensor) -> None:
        """Room for all pairs, of vectors such as this one."""
        self.steps, self.changes = like.new_empty(self.history, len(like)), like.new_empty(self.history, len(like))
        self.slopes, self.squares = (like.new_zeros(self.history, self.history) for _ in range(2))

    def _in_time(self, values: Tensor) -> Tensor:
        """What is in the order of places (count,), from the oldest pair to the newest."""
        return values.roll(-self.oldest) if self.oldest else values

    def _in_places(self, values: Tensor) -> Tensor:
        """The other way round."""
        return values.roll(self.oldest) if self.oldest else values


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
        LimitedMemory(max(1, min(history, steps))),
        steps=steps,
        tolerance=tolerance,
        patience=patience,
        watch=watch,
        snapshots=snapshots,
    )

"""Quasi-Newton methods with a dense inverse Hessian, self-scaled: they go on where L-BFGS creeps, at P^2 memory.

Sources: Al-Baali, "Numerical experience with a class of self-scaling quasi-Newton algorithms" (1998,
doi:10.1023/A:1022608410710); Urban, Stefanou & Pons, "Unveiling the optimization process of physics informed neural
networks" (2025, doi:10.1016/j.jcp.2024.113656), eq. 9 to 23.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...errors import ConfigError, did_you_mean, shown
from .line_search import ValueGradient, descend
from .snapshots import Snapshots, Tree, damaged
from .stop import Watch
from .tuning import TUNED
from .types import Minimum


def _bfgs(b: float, h: float, n: int) -> tuple[float, float]:
    return 1.0, 1.0


def _ssbfgs(b: float, h: float, n: int) -> tuple[float, float]:
    return min(1.0, 1.0 / b), 1.0


def _ssbroyden(b: float, h: float, n: int) -> tuple[float, float]:
    a = max(b * h - 1.0, 1e-14)  # not negative by Cauchy-Schwarz
    c = math.sqrt(a / (a + 1.0))
    rho = min(1.0, h / ((a + 1.0) * (1.0 + c)))  # h (1 - c), without loss of digits
    theta = max((rho - 1.0) / a, min(1.0 / rho, (1.0 - b) / b))
    sigma = 1.0 + a * theta
    tau = min(1.0, 1.0 / b)
    root = sigma ** (-1.0 / max(n - 1, 1))
    tau = tau * min(root, 1.0 / theta) if theta > 0 else min(tau * root, sigma)
    return tau, (1.0 - theta) / sigma


# Each rule gives the scaling tau and the member phi of Broyden's class (1 is BFGS, 0 is DFP) from b = s.Bs/s.y, h =
# y.Hy/s.y and the dimension.
RULES: dict[str, Callable[[float, float, int], tuple[float, float]]] = {
    "bfgs": _bfgs,
    "ssbfgs": _ssbfgs,
    "ssbroyden": _ssbroyden,
}


class InverseHessian:
    """H (P, P) under the updates of Broyden's class with scaling."""

    def __init__(self, rule: Callable[[float, float, int], tuple[float, float]]) -> None:
        self.rule = rule
        self.matrix: Tensor | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is known of the curvature."""
        return self.matrix is None

    def reset(self) -> None:
        """Forget everything."""
        self.matrix = None

    def direction(self, gradient: Tensor) -> Tensor:
        """-H times the gradient (P,)."""
        return -gradient if self.matrix is None else torch.mv(self.matrix, gradient).neg_()

    def update(self, step: Tensor, change: Tensor, bend: float) -> None:
        """H <- (H - Hy Hy^T / y.Hy + phi v v^T) / tau + s s^T / s.y with v = sqrt(y.Hy) (s/s.y - Hy/y.Hy)."""
        product = float(step @ change)
        if self.matrix is None:
            # the first step's own curvature as unit: Nocedal & Wright eq. 6.20
            scale = product / float(change @ change)
            self.matrix = torch.diag(torch.full_like(step, scale))
            bend = float(step @ step) / scale
        matrix = self.matrix
        pulled = torch.mv(matrix, change)  # H y
        bent = float(change @ pulled)
        if not (bent > 0 and bend > 0):  # round-off has eaten the positive definiteness
            self.reset()
            return
        tau, phi = self.rule(bend / product, bent / product, step.numel())
        # v is a combination of s and Hy, so that all of it is one update of rank two, and one pass over the matrix
        across = -phi / (product * tau)
        ss, pp = phi * bent / (product * product * tau) + 1.0 / product, (phi - 1.0) / (bent * tau)
        rows = torch.stack([ss * step + across * pulled, across * step + pp * pulled])
        matrix.addmm_(torch.stack([step, pulled], dim=1), rows, beta=1.0 / tau)

    def state(self) -> Tree:
        """The matrix, None where nothing is known. Updates change it in place: a snapshot copies it."""
        return self.matrix

    def restore(self, state: Tree) -> None:
        """Know this matrix."""
        if state is not None and (not isinstance(state, Tensor) or state.ndim != 2):
            raise damaged("a matrix of another shape")
        self.matrix = state


def minimize(
    value_gradient: ValueGradient,
    theta: Tensor,
    *,
    steps: int = 1000,
    rule: str = "ssbroyden",
    tolerance: float = 1e-10,
    patience: int = 3,
    watch: Watch | None = None,
    snapshots: Snapshots | None = None,
) -> Minimum:
    """Minimise value_gradient(theta) -> (value, gradient (P,)) from theta (P,), in float64; `line_search.descend` tells
    the statuses and `watch`.

    `rule` is "ssbroyden", "ssbfgs" or "bfgs". Raises `ConfigError` for an unknown rule, or more parameters than a dense
    matrix can serve.

    >>> end = minimize(lambda t: (float(t @ t), 2 * t), torch.ones(3))
    >>> end.status.name, end.value
    ('CONVERGED', 0.0)
    """
    if rule not in RULES:
        raise ConfigError(f"unknown quasi-Newton rule {shown(rule)}; {did_you_mean(rule, RULES)}")
    if theta.numel() > TUNED.dense:
        raise ConfigError(
            f"a dense inverse Hessian serves at most {TUNED.dense} parameters, got {theta.numel()}; use L-BFGS"
        )
    return descend(
        value_gradient,
        theta,
        InverseHessian(RULES[rule]),
        steps=steps,
        tolerance=tolerance,
        patience=patience,
        watch=watch,
        snapshots=snapshots,
    )

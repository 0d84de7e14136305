"""The minimisers that take all rows at once, by the names that users know."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ...errors import TrainingError
from . import conjugate_gradients, lbfgs, levenberg_marquardt, quasi_newton, residual_space
from .snapshots import Snapshots
from .status import Status
from .stop import Watch
from .tuning import TUNED
from .types import Minimum


def minimize(
    name: str,
    problem: Any,
    theta: Tensor,
    *,
    steps: int | None,
    watch: Watch,
    snapshots: Snapshots | None = None,
) -> Minimum:
    """Minimise a problem from theta (P,) by the method of this name.

    Args:
        name: one of `TUNED.steps`.
        problem: with `residuals` and `quadratic` or `rows_of_curvature` for "lm", `linearise` for "lm-cg",
            `value_gradient` for the others.
        theta (P,): where to begin.
        steps: at most so many; None takes those of `TUNED.steps`.
        watch: sees every step, and ends the run by returning True.
        snapshots: keeps what is needed to go on in another process.

    Raises:
        TrainingError: the objective is not finite at the start.
    """
    how: dict[str, Any] = {"steps": steps or TUNED.steps[name], "watch": watch, "snapshots": snapshots}
    if name == "lm":
        model = residual_space.Wide.of if problem.residuals < theta.numel() else levenberg_marquardt.Dense.of
        end = levenberg_marquardt.minimize(problem, theta, tolerance=TUNED.converged, model=model, **how)
    elif name == "lm-cg":
        end = conjugate_gradients.minimize_cg(problem, theta, tolerance=TUNED.converged, **how)
    elif name == "lbfgs":
        end = lbfgs.minimize(problem.value_gradient, theta, **how)
    else:
        end = quasi_newton.minimize(problem.value_gradient, theta, rule=name, **how)
    if end.status is Status.FAILED:
        raise TrainingError(
            "the loss is not finite at the start; scale inputs and targets to ordinary sizes, or start from another"
            " seed"
        )
    return end

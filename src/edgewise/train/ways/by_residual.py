"""A fit to the user's own residual: differential equations, constraints, several data sets at once."""

from __future__ import annotations

import copy
import math

from torch import Tensor, nn

from ...errors import ConfigError, shown
from ...metadata import Edit
from ...model import KAN
from ..choose import FULL_BATCH, choose_for_module, listed, name_of
from ..monitor import Monitor
from ..problems.modes import Modes
from ..problems.residual import ResidualProblem
from ..result import FitResult
from ..resuming.chapters import opened
from ..resuming.journal import resumed
from ..settings import FitSettings
from ..solvers import by_name
from ..solvers.status import Status
from ..solvers.stop import Step, Stop


def fit_residual(module: nn.Module, settings: FitSettings, monitor: Monitor) -> FitResult:
    """Minimise the mean square of `settings.residual` over a copy of the module."""
    assert settings.residual is not None
    trained = copy.deepcopy(module).to(settings.place(module))
    modes = Modes(trained)
    problem = ResidualProblem(trained, settings.residual)
    chosen = _chosen(settings, problem)
    stop = _stop(problem.start(), monitor)
    try:
        chapter = opened(settings.resume, monitor, trained, settings.resume and problem.value(stop.last), settings)
        end = resumed(
            chapter,
            stop,
            lambda snapshots: by_name.minimize(
                chosen, problem, problem.start(), steps=settings.steps, watch=stop, snapshots=snapshots
            ),
        )
        status = end.status
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    monitor.finishing()
    value = problem.value(stop.last)  # leaves these parameters in the module
    modes.restore()
    if isinstance(trained, KAN):
        trained.edits = (*trained.edits, Edit("fit", f"residual; {name_of(chosen)}; {status.name}"))
    message = (
        f"{monitor.sentence(status)}. {name_of(chosen)}, {len(monitor.rows)} steps. Mean square of the residual"
        f" {value:.3g}."
    )
    return FitResult(trained, monitor.rows, status, message, value, None, {"rms": math.sqrt(value)}, monitor.elapsed)


def _chosen(settings: FitSettings, problem: ResidualProblem) -> str:
    """The optimizer's name. Raises `ConfigError` for one that does not take residuals."""
    fits = choose_for_module(problem.start().numel(), problem.residuals, 1) == "lm"
    chosen = ("lm" if fits else "lbfgs") if settings.optimizer == "auto" else settings.optimizer
    if not isinstance(chosen, str) or chosen not in FULL_BATCH:
        raise ConfigError(f"a residual is minimised by {listed(FULL_BATCH)}, got {shown(chosen)}")
    return chosen


def _stop(start: Tensor, monitor: Monitor) -> Stop:
    """Ends the run where the user wants it; no rows are held out."""

    def note(step: Step, judged: float | None) -> bool:
        return monitor.row(
            stage="residual",
            grid_size=None,
            loss=step.value,
            train_loss=step.value,
            validation_loss=None,
            damping=step.reach,
        )

    return Stop(start, math.inf, judge=lambda theta: None, note=note)

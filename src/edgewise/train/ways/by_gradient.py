"""A fit of a KAN by any other method than Levenberg-Marquardt: along its grids, anew on each."""

from __future__ import annotations

import math
from dataclasses import replace

from ...errors import ConfigError
from ...model import KAN
from ...transforms import refine
from ..choose import TUNED, Optimizer, name_of
from ..closing import finish
from ..job import Job
from ..monitor import Monitor
from ..priors.sparsity import L1Entropy
from ..result import FitResult, measure
from ..resuming.chapters import opened
from ..schedule.costs import count_parameters
from ..schedule.knots import over_range, reaching_rows
from ..schedule.scaling import fitted_before
from ..settings import FitSettings
from ..solvers.status import Status
from ..solvers.stop import BestSoFar
from .by_module import ModuleRun


def fit_kan(
    model: KAN, start: KAN, job: Job, optimizer: Optimizer, settings: FitSettings, monitor: Monitor
) -> FitResult:
    """Train from `start`, the prepared copy of the model; the best state along the grids comes back."""
    auto, parameters = settings.optimizer == "auto", count_parameters(model)
    for name, value in {"memory": settings.memory, "restarts": settings.restarts_asked}.items():
        if value:
            how = f"'auto' is {name_of(optimizer)} for {parameters} parameters"
            raise ConfigError(f"{name} is for Levenberg-Marquardt, {how}; use optimizer='lm', or leave {name} out")
    trained, status = _in_ordinary_units(start, job, optimizer, settings, monitor, fitted_before(model))
    how = name_of(optimizer) + (f" (chosen for {parameters} parameters)" if auto else "")
    return finish(model, trained, trained, job, (job.x, job.y, job.weight), status, monitor, how)


def _in_ordinary_units(
    start: KAN, job: Job, optimizer: Optimizer, settings: FitSettings, monitor: Monitor, keep: bool
) -> tuple[KAN, Status]:
    """`_along_grids` with targets of ordinary size: constants of an optimizer, such as Adam's smallest divisor, are for
    losses of that size."""
    if not job.squared:
        return _along_grids(start, job, optimizer, settings, monitor, keep)
    unit = float(start.output_scale.double().square().mean().sqrt())
    monitor.unit = unit**2
    scaled = replace(job, y=job.y / unit, yv=None if job.yv is None else job.yv / unit)
    trained, status = _along_grids(_in_units(start, unit), scaled, optimizer, settings, monitor, keep)
    return _in_units(trained, 1 / unit), status


def _in_units(model: KAN, unit: float) -> KAN:
    """The model for targets in this unit."""
    return model.build(scaling={"output_shift": model.output_shift / unit, "output_scale": model.output_scale / unit})


def _along_grids(
    start: KAN, job: Job, optimizer: Optimizer, settings: FitSettings, monitor: Monitor, keep: bool
) -> tuple[KAN, Status]:
    """Grids laid over data and activations, refined exactly; the optimizer starts anew on each. The best state, and how
    the run on its grid ended.

    `keep`: the model was fitted before, so its grids may only grow. Under a penalty, the state on the last grid is the
    best one: it is wanted for its shape.
    """
    sparse = settings.sparsity > 0
    penalty = L1Entropy.of(job.x, settings.sparsity * _spread(job), job.seed) if sparse else None
    model, best = start, BestSoFar((start, Status.BUDGET), math.inf)
    chapter = opened(settings.resume, monitor, start, job, settings)
    try:
        for size in _sizes(start, job, settings):
            if size > _grid_size(model):
                model = refine(model, grid_size=size)
            model = reaching_rows(model, job) if keep else over_range(model, job, size)
            status = ModuleRun(job, settings, monitor, penalty, _grid_size(model), chapter).optimise(model, optimizer)
            loss = _judged(model, job)
            worth = loss < TUNED.worth * best.loss
            if math.isfinite(loss) and (loss < best.loss or sparse):
                best = BestSoFar((model, status), loss)
            if status is Status.INTERRUPTED or monitor.stopped:
                return best.state[0], status
            if settings.sizes is None and not worth:
                break
    except KeyboardInterrupt:  # between the steps
        return best.state[0], Status.INTERRUPTED
    return best.state


def _sizes(start: KAN, job: Job, settings: FitSettings) -> tuple[int, ...]:
    """The grids to go along: those asked for, or doublings of the model's own one where held-out rows judge them."""
    own = _grid_size(start)
    return settings.sizes or ((own,) if job.xv is None else tuple(own * 2**k for k in range(TUNED.doublings + 1)))


def _grid_size(model: KAN) -> int:
    return max(layer.grid_size for layer in model.edge_layers)


def _judged(model: KAN, job: Job) -> float:
    """The held-out loss, or the training loss where nothing is held out."""
    if job.xv is None or job.yv is None:
        return measure(model, job.x, job.y, job.loss, job.weight)[0]
    return measure(model, job.xv, job.yv, job.loss, job.wv)[0]


def _spread(job: Job) -> float:
    """What a strength of sparsity is relative to: the variance of the targets; 1 for classes."""
    return float(job.y.var(0, unbiased=False).mean()) if job.squared else 1.0

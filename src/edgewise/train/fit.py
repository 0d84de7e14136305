"""fit: from data, or a residual, to a trained copy of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError, knows_keywords
from ..model import KAN
from ..transforms.grids import reaching
from . import by_gradient, by_least_squares, by_module, by_residual
from .choose import FULL_BATCH, Optimizer, choose, whole_batch
from .job import Job, make_job
from .monitor import Callback, Monitor, watched
from .naming import opened
from .priors.memory import Memory, check_loss
from .problems.losses import Loss
from .result import FitResult, split_of
from .schedule.knots import reaching_rows
from .schedule.scaling import fitted_before, representable, scaled_to
from .schedule.size import count_parameters
from .settings import FitSettings, network_of


@knows_keywords
def fit(
    model: nn.Module,
    X: Any = None,
    y: Any = None,
    *,
    residual: Callable[[nn.Module], Tensor] | None = None,
    validation: Any = None,
    optimizer: Optimizer = "auto",
    grids: str | Sequence[int] = "auto",
    sparsity: float = 0.0,
    loss: str | Loss = "auto",
    restarts: str | int = "auto",
    steps: int | None = None,
    batch_size: int | None = None,
    sample_weight: Any = None,
    memory: Memory | FitResult | None = None,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    device: torch.device | str | None = None,
) -> FitResult:
    """Train a copy of `model` on X (n, features) and y (n,), (n, outputs) or class labels (n,); the model itself stays
    as it is.

    Targets that are text, booleans or categories are classes, and so are those of a KAN that was fitted to classes
    before; other numbers are classes with `loss="cross_entropy"`. Works on any nn.Module; a KAN is also scaled to the
    data on its first fit, started several times (`restarts`), and refined along `grids`, one size for all layers, while
    the held-out loss falls. Without `validation=(Xv, yv)` 10 % of the rows are held out (by `seed`) to choose grid and
    stop; Levenberg-Marquardt on a KAN gives them back for the last steps, where they did not end the run. `sparsity`
    (0.01 to 0.1 is usual) is relative to the spread of y and drives edges to constants, for `prune`. `optimizer`:
    "auto", "lm" (Levenberg-Marquardt), "lm-cg" (the same without a matrix, for many parameters), "lbfgs", "ssbroyden"
    or "ssbfgs" (self-scaled, a dense inverse Hessian), "adam", or a factory of a torch optimizer. `steps`: per stage.
    `residual(model) -> (m,)` replaces X and y: its mean square is minimised. Rows of `sample_weight` zero are left out.
    `memory`: the `.memory` of the result whose model is trained on, or that result: its rows go on counting, one of
    them as much as one of the new ones, by the quadratic that their losses are near its parameters (`Memory`), for
    Levenberg-Marquardt on a KAN; grids are then extended and refined exactly, never moved. Losses in the history are
    over all rows, those of the result over the new ones. Ctrl-C returns the best so far. Raises `DataError`,
    `ShapeError`, `ConfigError`, `TrainingError`.

    >>> X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
    >>> fit(KAN((1, 1)), X, X[:, 0] ** 2, progress=False).metrics["rmse"] < 1e-6
    True
    """
    settings = FitSettings(
        residual,
        split_of(validation),
        optimizer,
        grids,
        sparsity,
        loss,
        restarts,
        steps,
        batch_size,
        sample_weight,
        memory.memory if isinstance(memory, FitResult) else memory,
        seed,
        callbacks,
        progress,
        device,
    )
    settings.check(model, X, y)
    with watched(settings.callbacks, settings.progress) as monitor:
        if settings.residual is not None:
            return by_residual.fit_residual(model, settings, monitor)
        network, X, y, validation = opened(network_of(model), X, y, settings.validation)
        settings = replace(settings, validation=validation)
        if network is None:
            job, _ = make_job(X, y, **_data_of(model, settings))
            return by_module.fit_module(model, job, settings, monitor)
        return _fit_network(network, X, y, settings, monitor)


def _fit_network(model: KAN, X: Any, y: Any, settings: FitSettings, monitor: Monitor) -> FitResult:
    """Train a KAN by the optimizer that was asked for, or that suits its size."""
    exact = settings.optimizer == "auto" or settings.optimizer in FULL_BATCH
    outputs = len(model.topology.node_ids[-1])
    data = _data_of(model, settings) | {
        "features": model.topology.features,
        "outputs": outputs,
        "dtype": torch.float64 if exact else model.dtype,
        "known": model.metadata.classes,
        "record": model.metadata.split or None,
    }
    job, everything = make_job(X, y, **data)
    if exact and model.dtype != torch.float64:
        representable(job.x, job.y if job.regression else None, model.dtype)
    check_loss(settings.memory, job.loss)
    job = replace(job, memory=settings.memory and settings.memory.to(job.x.device))
    parameters = count_parameters(model)
    chosen = choose(parameters, job.x.shape[0], outputs) if settings.optimizer == "auto" else settings.optimizer
    if settings.batch_size is not None and chosen in FULL_BATCH:
        raise ConfigError(whole_batch(chosen, parameters))
    start = _prepared(model, job)
    if chosen == "lm":
        return by_least_squares.fit_kan(model, start, job, everything, settings, monitor)
    return by_gradient.fit_kan(model, start, job, chosen, settings, monitor)


def _data_of(model: nn.Module, settings: FitSettings) -> dict[str, Any]:
    """What `make_job` needs to know beside X and y."""
    return {
        "validation": settings.validation,
        "loss": settings.loss,
        "sample_weight": settings.sample_weight,
        "features": None,
        "outputs": None,
        "dtype": next((p.dtype for p in model.parameters()), torch.get_default_dtype()),
        "device": settings.place(model),
        "seed": settings.seed,
    }


def _prepared(model: KAN, job: Job) -> KAN:
    """The private copy that training starts from: right number format and place, scaled on a first fit, grids extended
    on a later one."""
    start = model.build().to(dtype=job.x.dtype, device=job.x.device)
    if not fitted_before(model):
        start = scaled_to(start, job.x, job.y if job.regression else None)
    else:
        start = reaching_rows(start, job)
    return reaching(start, job.memory.model) if job.memory else start

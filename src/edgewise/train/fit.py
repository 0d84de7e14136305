"""fit: from data, or a residual, to a trained copy of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError, knows_keywords
from ..limits import NUMBER, layer_bytes, refuse_too_large
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
    """Train a copy of `model` on X and y; the model itself stays as it is.

    A KAN is scaled to the data on its first fit, started several times, and refined grid by grid while the held-out
    loss falls. Any other `nn.Module` is trained as it is. Some rows are held out: some choose grid, restart and stop,
    others only judge. The `validation_` metrics of the result come from those that judge. A network no better than the
    mean on held-out rows is not given back: a constant is, and the status says so. Ctrl-C returns the best so far.

    Args:
        model: an `edgewise.KAN` or any `nn.Module` that maps rows to outputs.
        X (n, features): inputs: an array, tensor, frame, `Table` (without y) or a DataLoader of pairs (without y).
        y (n,), (n, outputs) or class labels (n,): targets. Text, booleans and categories are classes. So are the
            targets of a KAN that was fitted to classes before.
        residual: a function of the model that returns residuals (m,), in place of X and y. Their mean square is
            minimised.
        validation: rows (X, y) that judge, in place of some of X; or the result of another fit, whose split is kept.
            By default 10 % of the rows choose and up to 10 % judge; below 30 rows none do.
        optimizer: "auto" takes what suits the size. "lm" is Levenberg-Marquardt, "lm-cg" the same without a matrix.
            "lbfgs", "ssbroyden" and "ssbfgs" are quasi-Newton methods; "adam" takes mini-batches. A factory such as
            `torch.optim.AdamW` is called with the parameters.
        grids (intervals): sizes that are tried in turn, one for all layers; "auto" doubles while that pays.
        sparsity (spreads of y): strength of the penalty that drives edges to constants, for `prune`. Usual: 0.01 to
            0.1. Default: 0, no penalty.
        loss: "squared_error", "cross_entropy", or an object with the methods of `Loss`. "auto" takes the first for
            numbers, the second for classes.
        restarts: how many further starts a KAN gets, each from its own seed; "auto" goes on while that pays.
        steps: how many steps each stage takes, at most. With it the number of steps does not depend on held-out rows.
        batch_size (rows): rows of a mini-batch, for "adam" and factories.
        sample_weight (n,): what each row counts, at least 0. Rows of weight 0 are left out.
        memory: the result whose model is trained on, or its `.memory`. Its rows go on counting, each as much as a new
            one, by the quadratic that their losses are near its parameters (`Memory`). Grids are then extended and
            refined exactly, never moved. Levenberg-Marquardt on a KAN only.
        seed: of the split, the restarts and the batches.
        callbacks: functions that get each row of the history, a dict, when it is made. One that returns True ends the
            run.
        progress: show a bar on a terminal or in a notebook.
        device: where to train; by default where the model is.

    Returns:
        A `FitResult`: the trained `model`, `metrics`, `history`, `status`, `held_out` rows and a `message`.

    Raises:
        DataError, ShapeError: for rows that cannot be used.
        ConfigError: for settings that cannot be used or would have no effect, all of them in one message.
        TrainingError: where no start gave a finite loss.

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
    _refuse_grids(model, chosen, settings)
    start = _prepared(model, job)
    if chosen == "lm":
        return by_least_squares.fit_kan(model, start, job, everything, settings, monitor)
    return by_gradient.fit_kan(model, start, job, chosen, settings, monitor)


def _refuse_grids(model: KAN, chosen: Optimizer, settings: FitSettings) -> None:
    """Raise `ConfigError` where this machine cannot hold the network on the finest grid asked for, or its matrix."""
    if settings.sizes is None:
        return
    finest, degree = settings.sizes[-1], model.config.degree
    remedy = "take coarser grids"
    edges = [layer.kind.shape for layer in model.edge_layers]
    refuse_too_large(f"grids={settings.grids}", sum(layer_bytes(i, o, finest, degree) for i, o in edges), remedy)
    if chosen == "lm":
        parameters = sum(i * o * (finest + degree) for i, o in edges)
        refuse_too_large(
            f"grids={settings.grids} with {parameters} parameters and Levenberg-Marquardt's matrix",
            float(NUMBER) * parameters**2,
            f"{remedy}, or optimizer='lm-cg' or 'lbfgs'",
        )


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

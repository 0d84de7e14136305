"""fit: from data, or a residual, to a trained copy of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import index
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..data import Table
from ..errors import ConfigError, knows_keywords, shown
from ..limits import NUMBER, layer_bytes, refuse_too_large, times
from ..losses import Function, Loss
from ..model import KAN
from ..screen import bar_wanted
from .choose import EVIDENCE, FULL_BATCH, RIDGE, Optimizer, choose, whole_batch
from .evidence import by_evidence
from .evidence.shapes import Constraints
from .job import Job, make_job, recalling
from .monitor import Callback, Monitor, watched
from .naming import opened
from .priors.memory import Memory, check_loss
from .result import FitResult, split_of
from .resuming.journal import Part, blamed, part_of
from .schedule.costs import count_parameters
from .schedule.rounds import TUNED, in_rounds
from .schedule.scaling import prepared, representable
from .settings import FitSettings, network_of
from .solvers import processes
from .solvers.status import Status
from .streaming import by_stream
from .streaming.row_stream import is_stream
from .ways import by_gradient, by_least_squares, by_module, by_residual, by_ridge


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
    loss: str | Loss | Function = "auto",
    restarts: str | int = "auto",
    steps: int | None = None,
    batch_size: int | None = None,
    sample_weight: Any = None,
    groups: Any = None,
    memory: Memory | FitResult | None = None,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    device: torch.device | str | None = None,
    resume: str | Path | Part | None = None,
    constraints: Constraints | None = None,
    epochs: int | None = None,
    lr: float | None = None,
    schedule: str | Callable[[float], float] | None = None,
    precision: str | None = None,
    clip: float | None = None,
) -> FitResult:
    """Train a copy of `model` on X and y; the model itself stays as it is.

    Some held-out rows choose grid, restart and stop; others only judge, and give the `validation_` metrics. A network
    no better than the mean on held-out rows is not given back: a constant is, and the status says so. Ctrl-C returns
    the best so far. docs/training.md tells more of each argument.

    Args:
        model: an `edgewise.KAN` or any `nn.Module` that maps rows to outputs. A sharded one (FSDP2) learns itself.
        X (n, features): an array, tensor, frame, `Table`; a DataLoader of pairs, without y; of a module (n, ...).
        y (n,), (n, outputs) or class labels (n,): targets; text, booleans and categories are classes.
        residual: a function of the model that returns (m,), in place of X and y; its mean square is minimised.
        validation: rows (X, y) or (X, y, weight) to judge by, or the result of a fit, whose split is kept.
        optimizer: "auto", "lm", "lm-cg", "lbfgs", "ssbroyden", "ssbfgs", "adam", a factory such as
            `torch.optim.AdamW`; "evidence", in closed form, for a KAN without hidden layers or with products alone; or
            "ridge", for noisy rows: L-BFGS under a penalty whose strength is chosen by rows left out in turn.
        grids (intervals): sizes that are tried in turn, one for all layers; "auto" doubles while that pays.
        sparsity (spreads of y): pull that drives edges to constants, for `prune`. Usual: 0.01 to 0.1.
        loss: "auto", a name such as "huber", an object of `ew.losses`, a function in torch, a module (docs/losses.md).
        restarts: how many further starts a KAN gets; "auto" goes by its size.
        steps: of each stage, at most; epochs of a method in mini-batches.
        batch_size (rows): of a mini-batch, for "adam" and factories.
        sample_weight (n,): how often each row counts; rows of weight 0 are left out.
        groups (n,): a label for each row, such as the patient. Rows of one are held out together; "evidence" gives each
            an offset under squares.
        memory: the result whose model is trained on, or its `.memory`: its rows go on counting (`Memory`).
        seed: of the split, the restarts and the batches.
        callbacks: functions that get each row of the history, a dict; one that returns True ends the run.
        progress: show a bar on a terminal or in a notebook.
        device: where to train; by default where the model is.
        resume: a file for the state of the fit, renewed every minute, from which it goes on after a kill.
        constraints: with "evidence", what the function of an input is held to: {"dose": ("increasing", "concave")}.
        epochs: passes over the rows, by "adam" and factories; so are all that follow.
        lr: the optimizer's rate; 0.01 by default for "adam", a factory's own one for a factory.
        schedule: "constant", "cosine", "onecycle", or a function of the part of the run that is done, in [0, 1].
        precision: "bfloat16" or "float16" for forward passes in that format where torch holds it safe.
        clip: the norm that a gradient is cut to.

    Returns:
        A `FitResult`: the trained `model`, `metrics`, `history`, `status`, `held_out` rows and a `message`.

    Raises:
        DataError, ShapeError: for rows that cannot be used.
        ConfigError: for settings that cannot be used or would have no effect, all of them in one message.
        TrainingError: where no start gave a finite loss.
        CheckpointError: `resume` is damaged, or of another fit.

    >>> X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
    >>> fit(KAN((1, 1)), X, X[:, 0] ** 2, progress=False).metrics["rmse"] < 1e-6
    True
    """
    return _fit(**locals())  # each keyword under its own name


def _fit(model: nn.Module, X: Any, y: Any, *, validation: Any, memory: Any, resume: Any, **as_given: Any) -> FitResult:
    """Train by the keywords of `fit`, once they are checked; a journal that is of this fit alone then goes."""
    memory = memory.memory if isinstance(memory, FitResult) else memory
    settings = FitSettings(validation=split_of(validation), memory=memory, resume=part_of(resume, "fit"), **as_given)
    settings.check(model, X, y)
    shown = bar_wanted(settings.progress) and processes.first()
    with watched(settings.callbacks, shown) as monitor, blamed(settings.resume, monitor):
        result = _case(model, X, y, settings, monitor)
    if settings.resume is not None and settings.resume.whole and result.status is not Status.INTERRUPTED:
        settings.resume.journal.remove()
    return result


def _case(model: nn.Module, X: Any, y: Any, settings: FitSettings, monitor: Monitor) -> FitResult:
    """The case of `fit` that these settings are."""
    if settings.residual is not None:
        return by_residual.fit_residual(model, settings, monitor)
    groups = X.groups if isinstance(X, Table) and settings.groups is None else settings.groups
    network, X, y, validation = opened(network_of(model), X, y, settings.validation)
    settings = replace(settings, validation=validation, groups=groups)
    if network is None and is_stream(X) and settings.optimizer not in FULL_BATCH:
        with by_module.numbers_known(monitor):
            return by_stream.fit_stream(model, X, y, settings, monitor)
    if network is None:
        whole = by_module.takes_whole_numbers(model, X)
        job, _ = make_job(X, y, **_data_of(model, settings), whole=whole)

        def of_module(module: nn.Module, job: Job, settings: FitSettings) -> FitResult:
            with by_module.numbers_known(monitor):
                return by_module.fit_module(module, job, settings, monitor)

        return in_rounds(model, job, settings, monitor, of_module, TUNED.widths_of_modules)
    return _fit_network(network, X, y, settings, monitor)


def _fit_network(model: KAN, X: Any, y: Any, settings: FitSettings, monitor: Monitor) -> FitResult:
    """Train a KAN by the optimizer that was asked for, or that suits its size."""
    exact = settings.optimizer in ("auto", EVIDENCE, RIDGE, *FULL_BATCH)
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
        representable(job.x, job.y if job.located else None, model.dtype)
    check_loss(settings.memory, job.loss)
    job, everything = recalling(job, everything, settings.memory and settings.memory.to(job.x.device))
    parameters = count_parameters(model)
    chosen = choose(parameters, job.x.shape[0], outputs) if settings.optimizer == "auto" else settings.optimizer
    if settings.by_epochs and chosen in FULL_BATCH:
        raise ConfigError(whole_batch(chosen, parameters, settings.by_epochs))
    _refuse_grids(model, chosen, settings)
    if chosen == EVIDENCE:
        return by_evidence.fit_kan(model, prepared(model, job), job, everything, monitor, settings.constraints)
    if chosen == RIDGE:

        def anew(_: KAN, job: Job, settings: FitSettings) -> FitResult:  # a fitted start knows the rows left out
            return by_ridge.fit_kan(model, prepared(model, job), job, everything, settings, monitor)

        return in_rounds(model, job, settings, monitor, anew)

    def once(model: KAN, job: Job, settings: FitSettings) -> FitResult:
        start = prepared(model, job)
        if chosen == "lm":
            return by_least_squares.fit_kan(model, start, job, everything, settings, monitor)
        return by_gradient.fit_kan(model, start, job, chosen, settings, monitor)

    return in_rounds(model, job, settings, monitor, once)


def _refuse_grids(model: KAN, chosen: Optimizer, settings: FitSettings) -> None:
    """Raise `ConfigError` where this machine cannot hold the network on the finest grid asked for, or its matrix."""
    if settings.sizes is None:
        return
    finest, degree = settings.sizes[-1], model.config.degree
    remedy = "take coarser grids"
    edges = [layer.kind.shape for layer in model.edge_layers]
    refuse_too_large(f"grids={shown(settings.grids)}", sum(layer_bytes(i, o, finest, degree) for i, o in edges), remedy)
    if chosen == "lm":
        parameters = sum(i * o * (finest + degree) for i, o in edges)
        refuse_too_large(
            f"grids={shown(settings.grids)} with {parameters} parameters and Levenberg-Marquardt's matrix",
            times(NUMBER, parameters**2),
            f"{remedy}, or optimizer='lm-cg' or 'lbfgs'",
        )


def _data_of(model: nn.Module, settings: FitSettings) -> dict[str, Any]:
    """What `make_job` needs to know beside X and y."""
    return {
        "validation": settings.validation,
        "loss": settings.loss,
        "sample_weight": settings.sample_weight,
        "groups": settings.groups,
        "features": None,
        "outputs": None,
        "dtype": next((p.dtype for p in model.parameters()), torch.get_default_dtype()),
        "device": settings.place(model),
        "seed": index(settings.seed),
    }

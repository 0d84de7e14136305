"""fit: from data, or a residual, to a trained copy of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError, TrainingError, did_you_mean, knows_keywords, problems
from ..model import KAN
from ..transforms.grids import reaching
from . import by_gradient
from .closing import finish
from .interrupt import remember
from .job import Job, Rows, make_job
from .monitor import Callback, Monitor
from .naming import opened
from .priors.memory import Memory, check_loss, check_memory
from .problems.losses import Loss
from .refit import Ending
from .result import FitResult, split_of
from .schedule.candidate import Candidate, Interrupted
from .schedule.extrapolation import carried_on
from .schedule.knots import halved, reaching_rows, spline_edges
from .schedule.null_model import believed, constant, level, replaceable
from .schedule.scaling import fitted_before, representable, scaled_to
from .schedule.trainer import FIELD, ROUNDS, SMALL_FIELD, Plan, Trainer, count_parameters
from .schedule.unit_spreads import ordinary
from .solvers.status import Status

SMALL = 100  # parameters below which steps cost next to nothing
OPTIMIZERS = ("auto", *by_gradient.NAMES)


@knows_keywords
def fit(
    model: nn.Module,
    X: Any = None,
    y: Any = None,
    *,
    residual: Callable[[nn.Module], Tensor] | None = None,
    validation: Any = None,
    optimizer: str | Callable[..., Any] = "auto",
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
    memory = memory.memory if isinstance(memory, FitResult) else memory
    validation = split_of(validation)
    _check(model, X, y, residual, optimizer, grids, sparsity, restarts, steps, batch_size, seed, memory, callbacks)
    _check_fit_together(
        model, residual, validation, optimizer, grids, sparsity, restarts, batch_size, sample_weight, loss
    )
    device = (
        torch.device(device)
        if device is not None
        else next((t.device for t in model.parameters()), torch.device("cpu"))
    )
    network, X, y, validation = opened(_network(model), X, y, validation)
    monitor = Monitor(callbacks=callbacks, progress=progress)
    restore = remember(monitor.interrupt)
    try:
        if residual is not None:
            return by_gradient.fit_residual(
                model, residual, optimizer=optimizer, steps=steps, monitor=monitor, device=device
            )
        exact = network is not None and (optimizer == "auto" or optimizer in by_gradient.FULL_BATCH)
        dtype = torch.float64 if exact else next((t.dtype for t in model.parameters()), torch.get_default_dtype())
        features, outputs = (network.topology.features, len(network.topology.node_ids[-1])) if network else (None, None)
        job, everything = make_job(
            X,
            y,
            validation=validation,
            loss=loss,
            sample_weight=sample_weight,
            features=features,
            outputs=outputs,
            dtype=dtype,
            device=device,
            seed=seed,
            known=network.metadata.classes if network else (),
            record=(network.metadata.split or None) if network else None,
        )
        if network is None:
            return by_gradient.fit_module(
                model, job, optimizer=optimizer, steps=steps, batch_size=batch_size, monitor=monitor
            )
        model = network
        if exact and model.dtype != dtype:
            representable(job.x, job.y if job.regression else None, model.dtype)
        check_loss(memory, job.loss)
        job = replace(job, memory=memory and memory.to(device))
        chosen = (
            by_gradient.choose(count_parameters(model), job.x.shape[0], outputs or 1)
            if optimizer == "auto"
            else optimizer
        )
        start = prepared(model, job, dtype, device)
        start = reaching(start, job.memory.model) if job.memory else start
        plan = Plan(
            grids=None if isinstance(grids, str) else tuple(int(g) for g in grids),
            steps=30 if steps is None else steps,
            sparsity=float(sparsity),
            starts=1 if memory else _starts(model, restarts),
            keep_ranges=fitted_before(model) or memory is not None,
            rounds=ROUNDS if steps is None else (1, 0),
            field=SMALL_FIELD if _coarse_parameters(model) < SMALL else FIELD,
        )
        if batch_size is not None and chosen in by_gradient.FULL_BATCH:
            raise ConfigError(by_gradient.whole_batch(chosen, count_parameters(model)))
        if chosen != "lm":
            for name, value in {"memory": memory, "restarts": _asked(restarts)}.items():
                if value:
                    how = f"'auto' is {by_gradient.name_of(chosen)} for {count_parameters(model)} parameters"
                    raise ConfigError(
                        f"{name} is for Levenberg-Marquardt, {how}; use optimizer='lm', or leave {name} out"
                    )
            trained, status = by_gradient.train_kan(
                start,
                job,
                optimizer=chosen,
                grids=plan.grids,
                sparsity=plan.sparsity,
                steps=steps,
                batch_size=batch_size,
                monitor=monitor,
                keep=plan.keep_ranges,
            )
            how = by_gradient.name_of(chosen) + (
                f" (chosen for {count_parameters(model)} parameters)" if optimizer == "auto" else ""
            )
            return finish(model, trained, trained, job, (job.x, job.y, job.weight), status, monitor, how)
        return _second_order(model, start, job, everything, plan, monitor, auto=optimizer == "auto")
    finally:
        restore()
        monitor.close()


def _second_order(
    model: KAN,
    start: KAN,
    job: Job,
    everything: tuple[Tensor, Tensor, Tensor | None],
    plan: Plan,
    monitor: Monitor,
    auto: bool,
) -> FitResult:
    how = f"Levenberg-Marquardt{' (chosen for ' + str(count_parameters(model)) + ' parameters)' if auto else ''}"
    how += f", {job.memory.rows} earlier rows remembered" if job.memory else ""
    trainer, ending = Trainer(job, plan, monitor), None
    given_back = job.own_split and plan.sparsity == 0  # a sparse fit is a stage: its successor wants rows to choose by
    rows = everything if given_back else (job.x, job.y, job.weight)
    starts = [start, *(fresh(start, k) for k in range(1, plan.starts))]
    try:
        best = trainer.run(starts)
        status = best.status
        judged = best
        judging = plan.sparsity == 0 and plan.rounds == ROUNDS and not job.memory  # a whole run, for its accuracy
        doubt = (judging and not believed(trainer.choices, start, job)) or level(job)
        if doubt and replaceable(start) and not job.memory:
            return nothing_found(model, best, job, everything, plan, monitor, how)
        # steps without smoothness would undo a stop by the held-out loss
        if given_back and (status is not Status.STOPPED or best.roughness):
            best = trainer.last_refit(best, everything)
        ending = Ending(best, plan, job.loss)
        if plan.sparsity > 0 and not job.memory:
            best = replace(best, model=ordinary(best.model, rows[0]))
        if (
            job.regression and not job.memory
        ):  # logits may rather grow along tangents; a memory is about the splines that are there
            done = replace(best, model=carried_on(best.model, rows[0]))
            judged = done if judged is best else replace(judged, model=carried_on(judged.model, job.x))
            best = done
    except Interrupted as stop:
        if stop.best is None and stop.status is Status.FAILED:
            raise TrainingError(
                "the loss is not finite at the start and no start could be trained; scale inputs and targets to"
                " ordinary sizes"
            ) from None
        best = stop.best or trainer.best or Candidate(start, float("nan"), float("nan"), stop.status)
        status, judged = stop.status, trainer.best or best
    except KeyboardInterrupt:
        best = trainer.best or Candidate(start, float("nan"), float("nan"), Status.INTERRUPTED)
        status, judged = Status.INTERRUPTED, best
    return replace(finish(model, best.model, judged.model, job, rows, status, monitor, how), ending=ending)


def nothing_found(
    model: KAN, best: Candidate, job: Job, everything: Rows, plan: Plan, monitor: Monitor, how: str
) -> FitResult:
    """The result where the rows that choose show no state to be better than a constant: the constant."""
    flat = constant(best.model, job.whole(everything)) if job.own_split else constant(best.model, job)
    result = finish(model, flat, constant(best.model, job), job, everything, Status.NOTHING, monitor, how)
    return replace(result, ending=Ending(replace(best, model=flat), plan, job.loss))


def prepared(model: KAN, job: Job, dtype: torch.dtype, device: torch.device) -> KAN:
    """The private copy that training starts from: right number format and place, scaled on a first fit, grids extended
    on a later one."""
    start = model.build().to(dtype=dtype, device=device)
    if fitted_before(model):
        return reaching_rows(start, job)
    return scaled_to(start, job.x, job.y if job.regression else None)


def fresh(model: KAN, number: int) -> KAN:
    """The same shape and scaling with other initial functions, from the stream of this number, on the grid that a fit
    begins with."""
    config = model.config
    seed = (config.seed + 7919 * number) % 2**31
    sizes = tuple(halved(layer.grid_size)[0] for layer in model.edge_layers)
    other = KAN(
        [width if width[1] else width[0] for width in config.widths],
        grid_size=sizes,
        degree=config.degree,
        base=config.base,
        domain=config.domain,
        seed=seed,
        dtype=model.dtype,
        device=model.device,
    )
    return model.build(layers=other.edge_layers)


def _coarse_parameters(model: KAN) -> int:
    """How large a network is on the grid that a fit begins with."""
    return sum(
        spline_edges(layer) * (halved(layer.grid_size)[0] + layer.degree + (layer.base_scale is not None))
        + layer.bias.numel()
        for layer in model.edge_layers
    )


def _starts(model: KAN, restarts: str | int) -> int:
    """How many starts at most: fewer for large networks, which rarely get stuck; more for three layers and up, which
    often do; one for a network that was changed or fitted before."""
    if model.edits:
        return 1
    if not isinstance(restarts, str):
        return restarts + 1
    parameters = _coarse_parameters(model)
    if model.topology.depth > 2 and parameters < 300:
        return 20
    return 12 if parameters < SMALL else 6 if parameters < 300 else 3 if parameters < 1000 else 1


def _check(
    model: Any,
    X: Any,
    y: Any,
    residual: Any,
    optimizer: Any,
    grids: Any,
    sparsity: Any,
    restarts: Any,
    steps: Any,
    batch_size: Any,
    seed: Any,
    memory: Any,
    callbacks: Any,
) -> None:
    """Every mistake in the settings, in one `ConfigError`."""
    wrong = []

    def whole(value: Any, least: int) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and value >= least

    if not isinstance(model, nn.Module):
        wrong.append(f"model must be an edgewise.KAN or another nn.Module, got {type(model).__name__}")
    if residual is not None and (X is not None or y is not None):
        wrong.append("give X and y, or residual, not both")
    if residual is None and X is None:
        wrong.append("give X and y, a DataLoader of pairs, or residual=...")
    if residual is not None and not callable(residual):
        wrong.append(f"residual must be a function of the model, got {residual!r}")
    if isinstance(optimizer, str) and optimizer not in OPTIMIZERS:
        wrong.append(f"unknown optimizer {optimizer!r}; {did_you_mean(optimizer, OPTIMIZERS)}")
    elif not isinstance(optimizer, str) and not callable(optimizer):
        wrong.append(
            f"optimizer must be one of {', '.join(OPTIMIZERS)} or a factory such as torch.optim.AdamW, got"
            f" {optimizer!r}"
        )
    if isinstance(grids, str):
        if grids != "auto":
            wrong.append(f"grids must be 'auto' or sizes such as (3, 6, 12), got {grids!r}")
    elif not (
        isinstance(grids, Sequence) and grids and all(whole(g, 1) for g in grids) and list(grids) == sorted(set(grids))
    ):
        wrong.append(f"grids must be 'auto' or growing sizes such as (3, 6, 12), got {grids!r}")
    if not isinstance(sparsity, (int, float)) or isinstance(sparsity, bool) or not 0 <= sparsity < float("inf"):
        wrong.append(f"sparsity must be a number >= 0, got {sparsity!r}")
    if restarts != "auto" and not whole(restarts, 0):
        wrong.append(f"restarts must be 'auto' or a whole number >= 0, got {restarts!r}")
    if steps is not None and not whole(steps, 1):
        wrong.append(f"steps must be None or a whole number >= 1, got {steps!r}")
    if batch_size is not None and not whole(batch_size, 1):
        wrong.append(f"batch_size must be None or a whole number >= 1, got {batch_size!r}")
    if not whole(seed, 0):
        wrong.append(f"seed must be a whole number >= 0, got {seed!r}")
    wrong += check_memory(memory, model, residual, optimizer, sparsity)
    if not isinstance(callbacks, (list, tuple)) or not all(callable(callback) for callback in callbacks):
        wrong.append(f"callbacks must be a tuple of functions of a history row, got {callbacks!r}")
    problems(wrong, ConfigError)


def _network(model: nn.Module) -> KAN | None:
    """The model where it is a KAN; a subclass with a forward pass of its own is trained as any module is."""
    return model if isinstance(model, KAN) and type(model).forward is KAN.forward else None


def _asked(restarts: str | int) -> int:
    """How many restarts the caller asks for; 0 where that is left to `fit`."""
    return 0 if isinstance(restarts, str) else restarts


def _check_fit_together(
    model: nn.Module,
    residual: Any,
    validation: Any,
    optimizer: Any,
    grids: Any,
    sparsity: float,
    restarts: Any,
    batch_size: Any,
    sample_weight: Any,
    loss: Any,
) -> None:
    """Settings that would be without effect, in one `ConfigError`."""
    wrong, restarts, network = [], _asked(restarts), _network(model)
    if residual is not None:
        given = {
            "validation": validation,
            "sample_weight": sample_weight,
            "batch_size": batch_size,
            "sparsity": sparsity or None,
        }
        given |= {
            name: None if isinstance(value, str) and value == "auto" else value
            for name, value in {"grids": grids, "loss": loss}.items()
        }
        given |= {"restarts": restarts or None}
        wrong += [
            f"{name} does not go with residual; leave it out" for name, value in given.items() if value is not None
        ]
    elif network and network.dtype.itemsize < 4:
        wrong.append(
            f"the KAN's number format is {network.dtype}, which cannot tell neighbouring knots apart; fit a float32 or"
            f" float64 model, and see what is lost by result.model.to({network.dtype})"
        )
    elif network and (frozen := [name for name, p in network.named_parameters() if not p.requires_grad]):
        wrong.append(
            f"{len(frozen)} parameter{'s' if len(frozen) > 1 else ''} of the KAN (first {frozen[0]}) with"
            " requires_grad=False, but fit trains all of a KAN; call model.requires_grad_() first, or minimise"
            " residual=lambda model: model(X) - y, which leaves frozen parameters alone"
        )
    elif not network and (sparsity > 0 or grids != "auto" or restarts):
        wrong.append(
            f"sparsity, grids and restarts are for edgewise.KAN, the model is a {type(model).__name__}; leave them out"
        )
    elif network and restarts and network.edits:
        last = network.edits[-1].action
        wrong.append(
            f"restarts={restarts} would throw away what was done to the model ({last} last); leave it out, or fit a"
            " new KAN"
        )
    elif restarts and optimizer not in ("auto", "lm"):
        wrong.append(f"restarts are for Levenberg-Marquardt, got optimizer={optimizer!r}; leave them out, or use 'lm'")
    if batch_size is not None and optimizer in by_gradient.FULL_BATCH:
        wrong.append(f"optimizer={optimizer!r} takes all rows at once; leave batch_size out, or use 'adam'")
    problems(wrong, ConfigError)

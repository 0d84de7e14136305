"""A fit of any module to rows, and the run of one optimizer that a KAN shares with it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ...data import whole_numbers
from ...errors import ConfigError, EdgewiseError, TrainingError, clipped, shown
from ...threads import threads_for
from ..choose import FULL_BATCH, TUNED, Optimizer, choose_for_module, epochs_for, name_of, whole_batch
from ..job import Job
from ..monitor import Monitor
from ..problems import linear_layers
from ..problems.modes import Modes
from ..problems.module import ModuleProblem
from ..problems.penalised import Penalised
from ..result import FitResult, measure
from ..resuming.chapters import opened
from ..resuming.journal import Chapter, resumed
from ..settings import FitSettings
from ..solvers import by_name, first_order, sharding
from ..solvers.batches import batch_rows
from ..solvers.optimizer_steps import Penalty, by_rows, load
from ..solvers.rates import Rates
from ..solvers.snapshots import check_module
from ..solvers.status import Status
from ..solvers.stop import Step, Stop


def fit_module(module: nn.Module, job: Job, settings: FitSettings, monitor: Monitor) -> FitResult:
    """Train a copy of any module, or a sharded one itself, on a job's rows.

    The state with the lowest held-out loss comes back.
    """
    trained = own_copy(module, job.x.device)
    modes, outputs = Modes(trained), _check_output(trained, job)
    chosen, why = _chosen(trained, job, outputs, settings)
    try:
        chapter = opened(settings.resume, monitor, trained, job, settings)
        status = ModuleRun(job, settings, monitor, chapter=chapter).optimise(trained, chosen)
    except KeyboardInterrupt:  # before the first step, or after the last
        status = Status.INTERRUPTED
    monitor.finishing()
    trained.eval()
    train_loss, metrics = measure(trained, job.x, job.y, job.loss, job.weight)
    validation_loss = None
    choosing_loss = None
    if job.xv is not None and job.yv is not None:
        choosing_loss = measure(trained, job.xv, job.yv, job.loss, job.wv)[0]
    if job.unseen is not None:
        x, y, weight = job.unseen
        validation_loss, held = measure(trained, x, y, job.loss, weight)
        metrics |= {f"validation_{name}": value for name, value in held.items()}
    modes.restore()
    sharding.reshard(trained)
    message = f"{monitor.sentence(status)}. {name_of(chosen)}{why}, {monitor.length}. Training loss {train_loss:.3g}."
    return FitResult(
        trained,
        monitor.rows,
        status,
        message,
        train_loss,
        validation_loss,
        metrics,
        monitor.elapsed,
        choosing_loss=choosing_loss,
        held_out=job.held_out,
    )


def own_copy(module: nn.Module, device: torch.device) -> nn.Module:
    """What is trained: a copy on the device, or a sharded module itself, of which there can be no copy."""
    return module if sharding.is_sharded(module) else copy.deepcopy(module).to(device)


def _chosen(module: nn.Module, job: Job, outputs: int, settings: FitSettings) -> tuple[Optimizer, str]:
    """The optimizer, and in words why it was chosen. Raises `ConfigError` for a batch size that it cannot use."""
    deep = job.x.ndim > 2 or not job.x.is_floating_point()
    if not job.y.is_floating_point() and job.y.ndim > 1 and settings.optimizer in FULL_BATCH:
        raise ConfigError(
            f"optimizer={shown(settings.optimizer)} takes one class for each row, y has shape {tuple(job.y.shape)}; use"
            " 'adam' or a factory such as torch.optim.AdamW"
        )
    if settings.optimizer != "auto":
        return settings.optimizer, ""
    if deep:
        return "adam", " (chosen for rows that are no table)"
    if sharding.is_sharded(module):
        return "adam", " (chosen for a sharded module)"
    free = [p for p in module.parameters() if p.requires_grad]
    parameters, places = sum(p.numel() for p in free), linear_layers.places(module, free)
    widths = sum(sum(place.layer.weight.shape) for place in places) if places else None
    chosen = choose_for_module(parameters, job.x.shape[0], outputs, widths)
    if settings.by_epochs and chosen in FULL_BATCH:
        raise ConfigError(whole_batch(chosen, parameters, settings.by_epochs))
    return chosen, f" (chosen for {parameters} parameters)"


def _check_output(module: nn.Module, job: Job) -> int:
    """How many numbers the module gives for a row. Raises where they cannot be compared with the targets."""
    modes = Modes(module)
    module.eval()  # no dropout, and statistics of a batch stay as they are
    try:
        with torch.no_grad():
            output = module(job.x[:2])
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise TrainingError(
            f"the module cannot take X of shape {tuple(job.x.shape)} and {job.x.dtype}: {clipped(error)}"
        ) from error
    finally:
        modes.restore()
    if not isinstance(output, Tensor):
        raise TrainingError(f"the module must return one tensor, got {type(output).__name__}")
    return check_outputs(output, job.y[:2], _most(job))


def _most(job: Job) -> int:
    """The highest class number; -1 where targets are numbers."""
    if job.y.is_floating_point():
        return -1
    return int(torch.cat([job.y.flatten(), job.y[:0].flatten() if job.yv is None else job.yv.flatten()]).max())


def check_outputs(output: Tensor, target: Tensor, most: int) -> int:
    """How many numbers a module gives for each target: logits, or outputs. Raises `TrainingError` where they cannot be
    compared with the targets; nothing is broadcast. `most`: the highest class number."""
    shape, rows = tuple(output.shape), target.shape[0]
    if target.is_floating_point():
        if shape != (rows,) * (target.shape[1] == 1) and (
            len(shape) < 2 or shape[0] != rows or output[0].numel() != target.shape[1]
        ):
            wanted = (rows, target.shape[1])
            classes = len(shape) > 1 and bool(((target == target.floor()) & (target >= 0)).all())
            hint = "; if these are classes, fit with loss='cross_entropy'" if classes else ""
            raise TrainingError(
                f"the module gives outputs of shape {shape} for {rows} rows, the targets need {wanted}; nothing is"
                f" broadcast{hint}"
            )
        return target.shape[1]
    places, logits = tuple(target.shape), by_rows(output, target) if output.ndim == target.ndim + 1 else output
    if tuple(logits.shape[:-1]) != places or logits.shape[-1] <= most:
        hint = "; columns of one per class become y.argmax(1)" if target.ndim == 2 and len(shape) == 2 else ""
        raise TrainingError(
            f"the module gives outputs of shape {shape} for {rows} rows, classes 0 to {most} need"
            f" {(*places, most + 1)}, a logit for each{hint}"
        )
    return logits.shape[-1]


def takes_whole_numbers(module: nn.Module, X: Any) -> bool:
    """Whether X holds whole numbers and the module takes them as they are, as one that begins with `nn.Embedding`
    does."""
    numbers = whole_numbers(X)
    if numbers is None or not len(numbers):
        return False
    device, modes = next((p.device for p in module.parameters()), torch.device("cpu")), Modes(module)
    module.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            module(numbers[:2].to(device=device, dtype=torch.int64))
    except IndexError:  # it does, and knows fewer numbers than X holds
        return True
    except (EdgewiseError, RuntimeError, ValueError, TypeError):
        return False
    finally:
        modes.restore()
    return True


@contextmanager
def numbers_known(monitor: Monitor) -> Iterator[None]:
    """Where a module fails to look something up in some rows, say what that may mean. Raises `TrainingError`; what a
    callback raises is its own."""
    try:
        yield
    except IndexError as error:
        if error is monitor.raised:
            raise
        raise TrainingError(
            f"a look-up failed on some rows ({error}); does X hold whole numbers beyond those that its embedding knows?"
        ) from error


def pace(optimizer: Optimizer, settings: FitSettings) -> dict[str, Any]:
    """The optimizer of a first-order run and the schedule of its rates, as `first_order.minimize` takes them. A factory
    keeps its own rates unless a schedule is asked for."""
    factory = first_order.adam if isinstance(optimizer, str) else optimizer
    if settings.lr is not None:
        named = "rate" if isinstance(optimizer, str) else "lr"
        factory = partial(factory, **{named: settings.lr})
    rates = None if settings.schedule is None else Rates(settings.schedule)
    return {"optimizer": factory, "rates": Rates() if rates is None and isinstance(optimizer, str) else rates}


class ModuleRun:
    """One optimizer on a module and the rows of a job; the losses of its steps go to the monitor.

    `penalty(module, rows)` is minimised with the loss. The module then ends in the state with the lowest sum, or the
    last one; without a penalty in the one with the lowest held-out loss.
    """

    def __init__(
        self,
        job: Job,
        settings: FitSettings,
        monitor: Monitor,
        penalty: Penalty | None = None,
        grid_size: int | None = None,
        chapter: Chapter | None = None,
    ) -> None:
        self.job, self.settings, self.monitor, self.penalty, self.grid_size = job, settings, monitor, penalty, grid_size
        self.chapter = chapter

    def optimise(self, module: nn.Module, optimizer: Optimizer) -> Status:
        """Run the optimizer on the module, in place."""
        full = isinstance(optimizer, str) and optimizer in FULL_BATCH
        count = self.job.x.shape[0]
        rows = count if full else batch_rows(count, self.settings.batch_size)
        with threads_for(10.0 * rows * sum(p.numel() for p in module.parameters() if p.requires_grad)):
            return self._full_batch(module, str(optimizer)) if full else self._first_order(module, optimizer)

    def _full_batch(self, module: nn.Module, name: str) -> Status:
        if name in ("lm", "lm-cg") and self.penalty is not None:
            raise ConfigError(
                f"the paper's penalty needs a gradient optimizer, not {name!r}; on a KAN optimizer='lm' has its own"
                " sparsity"
            )
        job = self.job
        problem = ModuleProblem(module, job.x, job.y, job.loss, job.weight)
        target: Any = problem if self.penalty is None else Penalised(problem, self.penalty)

        def judge(theta: Tensor) -> float | None:
            problem.load(theta)
            return self._held_out(module)

        start = problem.start()
        first = judge(start) if self.penalty is None else None
        stop = Stop(
            start,
            math.inf if first is None else first,
            judge=judge,
            note=lambda step, judged: self._note(step.value, judged, step.reach),
            patience=TUNED.early if self.penalty is None else None,
        )
        try:
            end = resumed(
                self.chapter,
                stop,
                lambda snapshots: by_name.minimize(
                    name, target, start, steps=self.settings.steps, watch=stop, snapshots=snapshots
                ),
            )
            status = end.status
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
        problem.load(stop.best.state if self.penalty is None else stop.last)
        return Status.STOPPED if self.monitor.stopped else status

    def _first_order(self, module: nn.Module, optimizer: Optimizer) -> Status:
        job, settings = self.job, self.settings
        longest = TUNED.longest if self.penalty is None else TUNED.longest_sparse
        run = None if self.chapter is None else self.chapter.run()
        if run is not None and run.outcome is not None:
            check_module(module, run.outcome.get("state"))
            load(module, run.outcome["state"])
            return Status[run.outcome["status"]]
        self.monitor.counted = "epochs"
        end = first_order.minimize(
            module,
            job.x,
            job.y,
            job.loss,
            judge=self._judge,
            epochs=settings.epochs or settings.steps or epochs_for(job.x.shape[0], settings.batch_size, longest),
            batch_size=settings.batch_size,
            weight=job.weight,
            penalty=self.penalty,
            seed=job.seed,
            watch=lambda step: self._epoch(module, step),
            tick=self.monitor.tick,
            snapshots=run,
            care=settings.care,
            **pace(optimizer, settings),
        )
        if run is not None:
            run.finish({**vars(end), "status": end.status.name})
        if end.status is Status.FAILED:
            raise TrainingError("the loss is not finite at the start; scale inputs and targets to ordinary sizes")
        return end.status

    def _judge(self, module: nn.Module) -> float:
        """What states are compared by: the held-out loss, or what is minimised where there is none, or a penalty."""
        if self.penalty is None and (judged := self._held_out(module)) is not None:
            return judged
        value = measure(module, self.job.x, self.job.y, self.job.loss, self.job.weight)[0]
        with torch.no_grad():
            return value if self.penalty is None else value + float(self.penalty(module, self.job.x))

    def _held_out(self, module: nn.Module) -> float | None:
        """The held-out loss; None without held-out rows."""
        job = self.job
        return None if job.xv is None or job.yv is None else measure(module, job.xv, job.yv, job.loss, job.wv)[0]

    def _epoch(self, module: nn.Module, step: Step) -> bool:
        held = self._held_out(module) if self.penalty is not None or self.job.xv is None else step.judged
        return self._note(step.value, held, None)

    def _note(self, loss: float, held: float | None, damping: float | None) -> bool:
        return self.monitor.row(
            stage="fit",
            grid_size=self.grid_size,
            loss=loss,
            train_loss=loss,
            validation_loss=held,
            damping=damping,
        )

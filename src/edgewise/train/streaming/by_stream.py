"""A fit of any module to a DataLoader, batch by batch: no more than one batch is ever held."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ...errors import ConfigError, DataError, ShapeError, TrainingError, clipped
from ...losses import Location, Loss
from ..choose import TUNED, name_of
from ..job import choose_loss
from ..monitor import Monitor
from ..problems.modes import Modes
from ..result import DEEP_BLOCK, FitResult
from ..resuming.chapters import opened
from ..settings import FitSettings
from ..solvers import first_order, sharding
from ..solvers.optimizer_steps import Steps, load
from ..solvers.snapshots import check_module
from ..solvers.status import Status
from ..solvers.stop import Step
from ..ways.by_module import check_outputs, own_copy, pace, takes_whole_numbers
from .row_stream import Stream, blocks_of, check_lengths, is_stream
from .tally import tallied


def fit_stream(module: nn.Module, loader: Any, y: Any, settings: FitSettings, monitor: Monitor) -> FitResult:
    """Train a copy of the module on a DataLoader's batches.

    The state with the lowest loss on `validation` comes back; without it that with the lowest mean loss of the batches
    of an epoch. Nothing is held out of a stream.
    """
    settings.check_stream(y)
    monitor.counted = "epochs"
    device = settings.place(module)
    trained = own_copy(module, device)
    modes = Modes(trained)
    with first_order.own_random_state(settings.seed, device):  # a loader draws from torch's random numbers
        stream, held = _streams(trained, loader, settings, device)
        epochs = _epochs(stream, settings)
        check_lengths(stream)
        if held is not None and sharding.is_sharded(trained):  # whose forward passes are common work
            check_lengths(held)
        status = _trained(trained, stream, held, epochs, settings, monitor)
        monitor.finishing()
        trained.eval()
        train_loss, metrics = tallied(trained, stream.epoch(epochs + 1), stream.loss, together=True)
        validation_loss = None
        if held is not None:
            validation_loss, found = tallied(trained, held.epoch(1), stream.loss, together=_shared(settings))
            metrics |= {f"validation_{name}": value for name, value in found.items()}
    modes.restore()
    sharding.reshard(trained)
    optimizer = "adam" if settings.optimizer == "auto" else settings.optimizer
    message = f"{monitor.sentence(status)}. {name_of(optimizer)}, {monitor.length}. Training loss {train_loss:.3g}."
    return FitResult(
        trained,
        monitor.rows,
        status,
        message,
        train_loss,
        validation_loss,
        metrics,
        monitor.elapsed,
        choosing_loss=validation_loss,
    )


def _streams(
    module: nn.Module, loader: Any, settings: FitSettings, device: torch.device
) -> tuple[Stream, Stream | None]:
    """The loader, and the rows that choose, as streams; the first batch shows what the module takes and gives."""
    first = next(iter(loader), None)
    if first is None:
        raise DataError("the DataLoader gives no batch")
    pair = isinstance(first, (tuple, list)) and len(first) in (2, 3)
    loss = choose_loss(settings.loss, first[1] if pair else None)
    _check_loss(loss)
    form: dict[str, Any] = {
        "whole": pair and takes_whole_numbers(module, first[0]),
        "dtype": next((p.dtype for p in module.parameters()), torch.get_default_dtype()),
        "device": device,
    }
    stream = Stream(loader, loss, **form)
    x, y = stream.taken(first, "batch 0 of the DataLoader")[:2]
    modes = Modes(module)
    module.eval()
    try:
        with torch.no_grad():
            output = module(x[:2])
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise TrainingError(
            f"the module cannot take batches of shape {tuple(x.shape)} and {x.dtype}: {clipped(error)}"
        ) from error
    finally:
        modes.restore()
    if not isinstance(output, torch.Tensor):
        raise TrainingError(f"the module must return one tensor, got {type(output).__name__}")
    most = -1 if y.is_floating_point() else int(y.max())
    stream.outputs = check_outputs(output, y[:2], most)
    if settings.validation is None:
        return stream, None
    held = Stream(_held_rows(settings.validation), loss, **form, what="validation")
    held.outputs = stream.outputs
    return stream, held


def _check_loss(loss: Loss) -> None:
    """Raise `ConfigError` for a loss whose scale comes from all rows."""
    if isinstance(loss, Location) and loss.scale is None:
        name = type(loss).__name__
        raise ConfigError(
            f"the loss {loss.name!r} takes its scale from all rows, which a stream never shows at once; give it, as in"
            f" loss=ew.losses.{name}(scale=1.0)"
        )


def _held_rows(validation: Any) -> Any:
    """Batches to judge by, of a loader or of rows in memory."""
    if is_stream(validation):
        return validation
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        raise ShapeError(
            f"beside a stream validation must be a DataLoader or (X, y) or (X, y, weight), got"
            f" {type(validation).__name__}"
        )
    return blocks_of(validation, DEEP_BLOCK)


def _shared(settings: FitSettings) -> bool:
    """Whether processes judge by rows of their own: a loader gives each others, rows in memory are the same."""
    return is_stream(settings.validation)


def _epochs(stream: Stream, settings: FitSettings) -> int:
    """How many; by default as many as rows in memory get."""
    given = settings.epochs or settings.steps
    if given is None and stream.count is None:
        raise ConfigError("the DataLoader does not tell its length, so epochs= must be given")
    return given or max(1, min(TUNED.epochs, -(-TUNED.longest // max(1, stream.count or 1))))


def _trained(
    module: nn.Module, stream: Stream, held: Stream | None, epochs: int, settings: FitSettings, monitor: Monitor
) -> Status:
    """Train in place; how the run ended."""
    together = _shared(settings)

    def judge(module: nn.Module) -> float:
        assert held is not None
        return tallied(module, held.epoch(1), stream.loss, together)[0]

    def watch(step: Step) -> bool:
        shown = step.judged if held is not None else None
        return monitor.row(
            stage="fit", grid_size=None, loss=step.value, train_loss=step.value, validation_loss=shown, damping=None
        )

    try:
        chapter = opened(settings.resume, monitor, module, stream.loss, stream.count, settings)
        run = None if chapter is None else chapter.run()
        if run is not None and run.outcome is not None:
            check_module(module, run.outcome.get("state"))
            load(module, run.outcome["state"])
            return Status[run.outcome["status"]]
        way = pace("adam" if settings.optimizer == "auto" else settings.optimizer, settings)
        method = first_order.made(module, way["optimizer"])
        steps = Steps(module, stream.loss, None, method, way["rates"], settings.care)
        end = first_order.over(steps, stream, None if held is None else judge, epochs, watch, monitor.tick, run)
        if run is not None:
            run.finish({**vars(end), "status": end.status.name})
    except KeyboardInterrupt:  # before the first step, or after the last
        return Status.INTERRUPTED
    if end.status is Status.FAILED:
        raise TrainingError("the loss is not finite at the start; scale inputs and targets to ordinary sizes")
    return end.status

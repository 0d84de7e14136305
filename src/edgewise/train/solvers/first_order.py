"""First-order methods in mini-batches: one loop over a `torch.optim.Optimizer`, for any module, loss, number of rows.

The default is Adam (Kingma & Ba 2015, arXiv 1412.6980). Letters: n rows, k outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...errors import ConfigError, TrainingError, problems
from ...losses import Loss
from ..problems.modes import Modes
from . import processes, sharding
from .batches import Batches, Shuffled, batch_rows
from .optimizer_steps import Care, NotFinite, Penalty, Steps, copy_of, load
from .rates import Rates
from .snapshots import Snapshots
from .status import Status
from .stop import BestSoFar, Step, Watch
from .tuning import TUNED

Factory = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
Tick = Callable[[int, float], None]  # told after every batch: the epoch, and what part of it is done


def adam(parameters: list[nn.Parameter], rate: float = TUNED.rate) -> torch.optim.Optimizer:
    """torch's Adam, as one fused kernel where it has one for these parameters."""
    try:
        return torch.optim.Adam(parameters, lr=rate, fused=True)
    except RuntimeError:  # no fused kernel for this device or number format
        return torch.optim.Adam(parameters, lr=rate)


@dataclass(frozen=True)
class StoppedRun:
    """Where a run stopped: the best state seen (a state dict, copied), what it was judged, the number of epochs, and
    why the run stopped."""

    state: dict[str, Tensor]
    value: float
    epochs: int
    status: Status


def minimize(
    module: nn.Module,
    X: Tensor,
    y: Tensor,
    loss: Loss,
    *,
    judge: Callable[[nn.Module], float],
    optimizer: Factory = adam,
    rates: Rates | None = Rates(),  # noqa: B008 - frozen
    epochs: int = 100,
    batch_size: int | None = None,
    weight: Tensor | None = None,
    penalty: Penalty | None = None,
    seed: int = 0,
    watch: Watch | None = None,
    tick: Tick | None = None,
    snapshots: Snapshots | None = None,
    care: Care = Care(),  # noqa: B008 - frozen
) -> StoppedRun:
    """Train the module on rows by `optimizer(parameters)`; it ends in the state that `judge` gives the lowest number,
    of those after each epoch and the start.

    Args:
        module: what is trained, in place. It keeps its mode, and so do its parts.
        X (n, ...): inputs.
        y (n, k), (n,) for one output or class numbers (n,): targets.
        loss: what is minimised, as a weighted mean over each batch.
        judge: compares states of the module, which is then in evaluation mode.
        optimizer: makes the optimizer from the trainable parameters.
        rates: how its rates move. A step to or from values that are not finite is undone: back to the best state, at
            half the rate. None leaves the rates to the optimizer; such a step then ends the run.
        epochs: passes over the rows.
        batch_size: rows of a batch (`batch_rows`); all of them by default for torch's L-BFGS.
        weight (n,): of the rows.
        penalty: added to the loss of a batch, on its rows.
        seed: of the order of rows and of what dropout draws. The caller's random state stays.
        watch: sees every epoch, with the mean loss of its batches (and the penalty) as value, what `judge` says (both
            NaN where a step was undone), and the share of the optimizer's own rate as reach; ends the run by returning
            True.
        tick: sees every batch.
        snapshots: keeps after an epoch what is needed to go on in another process.
        care: number format and clipping of the steps.

    Returns:
        The best state and why the run ended. STALLED: no epoch was better than the start; DIVERGED: it also rose to
        twice that, or steps failed again and again. FAILED: the loss is not finite at the start. Else BUDGET, STOPPED
        (by `watch`) or INTERRUPTED.

    Raises:
        ConfigError: listing every unusable setting.
        TrainingError: for a module without trainable parameters.
    """
    _check(X, epochs, batch_size)
    data = (X, y) if weight is None else (X, y, weight / weight.mean())
    with own_random_state(seed, X.device):
        method = made(module, optimizer)
        if batch_size is None and isinstance(method, torch.optim.LBFGS):
            batch_size = X.shape[0]
        batches = Shuffled(data, batch_rows(X.shape[0], batch_size), seed)
        return over(Steps(module, loss, penalty, method, rates, care), batches, judge, epochs, watch, tick, snapshots)


def over(
    steps: Steps,
    batches: Batches,
    judge: Callable[[nn.Module], float] | None,
    epochs: int,
    watch: Watch | None,
    tick: Tick | None,
    snapshots: Snapshots | None,
) -> StoppedRun:
    """`minimize` over any batches. Without a judge, the mean loss of an epoch's batches judges the state after it."""
    module, modes, number, begun = steps.module, Modes(steps.module), 0, 0
    processes.same_everywhere(module)
    best, value, status = BestSoFar(copy_of(module), math.inf), math.inf, Status.BUDGET
    left = None if snapshots is None else snapshots.last()
    try:
        module.eval()
        if left is not None:
            number, value, best = left["number"], left["value"], BestSoFar(*left["best"])
            begun = number
            steps.restore(left)
            batches.restore(left["batches"])
        elif judge is not None:
            best = BestSoFar(best.state, judge(module))
        if not math.isfinite(best.loss) and judge is not None:
            return StoppedRun(best.state, best.loss, 0, Status.FAILED)
        for number in range(begun + 1, epochs + 1):
            modes.train()
            try:
                mean = _pass(steps, batches, number, epochs, tick)
                module.eval()
                processes.same_everywhere(module, buffers_alone=True)
                value = math.nan if not steps.finite() else mean if judge is None else judge(module)
            except NotFinite:
                if steps.taken == 0:
                    return StoppedRun(best.state, best.loss, 0, Status.FAILED)
                mean = value = math.nan
            if value < best.loss:
                best = BestSoFar(copy_of(module), value, number)
            elif not math.isfinite(value) and not steps.back(best.state):
                status = Status.DIVERGED
                break
            if watch is not None and watch(Step(number, mean, None, steps.rate, value)):
                status = Status.STOPPED
                break
            if snapshots is not None:
                at = {"number": number, "value": value, "best": [best.state, best.loss, best.step]}
                snapshots.offer(lambda at=at: {**at, **steps.state(), "batches": batches.state()})
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    finally:
        load(module, best.state)
        modes.restore()
        module.zero_grad()
    if status is Status.BUDGET and best.step == 0:  # no epoch was better than the start
        status = Status.DIVERGED if value > TUNED.risen * best.loss else Status.STALLED
    return StoppedRun(best.state, best.loss, number, status)


def _part(number: int, epochs: int, batches: Batches, done: int) -> tuple[int, int]:
    """Where a run is: the number of its next step, and of how many; epochs count where nobody knows their steps."""
    if batches.count is None:
        return number - 1, epochs
    return (number - 1) * batches.count + done, epochs * batches.count


def _pass(steps: Steps, batches: Batches, number: int, epochs: int, tick: Tick | None) -> float:
    """A step on every batch of an epoch; the mean of their losses. Raises `NotFinite`."""
    total, rows = 0.0, 0
    for done, block in enumerate(batches.epoch(number)):
        total += steps.take(block, _part(number, epochs, batches, done)) * block[0].shape[0]
        rows += block[0].shape[0]
        if tick is not None:
            tick(number, (done + 1) / batches.count if batches.count else 0.0)
    device = steps.parameters[0].device
    total, rows = processes.total(torch.tensor([total, rows], dtype=torch.float64, device=device)).tolist()
    return total / rows


def made(module: nn.Module, factory: Factory) -> torch.optim.Optimizer:
    """The optimizer of the trainable parameters. Raises `TrainingError` where there are none."""
    sharding.reshard(module)
    parameters = [p for p in module.parameters() if p.requires_grad]
    if not parameters:
        raise TrainingError("the module has no parameter that requires a gradient, so there is nothing to train")
    method = factory(parameters)
    if not isinstance(method, torch.optim.Optimizer):
        raise ConfigError(f"the optimizer factory must return a torch.optim.Optimizer, got {type(method).__name__}")
    if isinstance(method, torch.optim.LBFGS) and sharding.is_sharded(module):
        raise ConfigError("torch.optim.LBFGS flattens parameters and takes no sharded ones; use torch.optim.AdamW")
    return method


@contextmanager
def own_random_state(seed: int, device: torch.device) -> Iterator[None]:
    """Dropout and the like draw from a state of their own; the caller's comes back."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def _check(X: Tensor, epochs: int, batch_size: int | None) -> None:
    problems(
        message
        for wrong, message in [
            (X.shape[0] < 1, "X has no rows"),
            (epochs < 1, f"epochs must be at least 1, got {epochs}"),
            (batch_size is not None and batch_size < 1, f"batch_size must be at least 1, got {batch_size}"),
        ]
        if wrong
    )

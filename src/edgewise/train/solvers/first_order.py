"""First-order methods in mini-batches: one loop over a `torch.optim.Optimizer`, for any module, loss, number of rows.

The default is Adam (Kingma & Ba 2015, arXiv 1412.6980). Letters: n rows, k outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import ConfigError, TrainingError, problems
from ...losses import Loss
from ..problems.modes import Modes
from .rates import Rates
from .snapshots import Snapshots, Tree
from .status import Status
from .stop import BestSoFar, Step, Watch
from .tuning import TUNED

Block = tuple[Tensor, ...]  # a batch: X, y and, where rows are weighted, weight
Factory = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
Penalty = Callable[[nn.Module, Tensor], Tensor]  # of a module, on rows (b, features)
Tick = Callable[[int, float], None]  # told after every batch: the epoch, and what part of it is done


def adam(parameters: list[nn.Parameter], rate: float = TUNED.rate) -> torch.optim.Optimizer:
    """torch's Adam, as one fused kernel where it has one for these parameters."""
    try:
        return torch.optim.Adam(parameters, lr=rate, fused=True)
    except RuntimeError:  # no fused kernel for this device or number format
        return torch.optim.Adam(parameters, lr=rate)


def batch_rows(rows: int, batch_size: int | None = None) -> int:
    """How many rows a batch has: as many as were asked for, by default all of a few and `TUNED.batch` of many.

    >>> batch_rows(1000), batch_rows(1025), batch_rows(1025, 2000)
    (1000, 256, 1025)
    """
    return min(rows, batch_size or (rows if rows <= TUNED.whole else TUNED.batch))


@dataclass(frozen=True)
class Trained:
    """Where a run stopped: the best state seen (a state dict, copied), what it was judged, the epoch it is from, the
    number of epochs, and why the run stopped."""

    state: dict[str, Tensor]
    value: float
    best_epoch: int
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
) -> Trained:
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
    with own_random_state(seed, X):
        method = _made(module, optimizer)
        if batch_size is None and isinstance(method, torch.optim.LBFGS):
            batch_size = X.shape[0]
        batches = _Batches(data, math.ceil(X.shape[0] / batch_rows(X.shape[0], batch_size)), seed)
        steps = Steps(module, loss, penalty, method, rates, batches.count * epochs)
        return _loop(steps, batches, judge, epochs, watch, tick, snapshots)


class NotFinite(ArithmeticError):
    """The loss of a batch is not finite; raised before the optimizer steps."""


class Steps:
    """The steps of an optimizer on a module, the rates of the `total` of them, and the way back from values that are
    not finite."""

    def __init__(
        self,
        module: nn.Module,
        loss: Loss,
        penalty: Penalty | None,
        method: torch.optim.Optimizer,
        rates: Rates | None,
        total: int,
    ) -> None:
        self.module, self.loss, self.penalty, self.method, self.rates = module, loss, penalty, method, rates
        self.total, self.taken, self.undone, self.rate = total, 0, 0, 1.0
        self.parameters = [p for group in method.param_groups for p in group["params"]]
        self.own = [group["lr"] for group in method.param_groups] if rates else []  # the optimizer's own rates

    def take(self, block: Block) -> float:
        """A step on one batch; its loss before that, with the penalty. Raises `NotFinite`."""
        if self.rates is not None:
            self.rate = self.rates.share(self.taken, self.total) * 0.5**self.undone
            for group, own in zip(self.method.param_groups, self.own, strict=True):
                group["lr"] = own * self.rate
        value: Any = self.method.step(lambda: self._differentiated(block))  # type: ignore[call-overload]
        self.taken += 1
        return float(value.detach())

    def _differentiated(self, block: Block) -> Tensor:
        self.method.zero_grad()
        value = batch_loss(self.module, self.loss, *block)
        value = value if self.penalty is None else value + self.penalty(self.module, block[0])
        if not math.isfinite(value.item()):
            raise NotFinite
        value.backward()
        return value

    def finite(self) -> bool:
        """Whether all parameters are: a gradient may not be where the loss is."""
        return all(bool(p.isfinite().all()) for p in self.parameters)

    def back(self, state: dict[str, Tensor]) -> bool:
        """To this state, at half the rate and with nothing remembered of the way; False where there is no going on."""
        self.undone += 1
        load(self.module, state)
        self.method.state.clear()
        return self.rates is not None and self.undone <= TUNED.rejections


class _Batches:
    """The rows in `count` batches of nearly equal sizes, shuffled anew for every epoch: none is a lone row, which batch
    normalisation cannot take."""

    def __init__(self, data: Block, count: int, seed: int) -> None:
        self.data, self.count, self.rows = data, count, data[0].shape[0]
        self.shuffler = torch.Generator().manual_seed(seed)

    def epoch(self) -> Iterator[Block]:
        """The batches of one pass over the rows; a batch of all rows keeps their order."""
        order = torch.randperm(self.rows, generator=self.shuffler).to(self.data[0].device) if self.count > 1 else None
        shuffled = (values if order is None else values[order] for values in self.data)
        return zip(*(values.tensor_split(self.count) for values in shuffled), strict=True)


def _loop(
    steps: Steps,
    batches: _Batches,
    judge: Callable[[nn.Module], float],
    epochs: int,
    watch: Watch | None,
    tick: Tick | None,
    snapshots: Snapshots | None,
) -> Trained:
    module, modes, number, begun = steps.module, Modes(steps.module), 0, 0
    best, value, status = BestSoFar(_copy(module), math.inf), math.inf, Status.BUDGET
    left = None if snapshots is None else snapshots.last()
    try:
        module.eval()
        if left is not None:
            number, value, best = left["number"], left["value"], BestSoFar(*left["best"])
            begun = number
            _go_on(steps, batches, left)
        else:
            best = BestSoFar(best.state, judge(module))
        if not math.isfinite(best.loss):
            return Trained(best.state, best.loss, 0, 0, Status.FAILED)
        for number in range(begun + 1, epochs + 1):
            modes.train()
            try:
                mean = _pass(steps, batches, number, tick)
                module.eval()
                value = judge(module) if steps.finite() else math.nan
            except NotFinite:
                if steps.taken == 0:
                    return Trained(best.state, best.loss, 0, 0, Status.FAILED)
                mean = value = math.nan
            if value < best.loss:
                best = BestSoFar(_copy(module), value, number)
            elif not math.isfinite(value) and not steps.back(best.state):
                status = Status.DIVERGED
                break
            if watch is not None and watch(Step(number, mean, None, steps.rate, value)):
                status = Status.STOPPED
                break
            if snapshots is not None:
                at = {"number": number, "value": value, "best": [best.state, best.loss, best.step]}
                snapshots.offer(lambda at=at: {**at, **_state(steps, batches)})
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    finally:
        load(module, best.state)
        modes.restore()
        module.zero_grad()
    if status is Status.BUDGET and best.step == 0:  # no epoch was better than the start
        status = Status.DIVERGED if value > TUNED.risen * best.loss else Status.STALLED
    return Trained(best.state, best.loss, best.step, number, status)


def _state(steps: Steps, batches: _Batches) -> dict[str, Tree]:
    """What the next epoch depends on, for a snapshot."""
    random = [torch.default_generator.get_state(), *(torch.cuda.get_rng_state_all() if _on_gpu(steps) else [])]
    return {
        "module": _copy(steps.module),
        "optimizer": steps.method.state_dict(),
        "steps": [steps.taken, steps.undone, steps.rate],
        "shuffler": batches.shuffler.get_state(),
        "random": random,
    }


def _go_on(steps: Steps, batches: _Batches, left: dict[str, Tree]) -> None:
    """Put everything where a snapshot says that it was."""
    load(steps.module, left["module"])
    steps.method.load_state_dict(left["optimizer"])
    steps.taken, steps.undone, steps.rate = left["steps"]
    batches.shuffler.set_state(left["shuffler"])
    torch.default_generator.set_state(left["random"][0])
    if _on_gpu(steps):
        torch.cuda.set_rng_state_all(left["random"][1:])


def _on_gpu(steps: Steps) -> bool:
    return any(p.is_cuda for p in steps.parameters)


def _pass(steps: Steps, batches: _Batches, number: int, tick: Tick | None) -> float:
    """A step on every batch of an epoch; the mean of their losses. Raises `NotFinite`."""
    mean = 0.0
    for done, block in enumerate(batches.epoch(), start=1):
        mean += steps.take(block) * block[0].shape[0] / batches.rows
        if tick is not None:
            tick(number, done / batches.count)
    return mean


def batch_loss(module: nn.Module, loss: Loss, X: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
    """The mean loss of the module on a batch, in its own number format; weight (b,) of mean one over all rows."""
    prediction = module(X)
    prediction = prediction[:, None] if prediction.ndim == 1 else prediction
    target = y[:, None] if y.is_floating_point() and y.ndim == 1 else y
    rows = loss.rows(prediction, target)
    return rows.mean() if weight is None else (weight * rows).mean()


def _made(module: nn.Module, factory: Factory) -> torch.optim.Optimizer:
    parameters = [p for p in module.parameters() if p.requires_grad]
    if not parameters:
        raise TrainingError("the module has no parameter that requires a gradient, so there is nothing to train")
    method = factory(parameters)
    if not isinstance(method, torch.optim.Optimizer):
        raise ConfigError(f"the optimizer factory must return a torch.optim.Optimizer, got {type(method).__name__}")
    return method


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items() if isinstance(value, Tensor)}


@torch.no_grad()
def load(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Put the tensors of a state into the module, in place."""
    for name, value in module.state_dict().items():
        if name in state:
            value.copy_(state[name])


@contextmanager
def own_random_state(seed: int, X: Tensor) -> Iterator[None]:
    """Dropout and the like draw from a state of their own; the caller's comes back."""
    with torch.random.fork_rng(devices=[X.device] if X.device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if X.device.type == "cuda":
            with torch.cuda.device(X.device):
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

"""Adam in mini-batches, for any module, any loss, any number of rows.

Sources: Kingma & Ba 2015 (arXiv 1412.6980); Loshchilov & Hutter 2019 (arXiv 1711.05101) for the decay apart from the
gradient; Smith & Topin 2018 (arXiv 1708.07120) for the one-cycle schedule. Letters: n rows, k outputs, P trainable
parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...errors import TrainingError, did_you_mean, problems
from ..problems.losses import Loss
from ..problems.modes import Modes
from .status import Status

FIRST, SECOND, EPSILON = 0.9, 0.999, 1e-8  # forgetting of the moments, smallest divisor
REJECTIONS = 12  # returns to the best state, each with half the rate, before giving up
EVALUATION = 1 << 14  # rows in one forward pass without gradient


def constant(part: float) -> float:
    """The full rate."""
    return 1.0


def cosine(part: float) -> float:
    """From the full rate to 0 along half a cosine wave; `part` of the way in [0, 1]."""
    return 0.5 * (1.0 + math.cos(math.pi * part))


def onecycle(part: float) -> float:
    """Up from 1/25 over the first 30 %, then down to 1e-4/25, both along half cosine waves."""
    rise, low, last = 0.3, 1 / 25, 1e-4 / 25
    if part < rise:
        return low + (1 - low) * (1 - cosine(part / rise))
    return last + (1 - last) * cosine((part - rise) / (1 - rise))


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "cosine": cosine, "onecycle": onecycle}


@dataclass(frozen=True)
class Epoch:
    """What is known after a pass over the rows: mean training loss of its batches (with the penalty), held-out loss
    (None without held-out rows), rate of the last batch."""

    number: int
    train_loss: float
    validation_loss: float | None
    rate: float


@dataclass(frozen=True)
class Trained:
    """Where Adam stopped: the best state seen (a state dict, copied), its loss on the judging rows, the epoch it is
    from, and why it stopped."""

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
    epochs: int = 100,
    batch_size: int | None = None,
    rate: float = 1e-2,
    schedule: str = "cosine",
    warmup: float = 0.05,
    decay: float = 0.0,
    weight: Tensor | None = None,
    penalty: Callable[[nn.Module], Tensor] | None = None,
    validation: tuple[Tensor, Tensor] | None = None,
    patience: int | None = None,
    seed: int = 0,
    watch: Callable[[Epoch], bool | None] | None = None,
) -> Trained:
    """Train the module, which ends in its best state, on rows X (n, ...), y (n, k), (n,) for one output or class
    numbers (n,); weight (n,).

    Best is by the loss on `validation` rows, or on the training rows with the penalty where there are none. `schedule`
    is "cosine", "onecycle" or "constant", after a linear rise over the part `warmup` of the steps. `batch_size=None` is
    all rows up to 1024, otherwise 256. A step to or from values that are not finite is undone: back to the best state,
    at half the rate. `watch` sees every epoch and ends the run by returning True, as do `patience` epochs without a
    better state. Global random state stays as it is, dropout included; the module keeps its mode, and so do its parts.

    Raises `ConfigError` listing every unusable setting, `TrainingError` for a module without trainable parameters.
    """
    _check(X, epochs, batch_size, rate, schedule, warmup, decay, patience)
    rows = X.shape[0]
    size = min(rows, batch_size or (rows if rows <= 1024 else 256))
    batches = math.ceil(rows / size)  # of nearly equal sizes: none is a lone row that batch normalisation cannot take
    data = (X, y) if weight is None else (X, y, weight / weight.mean())
    shuffler = torch.Generator().manual_seed(seed)

    def shuffled() -> Iterator[tuple[Tensor, ...]]:
        order = torch.randperm(rows, generator=shuffler).to(X.device) if batches > 1 else None
        return zip(*((part if order is None else part[order]).tensor_split(batches) for part in data), strict=True)

    def judge() -> float:
        return (
            whole_loss(module, loss, data, penalty)
            if validation is None
            else whole_loss(module, loss, validation, None)
        )

    rates = _rates(rate, schedule, warmup, epochs * batches)
    modes, state, best_epoch, number, halvings = Modes(module), _copy(module), 0, 0, 0
    status = Status.BUDGET
    with own_random_state(seed, X), _Adam(module, decay) as adam:
        best = math.inf
        try:
            best = judge()
            if not math.isfinite(best):
                return Trained(state, best, 0, 0, Status.FAILED)
            for number in range(1, epochs + 1):
                modes.train()
                mean, now, judged = 0.0, 0.0, math.nan
                for block in shuffled():
                    now = next(rates) * 0.5**halvings
                    value = (
                        _loss(module, loss, *block)
                        if penalty is None
                        else _loss(module, loss, *block) + penalty(module)
                    )
                    mean += value.item() * block[0].shape[0] / rows
                    if not adam.step(value, now):
                        mean = math.nan
                        break
                else:
                    judged = judge()
                if not math.isfinite(judged):
                    _load(module, state)
                    adam.forget()
                    halvings += 1
                elif judged < best:
                    best, best_epoch, state = judged, number, _copy(module)
                if halvings > REJECTIONS:
                    status = Status.STALLED
                    break
                seen = Epoch(number, mean, None if validation is None else judged, now)
                if watch is not None and watch(seen) or patience is not None and number - best_epoch >= patience:
                    status = Status.STOPPED
                    break
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
        finally:
            _load(module, state)
            modes.restore()
    return Trained(state, best, best_epoch, number, status)


def _rates(rate: float, schedule: str, warmup: float, steps: int) -> Iterator[float]:
    """The rate of every step; onecycle has its own rise."""
    warm = 0 if schedule == "onecycle" else round(warmup * steps)
    for step in range(steps):
        yield rate * ((step + 1) / warm if step < warm else SCHEDULES[schedule]((step - warm) / max(1, steps - warm)))


class _Adam:
    """Adam over the parameters of a module, which are views of a few long vectors while it is in use."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.parameters = [p for p in module.parameters() if p.requires_grad]
        if not self.parameters:
            raise TrainingError("the module has no parameter that requires a gradient, so there is nothing to train")
        self.decay, self.count = decay, 0
        self.vectors: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []  # values, gradients, first and second moments

    def __enter__(self) -> _Adam:
        groups: dict[tuple[torch.dtype, torch.device], list[nn.Parameter]] = {}
        for p in self.parameters:
            groups.setdefault((p.dtype, p.device), []).append(p)
        for group in groups.values():
            values = torch.cat([p.detach().reshape(-1) for p in group])
            gradients = torch.zeros_like(values)
            start = 0
            for p in group:
                part = slice(start, start := start + p.numel())
                p.data, p.grad = values[part].view(p.shape), gradients[part].view(p.shape)
            self.vectors.append((values, gradients, torch.zeros_like(values), torch.zeros_like(values)))
        return self

    def __exit__(self, *_: object) -> None:
        for p in self.parameters:
            p.data, p.grad = p.detach().clone(), None

    def forget(self) -> None:
        """Begin anew."""
        self.count = 0
        for _, _, first, second in self.vectors:
            first.zero_()
            second.zero_()

    def step(self, value: Tensor, rate: float) -> bool:
        """Differentiate and step; False, without a step, where value or gradient is not finite."""
        for _, gradients, _, _ in self.vectors:
            gradients.zero_()
        value.backward()
        with torch.no_grad():
            if not math.isfinite(value.item() + sum(float(g.sum()) for _, g, _, _ in self.vectors)):
                return False
            self.count += 1
            first_part, second_part = 1 - FIRST**self.count, 1 - SECOND**self.count
            for values, gradients, first, second in self.vectors:
                if self.decay:
                    values.mul_(1 - rate * self.decay)
                first.lerp_(gradients, 1 - FIRST)
                second.mul_(SECOND).addcmul_(gradients, gradients, value=1 - SECOND)
                values.addcdiv_(first, (second / second_part).sqrt_().add_(EPSILON), value=-rate / first_part)
        return True


def _loss(module: nn.Module, loss: Loss, X: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
    prediction = module(X)
    prediction = prediction[:, None] if prediction.ndim == 1 else prediction
    target = y[:, None] if y.is_floating_point() and y.ndim == 1 else y
    rows = loss.rows(prediction, target)
    return rows.mean() if weight is None else (weight * rows).mean()


@torch.no_grad()
def whole_loss(
    module: nn.Module, loss: Loss, data: tuple[Tensor, ...], penalty: Callable[[nn.Module], Tensor] | None
) -> float:
    """The loss in evaluation mode, in which the module stays, over data (X, y) or (X, y, weight of mean one), in the
    module's own number format."""
    module.eval()
    rows, total = data[0].shape[0], 0.0
    for start in range(0, rows, EVALUATION):
        block = [part[start : start + EVALUATION] for part in data]
        total += float(_loss(module, loss, *block)) * block[0].shape[0] / rows
    return total + (0.0 if penalty is None else float(penalty(module)))


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items() if isinstance(value, Tensor)}


@torch.no_grad()
def _load(module: nn.Module, state: dict[str, Tensor]) -> None:
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


def _check(
    X: Tensor,
    epochs: int,
    batch_size: int | None,
    rate: float,
    schedule: str,
    warmup: float,
    decay: float,
    patience: int | None,
) -> None:
    problems(
        message
        for wrong, message in [
            (X.shape[0] < 1, "X has no rows"),
            (epochs < 1, f"epochs must be at least 1, got {epochs}"),
            (batch_size is not None and batch_size < 1, f"batch_size must be at least 1, got {batch_size}"),
            (not (rate > 0 and math.isfinite(rate)), f"rate must be positive, got {rate}"),
            (schedule not in SCHEDULES, f"unknown schedule {schedule!r}; {did_you_mean(str(schedule), SCHEDULES)}"),
            (not 0 <= warmup < 1, f"warmup is the part of the steps in which the rate rises, in [0, 1), got {warmup}"),
            (decay < 0, f"decay must not be negative, got {decay}"),
            (patience is not None and patience < 1, f"patience must be at least 1, got {patience}"),
        ]
        if wrong
    )

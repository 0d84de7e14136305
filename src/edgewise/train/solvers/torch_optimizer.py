"""The user's own torch optimizer, over epochs of shuffled mini-batches."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...errors import ConfigError, TrainingError
from ..job import Job
from ..problems.modes import Modes
from ..result import measure
from . import first_order
from .status import Status

Factory = Callable[..., torch.optim.Optimizer]
Penalty = Callable[[nn.Module], Tensor]


def minimize(
    module: nn.Module,
    job: Job,
    factory: Factory,
    *,
    epochs: int,
    batch_size: int | None,
    penalty: Penalty | None,
    watch: Callable[[float, float | None], bool],
) -> Status:
    """Train the module, in place, by factory(parameters); it ends in the best state of all epochs and the start, by
    held-out loss (by the training loss where nothing is held out; under a penalty in the last state). `watch(training
    loss, held-out loss)` ends the run by returning True.

    Raises `ConfigError` where the factory makes no optimizer, `TrainingError` where the loss is not finite at the
    start.
    """
    optimizer = factory([p for p in module.parameters() if p.requires_grad])
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ConfigError(f"the optimizer factory must return a torch.optim.Optimizer, got {type(optimizer).__name__}")
    rows = job.x.shape[0]
    size = min(rows, batch_size or (rows if rows <= 1024 or isinstance(optimizer, torch.optim.LBFGS) else 256))
    batches = math.ceil(rows / size)  # of nearly equal sizes: none is a lone row that batch normalisation cannot take
    weight = (
        torch.ones(rows, dtype=job.x.dtype, device=job.x.device)
        if job.weight is None
        else job.weight / job.weight.mean()
    )
    shuffler = torch.Generator().manual_seed(job.seed)
    modes, state, status, fell = Modes(module), copy.deepcopy(module.state_dict()), Status.BUDGET, False

    def judge() -> tuple[float, float | None]:
        """The loss that decides, and the held-out loss."""
        module.eval()
        held = None if job.xv is None or job.yv is None else measure(module, job.xv, job.yv, job.loss, job.wv)[0]
        return (
            held if held is not None and penalty is None else measure(module, job.x, job.y, job.loss, job.weight)[0]
        ), held

    try:
        best = judge()[0]
        if not math.isfinite(first_order.whole_loss(module, job.loss, (job.x, job.y, weight), penalty)):
            raise TrainingError("the loss is not finite at the start; scale inputs and targets to ordinary sizes")
        for _ in range(epochs):
            modes.train()
            order = torch.randperm(rows, generator=shuffler).to(job.x.device)
            mean = 0.0
            for part in order.tensor_split(batches):

                def closure(part: Tensor = part) -> Tensor:
                    optimizer.zero_grad()
                    prediction = module(job.x[part])
                    prediction = prediction[:, None] if prediction.ndim == 1 else prediction
                    value = (weight[part] * job.loss.rows(prediction, job.y[part])).mean()
                    value = value if penalty is None else value + penalty(module)
                    value.backward()
                    return value

                mean += float(optimizer.step(closure).detach()) * part.numel() / rows  # type: ignore[arg-type]
            value, held = judge()
            if not math.isfinite(value):
                status = Status.DIVERGED
                break
            if value < best or penalty is not None:
                best, state, fell = value, copy.deepcopy(module.state_dict()), True
            if watch(mean, held):
                status = Status.STOPPED
                break
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    finally:
        module.load_state_dict(state)
        modes.restore()
        module.zero_grad()
    return Status.DIVERGED if status is Status.BUDGET and not fell else status

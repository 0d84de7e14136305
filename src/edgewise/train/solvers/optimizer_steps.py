"""The steps of a torch optimizer on a module, one for each batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import clipped
from ...losses import Loss
from ...state_notes import without_notes
from . import processes, sharding
from .batches import Block
from .loss_scale import LossScale
from .rates import Rates
from .snapshots import Tree, check_module, check_moments, damaged
from .tuning import TUNED

Penalty = Callable[[nn.Module, Tensor], Tensor]  # of a module, on rows (b, features)


@dataclass(frozen=True)
class Care:
    """How the steps are computed: the number format of the forward pass where that is a shorter one than the
    parameters have (`torch.autocast`), and the norm that a gradient is cut to (Pascanu et al. 2013, arXiv 1211.5063).
    """

    precision: torch.dtype | None = None
    clip: float | None = None


class NotFinite(ArithmeticError):
    """The loss of a batch is not finite; raised before the optimizer steps."""


class Steps:
    """The steps of an optimizer on a module, its rates over a run of so many epochs, and the way back from values that
    are not finite."""

    def __init__(
        self,
        module: nn.Module,
        loss: Loss,
        penalty: Penalty | None,
        method: torch.optim.Optimizer,
        rates: Rates | None,
        care: Care,
    ) -> None:
        self.module, self.loss, self.penalty, self.method, self.rates = module, loss, penalty, method, rates
        self.care, self.taken, self.undone, self.rate = care, 0, 0, 1.0
        self.sharded = sharding.is_sharded(module)
        self.scale = LossScale() if care.precision is torch.float16 else None
        self.parameters = [p for group in method.param_groups for p in group["params"]]
        self.own = [group["lr"] for group in method.param_groups] if rates else []  # the optimizer's own rates

    def take(self, block: Block, at: tuple[int, int]) -> float:
        """A step on one batch; its loss before that, with the penalty. `at`: the number of the step in the run, from
        0, and how many there are. Raises `NotFinite`."""
        if self.rates is not None:
            self.rate = self.rates.share(*at) * 0.5**self.undone
            for group, own in zip(self.method.param_groups, self.own, strict=True):
                group["lr"] = own * self.rate
        value: Any = self.method.step(lambda: self._differentiated(block))  # type: ignore[call-overload]
        self.taken += 1
        return float(value.detach())

    def _differentiated(self, block: Block) -> Tensor:
        self.method.zero_grad()
        value = batch_loss(self._predicted, self.loss, *block)
        value = value if self.penalty is None else value + self.penalty(self.module, block[0])
        if processes.count() == 1 and not math.isfinite(value.item()):
            raise NotFinite
        mean = self._gradient(value, block[0].shape[0])
        while self.scale is not None and not self._divided(self.scale):
            self.method.zero_grad()
            mean = self._gradient(value, block[0].shape[0])
        if self.care.clip is not None:
            clip = sharding.clip if self.sharded else nn.utils.clip_grad_norm_
            clip(self.parameters, self.care.clip)
        return mean

    def _divided(self, scale: LossScale) -> bool:
        """Whether the gradients are those of the loss itself now, in all processes."""
        gradients = [sharding.local(p.grad) for p in self.parameters if p.grad is not None]
        return scale.divided(gradients, lambda flag: sharding.agreed(flag, self.parameters))

    def _gradient(self, value: Tensor, rows: int) -> Tensor:
        """Differentiate the loss of so many rows, times its factor; the mean loss over those of all processes."""
        if self.sharded:
            value = value * sharding.share(rows, value.device)
        if self.scale is None:
            value.backward()
        else:  # perhaps once more, with another factor
            (value * self.scale.factor).backward(retain_graph=True)
        mean = sharding.mean(value) if self.sharded else processes.mean_gradient(self.parameters, value, rows)
        if processes.count() > 1 and not math.isfinite(mean.item()):
            raise NotFinite
        return mean

    def _predicted(self, X: Tensor) -> Tensor:
        """The module's outputs; after a pass in a shorter number format in 32 bits, as losses need them."""
        if self.care.precision is None:
            return self.module(X)
        with torch.autocast(X.device.type, self.care.precision):
            prediction = self.module(X)
        return prediction if prediction.dtype.itemsize >= 4 else prediction.float()

    def finite(self) -> bool:
        """Whether all parameters are: a gradient may not be where the loss is."""
        return sharding.agreed(all(bool(sharding.local(p).isfinite().all()) for p in self.parameters), self.parameters)

    def back(self, state: dict[str, Tensor]) -> bool:
        """To this state, at half the rate and with nothing remembered of the way; False where there is no going on."""
        self.undone += 1
        load(self.module, state)
        self.method.state.clear()
        return self.rates is not None and self.undone <= TUNED.rejections

    def state(self) -> dict[str, Tree]:
        """What the next step depends on, for a snapshot."""
        random = [torch.default_generator.get_state(), *(torch.cuda.get_rng_state_all() if self._on_gpu else [])]
        return {
            "module": copy_of(self.module),
            "optimizer": self.method.state_dict(),
            "steps": [self.taken, self.undone, self.rate],
            "random": random,
            **({} if self.scale is None else {"scale": self.scale.state()}),
        }

    def restore(self, left: dict[str, Tree]) -> None:
        """Be where a snapshot says."""
        if not isinstance(left, dict) or not {"module", "optimizer", "steps", "random"} <= set(left):
            raise damaged("a state of another kind")
        check_module(self.module, left["module"])
        load(self.module, left["module"])
        try:
            self.method.load_state_dict(left["optimizer"])
            self.taken, self.undone, self.rate = left["steps"]
            torch.default_generator.set_state(left["random"][0])
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
            raise damaged(f"a state that the optimizer does not take ({clipped(error)})") from error
        check_moments(self.method)
        if self.scale is not None:
            self.scale.restore(left.get("scale"))
        if self._on_gpu:
            torch.cuda.set_rng_state_all(left["random"][1:])

    @property
    def _on_gpu(self) -> bool:
        return any(p.is_cuda for p in self.parameters)


def batch_loss(
    predicted: Callable[[Tensor], Tensor], loss: Loss, X: Tensor, y: Tensor, weight: Tensor | None = None
) -> Tensor:
    """The mean loss of the outputs on a batch, in their own number format; weight (b,) of mean one over all rows."""
    target = y[:, None] if y.is_floating_point() and y.ndim == 1 else y
    rows = loss.rows(by_rows(predicted(X), target), target)
    return rows.mean() if weight is None else (weight * rows).mean()


def by_rows(prediction: Tensor, target: Tensor) -> Tensor:
    """Outputs of any rank as losses take them: (b, k) beside numbers, (b, ..., classes) beside class numbers (b, ...).

    Logits may lie behind the rows, as torch's own losses want them: (b, classes, ...).

    >>> by_rows(torch.zeros(2, 3, 4), torch.zeros(2, 12)).shape
    torch.Size([2, 12])
    >>> by_rows(torch.zeros(2, 5, 3), torch.zeros(2, 3, dtype=torch.long)).shape
    torch.Size([2, 3, 5])
    """
    if target.is_floating_point():
        return prediction if prediction.ndim == 2 else prediction.reshape(prediction.shape[0], -1)
    if target.ndim > 1 and prediction.shape[:-1] != target.shape:
        return prediction.movedim(1, -1)
    return prediction


def copy_of(module: nn.Module) -> dict[str, Tensor]:
    """The tensors of a module's state, copied."""
    state = without_notes(module.state_dict())
    return {name: value.detach().clone() for name, value in state.items() if isinstance(value, Tensor)}


@torch.no_grad()
def load(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Put the tensors of a state into the module, in place."""
    for name, value in without_notes(module.state_dict()).items():
        if name in state:
            value.copy_(state[name])

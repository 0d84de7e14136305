"""A factor on the loss that keeps gradients in float16 from vanishing (Micikevicius et al. 2018, arXiv 1710.03740).

`torch.amp.GradScaler` skips a step where gradients overflow, and takes no closure. Here the same loss is differentiated
anew with a smaller factor. So every batch makes its step, by methods that ask for several gradients too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from .snapshots import Tree, damaged
from .tuning import TUNED


class LossScale:
    """The factor, and how many gradients in a row it has served.

    >>> import torch
    >>> scale, gradient = LossScale(), torch.tensor([65536.0])
    >>> scale.divided([torch.tensor([torch.inf])]), scale.factor
    (False, 32768.0)
    >>> scale.divided([gradient]), gradient
    (True, tensor([2.]))
    """

    def __init__(self) -> None:
        self.factor, self.served = TUNED.loss_scale, 0

    def divided(self, gradients: Sequence[Tensor], agreed: Callable[[bool], bool] = bool) -> bool:
        """Divide the gradients by the factor. False where one overflowed: the factor is smaller then, and the loss is
        to be differentiated anew. At a factor of 1 nothing is to be gained, and the gradients stay as they are.
        `agreed`: whether what is so here is so in all processes."""
        if self.factor > 1.0 and not agreed(all(bool(g.isfinite().all()) for g in gradients)):
            self.factor, self.served = max(1.0, self.factor / 2), 0
            return False
        for gradient in gradients:
            gradient /= self.factor
        self.served += 1
        if self.served == TUNED.loss_scale_steps:
            self.factor, self.served = self.factor * 2, 0
        return True

    def state(self) -> Tree:
        """For a snapshot."""
        return [self.factor, self.served]

    def restore(self, left: Tree) -> None:
        """Be where a snapshot says. Raises `CheckpointError` for what is none."""
        if not isinstance(left, list) or [*map(type, left)] != [float, int] or not 1.0 <= left[0] < float("inf"):
            raise damaged("no factor of a loss in float16")
        self.factor, self.served = left

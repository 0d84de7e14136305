"""What a memory is made of, and made only when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ...losses import Loss, SquaredError
from ...model import KAN
from .exact_memory import ExactMemory
from .memory import Memory
from .replay import Replay


@dataclass(frozen=True, eq=False)
class Seen:
    """The trained network, its rows x (n, features), y and weight (n,), its loss, and what came before."""

    model: KAN
    x: Tensor
    y: Tensor
    weight: Tensor | None
    loss: Loss
    before: Memory | None

    def remember(self) -> Memory:
        """The memory of these rows and of the earlier ones."""
        linear = len(self.model.edge_layers) == 1 and not self.model.topology.widths[-1][1]
        if linear and isinstance(self.loss, SquaredError) and not isinstance(self.before, Replay):
            return ExactMemory.of(self.model, self.x, self.y, self.weight, self.before)
        return Replay.of(self.model, self.x, self.weight, self.loss, self.before)

"""The trainable parameters of a module as one vector."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...errors import TrainingError


class FlatModule:
    """The trainable parameters of a module as one float64 vector (P,)."""

    def __init__(self, module: nn.Module) -> None:
        named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        if any(isinstance(p, nn.parameter.UninitializedParameter) for _, p in named):
            raise TrainingError(
                "the module has parameters without a shape yet; run it once on a row of data before training"
            )
        if not named:
            raise TrainingError("the module has no parameter that requires a gradient, so there is nothing to train")
        if odd := [name for name, p in named if not p.is_floating_point()]:
            raise TrainingError(f"parameters must be real numbers, but {odd[0]} is {dict(named)[odd[0]].dtype}")
        self.module = module
        self.parameters = [p for _, p in named]
        self.sizes = [p.numel() for p in self.parameters]
        self.places = [_places(module, p) for p in self.parameters]

    @torch.no_grad()
    def read(self) -> Tensor:
        """A copy of the parameters (P,)."""
        return torch.cat([p.reshape(-1).to(torch.float64) for p in self.parameters])

    @torch.no_grad()
    def load(self, theta: Tensor) -> None:
        """Set the parameters, rounding to their own number formats."""
        for p, part in zip(self.parameters, theta.split(self.sizes), strict=True):
            p.copy_(part.view(p.shape))

    def call(self, theta: Tensor, *inputs: Tensor) -> Any:
        """What the module gives for these inputs with the parameters theta (P,), differentiably. Its own stay."""
        parts = zip(self.places, self.parameters, theta.split(self.sizes), strict=True)
        named = {name: part.view(p.shape).to(p.dtype) for names, p, part in parts for name in names}
        # tied by `places`: torch (2.13) would name a module twice that stands twice, and leave theta in it
        return torch.func.functional_call(self.module, named, inputs, tie_weights=False)

    def join(self, gradients: tuple[Tensor | None, ...], lead: tuple[int, ...] = ()) -> Tensor:
        """Gradients with respect to the parameters as one tensor (*lead, P); None is zero."""
        parts = [
            p.new_zeros(*lead, p.numel(), dtype=torch.float64) if g is None else g.reshape(*lead, -1).to(torch.float64)
            for p, g in zip(self.parameters, gradients, strict=True)
        ]
        return torch.cat(parts, dim=-1)


def _places(module: nn.Module, parameter: nn.Parameter) -> list[str]:
    """The names under which parts of the module hold this parameter, each part counted once."""
    return [
        f"{prefix}.{name}" if prefix else name
        for prefix, part in module.named_modules()
        for name, held in part.named_parameters(recurse=False, remove_duplicate=False)
        if held is parameter
    ]

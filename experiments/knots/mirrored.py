"""A network that knows of the mirror: the mirror image of a knot is a knot, of the opposite signature."""

from __future__ import annotations

from collections.abc import Callable

import torch


class Mirrored(torch.nn.Module):
    """Logits (n, classes) of even numbers. Those of the opposite numbers are what it gives for the mirror image.

    Args:
        make: the network inside, by its inputs and outputs. It has an output for each even number from the lowest
            class to the highest and their opposites.
        classes: the even numbers to tell (classes,).
        signs: -1 for the columns that change sign in the mirror, else 1 (columns,).
        shift: what the mirror adds to each column, since it is standardised (columns,).
    """

    kept: torch.Tensor
    signs: torch.Tensor
    shift: torch.Tensor

    def __init__(
        self,
        make: Callable[[int, int], torch.nn.Module],
        classes: torch.Tensor,
        signs: torch.Tensor,
        shift: torch.Tensor,
    ):
        super().__init__()
        most = int(classes.abs().max())
        self.body = make(len(signs), most + 1)
        self.register_buffer("kept", ((classes + most) / 2).long())
        self.register_buffer("signs", signs)
        self.register_buffer("shift", shift)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        mirror = self.body(rows * self.signs + self.shift).flip(1)
        return ((self.body(rows) + mirror) / 2)[:, self.kept]


class Mean(torch.nn.Module):
    """The mean of the logits of several networks, which is one network."""

    def __init__(self, parts: list[torch.nn.Module]):
        super().__init__()
        self.parts = torch.nn.ModuleList(parts)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.stack([part(rows) for part in self.parts]).mean(0)

"""Training and evaluation mode of a module, part by part: what its owner put into evaluation mode, such as a
normalisation, stays so."""

from __future__ import annotations

from torch import nn


class Modes:
    """The modes of a module's parts as they are now.

    >>> module = nn.Sequential(nn.BatchNorm1d(2).eval(), nn.Dropout())
    >>> modes = Modes(module)
    >>> _ = module.eval()
    >>> modes.restore()
    >>> [part.training for part in module]
    [False, True]
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.parts = [(part, part.training) for part in module.modules()]

    def train(self) -> None:
        """Into training mode, but for parts in evaluation mode of a module that is in training mode."""
        if self.parts[0][1]:
            self.restore()
        else:
            self.module.train()

    def restore(self) -> None:
        """Back to the modes that were."""
        for part, training in self.parts:
            part.training = training

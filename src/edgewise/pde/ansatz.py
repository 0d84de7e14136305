"""A network with the form of a solution around it, as one module.

Letters: n point, d dimension, o output, j part of the network.
"""

from __future__ import annotations

from torch import Tensor, nn

from .form import Form


class Ansatz(nn.Module):
    """What `solve` gives back for hard conditions and features: u = g + d (N_0 + f_1 N_1 + ...), with N the network.

    It is called like a network, and can be differentiated by autograd. `ew.save` takes it where every value and feature
    is a number or a KAN.

    Args:
        network: N, with outputs for N_0, then for N_1, and so on.
        form: g, d and f_j, as `solve` made them.
    """

    def __init__(self, network: nn.Module, form: Form) -> None:
        super().__init__()
        self.network, self.form = network, form

    def forward(self, x: Tensor) -> Tensor:
        """(n, d) -> (n, outputs)."""
        lift, factors = self.form.columns(x).split([self.form.outputs, self.form.outputs * self.form.parts], 1)
        parts = factors * self.network(x)
        return lift + parts.unflatten(1, (self.form.parts, self.form.outputs)).sum(1)

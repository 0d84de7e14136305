"""The Jacobian of any module row by row: from its linear layers, by vmap, or by a loop, whichever is first to give what
autograd gives."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.autograd import grad

from . import linear_layers
from .parameters import FlatModule
from .tuning import TUNED


class Jacobian:
    """(theta, X) -> d outputs / d parameters (b, k, P) and the outputs (b, k), of a module that treats rows one by one.

    `way` is how: "layers", "vmap" or "loop". The two rows `x` (2, ...) are for comparing the first two with the last.
    The first and the last take the parameters that were last loaded, which must be theta.

    >>> module = nn.Linear(2, 1).double()
    >>> jacobian = Jacobian(module, FlatModule(module), torch.ones(2, 2, dtype=torch.float64))
    >>> rows, outputs = jacobian(FlatModule(module).read(), torch.tensor([[3.0, 4.0]], dtype=torch.float64))
    >>> jacobian.way, rows.tolist()
    ('layers', [[[3.0, 4.0, 1.0]]])
    """

    def __init__(self, module: nn.Module, flat: FlatModule, x: Tensor) -> None:
        self.module, self.flat, self.total = module, flat, sum(flat.sizes)
        self.places = linear_layers.places(module, flat.parameters)
        self.way = self._first_right(x)

    def __call__(self, theta: Tensor, X: Tensor) -> tuple[Tensor, Tensor]:
        """The Jacobian (b, k, P) at theta (P,), and the outputs (b, k)."""
        if found := self.factored(X):
            return found[0].expand(), found[1]
        return self._by_vmap(theta, X) if self.way == "vmap" else self._by_loop(X)

    def factored(self, X: Tensor) -> tuple[linear_layers.Factored, Tensor] | None:
        """The Jacobian as products at the parameters last loaded, and the outputs (b, k); None where the module is not
        made of linear layers."""
        return (
            linear_layers.jacobian(self.module, self.places, self.total, X)
            if self.way == "layers" and self.places
            else None
        )

    def _first_right(self, x: Tensor) -> str:
        want, _ = self._by_loop(x)
        double = want.dtype == torch.float64 and all(p.dtype == torch.float64 for p in self.flat.parameters)
        agree = TUNED.agree if double else TUNED.agree_single
        close = {"rtol": agree, "atol": agree * float(want.abs().max()), "equal_nan": True}
        if self.places and (found := linear_layers.jacobian(self.module, self.places, self.total, x)):
            got = found[0].expand()
            if got.shape == want.shape and torch.allclose(got.to(want), want, **close):
                return "layers"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # vmap warns where it falls back to a loop of its own
                got, _ = self._by_vmap(self.flat.read(), x)
        except Exception:  # modules fail under vmap in ways of their own; the loop takes them all
            return "loop"
        return "vmap" if got.shape == want.shape and torch.allclose(got, want, **close) else "loop"

    def _by_vmap(self, theta: Tensor, X: Tensor) -> tuple[Tensor, Tensor]:
        def output(theta: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
            y = self.flat.call(theta, x[None]).reshape(-1)
            return y, y

        with torch.no_grad():
            return torch.func.vmap(torch.func.jacrev(output, has_aux=True), in_dims=(None, 0))(theta, X)  # type: ignore[return-value]

    @torch.enable_grad()
    def _by_loop(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Slow, for modules that vmap cannot take: one backward pass per row and output."""
        jacobian, outputs = [], []
        for row in X:
            y = self.module(row[None]).reshape(-1)
            rows = [grad(part, self.flat.parameters, retain_graph=True, allow_unused=True) for part in y]
            jacobian.append(torch.stack([self.flat.join(row) for row in rows]))
            outputs.append(y.detach())
        return torch.stack(jacobian), torch.stack(outputs)

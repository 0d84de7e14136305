"""Networks of closed forms with known constants, and data from known laws, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

import edgewise as ew

F = torch.float64


def uniform(*limits: tuple[float, float], rows: int = 400, seed: int = 0) -> Tensor:
    """(rows, columns) uniform in these limits."""
    draw = torch.rand(rows, len(limits), dtype=F, generator=torch.Generator().manual_seed(seed))
    low, high = torch.tensor(limits, dtype=F).T
    return low + (high - low) * draw


def network(widths: Sequence, forms: dict, bias: Sequence[float] = ()) -> ew.KAN:
    """A network with only these closed forms on its edges."""
    model = ew.KAN(widths)
    off = [e for e in model.active_edges() if e not in forms]
    model = ew.set_symbolic(model, forms)
    return ew.remove(model, edges=off) if off else model


def blurred(model: ew.KAN, amount: float, X: Tensor) -> ew.KAN:
    """The model with splines instead of closed forms, every coefficient moved at random by this share of its edge's spread."""
    spline = ew.unset_symbolic(model, X=X)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for layer in spline.edge_layers:
            spread = layer.coef.std(1, keepdim=True)
            layer.coef += amount * spread * torch.randn(layer.coef.shape, dtype=F, generator=generator) * layer.spline_edges()[:, None, :]
    return spline


def fitted(widths: Sequence, X: Tensor, y: Tensor, seed: int = 0, **settings: object) -> ew.KAN:
    """A network trained on data."""
    return ew.fit(ew.KAN(widths, seed=seed), X, y, progress=False, seed=seed, **settings).model  # type: ignore[arg-type]


Law = Callable[[Tensor], Tensor]

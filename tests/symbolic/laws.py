"""Networks of closed forms with known constants, and data for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

import edgewise as ew

F = torch.float64


def uniform(*limits: tuple[float, float], rows: int = 400, seed: int = 0) -> Tensor:
    """(rows, columns) uniform in these limits."""
    draw = torch.rand(rows, len(limits), dtype=F, generator=torch.Generator().manual_seed(seed))
    low, high = torch.tensor(limits, dtype=F).T
    return low + (high - low) * draw


def network(widths: Sequence, forms: dict) -> ew.KAN:
    """A network with only these closed forms on its edges."""
    model = ew.KAN(widths, base=None)
    with torch.no_grad():
        for layer in model.edge_layers:
            layer.coef.zero_()
    off = [e for e in model.active_edges() if e not in forms]
    model = ew.set_symbolic(model, forms)
    return ew.remove(model, edges=off) if off else model


def fitted(widths: Sequence, X: Tensor, y: Tensor, seed: int = 0, **settings: object) -> ew.KAN:
    """A network trained on data."""
    return ew.fit(ew.KAN(widths, seed=seed), X, y, progress=False, seed=seed, **settings).model  # type: ignore[arg-type]

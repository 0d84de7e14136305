"""KANFeedForward: the part of a transformer block that works on each token, with KAN edges."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..config import is_number
from ..errors import ConfigError, knows_keywords, shown
from ..layers import KANLayer
from ..values import is_flag
from .tuning import TUNED


class KANFeedForward(nn.Module):
    """down(dropout(up(x))), both KAN layers: a transformer's feed-forward part. Gated: down(dropout(up(x) * gate(x))).

    No activation stands between: the edges are the activations. Put it behind a normalisation, as transformers do.

    Args:
        features: the length of the last dimension of x, and of the result.
        hidden: the width between.
        gated: whether a linear gate multiplies the hidden nodes (arXiv 2002.05202, eq. 5).
        dropout (0 to 1): the part of the hidden nodes that is left out in training.
        bias: whether every layer adds a constant.
        device: where the parameters live.
        dtype: of the parameters; torch's default by default.
        grid_size: G, the intervals of each spline.
        degree (0 to 7): p, of the splines.
        base: "silu", "identity" or "none" (None), the function beside the spline.
        domain: (low, high), the interval on which the grids lie at first.

    Attributes:
        up, down: the `KANLayer`s.
        gate: the `torch.nn.Linear`, or None.

    Raises:
        ConfigError: a setting that cannot be used.

    >>> KANFeedForward(16, 32, gated=True)(torch.randn(2, 5, 16)).shape
    torch.Size([2, 5, 16])
    """

    @knows_keywords
    def __init__(
        self,
        features: int,
        hidden: int,
        *,
        gated: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        grid_size: int = 5,
        degree: int = 3,
        base: str | None = "silu",
        domain: tuple[float, float] = TUNED.domain,
    ) -> None:
        super().__init__()
        if not is_number(dropout) or not 0 <= dropout <= 1:
            raise ConfigError(f"dropout must be a number from 0 to 1, got {shown(dropout)}")
        if not is_flag(gated):
            raise ConfigError(f"gated must be True or False, got {shown(gated)}")

        def edges(i: int, o: int) -> KANLayer:
            return KANLayer(i, o, bias, device, dtype, grid_size=grid_size, degree=degree, base=base, domain=domain)

        self.up = edges(features, hidden)
        self.gate = nn.Linear(int(features), int(hidden), bias, device, dtype) if gated else None
        self.dropout = nn.Dropout(float(dropout))
        self.down = edges(hidden, features)

    def reset_parameters(self) -> None:
        """New functions and weights, in place."""
        for part in (self.up, self.gate, self.down):
            if part is not None:
                part.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """(..., features) -> (..., features). Raises `ShapeError` when x does not fit."""
        nodes = self.up(x)
        if self.gate is not None:
            nodes = nodes * self.gate(x)
        return self.down(self.dropout(nodes))

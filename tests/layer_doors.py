"""What the tests of KANLayer where `nn.Linear` goes share: rows, layers, and the warnings of torch itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgewise import KANLayer

MARKS = [
    # torch's own tracing uses deprecated parts of torch
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*"),
    pytest.mark.filterwarnings("ignore:.torch.jit.* is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:torch.*"),
]
F64: dict[str, Any] = {"dtype": torch.float64}


def rows(*shape: int, seed: int = 0, **options: Any) -> Tensor:
    """Standard normal numbers: a third of them lie outside the grid."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), **options)


def bent(layer: KANLayer) -> KANLayer:
    """The layer with unequal knots, and a copy of each of its parts."""
    return KANLayer.build(**layer.parts() | {"knots": layer.knots + 0.05 * torch.sin(7 * layer.knots), "uniform": None})


def transformer(**options: Any) -> nn.TransformerEncoderLayer:
    block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, **options)
    block.linear1, block.linear2 = KANLayer(8, 16, seed=1), KANLayer(16, 8, seed=2)  # type: ignore[assignment]
    return block

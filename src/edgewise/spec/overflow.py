"""Whether a network gives finite numbers at all. Each of its parameters can be finite, and what they come to not.

No bound on single parameters would do. A network with y in units of 1e-200 has large ones and works. So the network
itself is asked, and only one that overflows wherever it is asked is refused.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import CheckpointError, few
from ..model import KAN
from ..ops import use_backend

ROWS = 64  # at which a network is asked at most; nearly always the first one is enough


def refuse_overflow(model: KAN) -> None:
    """Raise `CheckpointError` for a network with an output that is finite on none of `ROWS` rows over its grids.

    >>> refuse_overflow(KAN((2, 3, 1)))
    """
    left = torch.ones(model.outputs, dtype=torch.bool, device=model.device)
    with torch.no_grad(), use_backend("reference"):  # for one row no kernel need be compiled
        for row in _rows(model).split(1):
            left = left & ~torch.isfinite(model(row)[0])
            if not bool(left.any()):
                return
    places = few([str(place) for place in left.nonzero()[:, 0].tolist()])
    raise CheckpointError(
        f"its parameters are too large together: output {places} is finite on none of {ROWS} rows over its grids"
    )


def _rows(model: KAN) -> Tensor:
    """Rows (ROWS, features) drawn evenly over the grids of the inputs in use, in raw units."""
    x = torch.zeros(ROWS, model.features, dtype=model.dtype, device=model.device)
    low, high = model.edge_layers[0].interval
    shape, draw = (ROWS, len(low)), torch.Generator().manual_seed(0)
    t = torch.rand(shape, dtype=torch.float64, generator=draw).to(low)
    x[:, list(model.topology.node_ids[0])] = low + (high - low) * t
    return x * model.input_scale + model.input_shift

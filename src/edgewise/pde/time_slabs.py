"""Networks one after the other in time, as one function."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..config import is_number, is_sequence
from ..errors import ConfigError, shown


class TimeSlabs(nn.Module):
    """One network for each slab of time, the last input. It is called like any of them.

    Before the first slab its network answers, after the last one the last.

    Args:
        networks: one for each slab.
        times: where one slab ends and the next begins, increasing; one fewer than networks.

    Raises:
        ConfigError: networks or times of another kind or number.

    >>> import edgewise as ew
    >>> whole = TimeSlabs([ew.KAN((2, 1)), ew.KAN((2, 1), seed=1)], [0.5])
    >>> x = torch.tensor([[0.1, 0.7]], dtype=torch.float64)
    >>> bool(whole(x) == whole.networks[1](x))
    True
    """

    times: Tensor

    def __init__(self, networks: Sequence[nn.Module], times: Sequence[float]) -> None:
        super().__init__()
        if not is_sequence(networks) or not networks or not all(isinstance(one, nn.Module) for one in networks):
            raise ConfigError(f"networks must be a list of networks, one for each slab, got {shown(networks)}")
        ends = [float(time) for time in times] if is_sequence(times) and all(map(is_number, times)) else None
        if ends is None or len(ends) != len(networks) - 1 or sorted(set(ends)) != ends:
            raise ConfigError(f"times must be {len(networks) - 1} increasing numbers, got {shown(times)}")
        self.networks = nn.ModuleList(networks)
        self.register_buffer("times", torch.tensor(ends, dtype=torch.float64))

    def slab(self, x: Tensor) -> Tensor:
        """The number (n,) of each point's slab."""
        return torch.bucketize(x[:, -1].detach().to(self.times).contiguous(), self.times)

    def forward(self, x: Tensor) -> Tensor:
        """(n, d) -> (n, outputs)."""
        slab = self.slab(x)
        rows = [(slab == number).nonzero()[:, 0] for number in range(len(self.networks))]
        parts = [network(x[own]) for network, own in zip(self.networks, rows, strict=True) if len(own)]
        if not parts:
            return self.networks[0](x)
        order = torch.cat([own for own in rows if len(own)])
        return torch.cat(parts)[order.argsort()]

"""Peak memory of a call on a GPU, as torch's allocator counts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

CALLS = 3


def peaks(call: Callable[[], Any]) -> list[float]:
    """Megabytes by which allocated memory grew at most, during each of some calls. What stays from the call before is
    freed first."""
    found = []
    for _ in range(CALLS):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        found.append((torch.cuda.max_memory_allocated() - before) / 1e6)
    return found

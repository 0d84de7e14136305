"""How many threads a piece of work is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

SERIAL = 5e8  # floating-point operations per call below which waiting for a second thread costs more than it saves


@contextmanager
def threads_for(work: float) -> Iterator[None]:
    """Run the block on one thread when its calls do less than SERIAL operations each; torch's number of threads is put
    back afterwards. NumPy's and SciPy's routines for matrices have one thread in either case.

    Threads that wait for each other spin: where other processes share the cores, a small fit on two threads was seen to
    take ten times as long. Those of NumPy and SciPy spin beside torch's: a fit took four times as long by them.

    >>> with threads_for(1e3):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    with threadpool_limits(1, user_api="blas"):
        if work >= SERIAL or before == 1:
            yield
            return
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

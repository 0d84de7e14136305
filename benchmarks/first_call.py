"""The first forward + backward of a process whose kernels were compiled by an earlier one: what a new program waits
for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from .clock import Spread
from .contestants import OWN, named
from .records import ROOT, Place, Record, record

ROW = "first-call"
MOST = 2.0  # seconds
PROGRAM = """
from time import perf_counter
import torch
began = perf_counter()
import edgewise
layer = edgewise.KANLayer(64, 64)
layer(torch.zeros(1024, 64, requires_grad=True)).sum().backward()
print(perf_counter() - began)
"""


def measured(repeats: int) -> Iterator[Record]:
    """One line; the first process may have to compile and does not count."""
    place, seconds = Place("start", ROW, "first forward + backward", "s"), []
    for _ in range(repeats + 1):
        done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            yield record(
                place, named(OWN), note="fails here: " + (done.stderr.strip().splitlines() or ["no message"])[-1][:120]
            )
            return
        seconds.append(float(done.stdout))
    yield record(place, named(OWN), Spread.of(seconds[1:]))

"""Peak memory of forward + backward, in a process of its own for each contestant: `python -m benchmarks.memory
CONTESTANT THREADS SHAPES`

It is the growth of the resident memory (Linux: VmHWM over VmRSS), so what kernels allocate themselves counts too. A
first call is not counted: it compiles, and fills buffers that stay. Blocks of 64 KiB and more go back to the system
when they are freed, so that each call starts anew.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .clock import Spread
from .contestants import ALL, Contestant, named
from .layers import each_shape_compiled
from .records import PEAK, ROOT, Place, Record, record
from .shapes import Shape

CALLS = 3
OWN_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
LIMIT = 240  # seconds for one contestant
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


Refused = Mapping[tuple[str, str], str]  # why a contestant's row has no times, by its name and the row's


def measured(
    shapes: Sequence[Shape], refused: Refused, contestants: Sequence[Contestant] = ALL, threads: int = 2
) -> Iterator[Record]:
    """The lines of layers of these shapes, contestant after contestant; what has no times gets no memory either."""
    for contestant in contestants:
        sound = [shape for shape in shapes if (contestant.name, shape.name) not in refused]
        found = in_a_process(contestant.name, sound, threads) if sound else {}
        for shape in shapes:
            place, value = Place("layer", shape.name, PEAK, "MB"), found.get(shape.name)
            if value is None:
                yield record(
                    place,
                    contestant,
                    note=refused.get((contestant.name, shape.name), "")
                    or str(found.get("", "the process ended early")),
                )
            else:
                yield record(place, contestant, Spread.of([number / 1e6 for number in value]))


def in_a_process(contestant: str, shapes: Sequence[Shape], threads: int) -> dict[str, Any]:
    """Bytes by the name of the shape; the key "" says why there are none."""
    if not STATUS.exists():
        return {"": "needs Linux"}
    sizes = json.dumps([[*shape.widths, shape.grid, shape.batch] for shape in shapes])
    command = [sys.executable, "-m", "benchmarks.memory", contestant, str(threads), sizes]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **OWN_MEMORY}, capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return {"": f"took more than {LIMIT} s"}
    return (
        json.loads(done.stdout.splitlines()[-1])
        if done.returncode == 0 and done.stdout
        else {"": "the process ended early"}
    )


def peak(call: Callable[[], Any]) -> int:
    """Bytes by which the resident memory grew at most during a call."""
    ctypes.CDLL(None).malloc_trim(0)
    RESET.write_text("5")  # the high-water mark back to what is in use
    before = _status("VmRSS")
    call()
    return max(0, _status("VmHWM") - before)


def _status(field: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return 1024 * int(line.split()[1])


def main(contestant: str, threads: str, sizes: str) -> int:
    """Print the peaks of one contestant as JSON."""
    import torch

    torch.set_num_threads(int(threads))
    found: dict[str, list[int]] = {}
    for *widths, grid, batch in json.loads(sizes):
        shape = Shape(tuple(widths), grid, batch)
        with each_shape_compiled():
            case = named(contestant).layer(shape)
            case.both()
            found[shape.name] = [peak(case.both) for _ in range(CALLS)]
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

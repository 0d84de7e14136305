"""Slices of one kernel on several threads; safe where a process forks, and where several threads call at once.

The kernels are compiled code without the interpreter lock, so any threads will do. numba's own parallel layers will
not: its OpenMP layer kills a forked child, its workqueue layer aborts when two threads call it.

Where torch brings an OpenMP library, its threads run the slices. They wait for work anyway, and they spin for
milliseconds after every product of matrices: a second set of threads would fight with them for the processor. They are
passed over after a fork, when they no longer exist. They are passed over for a while when they came late, because other
programs then need the processors. In both cases the caller and plain Python threads take slices, and nobody waits for a
thread that has not begun.

The slices are fixed by the kernel's caller, so results do not depend on who takes which.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import torch

from .machine_code import FAILED, NO_MEMORY, Kernel

OPENMP_PAUSE = 0.25  # seconds without OpenMP after its threads came late
LATE = 1e-3  # seconds that they may take beyond four times the expected ones


class _Job:
    """A table of slices and who is at work on it."""

    def __init__(self, task: Callable[[int], int], table: int):
        self.task, self.table = task, table
        self.lock, self.ended = threading.Lock(), SimpleQueue()
        self.active, self.closed = 0, False

    def join(self) -> None:
        with self.lock:
            if self.closed:
                return
            self.active += 1
        self.task(self.table)
        self.ended.put(None)

    def finish(self) -> None:
        self.task(self.table)
        with self.lock:
            self.closed = True
        for _ in range(self.active):
            self.ended.get()


_jobs: SimpleQueue[_Job] = SimpleQueue()
_workers = 0
_lock = threading.Lock()
_forked = False
_avoided_until = 0.0


def _forget() -> None:
    """In a forked child only the forking thread lives on: start anew, with locks that nobody holds."""
    global _jobs, _workers, _lock, _forked
    _jobs, _workers, _lock, _forked = SimpleQueue(), 0, threading.Lock(), True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@lru_cache(maxsize=1)
def _openmp() -> Callable[[int, int, int, int], None] | None:
    """GOMP_parallel of the OpenMP library that torch is linked to: it runs a C function on every thread (Intel's and
    LLVM's libraries have it too).

    Looking it up through torch's own library finds torch's, where others are loaded as well (scikit-learn brings one).
    """
    if not sys.platform.startswith("linux"):
        return None
    try:
        function = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libtorch_cpu.so")).GOMP_parallel
    except (OSError, AttributeError):
        return None
    function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint), None
    return function


def _serve(jobs: SimpleQueue[_Job]) -> None:
    while True:
        jobs.get().join()


def _start(count: int) -> None:
    global _workers
    with _lock:
        while _workers < count:
            threading.Thread(target=_serve, args=(_jobs,), name="edgewise", daemon=True).start()
            _workers += 1


def run(kernel: Kernel, slices: Sequence[tuple[int, ...]], seconds: float) -> None:
    """Run a kernel over all slices, on as many threads; returns when all are done. Raises MemoryError where one gets no
    memory.

    `seconds`: what one thread would take, about.
    """
    if len(slices) == 1:
        kernel.alone(*slices[0])
        return
    table = np.array([0, len(slices), len(slices[0]), 0, *chain.from_iterable(slices)], dtype=np.int64)
    if not _on_openmp(kernel, table.ctypes.data, len(slices), seconds):
        _on_python_threads(kernel, table.ctypes.data, len(slices))
    if table[FAILED]:
        raise MemoryError(NO_MEMORY)


def _on_openmp(kernel: Kernel, table: int, count: int, seconds: float) -> bool:
    """Whether OpenMP's threads have done it, which they are not asked for after a fork and after they came late."""
    global _avoided_until
    openmp, begin = None if _forked else _openmp(), time.perf_counter()
    if openmp is None or begin <= _avoided_until:
        return False
    openmp(kernel.address, table, count, 0)
    end = time.perf_counter()
    if end - begin > 4 * seconds + LATE:
        _avoided_until = end + OPENMP_PAUSE
    return True


def _on_python_threads(kernel: Kernel, table: int, count: int) -> None:
    others = count - 1
    if _workers < others:
        _start(others)
    job = _Job(kernel.call, table)
    for _ in range(others):
        _jobs.put(job)
    job.finish()

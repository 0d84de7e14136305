"""A few threads that run slices of one kernel; safe where a process forks, and where several threads call at once.

numba's own parallel layers are not: its OpenMP layer kills a forked child, its workqueue layer aborts when two threads call it. The kernels
release the interpreter lock, so plain threads are enough. The slices are fixed by the caller; which thread runs one does not matter.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

_Task = tuple[Callable[..., Any], tuple[Any, ...], SimpleQueue]
_tasks: SimpleQueue = SimpleQueue()
_workers = 0
_lock = threading.Lock()


def _forget() -> None:
    """In a forked child only the forking thread lives on: start anew, with locks that nobody holds."""
    global _tasks, _workers, _lock
    _tasks, _workers, _lock = SimpleQueue(), 0, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _work(tasks: SimpleQueue) -> None:
    while True:
        function, arguments, done = tasks.get()
        try:
            function(*arguments)
            done.put(None)
        except BaseException as error:  # handed to the caller
            done.put(error)


def _start(count: int) -> None:
    global _workers
    with _lock:
        while _workers < count:
            threading.Thread(target=_work, args=(_tasks,), name="edgewise", daemon=True).start()
            _workers += 1


def run(function: Callable[..., Any], slices: Sequence[tuple[Any, ...]]) -> None:
    """function(*arguments) for every slice: the first here, the others on the threads; returns when all are done."""
    if not slices:
        return
    if len(slices) > 1 and _workers < len(slices) - 1:
        _start(len(slices) - 1)
    done: SimpleQueue = SimpleQueue()
    for arguments in slices[1:]:
        _tasks.put((function, arguments, done))
    try:
        function(*slices[0])
    finally:
        errors = [done.get() for _ in slices[1:]]
    for error in errors:
        if error is not None:
            raise error

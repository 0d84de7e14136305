"""Fits in processes of their own, each of one thread and with a limit on its time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from ..runner import ROOT, THREADS

POLL = 0.05  # seconds between two looks at the processes
LIMIT = 1800  # seconds of CPU that one fit may take
USED_UP = -getattr(signal, "SIGXCPU", 1000)  # what a process returns that has used up its CPU time
WAITING = 10  # times its CPU seconds that a fit may last, where other programs share the cores


@dataclass(frozen=True)
class Fit:
    """One method on one fold of one table."""

    table: str
    method: str
    fold: int

    @property
    def key(self) -> str:
        """What names it in the file of results."""
        return f"{self.table}/{self.method}/{self.fold}"


@dataclass(frozen=True)
class Child:
    """A fit that runs: its process, what it writes, and when it began."""

    fit: Fit
    process: subprocess.Popen[str]
    errors: IO[str]
    began: float

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began


def fits(jobs: Sequence[Fit], processes: int, limit: int) -> Iterator[tuple[Fit, dict[str, Any]]]:
    """(fit, figures) as each ends; a fit that failed, or took more than `limit` seconds of CPU, has only a `note`.

    Leaving the iterator, by Ctrl-C too, ends what still runs.
    """
    from tqdm.auto import tqdm

    waiting, running = list(reversed(jobs)), list[Child]()
    with tqdm(total=len(jobs), desc="Tables", unit="fit", dynamic_ncols=True) as bar:
        try:
            while waiting or running:
                while waiting and len(running) < processes:
                    running.append(begin(waiting.pop(), limit))
                ended = [child for child in running if child.process.poll() is not None]
                late = [child for child in running if child not in ended and child.age > WAITING * limit]
                for child in late:
                    child.process.kill()
                    child.process.wait()
                for child in (*ended, *late):
                    running.remove(child)
                    bar.update(1)
                    too_long = child in late or child.process.returncode == USED_UP
                    yield child.fit, outcome(child, f"took more than {limit} s of CPU" if too_long else "")
                if not ended and not late:
                    time.sleep(POLL)
        finally:
            for child in running:
                child.process.kill()
                child.process.wait()
                close(child)


def begin(fit: Fit, limit: int) -> Child:
    """Start a fit."""
    errors = tempfile.TemporaryFile("w+", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments.tabular.one", fit.table, fit.method, str(fit.fold), str(limit)],
        cwd=ROOT,
        env=os.environ | dict.fromkeys(THREADS, "1") | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    return Child(fit, process, errors, time.monotonic())


def outcome(child: Child, note: str) -> dict[str, Any]:
    """What an ended fit found, or why it did not."""
    said = "" if child.process.stdout is None else child.process.stdout.read()
    child.errors.seek(0)
    complaints = child.errors.read().strip().splitlines()
    close(child)
    if note:
        return {"note": note}
    if child.process.returncode:
        last = complaints[-1] if complaints else f"ended with {child.process.returncode}"
        return {"note": last[:200]}
    return json.loads(said.strip().splitlines()[-1])


def close(child: Child) -> None:
    """Let go of what a fit wrote to."""
    child.errors.close()
    if child.process.stdout is not None:
        child.process.stdout.close()

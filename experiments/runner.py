"""Jobs on a few processes of one thread each, with a progress bar; what is asked of every experiment on the command
line."""

from __future__ import annotations

import argparse
import difflib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEERS_OF = {"symbolic_recovery": ("pyoperon",)}  # experiments whose peers are not those of the paper's tables
SEEDS = 5  # unless others are asked for
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Options:
    """How to run an experiment: rows (None: all), seeds, which peers are computed ("no", "too": all, beside edgewise,
    "only": all, or the one of this name alone), small sizes, processes, where to, whether what is done is done again,
    the folder of data that does not come with the checkout, levels of noise (None: the usual ones), idle columns."""

    rows: tuple[str, ...] | None
    seeds: int
    peers: str
    smoke: bool
    processes: int
    out: Path
    again: bool = False
    data: Path | None = None
    noise: tuple[float, ...] | None = None
    idle: int = 0

    def chosen(self, names: Sequence[str]) -> list[str]:
        """The rows to run, in their own order. Ends the program, with a suggestion, for a name that is no row."""
        if self.rows is None:
            return list(names)[:2] if self.smoke else list(names)
        for row in self.rows:
            if row not in names:
                near = difflib.get_close_matches(row, names, n=1)
                raise SystemExit(
                    f"there is no row {row!r};"
                    f" {f'did you mean {near[0]!r}?' if near else 'the rows are ' + ', '.join(names)}"
                )
        return [name for name in names if name in self.rows]


@dataclass(frozen=True)
class Job:
    """One piece of work for one row: `call(*arguments)` in another process."""

    row: str
    call: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


class Failure(str):
    """What went wrong in a job, as text."""


def options(name: str, arguments: Sequence[str]) -> Options:
    """The options of `python -m experiments NAME ...`."""
    parser = argparse.ArgumentParser(prog=f"python -m experiments {name}")
    parser.add_argument("--rows", help="run these rows only, joined by commas; the others stay as they are")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many seeds (default 5)")
    parser.add_argument(
        "--peers",
        nargs="?",
        const="too",
        default="no",
        choices=("no", "too", "only", *PEERS_OF.get(name, ("pykan", "mlp", "mlp_large"))),
        help="compute the peers' columns too (nothing more said), or only these (of all peers, of one)",
    )
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, in seconds; results go to a temporary folder")
    parser.add_argument(
        "--processes", type=int, default=min(2, os.cpu_count() or 1), help="processes of one thread each (default 2)"
    )
    parser.add_argument(
        "--out", type=Path, help="folder of result.csv, README.md and the plot (default: experiments/NAME)"
    )
    parser.add_argument("--again", action="store_true", help="tabular, symbolic_recovery: repeat what is done already")
    parser.add_argument("--noise", help="symbolic_recovery: levels of noise, joined by commas (default 0,0.01)")
    parser.add_argument("--idle", type=int, default=0, help="symbolic_recovery: columns beside that do not matter")
    parser.add_argument("--data", type=Path, help="images: a folder with the four files of MNIST or Fashion-MNIST")
    given = parser.parse_args(arguments)
    noise = None if given.noise is None else tuple(_level(parser, word) for word in given.noise.split(","))
    if given.idle < 0:
        parser.error("--idle must be 0 or more")
    if given.seeds < 1 or given.processes < 1:
        parser.error("--seeds and --processes must be at least 1")
    out = given.out or (
        Path(tempfile.mkdtemp(prefix=f"edgewise-{name}-")) if given.smoke else ROOT / "experiments" / name
    )
    rows = tuple(row.strip() for row in given.rows.split(",") if row.strip()) if given.rows else None
    return Options(
        rows,
        1 if given.smoke else given.seeds,
        given.peers,
        given.smoke,
        1 if given.smoke else given.processes,
        out,
        given.again,
        given.data,
        noise,
        given.idle,
    )


def _level(parser: argparse.ArgumentParser, word: str) -> float:
    """A level of noise out of a word. Ends the program for what is none."""
    try:
        level = float(word)
    except ValueError:
        level = -1.0
    if not 0 <= level < float("inf"):
        parser.error(f"--noise takes numbers of 0 or more, joined by commas, got {word!r}")
    return level


def work(jobs: Sequence[Job], processes: int, title: str) -> Iterator[tuple[Job, Any]]:
    """(job, result) as each ends, a `Failure` where it raised. Ctrl-C ends the processes at once; what they were at is
    lost."""
    from tqdm.auto import tqdm

    if not jobs:
        return
    with tqdm(total=len(jobs), desc=title, unit="job", dynamic_ncols=True) as bar:
        for job, result in _inline(jobs) if processes == 1 else _pooled(jobs, processes):
            bar.update(1)
            if isinstance(result, Failure):
                bar.write(f"{job.row}: {result}", file=sys.stderr)
            yield job, result


def say(line: str) -> None:
    """Print a line above the progress bar."""
    from tqdm.auto import tqdm

    tqdm.write(line)


def rows_done(jobs: Sequence[Job], finished: Iterable[tuple[Job, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """(row, results of its jobs in order) as soon as all jobs of the row ended; rows with a failed job are left out."""
    waiting = {row: [job for job in jobs if job.row == row] for row in {job.row for job in jobs}}
    results: dict[int, Any] = {}
    for job, result in finished:
        results[id(job)] = result
        own = waiting[job.row]
        if all(id(other) in results for other in own):
            found = [results[id(other)] for other in own]
            if not any(isinstance(value, Failure) for value in found):
                yield job.row, found


def _inline(jobs: Sequence[Job]) -> Iterator[tuple[Job, Any]]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for job in jobs:
            yield job, _run(job)
    finally:
        torch.set_num_threads(before)


def _pooled(jobs: Sequence[Job], processes: int) -> Iterator[tuple[Job, Any]]:
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read by the new processes when they load their libraries
    try:
        pool = multiprocessing.get_context("spawn").Pool(processes, _quiet)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
    with pool:  # leaving it, by Ctrl-C too, ends the processes
        for number, result in pool.imap_unordered(_numbered, list(enumerate(jobs))):
            yield jobs[number], result


def _quiet() -> None:
    """Ctrl-C is for the parent alone: in a child it would pass for the end of a fit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import torch

    torch.set_num_threads(1)


def _numbered(item: tuple[int, Job]) -> tuple[int, Any]:
    return item[0], _run(item[1])


def _run(job: Job) -> Any:
    try:
        return job.call(*job.arguments)
    except Exception:
        return Failure(traceback.format_exc(limit=-6))


def version() -> str:
    """The commit that the code stands at, with a + where source files differ from it; nothing outside a repository."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        commit = git("rev-parse", "--short", "HEAD")
        return commit + (
            "+"
            if commit and git("status", "--porcelain", "--", "src", "experiments/*.py", "experiments/*/*.py")
            else ""
        )
    except OSError:
        return ""

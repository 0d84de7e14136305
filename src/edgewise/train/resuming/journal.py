"""The journal of an unfinished piece of work: what its solvers came to so far, in a file that is renewed every minute.

Going on needs no snapshot of the program. A fit is a function of its data, settings and seed. So it is run again from
its beginning, and only what is slow is looked up: what every finished run of a solver came to, and where the last one
stood. All else is computed anew, and comes out the same to the bit.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...errors import CheckpointError, ConfigError, EdgewiseError, EdgewiseWarning, clipped, shown
from ...files import FileError, as_path
from ..monitor import Monitor
from ..solvers import processes
from ..solvers.snapshots import Tree, damaged
from ..solvers.status import Status
from ..solvers.stop import Stop
from ..solvers.types import Damping, Minimum
from . import trees
from .soundness import are_chapters

EVERY = 60.0  # seconds between two snapshots
SHARE = 20  # times as long as it takes to write one, at least: large states are written less often
FORMAT = 1


class Journal:
    """What the fits of a piece of work came to so far, in the file at `path`.

    Raises `ConfigError` for what is no path, `CheckpointError` for a file that is damaged or of another kind.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            self.path = Path(as_path(path))
        except FileError as error:
            raise ConfigError(f"resume must be the path of a file, got {shown(path)}") from error
        self.cost, self.written = 0.0, time.monotonic()
        self.chapters: dict[str, dict[str, Tree]] = {}
        self.began = self.path.exists()
        if self.path.exists():
            found = trees.read(self.path)
            if not isinstance(found, dict) or found.get("format") != FORMAT:
                raise CheckpointError(f"{self.path} is of another version of edgewise; delete it and begin anew")
            if not are_chapters(found.get("chapters")):
                raise CheckpointError(
                    f"{self.path} holds something else than an unfinished fit; delete it and begin anew"
                )
            self.chapters = found["chapters"]

    def part(self, name: str) -> Part:
        """The part of the work that goes by this name, such as a fit of a chain."""
        return Part(self, name)

    @property
    def due(self) -> bool:
        """Whether it is time to write the file; of processes that train together the first one does."""
        return processes.first() and time.monotonic() - self.written >= max(EVERY, SHARE * self.cost)

    def write(self) -> None:
        """Write the file; where the system refuses, warn and go on: a full disk costs the snapshot, not the fit."""
        began = time.monotonic()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            trees.write({"format": FORMAT, "chapters": self.chapters}, self.path)
        except OSError as error:
            said = f"the state of the fit was not written, and cannot be gone on from: {error}"
            warnings.warn(EdgewiseWarning(said), stacklevel=2)
        self.written = time.monotonic()
        self.cost = self.written - began

    def remove(self) -> None:
        """Delete the file: the work is done."""
        self.path.unlink(missing_ok=True)


@contextmanager
def blamed(part: Part | None, monitor: Monitor) -> Iterator[None]:
    """Where a fit that goes on from a file fails inside, the file is named, as what it holds may be at fault. The
    error itself stays as the cause. What a callback raises is its own."""
    try:
        yield
    except EdgewiseError:
        raise
    except Exception as error:
        if part is None or not part.journal.began or error is monitor.raised:
            raise
        raise CheckpointError(
            f"the fit could not go on from {part.journal.path} ({type(error).__name__}: {clipped(error)}); if the file"
            " is damaged, delete it and begin anew"
        ) from error


def part_of(resume: str | Path | Part | None, name: str) -> Part | None:
    """What a verb was given as `resume`, as the part of this name of a journal."""
    return resume if resume is None or isinstance(resume, Part) else Part(Journal(resume), name, whole=True)


class Part:
    """A named part of a journal, not opened yet. `whole`: it is all there is, and the journal goes with its end."""

    def __init__(self, journal: Journal, name: str, whole: bool = False) -> None:
        self.journal, self.name, self.whole = journal, name, whole

    def part(self, name: str) -> Part:
        """A part of this part, such as a fit of the second of two chains."""
        return Part(self.journal, f"{self.name}: {name}")

    def open(self, digest: str, lists: dict[str, list[Any]]) -> Chapter:
        """The chapter of this part.

        Args:
            digest: of everything that the fit is a function of. A chapter of another digest is no chapter of this fit.
            lists: name -> an empty list that the fit only appends to. It gets back what it held in the file, and
                goes into the file as it then is.

        Raises:
            CheckpointError: the file is of a fit to other data or with other settings.
        """
        new = {"digest": digest, "runs": [], "now": None, "lists": {}}
        found = self.journal.chapters.setdefault(self.name, new)
        if found["digest"] != digest:
            raise CheckpointError(
                f"{self.journal.path} is of a fit to other data, of another model or with other settings; go on with"
                " the same ones, or delete the file to begin anew"
            )
        for name, values in lists.items():
            values.extend(found["lists"].get(name, []))
        found["lists"] = lists
        return Chapter(self.journal, found)


class Chapter:
    """One fit of a journal: its runs of solvers, in order."""

    def __init__(self, journal: Journal, found: dict[str, Tree]) -> None:
        self.journal, self.found, self.place = journal, found, 0

    def run(self, beside: Callable[[], Tree] = lambda: None) -> Run:
        """The next run. `beside()`: what else than the solver's state is to be kept with it."""
        self.place += 1
        return Run(self.journal, self.found, self.place - 1, beside)


class Run:
    """One run of a solver: finished in an earlier process, begun there, or new. It is the solver's `Snapshots`.

    `outcome`: what it came to there, None where it did not end.
    """

    def __init__(self, journal: Journal, found: dict[str, Tree], place: int, beside: Callable[[], Tree]) -> None:
        self.journal, self.found, self._beside = journal, found, beside
        runs = found["runs"]
        self.outcome: Tree | None = runs[place] if place < len(runs) else None
        self._now: Tree | None = found["now"] if place == len(runs) else None

    @property
    def beside(self) -> Tree | None:
        """What was kept with the solver's state."""
        return None if self._now is None else self._now["beside"]

    def last(self) -> Tree | None:
        """The solver's state."""
        return None if self._now is None else self._now["solver"]

    def offer(self, state: Callable[[], Tree]) -> None:
        """Put the state into the file, if it is time to."""
        if self.journal.due:
            self.found["now"] = {"solver": state(), "beside": self._beside()}
            self.journal.write()

    def finish(self, outcome: Tree) -> None:
        """The run came to this."""
        self.found["runs"].append(outcome)
        self.found["now"] = None


def resumed(chapter: Chapter | None, stop: Stop, minimise: Callable[[Any], Minimum]) -> Minimum:
    """`minimise(snapshots)`, watched by `stop`: from its beginning, from where it stood in a process before, or what it
    came to there. `stop` is then what it was."""
    if chapter is None:
        return minimise(None)
    run = chapter.run(stop.state)
    if run.outcome is not None:
        if "end" not in run.outcome or run.outcome["end"]["theta"].shape != stop.last.shape:
            raise damaged("a result of another kind")
        _restore(stop, run.outcome["stop"])
        return _minimum(run.outcome["end"])
    if run.beside is not None:
        _restore(stop, run.beside)
    end = minimise(run)
    run.finish({"end": {**vars(end), "status": end.status.name, "damping": asdict(end.damping)}, "stop": stop.state()})
    return end


def _restore(stop: Stop, known: dict[str, Any]) -> None:
    """Let `stop` know what it knew. Raises `CheckpointError` where that is of another number of parameters."""
    if any(state.shape != stop.last.shape for state in (known["best"][0], known["last"])):
        raise damaged("states of another number of parameters")
    stop.restore(known)


def _minimum(found: dict[str, Any]) -> Minimum:
    return Minimum(**{**found, "status": Status[found["status"]], "damping": Damping(**found["damping"])})

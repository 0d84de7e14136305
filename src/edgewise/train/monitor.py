"""What is seen of a run while it goes on: history rows, a progress bar with the loss, the user's callbacks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import ConfigError, shown
from ..screen import bar_wanted, told_by
from .solvers.interrupt import remember
from .solvers.status import Status

Row = dict[str, Any]
LOSSES = ("loss", "train_loss", "validation_loss")
REFRESH = 0.2  # seconds between two pictures of the bar within an epoch
Callback = Callable[[Row], bool | None]


def wrong_callbacks(callbacks: Any) -> Iterator[str]:
    """What is wrong with callbacks, in words."""
    if not isinstance(callbacks, (list, tuple)) or not all(callable(callback) for callback in callbacks):
        yield f"callbacks must be a tuple of functions of a history row, got {shown(callbacks)}"


class Monitor:
    """Collects one row per step and shows the loss. A callback gets each row and ends the run by returning True.

    Rows: step, stage, grid_size, loss (what is minimised), train_loss, validation_loss (None without held-out data),
    damping, seconds. A KAN with several outputs has each of them in units of its spread while it is trained; its losses
    are then in units of the mean square of these. They are given in the units of training, of whose losses one is
    `unit` in the rows.
    """

    def __init__(self, *, callbacks: Sequence[Callback] = (), progress: bool = True) -> None:
        self.rows: list[Row] = []
        self.callbacks = tuple(callbacks)
        self.stopped = False
        self.raised: Exception | None = None  # by a callback
        self.unit = 1.0
        self.counted = "steps"  # what a row is of, in words
        self.interrupted = self.patient = False
        self.began = time.perf_counter()
        self._bar = _bar() if bar_wanted(progress) else None
        self._shown = self.began  # when the bar last said how far an epoch is

    def interrupt(self) -> bool:
        """Ctrl-C was pressed: the next step does not go unless KeyboardInterrupt has ended the run before. Tells
        whether that should not be raised, once, because the result is being measured."""
        self.interrupted = True
        patient, self.patient = self.patient, False
        return patient

    def go_on(self) -> None:
        """The rows are those of an earlier process: count on from them."""
        if self.rows:
            self.began -= self.rows[-1]["seconds"]
            if self._bar is not None:
                self._bar.update(len(self.rows))

    def finishing(self) -> None:
        """No more steps come, only what makes a result of them."""
        self.patient = True

    def row(self, **values: Any) -> bool:
        """Record a step; True when the run should end. Raises KeyboardInterrupt where one was lost (see
        `interrupt.remember`)."""
        if self.interrupted:
            raise KeyboardInterrupt
        losses = {name: values[name] * self.unit for name in LOSSES if values.get(name) is not None}
        row = {"step": len(self.rows) + 1, **values, **losses, "seconds": time.perf_counter() - self.began}
        self.rows.append(row)
        if self._bar is not None:
            held_out = row.get("validation_loss")
            label = "held-out" if held_out is not None else "training"
            loss = held_out if held_out is not None else row.get("train_loss", math.nan)
            grid = f"grid {row['grid_size']}, " if row.get("grid_size") else ""
            self._bar.set_description_str(f"{row.get('stage', 'fit')}: {grid}{label} loss {loss:.3e}", refresh=False)
            self._bar.set_postfix_str("", refresh=False)
            self._bar.unit = f" {self.counted}"
            self._bar.update(1)
        for callback in self.callbacks:
            try:
                answer = callback(dict(row))
            except Exception as error:
                self.raised = error
                raise
            try:
                self.stopped = bool(answer) or self.stopped
            except Exception as error:  # of an array, which is neither
                raise ConfigError(f"a callback must return True, False or None, got {shown(answer)}") from error
        return self.stopped

    def tick(self, epoch: int, part: float) -> None:
        """Show what part of an epoch is done, between the rows. Raises KeyboardInterrupt where one was lost."""
        if self.interrupted:
            raise KeyboardInterrupt
        if self._bar is not None and time.perf_counter() - self._shown >= REFRESH:
            self._shown = time.perf_counter()
            self._bar.set_postfix_str(f"epoch {epoch}: {part:.0%}", refresh=True)

    def tell(self, text: str) -> None:
        """Show in the bar what is being waited for."""
        if self._bar is not None:
            self._bar.set_description_str(text, refresh=True)

    def sentence(self, status: Status) -> str:
        """The outcome in words; a run that a callback ended says so."""
        return (
            "stopped by a callback: the best model so far is returned"
            if self.stopped and status is Status.STOPPED
            else status.sentence
        )

    @property
    def length(self) -> str:
        """How long the run was, in words: 1 epoch, 20 steps."""
        count = len(self.rows)
        return f"{count} {self.counted.removesuffix('s') if count == 1 else self.counted}"

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.began

    def close(self) -> None:
        """Take the progress bar away."""
        if self._bar is not None:
            self._bar.close()


@contextmanager
def watched(callbacks: Sequence[Callback], progress: bool) -> Iterator[Monitor]:
    """The monitor of a run, which hears of every Ctrl-C while the run goes on and takes its bar away at the end."""
    monitor = Monitor(callbacks=callbacks, progress=progress)
    restore = remember(monitor.interrupt)
    try:
        with told_by(monitor.tell):
            yield monitor
    finally:
        restore()
        monitor.close()


def _bar() -> Any:
    from tqdm.auto import tqdm

    return tqdm(
        desc="fit",
        unit=" steps",
        leave=False,
        dynamic_ncols=True,
        bar_format="{desc}  [{n_fmt}{unit}, {elapsed}{postfix}]",
    )

"""What ends a run from outside: Ctrl-C, and SIGTERM and SIGHUP, which are treated like it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from ..errors import EdgewiseError
from ..train.solvers.interrupt import remember

INTERRUPTED = 128 + signal.SIGINT  # as shells count
LIKE_CTRL_C = ("SIGTERM", "SIGHUP")  # of a scheduler or a shutdown, and of a terminal that is closed


class Ended(KeyboardInterrupt):
    """A run that a signal has ended; `status` is what the command ends with."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class EndingSignal:
    """The first signal that came, and whether the next one may still end the run at once."""

    def __init__(self) -> None:
        self.number = 0
        self._patient = False

    @property
    def status(self) -> int:
        """What the command ends with."""
        return 128 + self.number if self.number else INTERRUPTED

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Do what Ctrl-C would do now, also where Ctrl-C itself is ignored."""
        self.number = self.number or number
        ctrl_c = signal.getsignal(signal.SIGINT)
        if callable(ctrl_c):
            ctrl_c(signal.SIGINT, frame)
        elif not self._let_pass():
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def patient(self) -> Iterator[None]:
        """Let the first signal of the block pass, so that what is nearly done gets done; the second ends it."""
        self._patient = True
        restore = remember(self._let_pass)
        try:
            yield
        finally:
            self._patient = False
            restore()

    def note(self) -> bool:
        """Remember that Ctrl-C came; it ends the run all the same."""
        self.number = self.number or signal.SIGINT
        return False

    def _let_pass(self) -> bool:
        self.note()
        patient, self._patient = self._patient, False
        return patient


@contextlib.contextmanager
def ending() -> Iterator[EndingSignal]:
    """SIGTERM and SIGHUP do what Ctrl-C does for the block. One that is ignored already, as under nohup, stays ignored.

    Raises `Ended` where a signal has ended the block. Foreign code, such as an import or a compiler, may make another
    error of the interruption; so an error that is none of ours counts as the signal's, once a signal has come.
    """
    found, before = EndingSignal(), {}
    restore = remember(found.note)
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in LIKE_CTRL_C if hasattr(signal, name)):
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, found)
    try:
        yield found
    except KeyboardInterrupt as error:
        raise Ended(found.status) from error
    except Exception as error:
        if not found.number or isinstance(error, EdgewiseError):
            raise
        raise Ended(found.status) from error
    finally:
        restore()
        for number, handler in before.items():
            signal.signal(number, handler)

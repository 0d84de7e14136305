"""Ctrl-C that cannot get lost.

Python raises KeyboardInterrupt wherever the program happens to be. In a callback from C it is printed and dropped.
llvmlite has one after every kernel that it compiled, so most of a first compilation ends there, and a run would go on
as if no key had been pressed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class Remembering:
    """A handler of Ctrl-C that makes a note first, and then does what the handler before it does."""

    def __init__(self, note: Callable[[], bool], before: Callable[[int, FrameType | None], object]) -> None:
        self._note, self._before = note, before

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self._note():
            self._before(number, frame)


def remember(note: Callable[[], bool]) -> Callable[[], None]:
    """Call `note` at every Ctrl-C, before KeyboardInterrupt is raised, unless `note` says that this one is to be let
    pass; returns what puts the handler before back.

    Nothing happens outside the main thread, and where the program has a handler of its own: then its rules hold.
    """
    before: Any = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    if before is not signal.default_int_handler and not isinstance(before, Remembering):
        return lambda: None
    handler = Remembering(note, before)
    signal.signal(signal.SIGINT, handler)

    def restore() -> None:
        if signal.getsignal(signal.SIGINT) is handler:
            signal.signal(signal.SIGINT, before)

    return restore

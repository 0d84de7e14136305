"""Ctrl-C ends a fit wherever it falls, and leaves the program's own handlers alone."""

from __future__ import annotations

import ctypes
import signal
import sys
import threading

import pytest
import torch

import edgewise as ew
from edgewise.train.solvers.interrupt import remember
from edgewise.train.solvers.status import Status

X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
Y = torch.sin(5 * X[:, 0])


@pytest.mark.parametrize("optimizer", ["lm", "lbfgs", "adam"])
def test_a_signal_that_falls_into_a_callback_from_c_ends_the_run_at_the_next_step(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
):
    dropped = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: dropped.append(found.exc_type))

    @ctypes.CFUNCTYPE(None)
    def from_c() -> None:
        signal.raise_signal(signal.SIGINT)

    def press(row: dict) -> None:
        if row["step"] == 2:
            from_c()

    result = ew.fit(
        ew.KAN((1, 1)), X, Y, optimizer=optimizer, grids=(4,), restarts=0, callbacks=[press], progress=False
    )
    assert dropped == [KeyboardInterrupt]  # it was lost indeed
    assert result.status is Status.INTERRUPTED and len(result.history) == 2


def test_the_handler_before_is_back_after_a_fit():
    before = signal.getsignal(signal.SIGINT)
    ew.fit(ew.KAN((1, 1)), X, Y, grids=(4,), restarts=0, steps=2, progress=False)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(ew.errors.ConfigError):
        ew.fit(ew.KAN((1, 1)), X, Y, grids="none")  # type: ignore[arg-type]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_of_the_program_and_other_threads_are_left_alone():
    own = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        remember(lambda: False)()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, own)
    found = []
    thread = threading.Thread(
        target=lambda: found.append(
            ew.fit(ew.KAN((1, 1)), X, Y, grids=(4,), restarts=0, steps=2, progress=False).status
        )
    )
    thread.start()
    thread.join()
    assert found and signal.getsignal(signal.SIGINT) is own

"""Monitor: one row per step, callbacks that see it and may end the run, a bar that shows the loss."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from typing import Any

import pytest

from edgewise.screen import tell
from edgewise.train.monitor import REFRESH, Monitor, watched
from edgewise.train.solvers.status import Status

VALUES: dict[str, Any] = {
    "stage": "fit",
    "grid_size": 5,
    "loss": 2.0,
    "train_loss": 1.5,
    "validation_loss": None,
    "damping": 0.1,
}


def test_rows_are_numbered_and_timed():
    monitor = Monitor(progress=False)
    for _ in range(3):
        assert monitor.row(**VALUES) is False
    assert [row["step"] for row in monitor.rows] == [1, 2, 3]
    assert set(monitor.rows[0]) == {
        "step",
        "stage",
        "grid_size",
        "loss",
        "train_loss",
        "validation_loss",
        "damping",
        "seconds",
    }
    times = [row["seconds"] for row in monitor.rows]
    assert times == sorted(times) and monitor.elapsed >= times[-1]


def test_every_callback_sees_every_row_and_any_may_stop():
    seen: list[int] = []
    watchers = (
        lambda row: seen.append(row["step"]),
        lambda row: row["step"] == 2,
        lambda row: seen.append(-row["step"]),
    )
    monitor = Monitor(callbacks=watchers, progress=False)
    assert [monitor.row(**VALUES), monitor.row(**VALUES)] == [False, True]
    assert seen == [1, -1, 2, -2]
    assert monitor.stopped


def test_a_callback_cannot_change_the_history():
    def spoil(row: dict[str, Any]) -> None:
        row["loss"] = -1.0

    monitor = Monitor(callbacks=(spoil,), progress=False)
    monitor.row(**VALUES)
    assert monitor.rows[0]["loss"] == 2.0


def test_the_outcome_says_who_stopped_the_run():
    free, stopped = Monitor(progress=False), Monitor(callbacks=(lambda row: True,), progress=False)
    stopped.row(**VALUES)
    assert free.sentence(Status.STOPPED) == Status.STOPPED.sentence
    assert "callback" in stopped.sentence(Status.STOPPED)
    assert stopped.sentence(Status.CONVERGED) == Status.CONVERGED.sentence


@pytest.mark.parametrize(("held_out", "label"), [(0.25, "held-out loss 2.500e-01"), (None, "training loss 1.500e+00")])
def test_the_bar_shows_the_loss_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, held_out: float | None, label: str
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monitor = Monitor(progress=True)
    monitor.row(**{**VALUES, "validation_loss": held_out})
    assert monitor._bar is not None
    monitor._bar.refresh()
    monitor.close()
    out, err = capsys.readouterr()
    assert f"fit: grid 5, {label}" in err
    assert out == ""


def test_without_progress_nothing_is_shown(capsys: pytest.CaptureFixture[str]):
    monitor = Monitor(progress=False)
    monitor.row(**VALUES)
    monitor.close()
    assert capsys.readouterr() == ("", "")


FIT = """
import torch, edgewise as ew
X = torch.linspace(-1, 1, 40, dtype=torch.float64)[:, None]
print(ew.fit(ew.KAN((1, 1)), X, X[:, 0] ** 2, steps=2, grids=(3,), progress=True).status.name)
"""


def test_no_bar_is_written_to_a_stderr_that_is_no_terminal():
    done = subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() and done.stderr == ""


def test_a_bar_is_written_to_a_terminal():
    termios = pytest.importorskip("termios", reason="there are pseudo-terminals on Unix only")
    screen, terminal = os.openpty()
    try:
        fcntl = pytest.importorskip("fcntl")
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))  # a bar needs a width
        subprocess.run([sys.executable, "-c", FIT], stdout=subprocess.PIPE, stderr=terminal, check=True)
        os.set_blocking(screen, False)
        assert b" steps, " in os.read(screen, 1 << 16)
    finally:
        os.close(screen)
        os.close(terminal)


def test_the_bar_moves_within_an_epoch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("edgewise.train.monitor.bar_wanted", lambda progress: progress)
    monitor = Monitor(progress=True)
    monitor.tick(3, 0.25)
    time.sleep(1.1 * REFRESH)
    monitor.tick(3, 0.5)
    monitor.close()
    assert "epoch 3: 50%" in capsys.readouterr().err
    assert monitor.rows == []


@pytest.mark.parametrize("progress", [True, False])
def test_the_bar_says_what_is_waited_for(progress: bool, capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.setattr("edgewise.train.monitor.bar_wanted", lambda progress: progress)
    monkeypatch.setattr("edgewise.screen.someone_looks", lambda: True)
    with watched((), progress):
        tell("compiling kernels")
    shown = capsys.readouterr().err
    assert ("compiling kernels  [0 steps" in shown) == progress
    assert progress or shown == ""


def test_a_ctrl_c_that_was_lost_ends_the_run_at_the_next_batch():
    monitor = Monitor(progress=False)
    monitor.interrupt()
    with pytest.raises(KeyboardInterrupt):
        monitor.tick(1, 0.5)

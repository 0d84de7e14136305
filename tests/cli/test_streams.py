"""What is said on the screen never ends a run, and what could not be said is known."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from edgewise.cli.main import main
from edgewise.cli.streams import GONE, Screen, print_data, screens
from edgewise.errors import DataError


class Failing(io.RawIOBase):
    """A file that takes nothing until it is to be closed."""

    def __init__(self, error: OSError) -> None:
        self.error: OSError | None = error

    def writable(self) -> bool:
        return True

    def write(self, b: Any, /) -> int:
        if self.error is not None:
            raise self.error
        return len(b)


def stream(error: OSError | None = None, encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO() if error is None else io.BufferedWriter(Failing(error)), encoding=encoding)


def content(under: io.TextIOWrapper) -> str:
    under.flush()
    return under.buffer.getvalue().decode(under.encoding)  # type: ignore[attr-defined]


def heal(under: io.TextIOWrapper) -> None:
    """Let what is buffered go, or it is written once more when the stream is collected."""
    under.buffer.raw.error = None  # type: ignore[attr-defined]
    under.close()


@pytest.mark.parametrize(
    "under, trouble",
    [
        (None, "it is closed"),
        (stream(OSError(28, "No space left on device")), "No space left on device"),
        (stream(BrokenPipeError(32, "Broken pipe")), GONE),
    ],
    ids=["closed", "full", "gone"],
)
def test_what_cannot_be_written_is_remembered(under: io.TextIOWrapper | None, trouble: str) -> None:
    screen = Screen(under)
    assert not screen.trouble
    for _ in range(3):
        print("a word" * 1000, file=screen, flush=True)
    assert screen.trouble == trouble and not screen.isatty()
    if under is not None:
        heal(under)


def test_nothing_said_is_no_trouble() -> None:
    screen = Screen(None)
    screen.flush()
    assert not screen.trouble


def test_letters_that_the_encoding_lacks_become_escapes() -> None:
    under = stream(encoding="ascii")
    screen = Screen(under)
    print("y = größe + ψ", file=screen)
    assert content(under) == "y = gr\\xf6\\xdfe + \\u03c8\n" and screen.escaped and not screen.trouble


def test_data_are_refused_rather_than_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    under = stream(encoding="ascii")
    monkeypatch.setattr(sys, "stdout", under)
    with pytest.raises(DataError, match=r"takes only ascii, and the table holds '\\xf6'; write a file with --out"):
        print_data("größe\n")
    print_data("size\n")
    assert content(under) == "size\n"


def test_streams_are_put_back_and_losses_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = stream(OSError(28, "No space left on device")), stream()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with screens() as (screen, _):
        print("a word")
    assert (sys.stdout, sys.stderr) == (out, err) and screen.trouble
    assert content(err) == "edgewise: standard output could not be written: No space left on device\n"
    heal(out)


def test_help_that_nobody_can_read_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 3


@pytest.mark.parametrize("name", ["sys.stdout", "sys.stderr"])
def test_mistakes_keep_their_status_where_nothing_can_be_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name, None)
    assert main(["info", "nowhere/"]) == 2

"""Standard output and error on which saying something never ends a run: a reader that has gone, a full disk, a closed
stream, or an encoding without the letters."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from ..errors import DataError

GONE = "its reader has gone"  # such as `head`: nobody waits for a word about it


class Screen:
    """A text stream that writes what it can and remembers what it could not; all else is that of the stream below."""

    def __init__(self, under: TextIO | None) -> None:
        self._under = under
        self.trouble = ""  # why something was not written
        self.escaped = False  # whether letters were written as escapes, such as \\xf6

    def write(self, text: str) -> int:
        """Write the text; letters that the encoding lacks become escapes."""
        if self._under is None or self.trouble:
            self.trouble = self.trouble or "it is closed"
            return len(text)
        try:
            try:
                self._under.write(text)
            except UnicodeEncodeError:
                encoding = self._under.encoding
                self._under.write(text.encode(encoding, "backslashreplace").decode(encoding))
                self.escaped = True
        except (OSError, ValueError) as error:  # ValueError: the stream was closed on the way
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Hand over what is buffered."""
        if self._under is None or self.trouble:
            return
        try:
            self._under.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: OSError | ValueError) -> None:
        self.trouble = GONE if isinstance(error, BrokenPipeError) else getattr(error, "strerror", None) or str(error)
        # what is still buffered goes nowhere, so that the interpreter does not complain about it at its end
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._under.fileno())  # type: ignore[union-attr]
            os.close(nowhere)

    def isatty(self) -> bool:
        """Whether someone looks."""
        return self._under is not None and self._under.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._under, name)


@contextlib.contextmanager
def screens() -> Iterator[tuple[Screen, Screen]]:
    """Both streams as screens for the block; at its end, a word on standard error about what standard output lacks."""
    _open_what_is_closed()
    before = sys.stdout, sys.stderr
    out, err = Screen(sys.stdout), Screen(sys.stderr)
    sys.stdout, sys.stderr = out, err  # type: ignore[assignment]
    try:
        yield out, err
    finally:
        out.flush()
        if out.trouble and out.trouble != GONE:
            print(f"edgewise: standard output could not be written: {out.trouble}", file=err)
        elif out.escaped:
            print(
                f"note: standard output takes only {out.encoding}: other letters are written as escapes;"
                " PYTHONIOENCODING=utf-8 shows them",
                file=err,
            )
        err.flush()
        sys.stdout, sys.stderr = before


def print_data(text: str) -> None:
    """Write a table to standard output, letter by letter as it is.

    Raises `DataError` where the encoding lacks a letter: an escape would change the data.
    """
    encoding, errors = getattr(sys.stdout, "encoding", None), getattr(sys.stdout, "errors", None)
    try:
        text.encode(encoding or "utf-8", errors or "strict")
    except UnicodeEncodeError as error:
        raise DataError(
            f"standard output takes only {encoding}, and the table holds {text[error.start]!a}; write a file with"
            " --out FILE, or set PYTHONIOENCODING=utf-8"
        ) from error
    sys.stdout.write(text)


def _open_what_is_closed() -> None:
    """Point closed standard streams nowhere: the next file that is opened would take their place, and their output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one

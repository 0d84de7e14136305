"""What people see on a terminal or in a notebook while they wait."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import ConfigError, shown
from .values import is_flag


def someone_looks() -> bool:
    """Whether a bar would be seen: stderr is a terminal, or a notebook shows it; not in a file or a pipe."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    notebook = shell is not None and "IPKernelApp" in shell.config
    return notebook or bool(getattr(sys.stderr, "isatty", lambda: False)())


def bar_wanted(progress: object) -> bool:
    """Whether to show a bar: one was asked for, by True and not by False, and it would be seen.

    Raises `ConfigError` for what is neither.

    >>> bar_wanted(False)
    False
    """
    if not is_flag(progress):
        raise ConfigError(f"progress must be True or False, got {shown(progress)}")
    return bool(progress) and someone_looks()


def on_stderr(text: str) -> None:
    """A teller for `told_by`, and what tells by default: a line on stderr, where someone looks."""
    if someone_looks():
        print(f"edgewise: {text}", file=sys.stderr, flush=True)


def nobody(text: str) -> None:
    """A teller for `told_by` that says nothing."""


_teller: ContextVar[Callable[[str], None]] = ContextVar("edgewise_teller", default=on_stderr)


def tell(text: str) -> None:
    """Say what is being waited for, in the way that the call now running has chosen: by default a line on stderr."""
    _teller.get()(text)


@contextmanager
def told_by(teller: Callable[[str], None]) -> Iterator[None]:
    """In this block, `tell` calls the teller, such as one that writes into a progress bar.

    >>> heard = []
    >>> with told_by(heard.append):
    ...     tell("compiling")
    >>> heard
    ['compiling']
    """
    token = _teller.set(teller)
    try:
        yield
    finally:
        _teller.reset(token)

"""The command line: which subcommand, how its errors reach the user, and its exit status."""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from ..errors import EdgewiseError, EdgewiseWarning, clipped
from .parsers import UNSAID, USER_ERROR, parser
from .signals import INTERRUPTED, Ended
from .streams import screens


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; its exit status, as `edgewise --help` lists them.

    >>> main(["info", "nowhere/"])
    2
    """
    with screens() as (out, err):
        try:
            status = dispatch(argv)
        except SystemExit as ended:  # of argparse: help, the version, or a mistyped option
            out.flush()
            raise SystemExit(ended.code or (UNSAID if out.trouble else 0)) from None
        except KeyboardInterrupt:  # before there is a subcommand
            print("edgewise: interrupted; nothing was written", file=err)
            status = INTERRUPTED
    return status or (UNSAID if out.trouble or err.trouble else 0)


def console() -> NoReturn:
    """The command itself: run it and end the process. Nothing is left to interrupt then but what libraries tidy up."""
    status = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)


def dispatch(argv: Sequence[str] | None) -> int:
    """Run a subcommand, its errors and warnings said in one line each."""
    args = parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.simplefilter("always", EdgewiseWarning)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: object) -> None:
            if issubclass(category, EdgewiseWarning):
                print(f"note: {message}", file=sys.stderr)
            else:
                shown(message, category, *place)  # type: ignore[arg-type]

        warnings.showwarning = show
        try:
            return import_module(f"{__package__}.{args.command}_command").run(args)
        except EdgewiseError as error:
            print(f"edgewise {args.command}: {error}", file=sys.stderr)
            return USER_ERROR
        except KeyboardInterrupt as error:
            met = error.__cause__  # what foreign code made of the interruption, if it did
            what = f" (it met {type(met).__name__}: {clipped(met)})" if isinstance(met, Exception) else ""
            print(f"edgewise {args.command}: interrupted; nothing was written{what}", file=sys.stderr)
            return error.status if isinstance(error, Ended) else INTERRUPTED

"""The command line: which subcommand, and how its errors reach the user."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from ..errors import EdgewiseError, EdgewiseWarning
from .parsers import parser

USER_ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; the exit status: 0, 2 for what the user can mend, 130 for an interruption.

    >>> main(["info", "nowhere/"])
    2
    """
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
            status = import_module(f"{__package__}.{args.command}_command").run(args)
            sys.stdout.flush()
            return status
        except EdgewiseError as error:
            print(f"edgewise {args.command}: {error}", file=sys.stderr)
            return USER_ERROR
        except KeyboardInterrupt:
            print(f"edgewise {args.command}: interrupted; nothing was written", file=sys.stderr)
            return INTERRUPTED
        except (
            BrokenPipeError
        ):  # the reader of our output, such as `head`, has gone; keep the interpreter from complaining about it at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

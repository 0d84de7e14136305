"""`edgewise plot`: the picture of a run's network."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import ConfigError, DataError
from ..files import clear_leftovers, write_whole
from ..plotting import plot
from ..plotting.picture_file import as_file
from ..plotting.selection import MOST_READABLE
from ..studies.folder import PICTURE, open_run

FORMATS = ("svg", "pdf", "png")


def run(args: argparse.Namespace) -> int:
    """Draw it as the options say, and say where it went.

    The picture in the run folder itself is drawn anew.

    Args:
        args: `run_folder`, `out`, `title`, `top`, `threshold`, `force`, as the parser gives them.

    Raises:
        EdgewiseError: for a folder that holds no run, a file of another kind, or one that is there already.
    """
    place = Path(args.run_folder)
    out = Path(args.out) if args.out else (place.parent if place.is_file() else place) / PICTURE
    kind = out.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise ConfigError(f"--out {out}: a picture is a .svg, .pdf or .png file, got {out.suffix or 'no ending'}")
    if args.out and out.is_file() and not args.force:
        raise DataError(f"{out} exists already; choose another name, or replace it with --force")
    model, _ = open_run(args.run_folder)
    clear_leftovers(out)
    top = MOST_READABLE if args.top is None else args.top or None
    write_whole(out, as_file(plot(model, title=args.title, top=top, threshold=args.threshold), kind))
    print(f"written to {out}")
    return 0

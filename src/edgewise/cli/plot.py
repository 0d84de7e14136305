"""`edgewise plot`: the picture of a run's network."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..files import write_whole
from ..plotting import plot
from .run_folder import open_run

FORMATS = ("svg", "pdf", "png")
PICTURE = "kan.svg"


def register(commands: Any) -> None:
    """Add the subcommand to the parser."""
    it = commands.add_parser("plot", help="draw the network of a run", description="Draw the network of a run.", allow_abbrev=False)
    it.set_defaults(run=run)
    it.add_argument("run_folder", metavar="RUN", help="the folder that edgewise fit wrote, or a model file")
    it.add_argument("--out", metavar="FILE", help=f"where to write: .svg, .pdf or .png (default: {PICTURE} in the run folder)")
    it.add_argument("--title", help="a line above the picture")


def run(args: argparse.Namespace) -> int:
    """Draw it and say where it went. Raises `EdgewiseError` for a folder that holds no run, or a file of another kind."""
    place = Path(args.run_folder)
    out = Path(args.out) if args.out else (place.parent if place.is_file() else place) / PICTURE
    kind = out.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise ConfigError(f"--out {out}: a picture is a .svg, .pdf or .png file, got {out.suffix or 'no ending'}")
    model, _ = open_run(args.run_folder)
    file = io.BytesIO()
    plot(model, title=args.title).savefig(file, format=kind, dpi=200)
    write_whole(out, file.getvalue())
    print(f"written to {out}")
    return 0

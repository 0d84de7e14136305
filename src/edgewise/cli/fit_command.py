"""`edgewise fit`: a table in, a run folder with a judged network, its report and its formula out."""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError
from ..files import FileError, check_new_folder, clear_leftovers
from ..studies import words
from ..studies.folder import FORMULA, HISTORY, JUDGED, MODEL, OWN, PICTURE, REPORT, RESULT, write_folder
from ..studies.formula_text import on_screen
from ..studies.study import Study, opening, study_table
from ..studies.study_settings import StudySettings
from ..train.resuming.journal import Journal
from .signals import EndingSignal, ending
from .table_file import read


def run(args: argparse.Namespace) -> int:
    """Do it. Raises `EdgewiseError` for whatever the user can mend, and `Ended` where a signal ended it with nothing to
    write."""
    with ending() as stop:
        return _run(args, stop)


def _run(args: argparse.Namespace, stop: EndingSignal) -> int:
    def say(text: str) -> None:
        if not args.quiet:
            print(text, flush=True)

    state = unfinished(args)
    goes_on = args.resume and state.exists()
    force = args.force or goes_on
    clear_leftovers(args.out)
    check_new_folder(args.out, force, OWN)
    settings = settings_of(args)
    table = read(args)
    for line in opening(table, settings, args.table):
        say(line)
    if goes_on:
        say(f"going on from {state}")
    else:  # only now that a new fit can begin
        state.unlink(missing_ok=True)
    found = study_table(table, settings, progress=not args.quiet, source=args.table, journal=Journal(state))
    with stop.patient():
        if found.interrupted:
            say("interrupted: going on with the best network so far")
            if state.exists():
                say(f"the same command with --resume goes on from {state}")
        say(told(found))
        missing = _written(found, args, force)
        if not found.interrupted:
            state.unlink(missing_ok=True)
        for name, why in missing.items():
            print(f"note: {name} was not made: {why}", file=sys.stderr)
        optional = [name for name in (REPORT, PICTURE, FORMULA) if name not in missing]
        made = [name for name in optional if name != FORMULA or settings.formula]
        say(f"\nwritten to {args.out}: {', '.join([*made, MODEL, JUDGED, HISTORY, RESULT])}")
    if found.interrupted or stop.number:
        return stop.status
    return 1 if found.trained.closed.failure else 0  # a bug of ours: the run is written, and says so


def unfinished(args: argparse.Namespace) -> Path:
    """The file beside the run folder that keeps the state of a fit.

    Raises:
        DataError: one is there, and neither --resume nor --force says what to do with it.
    """
    out = Path(args.out)
    state = out.with_name(f"{out.name}.unfinished") if out.name else out / "unfinished"
    if state.exists() and not args.resume and not args.force:
        raise DataError(f"{state} is from a fit that was not finished; go on with --resume, or begin anew with --force")
    return state


def _written(found: Study, args: argparse.Namespace, force: bool) -> dict[str, str]:
    """Write the run folder; what could not be made.

    Raises `FileError` where the place was taken or its disk filled up during the fit. It names the temporary folder
    that the run is in then, unless that cannot be written either.
    """
    extra = {"sha256": digest(args.table)}
    try:
        return write_folder(found, args.out, force=force, extra=extra)
    except FileError as error:
        above = Path(tempfile.mkdtemp(prefix="edgewise-"))
        try:
            write_folder(found, above / "run", force=False, extra=extra)
        except FileError:
            above.rmdir()
            raise error from None
        raise FileError(f"{error}; the run is kept in {above / 'run'}") from error


def settings_of(args: argparse.Namespace) -> StudySettings:
    """The settings that the options stand for."""
    return StudySettings.of(
        [width for width in args.hidden if width],
        args.grids or "auto",
        sparsity=args.sparsity,
        test=args.test,
        seed=args.seed,
        formula=not args.no_formula,
        effort=args.effort,
        interactions="auto" if args.interactions is None else args.interactions,
        loss=args.loss,
        constraints=together(args.constraint or ()),
    )


def together(constraints: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The shapes of each input that was named.

    >>> together([("a", "increasing"), ("b", "convex"), ("a", "concave")])
    {'a': ('increasing', 'concave'), 'b': ('convex',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, shape in constraints:
        found[name] = (*found.get(name, ()), shape)
    return found


def told(found: Study) -> str:
    """What was found, for the screen."""
    network = found.scores["this network"]
    assert isinstance(network, dict)
    others = {name: row for name, row in found.scores.items() if name != "this network"}
    parts = [
        f"\n{words.table(network, others)}\n\n{found.verdict}",
        *words.structures(found.judged, found.model, found.table.inputs),
    ]
    if found.settings.formula:
        parts.append(on_screen(found.forms, found.formula))
    return "\n".join(parts)


def digest(path: str) -> str | None:
    """SHA-256 of a file, so that a result can be traced to its data; None for a pipe."""
    place = Path(path)
    return hashlib.sha256(place.read_bytes()).hexdigest() if place.is_file() else None

"""The exceptions of edgewise: every message says what was wrong, where, what was got, what was wanted, how to mend
it."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType


class EdgewiseError(Exception):
    """Root of everything that edgewise raises on purpose."""


class ConfigError(EdgewiseError, ValueError):
    """A setting or argument that cannot be used."""


class ShapeError(EdgewiseError, ValueError):
    """A tensor or table whose shape, dtype or device does not fit."""


class GridError(EdgewiseError, ValueError):
    """Knots that do not form a usable grid."""


class DataError(EdgewiseError, ValueError):
    """A table that cannot be read or used as it is."""


class StructureError(EdgewiseError, ValueError):
    """An unknown node or edge, or a change that the network cannot take."""


class CheckpointError(EdgewiseError, ValueError):
    """A file that cannot be written, or read back as a model."""


class TrainingError(EdgewiseError, RuntimeError):
    """Training that cannot start or cannot go on."""


class SymbolicError(EdgewiseError, ValueError):
    """A closed form that cannot be used, or a formula that cannot be built."""


class BackendError(EdgewiseError, RuntimeError):
    """A compute backend that is unknown or not available here."""


class MissingExtra(EdgewiseError, ImportError):
    """An optional package that is not installed."""


class EdgewiseWarning(UserWarning):
    """Something worth knowing that does not stop the work."""


def require(name: str, extra: str = "all") -> ModuleType:
    """Import the optional package `name`, or say how to install it.

    Raises `MissingExtra` when it is not installed.

    >>> require("math").pi > 3
    True
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        raise MissingExtra(
            f"this needs the package '{package}', which cannot be imported ({error}); "
            f"install it with: pip install 'edgewise[{extra}]'"
        ) from error


def problems(found: Iterable[str], error: type[EdgewiseError] = ConfigError) -> None:
    """Raise one `error` that lists every problem found; do nothing when there is none.

    >>> problems([])
    """
    listed = list(found)
    if len(listed) == 1:
        raise error(listed[0])
    if listed:
        raise error(f"{len(listed)} problems: " + "; ".join(listed))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion in words for a misspelt name, or the list of what is known.

    >>> did_you_mean("grid", ["grid_size", "degree"])
    "did you mean 'grid_size'?"
    """
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "known: " + ", ".join(known)


def reject_unknown(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raise `ConfigError` naming each unknown keyword with a suggestion.

    >>> reject_unknown(["degree"], ["degree"], "KAN")
    """
    known = list(known)
    problems(
        f"{where} got an unexpected keyword {word!r}; {did_you_mean(word, known)}"
        for word in given
        if word not in known
    )

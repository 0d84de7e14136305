"""Whether a file of an unfinished fit holds what it was written with in kind: nothing foreign is used."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from torch import Tensor

from ..solvers.status import Status
from ..solvers.types import Damping, Minimum

CHAPTER = {"digest", "runs", "now", "lists"}
STOP = {"best", "last", "steps", "by_user"}
BEST = 3  # a state, its loss, its step


def are_chapters(found: Any) -> bool:
    """Whether these are the chapters of a journal."""
    return isinstance(found, dict) and all(isinstance(name, str) and _is_chapter(one) for name, one in found.items())


def _is_chapter(found: Any) -> bool:
    if not isinstance(found, dict) or set(found) != CHAPTER or not isinstance(found["digest"], str):
        return False
    lists, now = found["lists"], found["now"]
    return (
        isinstance(found["runs"], list)
        and all(map(_is_outcome, found["runs"]))
        and (now is None or (isinstance(now, dict) and set(now) == {"solver", "beside"} and _is_beside(now["beside"])))
        and isinstance(lists, dict)
        and all(isinstance(values, list) for values in lists.values())
        and all(isinstance(row, dict) and _is_number(row.get("seconds")) for row in lists.get("rows", []))
        and all(isinstance(choice, Tensor) for choice in lists.get("choices", []))
    )


def _is_outcome(found: Any) -> bool:
    """What a run came to: of a minimiser with what watched it, or of steps of a torch optimizer."""
    if not isinstance(found, dict):
        return False
    if "end" not in found:
        return isinstance(found.get("state"), dict) and found.get("status") in Status.__members__
    end = found["end"]
    return (
        isinstance(end, dict)
        and set(end) == {one.name for one in fields(Minimum)}
        and isinstance(end["theta"], Tensor)
        and end["theta"].ndim == 1
        and end["status"] in Status.__members__
        and all(_is_number(end[name]) for name in ("value", "steps", "evaluations"))
        and isinstance(end["damping"], dict)
        and set(end["damping"]) == {one.name for one in fields(Damping)}
        and all(map(_is_number, end["damping"].values()))
        and _is_stop(found.get("stop"))
    )


def _is_beside(found: Any) -> bool:
    return found is None or _is_stop(found)


def _is_stop(found: Any) -> bool:
    """What a `Stop` knew of a run."""
    return (
        isinstance(found, dict)
        and set(found) == STOP
        and isinstance(found["best"], list)
        and len(found["best"]) == BEST
        and isinstance(found["best"][0], Tensor)
        and all(map(_is_number, found["best"][1:]))
        and isinstance(found["last"], Tensor)
        and isinstance(found["steps"], int)
        and isinstance(found["by_user"], bool)
    )


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float)

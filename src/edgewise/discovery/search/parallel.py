"""Searches side by side: what each tells, in the order in which they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ...errors import require

Item = TypeVar("Item")
Told = TypeVar("Told")


def in_order(tell: Callable[[Item], Iterable[Told]], items: Iterable[Item], n_jobs: int) -> Iterator[Told]:
    """What `tell` says of every item, one item after the other, whichever process was first.

    Args:
        tell: called with an item; with more than one job in a process of its own, and to its end.
        items: what it is called with.
        n_jobs: how many at a time; -1 for as many as there are processors. joblib's backend decides where.

    Raises:
        MissingExtra: for more than one job without joblib.

    >>> list(in_order(range, [1, 2], n_jobs=1))
    [0, 0, 1]
    """
    if n_jobs == 1:
        for item in items:
            yield from tell(item)
        return
    joblib = require("joblib")
    whole = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    for told in whole(joblib.delayed(_listed)(tell, item) for item in items):
        yield from told


def _listed(tell: Callable[[Item], Iterable[Told]], item: Item) -> list[Told]:
    return list(tell(item))

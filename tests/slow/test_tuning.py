"""Tuning is protected: the accuracy table and the recorded searches notice when the numbers of
training and of the search for formulas change.

A change that stays unseen costs accuracy somewhere else, unnoticed; so most of these must show.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import accuracy_table
from symbolic.searches import SEARCHES, outcome
from symbolic.test_searches import RECORDED

FEWEST = 9  # of the changes that must be noticed: half of them. Some act only on larger networks or in rare corners


@dataclass(frozen=True)
class Change:
    """A constant of a module of edgewise, or a field of one ("TUNED.rounds"), and what it becomes."""

    module: str
    name: str
    value: Any

    @contextlib.contextmanager
    def made(self) -> Iterator[None]:
        """For a while. A field is set in its frozen owner, which every module has imported."""
        owner: Any = importlib.import_module(f"edgewise.{self.module}")
        *path, name = self.name.split(".")
        for part in path:
            owner = getattr(owner, part)
        before = getattr(owner, name)
        put = object.__setattr__ if path else setattr
        put(owner, name, self.value)
        try:
            yield
        finally:
            put(owner, name, before)


CHANGES = (  # in the order of how soon they showed: enough of them end the look
    Change("train.schedule.tuning", "TUNED.resolved", 1.0),
    Change("train.schedule.tuning", "TUNED.rounds", (1, 0)),
    Change("train.priors.tuning", "TUNED.enough", 100.0),
    Change("train.priors.tuning", "TUNED.near", 30),
    Change("train.schedule.tuning", "TUNED.settled", 1e-2),
    Change("train.schedule.tuning", "TUNED.farthest", 1e-3),
    Change("train.solvers.tuning", "TUNED.floor", 1.0),
    Change("train.schedule.tuning", "TUNED.halvings", (2, 2, 30)),
    Change("train.schedule.tuning", "TUNED.sparse_powers", (1.0, 1.0, 1.0, 1.0)),
    Change("train.solvers.tuning", "TUNED.worth", 0.9),
    Change("train.held_out", "CHOOSING", 0.5),
    Change("train.schedule.tuning", "TUNED.last_rounds", 0),
    Change("train.schedule.tuning", "TUNED.handicap", 1.0),
    Change("train.schedule.tuning", "TUNED.coarse", 100),
    Change("train.priors.tuning", "TUNED.most", 1.0),
    Change("symbolic.tuning", "TUNED.keep", 1),
    Change("symbolic.tuning", "TUNED.edge_evidence", 0.0),
    Change("symbolic.tuning", "TUNED.unknown_cost", 0.0),
)


def noticed(changes: Iterable[Change]) -> bool:
    """Whether the table, a recorded search, or an error on the way tells that these were changed."""
    wanted, changes = accuracy_table.recorded(), list(changes)
    with contextlib.ExitStack() as made:
        for change in changes:
            made.enter_context(change.made())
        if any(change.module.startswith("symbolic") for change in changes):
            if not all(outcome(search).like(RECORDED[search]) for search in SEARCHES):
                return True
        for name in sorted(
            accuracy_table.CASES, key=lambda name: name not in accuracy_table.QUICK
        ):  # most show in these already
            try:
                figures = accuracy_table.measured(name)
            except Exception:
                return True
            if accuracy_table.far_off(figures, wanted[name]):
                return True
    return False


def test_a_change_of_everything_is_noticed():
    assert noticed(CHANGES)


def test_most_single_changes_are_noticed():
    seen = itertools.islice((change for change in CHANGES if noticed([change])), FEWEST)  # no more are looked at
    assert len(list(seen)) == FEWEST


def test_a_change_is_undone():
    for change in CHANGES:
        module = importlib.import_module(f"edgewise.{change.module}")
        before = [getattr(module, "TUNED", None), repr(getattr(module, change.name.split(".")[0]))]
        with change.made():
            assert repr(getattr(module, change.name.split(".")[0])) != before[1]
        assert [getattr(module, "TUNED", None), repr(getattr(module, change.name.split(".")[0]))] == before

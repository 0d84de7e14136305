"""The numbers that steer the search: each with its meaning, unit and reason. "Not measured" says that a value was
chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SearchTuning:
    """All of them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ states (strategy.py)

    depth: int = 4
    """Reductions one after the other, at most: each takes a column at least, and few laws take more than three."""
    beam: int = 4
    """States that are followed at each depth. Not measured."""
    tried: int = 3
    """States of one kind that get a surrogate, at most, until one is confirmed. Without a limit, eight mixed scalings
    of a law of six columns cost 24 CPU seconds, all in vain."""
    reductions: int = 16
    """States that get a surrogate, at most. Not measured."""
    states: int = 4
    """States besides the given one that formulas are looked for, those of the fewest columns, at most. Not measured."""
    states_apart: int = 3
    """States that are taken apart, at most. Not measured."""
    lost: float = 1.3
    """Factor by which a reduction may raise the error of the surrogate that is fitted after it. Not measured."""
    looked_at: int = 300
    """Rows at which gradients are looked at."""

    # ------------------------------------------------------------------ tables taken apart (taken_apart.py)

    split_rows: int = 2000
    """Rows that splits are fitted to, at most."""
    split_left: float = 0.02
    """Part of the spread of y that a split may leave, unless it leaves no more than a surrogate does."""
    split_rough: float = 0.3
    """Part of the spread of y that a surrogate may leave to be a measure of splits."""
    part_unsure: float = 3.0
    """Factor on the error that is told of the values of a part, since it is no more than an estimate."""
    splits: int = 2
    """Output functions under which one split is followed, at most. Not measured."""
    part_laws: int = 3
    """Formulas of each part that are put together, at most. Not measured."""
    together: int = 10
    """Choices of these that are fitted. Not measured."""
    inner_laws: int = 2
    """Formulas of each summand that are put together, at most. Not measured."""
    split_depth: int = 2
    """Times that a part is taken apart again, at most."""
    part_rough: float = 1e-3
    """Error of a part, in units of its spread, above which it is not taken apart again. Not measured."""

    # ------------------------------------------------------------------ the end (ending.py)

    ending_rows: int = 500
    """Rows that fit and choose from which a law under noise ends a search: fewer tell it from no rough formula."""
    plain_bits: float = 60.0
    """Bits beyond those of its columns up to which a formula is plain: so were six of eight laws, and none of what
    came before them."""
    state_constants: int = 3
    """Free constants besides its scale of a formula that may end a search once all states had theirs, at most. Before,
    it may have none: with one, `omega*cos(5.42*c/(d*omega))**(1/3)/c` stood in for `sqrt(omega**2/c**2 - pi**2/d**2)`
    at one percent noise."""
    apart_constants: int = 12
    """The same, after a table was taken apart: then little is left to try."""


SEARCH = SearchTuning()

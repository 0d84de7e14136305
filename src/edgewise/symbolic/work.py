"""How much a search for closed forms may do: counted work, so that a busy machine changes nothing.

One unit is about a millisecond of one core. That is one evaluation of a formula of two layers and ten terms, with its
derivatives, on 1000 rows. No clock is read; the prices were fitted to measured times once (`tuning.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..config import is_number
from ..errors import ConfigError, shown
from ..limits import NUMBER, memory, times
from ..screen import bar_wanted
from .tuning import TUNED


class Work:
    """A budget in units, and what is spent of it.

    A piece of work is asked for before it is done. The first one that is too large is refused, and with it all that
    come after, until `until` ends or begins.

    >>> work = Work(10.0)
    >>> work.afford(6.0), work.afford(5.0), work.afford(1.0), work.spent, work.short
    (True, False, False, 6.0, True)
    """

    def __init__(self, budget: float, bar: Any = None) -> None:
        self.budget, self.spent = budget, 0.0
        self.out = False  # whether work was refused, so that none is done any more before the mark moves
        self.short = False  # whether work was refused at any time
        self._mark, self._bar = budget, bar

    @contextmanager
    def until(self, share: float) -> Iterator[None]:
        """In this block, work ends where this share of the whole budget is spent."""
        before, self._mark, self.out = self._mark, share * self.budget, False
        try:
            yield
        finally:
            self._mark, self.out = before, False

    def afford(self, units: float) -> bool:
        """Spend so many units, if they are there."""
        if self.out or self.spent + units > self._mark:
            self.out = self.short = True
            return False
        self.spend(units)
        return True

    def steps(self, wanted: int, price: float) -> int:
        """How many of the wanted steps of this price can be paid, `spend` to be called when they are done."""
        if self.out:
            return 0
        possible = wanted if wanted * price <= self._mark - self.spent else int((self._mark - self.spent) / price)
        if possible < wanted:
            self.out = self.short = True
        return max(possible, 0)

    def spend(self, units: float) -> None:
        """Note so many units as spent."""
        self.spent += units
        if self._bar is not None:
            self._bar.update(units)

    def say(self, what: str) -> None:
        """Show what is being done."""
        if self._bar is not None:
            self._bar.set_description_str(f"symbolify: {what}")


def checked_budget(budget: float | None) -> float:
    """The budget in units, by default the tuned one. Raises `ConfigError` for anything but a number above zero."""
    if budget is None:
        return TUNED.budget
    endless = isinstance(budget, float) and budget == math.inf
    if not endless and (not is_number(budget) or budget <= 0):
        raise ConfigError(
            f"budget must be a number of units above 0 (one is about a millisecond), or None for {TUNED.budget:g}, got"
            f" {shown(budget)}"
        )
    return float(budget)


@contextmanager
def progress_bar(budget: float, shown: bool) -> Iterator[Any]:
    """A bar on a terminal or in a notebook that tells what a search does and how much of its budget is spent.

    None where nobody would see it: a stderr that is a file or a pipe stays clean.
    """
    if not bar_wanted(shown):
        yield None
        return
    from tqdm.auto import tqdm

    form = "{desc}  [{percentage:3.0f} % of the budget, {elapsed}]"
    with tqdm(total=budget, desc="symbolify", leave=False, dynamic_ncols=True, bar_format=form) as bar:
        yield bar


# ------------------------------------------------------------------ prices, in units


def price_of_formula(rows: int, outputs: int, stages: int, terms: int, constants: int) -> float:
    """One evaluation of a network of closed forms, with or without its derivatives."""
    entries = rows * (outputs + 1) * constants  # of the Jacobian and of the values
    return TUNED.formula_stage * stages + TUNED.formula_term * terms + TUNED.formula_entry * entries


def price_of_network(rows: int, outputs: int, layers: int, edges: int, closed: int, free: int, laid_out: int) -> float:
    """One evaluation of a network with splines, with or without its derivatives; infinite where its curvature takes
    more than a quarter of the memory. closed: edges with a closed form; free: parameters that move; laid_out: columns
    of the Jacobian, those of some edges that are off among them."""
    if times(NUMBER, laid_out**2) > memory() / 4:
        return math.inf
    fixed = TUNED.network_layer * layers + TUNED.network_form * closed + TUNED.network_solve * free**3
    return fixed + TUNED.network_entry * rows * outputs * edges + TUNED.network_matrix * laid_out**2


def price_of_ranking(edges: int, rows: int, forms: int) -> float:
    """All forms fitted to all edges."""
    used = min(rows, TUNED.polish_points)
    return TUNED.rank_call + edges * forms * (TUNED.rank_form + TUNED.rank_sample * used)

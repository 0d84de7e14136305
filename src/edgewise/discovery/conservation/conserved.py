"""conserved: what does not change while a system moves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...config import is_number, is_seed
from ...data import as_matrix
from ...errors import ConfigError, DataError, ShapeError, clipped, knows_keywords, problems, shown
from ...screen import bar_wanted
from ...structure.probe import column_names
from ..discover import discover
from ..formulas.named_formula import NamedFormula
from ..formulas.tree import Node, Var
from ..judging.laws import Law
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from ..tables.tuning import TABLES
from .invariant_terms import atoms
from .invariants import Flow, Kept, Search, independent, invariants
from .tuning import CONSERVATION


@dataclass(frozen=True, repr=False)
class ConservedQuantity(NamedFormula):
    """A formula that does not change along the motion.

    Attributes:
        names: of the columns.
        drift: how fast it changes, in units of how fast it would if states moved along its gradient. It comes from rows
            that only judge.
    """

    names: tuple[str, ...]
    drift: float
    _node: Node

    def __repr__(self) -> str:
        return f"{self} (drift {self.drift:.2g})"


@dataclass(frozen=True, repr=False)
class Conserved:
    """What was found.

    Attributes:
        quantities: none is a sum of products of the others; those of few terms and low degree first.
        independent: how many of them are independent functions. A flow in d columns has d - 1 at most,
            unless nothing moves.
        laws: the law of the velocity of each column by its name, where one was found. Terms are made of them.
        message: the same in words. It names the columns whose laws are missing.
    """

    quantities: tuple[ConservedQuantity, ...]
    independent: int
    laws: dict[str, Law]
    message: str

    def __repr__(self) -> str:
        return "\n  ".join([self.message, *map(repr, self.quantities)])


@knows_keywords
def conserved(
    X: Any,
    velocity: Any,
    *,
    inputs: Any = None,
    seconds: float = 60,
    seed: int = 0,
    progress: bool = True,
) -> Conserved:
    """Every quantity that does not change while a system moves, as formulas.

    First the law of each velocity is looked for by `discover`. The functions in these laws, their integrals and the
    columns are factors. Sums of products of them, whose rate vanishes on all rows, are a null space. It is told in
    short vectors, none of which another one makes shorter, while the degree of the products grows.

    Args:
        X (n, d): states, at least 60: an array, a tensor, nested lists or a DataFrame.
        velocity: how fast each column changes at these states: numbers (n, d), or a function of a tensor (n, d) that
            gives them. They must be exact to about nine digits.
        inputs: names of the columns; by default those of the frame, else x1, x2, ...
        seconds: no step of the search for the laws of the velocities begins after so many. Each law gets its share of
            what the laws before it left. `message` names the columns whose search was cut short.
        seed: of the order of the rows. Of more than 1500 rows as many are drawn.
        progress: show a bar.

    Returns:
        `Conserved`: `.quantities`, `.independent`, `.laws`, `.message`.

    Raises:
        ConfigError: settings that cannot be used, or a velocity that cannot be called.
        DataError: too few rows, or numbers that are not finite.
        ShapeError: no table, or a velocity of another shape.

    Source: Liu, Madhavan & Tegmark 2022 (arXiv 2203.12610), whose networks learn conserved quantities from velocities.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 0.5
    >>> pendulum = torch.stack([X[:, 1], -torch.sin(X[:, 0])], 1)
    >>> ew.conserved(X, pendulum, inputs=("angle", "speed"), progress=False).quantities[0].expression
    speed**2 - 2*cos(angle)
    """
    bar_wanted(progress)
    problems(_wrong(seconds, seed))
    states = as_matrix(X, dtype=torch.float64, device="cpu")
    rows, columns = states.shape
    if rows < CONSERVATION.rows:
        raise DataError(f"X has {rows} rows; a search for conserved quantities needs {CONSERVATION.rows}")
    names = column_names(X, columns, inputs)
    moving = as_matrix(_called(velocity, states), what="velocity", dtype=torch.float64, device="cpu")
    if moving.shape != states.shape:
        got, wanted = tuple(moving.shape), tuple(states.shape)
        raise ShapeError(f"velocity has shape {got}, wanted that of X, {wanted}: how fast each column changes")
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))[: CONSERVATION.most_rows]
    flow = Flow(states[order], moving[order])
    laws, missing = _laws(flow, names, seconds, seed, progress)
    factors: list[Node] = [*map(Var, range(columns)), *atoms([law._node for law in laws.values()], flow.X)]
    search = invariants(factors, flow)
    kept = search.kept
    count = independent([one.node for one in kept], flow.X)
    message = _message(search, count, columns) + _untried(search) + _without_law(missing)
    if not bool(flow.V.any()):
        message = "velocity is zero: every function of X is conserved"
    return Conserved(tuple(_quantity(one, names) for one in kept), count, laws, message)


def _wrong(seconds: Any, seed: Any) -> Iterator[str]:
    if not is_number(seconds) or not seconds > 0:
        yield f"seconds must be a number above 0, got {shown(seconds)}"
    if not is_seed(seed):
        yield f"seed must be a whole number of 64 bits, got {shown(seed)}"


def _called(velocity: Any, states: Tensor) -> Any:
    """The velocities at the states."""
    if not isinstance(velocity, Callable):
        return velocity
    try:
        return velocity(states.clone())
    except Exception as error:
        words = clipped(f"{type(error).__name__}: {error}")
        raise ConfigError(f"velocity cannot be called on states of shape {tuple(states.shape)}: {words}") from error


def _laws(
    flow: Flow, names: tuple[str, ...], seconds: float, seed: int, progress: bool
) -> tuple[dict[str, Law], dict[str, bool]]:
    """The laws of the velocities, by the names of their columns; whether the search was cut short for each without."""
    found, missing, ends = {}, {}, time.monotonic() + seconds
    for place, (name, rate) in enumerate(zip(names, flow.V.T, strict=True)):
        share = max(0.0, ends - time.monotonic()) / (len(names) - place)
        one = discover(flow.X, rate, inputs=names, seconds=max(share, math.ulp(1.0)), seed=seed, progress=progress)
        if one.is_law:
            found[name] = one.best
        else:
            missing[name] = one.message != one.verdict.value
    return found, missing


def _quantity(kept: Kept, names: tuple[str, ...]) -> ConservedQuantity:
    return ConservedQuantity(names, kept.drift, kept.node)


def _message(search: Search, count: int, columns: int) -> str:
    """What was found in words."""
    found = len(search.kept)
    if not found:
        return f"nothing found that is conserved, of products of up to {search.degree} factors"
    most = f"a flow in {columns} column{'s' * (columns != 1)} has {columns - 1} at most"
    if found == 1:
        return f"1 conserved quantity; {most}"
    return f"{found} conserved quantities, {count} of them independent; {most}"


def _untried(search: Search) -> str:
    """Which products were not tried, and why, in words; "" where all were.

    >>> _untried(Search([], 2, untried=35))
    '; products of 3 factors were not tried: their 35 terms need 132 states'
    """
    if not search.untried:
        return ""
    needed = f"need {math.ceil(search.untried * LINEAR_ALGEBRA.rows_a_term / (1 - TABLES.judging))} states"
    why = needed if search.untried <= CONSERVATION.terms else "are too many"
    return f"; products of {search.degree + 1} factors were not tried: their {search.untried} terms {why}"


def _without_law(missing: Mapping[str, bool]) -> str:
    """The columns whose velocity has no known law, in words, those that were cut short apart; "" where there is none.

    >>> _without_law({"u": False, "v": True})
    '; no law was found for the velocity of u; the search for that of v was cut short: give it more seconds'
    """
    tried = ", ".join(name for name, cut in missing.items() if not cut)
    cut = ", ".join(name for name, cut in missing.items() if cut)
    told = f"; no law was found for the velocity of {tried}" if tried else ""
    what = "that" if tried else "the law of the velocity"
    return told + (f"; the search for {what} of {cut} was cut short: give it more seconds" if cut else "")

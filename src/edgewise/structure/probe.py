"""A function looked at on rows, and on rows some columns of which come from others: how columns act on one another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..config import is_seed
from ..data import as_matrix, frame_names
from ..errors import ConfigError, DataError, as_words, shown, twice
from ..prediction import Predictor
from .function import Function, as_function
from .sample import FunctionSample, default_names
from .tuning import TUNED

# n rows, d columns


@dataclass(frozen=True, eq=False)
class Probe:
    """A function on rows, each with a donor: another row, from which columns may be taken.

    One donor serves all columns, so that columns exchanged together are such as rows have.

    Attributes:
        function: what is looked at.
        base: the function at the rows.
        donors (n, d): a row for each of them.
    """

    function: Function
    base: FunctionSample
    donors: np.ndarray

    def exchanged(self, columns: Iterable[int]) -> np.ndarray:
        """The rows, with these columns from their donors (n, d)."""
        X, taken = self.base.X.copy(), list(columns)
        X[:, taken] = self.donors[:, taken]
        return X

    def at(self, columns: Iterable[int]) -> FunctionSample:
        """The function at rows with these columns exchanged."""
        return self.function.at(self.exchanged(columns))

    def values(self, columns: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """The values there, and their errors; both (n,)."""
        return self.function.values(self.exchanged(columns))

    @cached_property
    def singles(self) -> tuple[FunctionSample, ...]:
        """The function with one column exchanged, for each of them."""
        return tuple(self.at([column]) for column in range(self.base.columns))


def probe(function: Function, X: np.ndarray, seed: int = 0) -> Probe:
    """A function, looked at on rows X (n, d), of which at most `TUNED.rows` are drawn.

    Rows where the function or its gradient is not finite do not count. Raises `DataError` where too few are left, and
    for a function whose values are too large or too small.
    """
    generator = np.random.default_rng(seed)
    X = X[np.sort(generator.permutation(len(X))[: TUNED.rows])]
    base = function.at(X)
    rows = np.flatnonzero(base.finite)
    if len(rows) < TUNED.least_rows:
        raise DataError(
            f"the function f is finite, with its gradient, on {len(rows)} of {len(X)} rows of X; a test of structure"
            f" needs {TUNED.least_rows}. Give more rows, inside the domain of f"
        )
    base = base.at(rows)
    size = float(np.median(np.abs(base.f)))
    if size and not TUNED.smallest <= size <= 1 / TUNED.smallest:
        raise DataError(f"the function f is about {size:.2g}, too far from 1 for its tests; give it in other units")
    order = generator.permutation(len(rows))
    donors = np.empty_like(base.X)
    donors[order] = base.X[np.roll(order, 1)]  # a cycle: no row is its own donor
    return Probe(function, base, donors)


def probe_of(f: Any, X: Any, noise: Any, inputs: Any, seed: Any) -> Probe:
    """The probe of whatever a caller gives. Raises `ConfigError`, `DataError` and `ShapeError` for what is wrong."""
    if not is_seed(seed):
        raise ConfigError(f"seed must be a whole number, 0 or above, got {shown(seed)}")
    rows = as_matrix(X).double().cpu().numpy()
    if len(rows) < TUNED.least_rows:
        raise DataError(f"X has {len(rows)} rows, a test of structure needs {TUNED.least_rows}")
    names = column_names(X, rows.shape[1], inputs, _known_names(f))
    return probe(as_function(f, rows, names, noise), rows, int(seed))


def _known_names(f: Any) -> tuple[str, ...]:
    """The names of the columns that a model, or the result of its fit, knows."""
    model = getattr(f, "model", f)
    return model.input_names if isinstance(model, Predictor) else ()


def column_names(X: Any, columns: int, inputs: Any = None, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The names of the columns: as given, else those of a frame, else known ones, else x1, x2, ...

    Raises `ConfigError`.

    >>> column_names([[1.0, 2.0]], 2), column_names([[1.0, 2.0]], 2, ("a", "b"))
    (('x1', 'x2'), ('a', 'b'))
    """
    if inputs is not None:
        given = as_words(inputs)
        if given is None or len(given) != columns or twice(given):
            raise ConfigError(f"inputs must be {columns} different names, one for each column, got {shown(inputs)}")
        return tuple(given)
    return next((names for names in (frame_names(X), known) if len(names) == columns), default_names(columns))

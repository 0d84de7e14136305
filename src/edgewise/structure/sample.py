"""Values and gradients of a function at rows, with the error of each: what most tests of structure look at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

# n rows, d columns


@dataclass(frozen=True, eq=False)
class FunctionSample:
    """A function at rows. Anything that knows these arrays can be tested, wherever they come from.

    Attributes:
        X (n, d): the rows.
        f (n,): the values.
        gradient (n, d): the derivatives with respect to the columns.
        f_error (n,): the standard error of each value.
        gradient_error (n, d): the standard error of each derivative.
        names: of the columns.
    """

    X: np.ndarray
    f: np.ndarray
    gradient: np.ndarray
    f_error: np.ndarray
    gradient_error: np.ndarray
    names: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Sample({len(self.f)} rows of {', '.join(self.names)})"

    @property
    def columns(self) -> int:
        """The number of columns."""
        return self.X.shape[1]

    @property
    def finite(self) -> np.ndarray:
        """The rows where all of it is finite, (n,)."""
        there = np.isfinite(self.f) & np.isfinite(self.f_error)
        return there & np.isfinite(self.gradient).all(1) & np.isfinite(self.gradient_error).all(1)

    def at(self, rows: np.ndarray) -> FunctionSample:
        """These rows of it."""
        return replace(
            self,
            X=self.X[rows],
            f=self.f[rows],
            gradient=self.gradient[rows],
            f_error=self.f_error[rows],
            gradient_error=self.gradient_error[rows],
        )


def make_sample(
    X: np.ndarray,
    f: np.ndarray,
    gradient: np.ndarray,
    f_error: np.ndarray | float,
    gradient_error: np.ndarray | float,
    names: tuple[str, ...] = (),
) -> FunctionSample:
    """A `FunctionSample` from arrays, in which an error may be one number, or one for each column.

    >>> X = np.ones((30, 2))
    >>> make_sample(X, X.prod(1), X[:, ::-1], 1e-6, np.array([1e-5, 1e-4])).gradient_error.shape
    (30, 2)
    """
    return FunctionSample(
        X,
        f,
        gradient,
        np.broadcast_to(np.asarray(f_error, float), f.shape),
        np.broadcast_to(np.asarray(gradient_error, float), gradient.shape),
        names or default_names(X.shape[1]),
    )


def default_names(columns: int) -> tuple[str, ...]:
    """x1, x2, ...

    >>> default_names(2)
    ('x1', 'x2')
    """
    return tuple(f"x{column + 1}" for column in range(columns))

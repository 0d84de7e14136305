"""relations: which columns of a table are tied to one another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...config import is_seed
from ...data import as_matrix
from ...errors import ConfigError, DataError, knows_keywords, shown
from ...screen import bar_wanted, told_by
from ..probe import column_names
from .elimination import Elimination, Relation
from .parts import parts_of
from .tuning import TUNED

# n rows, d columns


@dataclass(frozen=True, repr=False)
class Relations:
    """All relations of a table.

    Attributes:
        relations: what ties columns, the closest first.
        free: the names of the columns that nothing ties.
        finished: whether the search came to its end; not after Ctrl-C.
    """

    relations: tuple[Relation, ...]
    free: tuple[str, ...]
    finished: bool = True

    def __repr__(self) -> str:
        lines = [*map(repr, self.relations), f"free: {', '.join(self.free) or 'none'}"]
        return "\n  ".join([f"{len(self.relations)} relations:", *lines])


@knows_keywords
def relations(X: Any, *, inputs: Any = None, seed: int = 0, progress: bool = True) -> Relations:
    """Every relation among the columns of a table, and the columns that are free.

    The column that others explain best is a relation with them. It is set aside, and the search goes on with the rest,
    as in elimination: so each relation is found once. When no column follows from others, sums of functions of single
    columns that do not vary are looked for, as x^2 + y^2 = 1. Half of the rows are fitted to, a quarter chooses, and a
    quarter judges: what is explained and the p-values come from it alone.

    Args:
        X (n, d): at least 60 rows of numbers, in 40 columns at most: an array, a tensor, nested lists or a DataFrame.
            Of more than 4000 rows as many are drawn.
        inputs: names of the columns; by default those of the frame, else x1, x2, ...
        seed: of the parts and of the permutations.
        progress: show on a terminal or in a notebook how far the search is.

    Returns:
        `Relations`. A relation tells more than half of the variance of its target, and chance would tie any columns of
        such a table as well in one table of twenty.

    Raises:
        ConfigError: unusable names, seed or progress.
        DataError: too few rows, too many columns, text, or numbers that are not finite.
        ShapeError: no table.

    Source: Liu et al., KAN (arXiv 2404.19756), section 4.2, whose unsupervised network finds one relation for a seed
    and none for others; Donnell, Buja, Stuetzle, doi:10.1214/aos/1176325746, for conserved sums.

    >>> import numpy as np, edgewise as ew
    >>> generator = np.random.default_rng(0)
    >>> a, c = generator.uniform(1, 2, (2, 300))
    >>> ew.relations(np.stack([a, a**2, c], 1), inputs=("a", "b", "c"), progress=False)
    1 relations:
      b = a**2 (p = 0.0005)
      free: c
    """
    names, rows = _checked(X, inputs, seed)
    varying = [column for column in range(rows.shape[1]) if np.ptp(rows[:, column]) > 0]
    found = [
        Relation((names[column],), names[column], rows[0, column].item(), 1.0, 0.0)
        for column in range(rows.shape[1])
        if column not in varying
    ]
    finished = True
    parts = parts_of(rows, names, seed)
    with _bar(len(varying), progress) as step:
        try:
            for one in Elimination(parts, varying, seed).relations(step):
                found.append(one)
        except KeyboardInterrupt:
            finished = False
    found.sort(key=lambda one: -one.explained)
    tied = {name for one in found for name in one.columns}
    return Relations(tuple(found), tuple(name for name in names if name not in tied), finished)


def _checked(X: Any, inputs: Any, seed: Any) -> tuple[tuple[str, ...], np.ndarray]:
    """The names of the columns, and the rows."""
    if not is_seed(seed):
        raise ConfigError(f"seed must be a whole number, 0 or above, got {shown(seed)}")
    rows = as_matrix(X).double().cpu().numpy()
    if len(rows) < TUNED.least_rows:
        raise DataError(f"X has {len(rows)} rows, the search for relations needs {TUNED.least_rows}")
    if rows.shape[1] > TUNED.columns:
        raise DataError(
            f"X has {rows.shape[1]} columns, the search for relations takes {TUNED.columns} at most; leave some out"
        )
    return column_names(X, rows.shape[1], inputs), rows


@contextmanager
def _bar(steps: int, shown_to_people: bool) -> Iterator[Any]:
    """A bar that tells which column is looked at; nothing where nobody would see it."""
    if not bar_wanted(shown_to_people):
        yield lambda text: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=steps, desc="relations", leave=False, dynamic_ncols=True) as bar:

        def step(text: str) -> None:
            bar.set_postfix_str(text, refresh=False)
            bar.total = max(bar.total, bar.n + 1)
            bar.update()

        with told_by(lambda text: bar.set_postfix_str(text)):
            yield step

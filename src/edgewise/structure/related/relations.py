"""relations: which columns of a table are tied to one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...config import is_seed
from ...data import as_matrix
from ...errors import ConfigError, DataError, knows_keywords, shown
from ...screen import bar_wanted, told_by
from ..probe import column_names
from .explicit import Explained, explained
from .implicit import Conserved, conserved, left_over
from .parts import Parts, parts_of, unexplained
from .permutation import p_value_explicit, p_value_implicit
from .tuning import TUNED
from .writing import written, written_implicit

# n rows, d columns


@dataclass(frozen=True, repr=False)
class Relation:
    """Columns that are tied.

    Attributes:
        columns: the names of all of them, in the order of the table.
        target: what the others tell: a column, or a function of one, as "x**2", where it does not follow itself.
        expression: in the other columns, a sympy expression; None where no closed form was found.
        explained: the part of the variance of the target, or of a sum that is conserved, that the relation tells, on
            rows that only judge.
        p_value: how often chance ties the columns as well, by a permutation test on these rows.
    """

    columns: tuple[str, ...]
    target: str
    expression: Any
    explained: float
    p_value: float

    def __repr__(self) -> str:
        if self.expression is None:
            return f"{', '.join(self.columns)} are tied ({self._test()})"
        return f"{self.target} = {self.expression} ({self._test()})"

    def _test(self) -> str:
        left = f"{1 - self.explained:.2g} of the variance left, " if 1 - self.explained > TUNED.precise else ""
        return f"{left}p = {self.p_value:.2g}"


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
            for one in _found(parts, varying, seed, step):
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


def _found(parts: Parts, pool: Sequence[int], seed: int, step: Any) -> Iterator[Relation]:
    """The relations, one after the other: each takes a column out of the pool."""
    chance, left = TUNED.chance / max(1, len(pool)), list(pool)
    known: dict[int, Explained] = {}
    before: list[Relation] = []
    while len(left) > 1:
        for column in left:
            if column not in known:
                known[column] = explained(parts, column, left)
                step(f"explaining {parts.names[column]}")
        best = min((known[column] for column in left), key=_order)
        one = _explicit(parts, best, seed) if best.left <= TUNED.unexplained else None
        target = best.column
        if one is None or one.p_value > chance:
            sum_of_all = conserved(parts, left)
            if sum_of_all is None:
                return
            one, target = _implicit(parts, sum_of_all, seed)
        if one.p_value > chance or one.explained < 1 - TUNED.unexplained:
            return
        if not any(_remnant(one, other) for other in before):
            before.append(one)
            yield one
        left.remove(target)
        known = {column: it for column, it in known.items() if target not in it.parents and column != target}


def _order(one: Explained) -> tuple[bool, int, float]:
    """Close explanations first, of these the ones by fewest columns."""
    close = one.left <= TUNED.close
    return not close, len(one.parents) if close else 0, one.left


def _remnant(one: Relation, other: Relation) -> bool:
    """Whether a relation is only what is left of an earlier one, a column of which has been set aside."""
    shared = set(one.columns) & set(other.columns)
    bound = TUNED.remnant * max(1 - other.explained, TUNED.close)
    return len(shared) > 1 and 1 - one.explained > bound


def _explicit(parts: Parts, found: Explained, seed: int) -> Relation:
    """A column that follows from others, as a relation."""
    prediction, target = found.predict(parts.judging), parts.judging[:, found.column]
    form = written(parts, found.column, found.parents, found.left)
    left = unexplained(prediction, target) if form is None else form.left(parts.judging)
    names = tuple(parts.names[column] for column in sorted((found.column, *found.parents)))
    expression = None if form is None else form.expression
    p_value = p_value_explicit(prediction, target, seed)
    return Relation(names, parts.names[found.column], expression, 1 - left, p_value)


def _implicit(parts: Parts, found: Conserved, seed: int) -> tuple[Relation, int]:
    """A conserved sum as a relation, and the column that it takes out: the one whose part varies most."""
    terms = found.terms(parts.judging)
    target = found.columns[int(terms.var(0).argmax())]
    others = [column for column in found.columns if column != target]
    form = written_implicit(parts, target, others, found.left)
    left = left_over(terms) if form is None else form.left(parts.judging)
    names = tuple(parts.names[column] for column in sorted(found.columns))
    text, expression = (parts.names[target], None) if form is None else (form.text(parts.names), form.expression)
    return Relation(names, text, expression, 1 - left, p_value_implicit(terms, seed)), target


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

"""The search for relations by elimination: each takes a column out of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...symbolic.column_names import in_formula, spelled
from .explicit import Explained, explained, first, simplified
from .implicit import ConservedSum, conserved, left_over
from .parts import Parts, unexplained
from .permutation import p_value_explicit, p_value_implicit
from .tuning import TUNED
from .writing import written, written_implicit


@dataclass(frozen=True, repr=False)
class Relation:
    """Columns that are tied.

    Attributes:
        columns: the names of all of them, in the order of the table.
        target: what the others tell: a column, or a function of one, as "x**2", where it does not follow itself. In a
            function a name that is no word stands in backquotes.
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
        target = in_formula(self.target) if self.target in self.columns else self.target
        return f"{target} = {spelled(self.expression, self.columns)} ({self._test()})"

    def _test(self) -> str:
        left = f"{1 - self.explained:.2g} of the variance left, " if 1 - self.explained > TUNED.precise else ""
        return f"{left}p = {self.p_value:.2g}"


class Elimination:
    """The columns of a table that are not yet set aside, and what is known of them.

    Args:
        parts: the rows.
        pool: the columns that vary.
        seed: of the permutations.
    """

    def __init__(self, parts: Parts, pool: Sequence[int], seed: int) -> None:
        self.parts, self.seed = parts, seed
        self.left, self.targets = list(pool), list(pool)  # what may tell, and what is to be told
        self.known: dict[int, Explained] = {}
        self.simple: set[int] = set()  # whose explanations have as few columns as do
        self.before: dict[int, Relation] = {}  # by the column that each has set aside
        self.chance = TUNED.chance / max(1, len(pool))

    def relations(self, step: Callable[[str], None]) -> Iterator[Relation]:
        """The relations, one after the other; `step` is told what is looked at."""
        while len(self.left) > 1:
            found = self._by_a_column(step) or self._by_a_sum()
            if found is None:
                return
            target, one = found
            self.left.remove(target)
            self.targets = [column for column in self.targets if column != target]
            self.known = {
                column: it for column, it in self.known.items() if target not in it.parents and column != target
            }
            if one is not None:
                self.before[target] = one
                yield one

    def _by_a_column(self, step: Callable[[str], None]) -> tuple[int, Relation] | None:
        """The column that others explain best, and how; None where none is tied."""
        while True:
            for column in self.targets:
                if column not in self.known:
                    self.known[column] = first(self.parts, column, self.left)
                    self.simple.discard(column)
                    step(f"explaining {self.parts.names[column]}")
            best = self._best()
            if best is None or best.left > TUNED.unexplained:
                return None
            if not self._is_remnant(best):
                one = self._explicit(best)
                return (best.column, one) if self._holds(one) else None
            self.targets.remove(best.column)  # it may still tell of others

    def _best(self) -> Explained | None:
        """The explanation that comes first, by as few columns as do; those that cannot are not made simpler."""
        while True:
            best = min((self.known[column] for column in self.targets), key=_order, default=None)
            if best is None or best.left > TUNED.unexplained:
                return best
            close = [column for column in self.targets if self.known[column].left <= TUNED.close] or [best.column]
            if self.simple.issuperset(close):
                return best
            for column in set(close) - self.simple:
                self.known[column] = simplified(self.parts, self.known[column])
                self.simple.add(column)

    def _by_a_sum(self) -> tuple[int, Relation | None] | None:
        """The column that a conserved sum takes out, and the sum, unless it is left of an earlier one."""
        found = conserved(self.parts, self.left)
        if found is None:
            return None
        target, one = self._implicit(found)
        if not self._holds(one):
            return None
        return target, None if self._near(one.columns, 1 - one.explained) else one

    def _holds(self, one: Relation) -> bool:
        """Whether chance would not tie the columns so, and the rows that judge are told."""
        return one.p_value <= self.chance and one.explained >= 1 - TUNED.unexplained

    def _near(self, columns: Sequence[str], left: float) -> list[int]:
        """The columns set aside for relations that share two columns with these, and leave far less."""
        return [
            column
            for column, other in self.before.items()
            if len(set(columns) & set(other.columns)) > 1
            and left > TUNED.remnant * max(1 - other.explained, TUNED.close)
        ]

    def _is_remnant(self, one: Explained) -> bool:
        """Whether an explanation is only what is left of an earlier relation, a column of which was set aside.

        It is if that column, given back, explains far more.
        """
        aside = self._near([self.parts.names[column] for column in (one.column, *one.parents)], one.left)
        if not aside:
            return False
        whole = explained(self.parts, one.column, sorted({*one.parents, *aside}))
        return whole.left < TUNED.given_back * one.left

    def _explicit(self, found: Explained) -> Relation:
        """A column that follows from others, as a relation."""
        parts = self.parts
        prediction, target = found.predict(parts.judging), parts.judging[:, found.column]
        form = written(parts, found.column, found.parents, found.left)
        left = unexplained(prediction, target) if form is None else form.left(parts.judging)
        names = tuple(parts.names[column] for column in sorted((found.column, *found.parents)))
        expression = None if form is None else form.expression
        p_value = p_value_explicit(prediction, target, self.seed)
        return Relation(names, parts.names[found.column], expression, 1 - left, p_value)

    def _implicit(self, found: ConservedSum) -> tuple[int, Relation]:
        """A conserved sum as a relation, and the column that it takes out: the one whose part varies most."""
        parts = self.parts
        terms = found.terms(parts.judging)
        target = found.columns[int(terms.var(0).argmax())]
        others = [column for column in found.columns if column != target]
        form = written_implicit(parts, target, others, found.left)
        left = left_over(terms) if form is None else form.left(parts.judging)
        names = tuple(parts.names[column] for column in sorted(found.columns))
        text, expression = (parts.names[target], None) if form is None else (form.text(parts.names), form.expression)
        return target, Relation(names, text, expression, 1 - left, p_value_implicit(terms, self.seed))


def _order(one: Explained) -> tuple[bool, int, float]:
    """Close explanations first, of these the ones by fewest columns."""
    close = one.left <= TUNED.close
    return not close, len(one.parents) if close else 0, one.left

"""What predictions may not fall below, in the mean over the rows: what each column that is named adds at least, and the
means of all others.

Letters: n rows, d inputs, m functions, w functions of a column, p points of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from .chosen_terms import Model
from .fit_task import Task
from .shapes import Shape
from .terms import Term
from .variables import Functions, Variable


class Held(NamedTuple):
    """An input that is held: its number, its functions, and the places of their coefficients; its variable, and the
    places of all coefficients of that."""

    number: int
    functions: Functions
    mine: slice
    variable: Variable
    whole: slice


def held_to(variables: list[Variable], terms: list[Term], shapes: Mapping[int, Shape]) -> Iterator[Held]:
    """Each input that is held."""
    first = 0
    for term in terms:
        if len(term.variables) == 1:
            place, variable = first, variables[term.variables[0]]
            for number, effect, mine in variable.parts(torch.arange(len(term.roughness))):
                if number in shapes:
                    whole = slice(first, first + len(term.roughness))
                    yield Held(number, effect, slice(place, place + len(mine)), variable, whole)
                place += len(mine)
        first += len(term.roughness)


@dataclass(frozen=True)
class NonNegativeColumn:
    """An input that may not make a prediction negative, and with it the one that says where it is missing.

    functions: of the input, with the places of their coefficients. whole: the places of all coefficients (w,). there
    (w,): the other functions where the input is there, 0 for its own. gap (g, w): all functions where it is missing;
    (0, w) where it never is.
    """

    functions: Functions
    mine: slice
    whole: slice
    there: Tensor
    gap: Tensor

    @staticmethod
    def of(one: Held, x: Tensor) -> NonNegativeColumn:
        """The column of an input that is held, from rows x (n, d)."""
        if one.variable.missing is None:
            there = one.functions.mean.new_zeros(one.mine.stop - one.mine.start)
            return NonNegativeColumn(one.functions, one.mine, one.mine, there, there.new_zeros(0, len(there)))
        said = x[:, one.variable.missing]
        ends = one.variable.values(x[torch.stack([said.argmin(), said.argmax()])])
        there = ends[0].clone()
        there[one.mine.start - one.whole.start : one.mine.stop - one.whole.start] = 0.0
        return NonNegativeColumn(one.functions, one.mine, one.whole, there, ends[1:])

    def bounds(self) -> Tensor:
        """Numbers (p, w) of which a mean of some is what all functions are at any value within the grid."""
        own = self.functions.bounds()
        bounds = self.there.repeat(len(own), 1)
        bounds[:, self.mine.start - self.whole.start : self.mine.stop - self.whole.start] = own
        return torch.cat([bounds, self.gap])

    def lowest(self, coef: Tensor) -> float:
        """A number that the column never adds less than, with the coefficients (m,) of all terms."""
        mine = coef[self.whole]
        there = self.functions.lowest(coef[self.mine]) + float(self.there @ mine)
        return min([there, *(self.gap @ mine).tolist()])


@dataclass(frozen=True)
class Level:
    """What predictions may not fall below, in the mean over the rows of what inputs that are not named add.

    each: the columns of the inputs that are named. others (m,): the means of all functions but theirs. zero: the level.
    margin: by which predictions stay above it.
    """

    each: list[NonNegativeColumn]
    others: Tensor
    zero: float
    margin: float

    @staticmethod
    def of(
        task: Task, found: Model, shapes: Mapping[int, Shape], coef: Tensor, margin: float, zero: float
    ) -> Level | None:
        """The level that shapes ask for, None where they ask for none."""
        if not any(shape.positive for shape in shapes.values()):
            return None
        inputs = held_to(task.variables, found.terms, shapes)
        each = [NonNegativeColumn.of(one, task.x) for one in inputs if shapes[one.number].positive]
        others = torch.from_numpy(found.sums.means.copy()) if found.sums is not None else _means(task, found.terms)
        for one in each:
            others[one.whole] = 0.0
        size = abs(zero) + sum(float((one.bounds() @ coef[one.whole]).abs().max()) for one in each)
        return Level(each, others, zero, margin * size)

    def lacking(self, constant: float, coef: Tensor) -> float:
        """By how much a constant is too small."""
        low = sum(one.lowest(coef) for one in self.each)
        return self.zero + self.margin - constant - float(self.others @ coef) - low


def _means(task: Task, terms: list[Term]) -> Tensor:
    """Of the functions of all terms over the rows (m,)."""
    total, count = task.weight.new_zeros(sum(len(term.roughness) for term in terms)), 0.0
    for functions, _, weight in task.blocks(terms)():
        total, count = total + weight @ functions, count + float(weight.sum())
    return total / count

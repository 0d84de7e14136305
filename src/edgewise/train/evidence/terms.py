"""What an additive network with products is made of: functions of one variable, and products of those of two.

The prior of a product has the variance that the priors of its factors have together (the tensor product of smoothing
splines, Wahba 1990, doi:10.1137/1.9781611970128, chapter 10). Of two numbers they come in four groups: line by line,
line by curve, curve by line, curve by curve. Of the levels of two columns there is one. Each group has a strength of
its own. Rough functions are multiplied by rough ones alone.

Letters: n rows, d inputs, m functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .posterior import Prior
from .tuning import TUNED
from .variables import LEVEL, LINE, ROUGH, Variable


@dataclass(frozen=True)
class Term:
    """Functions of one variable, or products of functions of two.

    variables: one position, or two different ones. picks: for each of them, which of its functions every function here
    takes (m,). kinds (m,): the group of each function within the term. roughness (m,). groups: how many there may be.
    pooled: whether its groups are those of all pooled terms. most: products of a pair that were asked for.
    """

    variables: tuple[int] | tuple[int, int]
    picks: tuple[Tensor, ...]
    kinds: Tensor
    roughness: Tensor
    groups: int
    pooled: bool = False
    most: int = 0

    @property
    def key(self) -> tuple[tuple[int, ...], bool, int, int]:
        """What tells its functions from those of other terms of the same variables."""
        return self.variables, self.pooled, self.most, len(self.kinds)

    def without(self, other: Term) -> Term:
        """Those of its products that another term of the same pair has not."""
        mine, others = (term.picks[0] + term.picks[1] * 2**32 for term in (self, other))
        new = ~torch.isin(mine, others)
        picks = tuple(pick[new] for pick in self.picks)
        return replace(self, picks=picks, kinds=self.kinds[new], roughness=self.roughness[new])

    @property
    def numbers(self) -> bool:
        """Whether it is the lines and curves of one variable, not levels alone."""
        return len(self.variables) == 1 and bool((self.kinds != LEVEL).any())

    def values(self, functions: Mapping[int, Tensor]) -> Tensor:
        """The functions at rows, from those of the variables there: (n, m)."""
        result = functions[self.variables[0]][:, self.picks[0]]
        return result if len(self.variables) == 1 else result * functions[self.variables[1]][:, self.picks[1]]


def edge_term(number: int, variable: Variable) -> Term:
    """All functions of one variable: lines, curves, levels."""
    return Term((number,), (torch.arange(len(variable.kinds)),), variable.kinds, variable.roughness, variable.groups)


def straight_term(number: int, variable: Variable) -> Term:
    """The line of one variable, or its levels, without its curves."""
    places = ((variable.kinds == LINE) | (variable.kinds == LEVEL)).nonzero()[:, 0]
    return Term((number,), (places,), variable.kinds[places], variable.roughness[places], variable.groups)


def rough_term(number: int, variable: Variable, first: int) -> Term:
    """The rough functions of one variable, without the first, smoothest ones."""
    places = (variable.kinds == ROUGH).nonzero()[first:, 0]
    return Term((number,), (places,), variable.kinds[places], variable.roughness[places], variable.groups)


def pair_term(first: int, second: int, variables: Sequence[Variable], most: int = TUNED.products) -> Term:
    """At most so many products of the functions of two variables, the smoothest ones, and as many of their rough ones;
    levels stay together."""
    one, other = variables[first], variables[second]
    left, right = _picked(one, other, most)
    kinds = other.groups * one.kinds[left] + other.kinds[right]
    roughness = one.roughness[left] * other.roughness[right]
    return Term((first, second), (left, right), kinds, roughness, one.groups * other.groups, most=most)


def small_enough(
    pairs: Sequence[tuple[int, int]], variables: Sequence[Variable], cells: int = TUNED.cells
) -> list[tuple[int, int]]:
    """The pairs whose term has no more functions than are looked at; no term is made for that. cells: the most of a
    pair of two columns of levels."""
    smooth = [int((variable.kinds != ROUGH).sum()) for variable in variables]
    rough = [len(variable.kinds) - count for variable, count in zip(variables, smooth, strict=True)]
    whole = [variable.whole for variable in variables]  # once each: there may be thousands of pairs
    kept = []
    for first, second in pairs:
        if whole[first] or whole[second]:
            left, right = (
                len(variables[mine].kinds)
                if whole[mine]
                else min(smooth[mine], max(1, TUNED.products // len(variables[other].kinds)))
                for mine, other in ((first, second), (second, first))
            )
            size = left * right
        else:
            size = min(TUNED.products, smooth[first] * smooth[second])
            size += min(TUNED.products, rough[first] * rough[second])
        if size <= (cells if whole[first] and whole[second] else TUNED.slopes):
            kept.append((first, second))
    return kept


def pooled_term(first: int, second: int, variables: Sequence[Variable]) -> Term:
    """The product of the lines of two numbers that are flat beyond the bulk: one of many that have one strength."""
    picks = tuple(torch.tensor([len(variables[number].kinds)]) for number in (first, second))
    one = variables[first].roughness.new_ones(1)
    return Term((first, second), picks, torch.tensor([0]), one, 1, pooled=True)


def _picked(one: Variable, other: Variable, most: int) -> tuple[Tensor, Tensor]:
    """Which functions of two variables are multiplied, pair by pair."""
    if one.whole or other.whole:
        left = one.smoothest(most // len(other.kinds))
        right = other.smoothest(most // len(one.kinds))
        return left.repeat_interleave(len(right)), right.repeat(len(left))
    left, right = [], []
    for rough in (False, True):
        mine, theirs = (((variable.kinds == ROUGH) == rough).nonzero()[:, 0] for variable in (one, other))
        roughness = (one.roughness[mine, None] * other.roughness[theirs]).reshape(-1)
        chosen = roughness.argsort(stable=True)[:most].sort().values
        left.append(mine[chosen // max(1, len(theirs))])
        right.append(theirs[chosen % max(1, len(theirs))])
    return torch.cat(left), torch.cat(right)


def prior_of(terms: Sequence[Term], common: bool = False) -> Prior:
    """The groups and roughnesses of all functions of these terms, side by side.

    Pooled terms have one strength: their groups are those of the first of them, and the others' own groups are empty.
    `common`: so are the lines and levels of all variables, in the first group of the first term.
    """
    groups, first, pool = [], 0, None
    for term in terms:
        mine = first + term.kinds
        if term.pooled:
            pool = first if pool is None else pool
            mine = pool + term.kinds
        shared = common and len(term.variables) == 1
        groups.append(torch.where((term.kinds == LINE) | (term.kinds == LEVEL), 0, mine) if shared else mine)
        first += term.groups
    roughness = [term.roughness for term in terms]
    places = torch.cat([torch.full((len(mine),), number) for number, mine in enumerate(roughness)])
    broad = torch.cat([torch.full((len(term.roughness),), term.most > TUNED.products) for term in terms])
    return Prior(torch.cat(groups), torch.cat(roughness), first, places, broad)


def design(variables: Sequence[Variable], terms: Sequence[Term], x: Tensor) -> Tensor:
    """The functions of all terms at x (n, d), side by side: (n, m)."""
    used = {number for term in terms for number in term.variables}
    functions = {number: variables[number].values(x) for number in used}
    return torch.cat([term.values(functions) for term in terms], 1)

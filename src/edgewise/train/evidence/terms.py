"""What an additive network with products is made of: functions of one input, and products of those of two.

The prior of a product has the variance that the priors of its factors have together (the tensor product of smoothing
splines, Wahba 1990, doi:10.1137/1.9781611970128, chapter 10). Its functions come in four groups: line by line, line by
curve, curve by line, curve by curve. Each group has a strength of its own.

Letters: n rows, d inputs, m functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .effects import Effect
from .marginal import Prior
from .tuning import TUNED


@dataclass(frozen=True)
class Term:
    """Functions of one input, or products of functions of two.

    inputs: one position, or two different ones. picks: for each of them, which of its functions every function here
    takes (m,). kinds (m,): the group of each function within the term. roughness (m,). pooled: whether its groups are
    those of all pooled terms.
    """

    inputs: tuple[int] | tuple[int, int]
    picks: tuple[Tensor, ...]
    kinds: Tensor
    roughness: Tensor
    pooled: bool = False

    @property
    def groups(self) -> int:
        """How many groups there are: two for one input, four for two."""
        return 2 ** len(self.inputs)

    def values(self, functions: Mapping[int, Tensor]) -> Tensor:
        """The functions at rows, from those of the inputs there: (n, m)."""
        result = functions[self.inputs[0]][:, self.picks[0]]
        return result if len(self.inputs) == 1 else result * functions[self.inputs[1]][:, self.picks[1]]


def edge_term(number: int, effect: Effect) -> Term:
    """All functions of the edge from one input: a line and curves."""
    curves = len(effect.roughness)
    kinds = torch.tensor([0] + [1] * curves)
    return Term((number,), (torch.arange(curves + 1),), kinds, _all_roughness(effect))


def pair_term(first: int, second: int, effects: Sequence[Effect], most: int = TUNED.products) -> Term:
    """At most so many products of the functions of two inputs, the smoothest ones."""
    one, other = _all_roughness(effects[first]), _all_roughness(effects[second])
    roughness = (one[:, None] * other).reshape(-1)
    chosen = roughness.argsort(stable=True)[:most].sort().values
    left, right = chosen // len(other), chosen % len(other)
    return Term((first, second), (left, right), 2 * (left > 0).long() + (right > 0).long(), roughness[chosen])


def pooled_term(first: int, second: int, effects: Sequence[Effect]) -> Term:
    """The product of the lines of two inputs, one of many that have one strength."""
    picks = tuple(torch.tensor([len(effects[number].roughness) + 1]) for number in (first, second))
    return replace(pair_term(first, second, effects, 1), picks=picks, pooled=True)


def _all_roughness(effect: Effect) -> Tensor:
    return torch.cat([effect.roughness.new_ones(1), effect.roughness])


def prior_of(terms: Sequence[Term], common: bool = False) -> Prior:
    """The groups and roughnesses of all functions of these terms, side by side.

    Pooled terms have one strength: their groups are those of the first of them, and the others' own groups are empty.
    `common`: so are the lines of all inputs.
    """
    groups, first, pool = [], 0, None
    for term in terms:
        mine = first + term.kinds
        if term.pooled:
            pool = first if pool is None else pool
            mine = pool + term.kinds
        groups.append(torch.where(term.kinds == 0, 0, mine) if common and len(term.inputs) == 1 else mine)
        first += term.groups
    roughness = [term.roughness for term in terms]
    places = torch.cat([torch.full((len(mine),), number) for number, mine in enumerate(roughness)])
    return Prior(torch.cat(groups), torch.cat(roughness), first, places)


def design(effects: Sequence[Effect], terms: Sequence[Term], x: Tensor) -> Tensor:
    """The functions of all terms at x (n, d), side by side: (n, m)."""
    used = {number for term in terms for number in term.inputs}
    functions = {number: effects[number].values(x[:, number]) for number in used}
    return torch.cat([term.values(functions) for term in terms], 1)

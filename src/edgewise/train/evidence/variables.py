"""What evidence is asked about: the columns of the table that the inputs came from.

A column of text is one input for each level. Its levels have effects with one prior, so that a rare level, of which the
rows say little, stays near the mean of all (a random intercept; Robinson 1991, doi:10.1214/ss/1177011926). A number and
the input that says where it is missing are one variable as well, and so are the inputs of a part of a date.

Letters: n rows, d inputs, m functions of a variable.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...layers import OFF
from ...model import KAN
from .edge_basis import EdgeBasis, effects, level_effect
from .harmonics import Harmonics, harmonics
from .tuning import TUNED

LINE, CURVE, ROUGH, LEVEL = range(4)  # kinds of functions
Functions = EdgeBasis | Harmonics  # of an edge


@dataclass(frozen=True)
class Variable:
    """The functions of the inputs that say one thing together, side by side.

    inputs: their positions; effects: the functions of each of them. kinds (m,): `LINE`, `CURVE`, `ROUGH` or `LEVEL`.
    roughness (m,). spread: standard deviations of all functions on the rows, those of products among them.
    """

    inputs: tuple[int, ...]
    effects: tuple[Functions, ...]
    kinds: Tensor
    roughness: Tensor
    spread: Tensor

    @staticmethod
    def of(inputs: Sequence[int], found: Sequence[Functions], levels: dict[int, float]) -> Variable:
        """The variable of these inputs and effects. `levels`: the standard deviations of inputs that are levels."""
        kinds, roughness, spread = [], [], []
        for number, effect in zip(inputs, found, strict=True):
            one, curves = effect.roughness.new_ones(1), len(effect.roughness)
            of_number = [LINE] * effect.lines + [CURVE] * (curves - effect.rough) + [ROUGH] * effect.rough
            kinds.append(torch.tensor([LEVEL] if number in levels else of_number))
            roughness.append(torch.cat([one[: effect.lines], effect.roughness]))
            spread.append(one * levels[number] if number in levels else torch.ones_like(roughness[-1]))
        if len(found) == 1 and not levels.keys() & set(inputs):
            spread.append(spread[0].new_ones(1))
        return Variable(tuple(inputs), tuple(found), *map(torch.cat, (kinds, roughness, spread)))

    @property
    def number(self) -> bool:
        """Whether it is one number alone, which has a line for pooled products as its last function."""
        return len(self.effects) == 1 and not self.whole

    @property
    def heavy(self) -> tuple[int, ...]:
        """Its inputs that are numbers with heavy tails."""
        pairs = zip(self.inputs, self.effects, strict=True)
        return tuple(number for number, effect in pairs if isinstance(effect, EdgeBasis) and effect.heavy)

    @property
    def far(self) -> EdgeBasis | None:
        """Its functions, where it is one number, and a few values lie farther out than tails reach."""
        effect = self.effects[0]
        if self.number and isinstance(effect, EdgeBasis) and any(map(math.isfinite, effect.ends)):
            return effect
        return None

    @property
    def groups(self) -> int:
        """Kinds that there may be."""
        return LEVEL + 1 if bool((self.kinds == LEVEL).any()) else LEVEL

    @property
    def whole(self) -> bool:
        """Whether it has levels alone, of which none is smoother than another."""
        return bool((self.kinds == LEVEL).all())

    @property
    def missing(self) -> int | None:
        """The position of the input that says where the number beside it is missing; None where none does."""
        if self.whole or self.groups == LEVEL:
            return None
        level = int((self.kinds == LEVEL).nonzero()[0])
        return next(number for number, _, mine in self.parts(torch.arange(len(self.kinds))) if level in mine)

    def smoothest(self, most: int) -> Tensor:
        """Places of at most so many functions that are not rough, of all where they are levels."""
        if self.whole:
            return torch.arange(len(self.kinds))
        smooth = (self.kinds != ROUGH).nonzero()[:, 0]
        return smooth[self.roughness[smooth].argsort(stable=True)[: max(1, most)]].sort().values

    def values(self, x: Tensor) -> Tensor:
        """The functions at x (n, d): (n, m), or (n, m + 1) of one number."""
        parts = [effect.values(x[:, number]) for number, effect in zip(self.inputs, self.effects, strict=True)]
        if len(parts) == 1:
            return parts[0]
        own = [part[:, : effect.size] for part, effect in zip(parts, self.effects, strict=True)]
        return torch.cat(own, 1)

    def parts(self, coef: Tensor) -> Iterator[tuple[int, Functions, Tensor]]:
        """Each input with its effect and its part of the coefficients (m,), or of as many as are given."""
        if len(self.effects) == 1:
            yield self.inputs[0], self.effects[0], coef
            return
        first = 0
        for number, effect in zip(self.inputs, self.effects, strict=True):
            yield number, effect, coef[first : first + effect.size]
            first += effect.size


def variables(
    start: KAN,
    x: Tensor,
    weight: Tensor,
    intervals: int,
    rough: int = 0,
    periods: Mapping[int, float] | None = None,
    logarithmic: Collection[int] = (),
    tame: Collection[int] = (),
) -> list[Variable]:
    """The variables of a network's inputs at rows x (n, d): by the columns that its metadata tell of, else one for
    each input. weight (n,): what a row counts; rough: most rough functions of an input; periods: of the inputs, by
    position, whose functions repeat; logarithmic: those that are measured by logarithms; tame: those whose values
    say nothing where they lie farther out than tails reach."""
    layer, share = start.edge_layers[0], weight / weight.sum()
    groups, levels = _groups(start)
    round_again = {number: period for number, period in (periods or {}).items() if number not in levels}
    numbers = [number for number in range(x.shape[1]) if number not in levels and number not in round_again]
    found: dict[int, Functions] = {}
    if numbers:
        asked = ([number in chosen for number in numbers] for chosen in (logarithmic, tame))
        of_numbers = effects(x[:, numbers], weight, layer.degree, intervals, len(levels), rough, *asked)
        found = dict(zip(numbers, of_numbers, strict=True))
    for number, period in round_again.items():
        found[number] = harmonics(x[:, number], share, period, layer.degree, intervals, 2 * TUNED.curves)
    spread: dict[int, float] = {}
    for group in groups:
        mine = [number for number in group if number in levels]
        variance = {number: _variance(x[:, number], share) for number in mine}
        total = sum(variance.values())
        size = total**-0.5 if total > 0 else 1.0  # together they have the variance of a line
        found |= {number: level_effect(x[:, number], share, layer.degree, intervals, size) for number in mine}
        spread |= {number: size * variance[number] ** 0.5 for number in mine}
    return [Variable.of(group, [found[number] for number in group], spread) for group in groups]


def _variance(x: Tensor, share: Tensor) -> float:
    """Of a column of two values, in units in which these are 0 and 1."""
    low, high = x.min(), x.max()
    part = float(share @ (x - low) / (high - low)) if high > low else 0.0
    return part * (1 - part)


def _groups(start: KAN) -> tuple[list[tuple[int, ...]], set[int]]:
    """Positions in the first layer of the inputs that are one variable, and those of levels. A column some of whose
    edges are off falls into its inputs."""
    ids, metadata, on = start.topology.node_ids[0], start.metadata, start.edge_layers[0].kind != OFF
    if len(metadata.inputs) != start.features:
        return [(place,) for place in range(len(ids))], set()
    place = {number: position for position, number in enumerate(ids)}
    groups: list[tuple[int, ...]] = []
    for term in metadata.terms():
        mine = tuple(place[number] for number in term if number in place)
        alike = len(mine) == len(term) and bool((on[list(mine)] == on[mine[0]]).all())
        groups += [mine] if alike else [(number,) for number in mine]
    return sorted(groups), {place[number] for number in metadata.levels() if number in place}

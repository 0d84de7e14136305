"""Shapes that the function of an input is held to: rising, falling, bent upwards or downwards, periodic; or such that
predictions are not negative.

Where the coefficients of a spline rise one after the other, so does the spline; where their slopes rise, it is convex
(de Boor 1978, chapter XI: its derivative's coefficients are these slopes). Beyond its knots it goes on along tangents,
so it keeps the shape everywhere. A spline is nowhere below its least coefficient; nor are tangents that rise outwards.
Where tangents would fall outwards, a spline that may not be negative turns flat beyond its knots. So does a very steep
one that is held to no bend.
A periodic function is a sum of waves (`harmonics.py`).

Letters: j basis functions, m functions of an edge, c inequalities.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import index
from typing import Any

import torch
from torch import Tensor

from ... import grid
from ...errors import ConfigError, did_you_mean, few, problems, shown
from ...metadata import Metadata
from .tuning import TUNED

WORDS = {"increasing": (1, 0), "decreasing": (-1, 0), "convex": (0, 1), "concave": (0, -1)}
OPPOSITES = (("increasing", "decreasing"), ("convex", "concave"))
NON_NEGATIVE, PERIODIC = "non-negative", "periodic"
ALL_WORDS = (*WORDS, NON_NEGATIVE, PERIODIC)
Constraints = Mapping[str | int, Any]  # the name or the position of an input -> one of these, or several of them


@dataclass(frozen=True)
class Shape:
    """slope: 1 where a function may not fall, -1 where it may not rise, 0 for neither. bend: the same of its slope.
    positive: whether what is predicted may not be negative. period: after which it repeats, 0 where it need not.

    >>> Shape.of(("increasing", "concave"))
    Shape(slope=1, bend=-1, positive=False, period=0.0)
    """

    slope: int = 0
    bend: int = 0
    positive: bool = False
    period: float = 0.0

    @staticmethod
    def of(words: str | tuple[str, ...]) -> Shape:
        """The shape in words, which `faults_of` found to be usable; a period without a number counts as 1."""
        said = [words] if isinstance(words, str) else words
        found = [WORDS[word] for word in said if word in WORDS]
        periods = [period for word in said if (period := period_of(word)) is not None]
        positive = NON_NEGATIVE in said
        return Shape(
            sum(s for s, _ in found), sum(b for _, b in found), positive, float(sum(p or 1.0 for p in periods))
        )

    def walls(self, knots: Tensor, degree: int) -> tuple[Tensor, Tensor]:
        """Inequalities (c, j) of the coefficients of a spline, which keep the shape where none is negative, but for
        the level of what is predicted; and which of them are of slopes that are kept away from zero (c,). Each counts
        a coefficient at most once."""
        gaps = grid.greville(knots[None], degree)[0].diff()
        first = torch.eye(len(gaps) + 1, dtype=knots.dtype).diff(dim=0)
        bends = (first / gaps[:, None]).diff(dim=0)
        bends = bends / bends.abs().amax(1, keepdim=True)
        parts = [part for part in (self.slope * first, self.bend * bends) if bool((part != 0).any())]
        kept = [torch.full((len(part),), place == 0 and self.slope != 0) for place, part in enumerate(parts)]
        if not parts:
            return first[:0], torch.zeros(0, dtype=torch.bool)
        return torch.cat(parts), torch.cat(kept)

    def repaired(self, coef: Tensor, knots: Tensor, degree: int) -> Tensor:
        """The coefficients (j,) without what round-off did to their shape."""
        if not self.slope and not self.bend:
            return coef
        gaps = grid.greville(knots[None], degree)[0].diff()
        slopes = coef.diff() / gaps
        if self.bend:
            slopes = self.bend * (self.bend * slopes).cummax(0).values
        if self.slope:
            slopes = self.slope * (self.slope * slopes).clamp(min=0)
        return torch.cat([coef[:1], coef[0] + (slopes * gaps).cumsum(0)])

    @property
    def opposite(self) -> Shape:
        """That of minus the function, of which no level is held."""
        return Shape(-self.slope, -self.bend, period=self.period)

    def __str__(self) -> str:
        slope = {1: ["increasing"], -1: ["decreasing"], 0: []}[self.slope]
        bend = {1: ["convex"], -1: ["concave"], 0: []}[self.bend]
        others = [NON_NEGATIVE] * self.positive + [f"{PERIODIC}:{self.period:.6g}"] * bool(self.period)
        return " and ".join(slope + bend + others)


@dataclass(frozen=True)
class Shapes:
    """What the functions of a network without hidden layers are held to.

    each: by the number of the input. margin: by what part of its size a slope stays away from zero, so that round-off
    does not change its sign.
    """

    each: Mapping[int, Shape]
    margin: float

    def of(self, input_ids: Sequence[int]) -> dict[int, Shape]:
        """By the position of the input in a network that has these."""
        return {input_ids.index(number): shape for number, shape in self.each.items() if number in input_ids}

    def above(self) -> Shapes:
        """The same where what is predicted is above zero in any case: a probability, or a mean that a link keeps
        there."""
        left = {number: replace(shape, positive=False) for number, shape in self.each.items()}
        return replace(self, each={number: shape for number, shape in left.items() if shape != Shape()})

    def words(self, names: Sequence[str]) -> str:
        """What is held, for a message; empty where nothing is.

        >>> Shapes({1: Shape(1, 0)}, 0.0).words(("age", "dose"))
        'dose increasing'
        """
        named = [names[place] if place < len(names) else f"x{place + 1}" for place in self.each]
        return ", ".join(f"{name} {shape}" for name, shape in zip(named, self.each.values(), strict=True))


FREE = Shapes({}, 0.0)


def with_periods(constraints: Constraints | None, metadata: Metadata, x: Tensor) -> Constraints | None:
    """The same, where a period without a number is the range of the rows x (n, features).

    >>> with_periods({0: "periodic", 1: "convex"}, Metadata(), torch.tensor([[2.0, 0.0], [5.0, 1.0]]))
    {0: ('periodic:3.0',), 1: ('convex',)}
    """
    if not constraints:
        return constraints
    found: dict[str | int, tuple[str, ...]] = {}
    for name, words in constraints.items():
        several = (words,) if isinstance(words, str) else tuple(words)
        place = _place(name, _names(metadata, x.shape[1]))
        if PERIODIC in several and place >= 0:
            low, high = (float(end) for end in x[:, place].aminmax())
            number = repr(high - low) if 0 < high - low < math.inf else "1.0"
            several = tuple(f"{PERIODIC}:{number}" if word == PERIODIC else word for word in several)
        found[name] = several
    return found


def free_copies(constraints: Constraints | None, metadata: Metadata, x: Tensor) -> list[str]:
    """The inputs that equal one with a constraint in every row of x (n, features), and have none themselves.

    >>> free_copies({0: "convex"}, Metadata(), torch.tensor([[2.0, 2.0, 1.0], [5.0, 5.0, 1.0]]))
    ["'x2' of 'x1'"]
    """
    names = _names(metadata, x.shape[1])
    places = {_place(name, names) for name in constraints or {}}
    return [
        f"{shown(names[other])} of {shown(names[place])}"
        for place in sorted(places - {-1})
        for other in range(len(names))
        if other not in places and torch.equal(x[:, place], x[:, other])
    ]


def _names(metadata: Metadata, features: int) -> tuple[str, ...]:
    if len(metadata.inputs) == features:
        return metadata.inputs
    return tuple(f"x{i + 1}" for i in range(features))


def _place(name: Any, names: Sequence[str]) -> int:
    """The position of an input that is named, or counted; -1 where there is none."""
    if isinstance(name, str):
        return names.index(name) if name in names else -1
    return index(name) if not isinstance(name, bool) and 0 <= index(name) < len(names) else -1


def period_of(word: str) -> float | None:
    """The period that a word asks for: nan where the number is none, 0 where it is left to the rows; None for another
    word.

    >>> period_of("periodic:24"), period_of("periodic"), period_of("convex")
    (24.0, 0.0, None)
    """
    name, colon, number = word.partition(":")
    if name.strip() != PERIODIC:
        return None
    if not colon:
        return 0.0
    try:
        found = float(number)
    except ValueError:
        return math.nan
    return found if 0 < found < math.inf else math.nan


def faults_of(constraints: Any) -> Iterator[str]:
    """What is wrong with constraints whatever the network is, in words."""
    if constraints is None:
        return
    if not isinstance(constraints, Mapping):
        yield f"constraints must be a dict such as {{'age': 'increasing'}}, got {shown(constraints)}"
        return
    for name, words in constraints.items():
        if not isinstance(name, (str, int)) and not hasattr(name, "__index__"):
            yield f"constraints names {shown(name)}; wanted the name of an input, or its position"
            continue
        several = (words,) if isinstance(words, str) else words
        if not isinstance(several, (tuple, list)) or not all(isinstance(word, str) for word in several) or not several:
            yield f"constraints[{shown(name)}] must be one or more of {', '.join(ALL_WORDS)}, got {shown(words)}"
        else:
            yield from (f"constraints[{shown(name)}] {fault}" for fault in _faults_of_words(several))


def _faults_of_words(words: Sequence[str]) -> Iterator[str]:
    """What is wrong with the words for one input."""
    periods = [period for word in words if (period := period_of(word)) is not None]
    unknown = [word for word in words if word not in ALL_WORDS and period_of(word) is None]
    said = " and ".join(words)
    sorts = [PERIODIC if period_of(word) is not None else NON_NEGATIVE for word in words if word not in WORDS]
    sorts += ["slope" if WORDS[word][0] else "bend" for word in words if word in WORDS]
    if unknown:
        yield f"is {shown(unknown[0])}; {did_you_mean(unknown[0], ALL_WORDS)}"
    elif any(math.isnan(period) for period in periods):
        yield f"is {shown(said)}; a period is a number above zero, as in 'periodic:24'"
    elif opposite := next((pair for pair in OPPOSITES if set(pair) <= set(words)), None):
        yield f"holds {said}: {' and '.join(opposite)} are opposites; choose one"
    elif len(set(sorts)) < len(sorts):
        yield f"holds {said}, which say the same thing of it twice"
    elif periods and {"slope", "bend"} & set(sorts):
        yield f"holds {said}, which only a constant does; a periodic function may be non-negative beside"
    elif NON_NEGATIVE in words and "concave" in words:
        yield f"holds {said}, which only a constant does: a concave function falls without end on some side"


def shapes_of(
    constraints: Constraints | None, metadata: Metadata, features: int, dtype: torch.dtype, x: Tensor | None = None
) -> Shapes:
    """The shapes that constraints ask for, of a network in this number format. x (n, features): rows whose range is a
    period without a number.

    Raises:
        ConfigError: there is no such input, it is a level of a column of text, or it is named twice.
    """
    found: dict[int, Shape] = {}
    names = _names(metadata, features)
    faults: list[str] = []
    constraints = constraints if x is None else with_periods(constraints, metadata, x)
    for name, words in (constraints or {}).items():
        place = _place(name, names)
        if place < 0:
            made = [one for one, source in zip(metadata.inputs, metadata.sources(), strict=True) if source == name]
            known = did_you_mean(name, names) if isinstance(name, str) else f"inputs are 0 to {features - 1}"
            known = f"the column became {few(made)}" if made else known
            faults.append(f"constraints names {shown(name)}, which is no input; {known}")
        elif place in metadata.levels():
            faults.append(f"constraints names {shown(names[place])}, which is a level and no number")
        elif place in found:
            faults.append(f"constraints names the input {shown(names[place])} twice")
        else:
            found[place] = Shape.of(words if isinstance(words, str) else tuple(words))
    problems(faults, ConfigError)
    return Shapes(found, max(TUNED.margin, TUNED.margin_roundings * torch.finfo(dtype).eps)) if found else FREE

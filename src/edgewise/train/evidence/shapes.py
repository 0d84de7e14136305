"""Shapes that the function of an input is held to: rising, falling, bent upwards or downwards.

Where the coefficients of a spline rise one after the other, so does the spline; where their slopes rise, it is convex
(de Boor 1978, chapter XI: its derivative's coefficients are these slopes). Beyond its knots it goes on along tangents,
so it keeps the shape everywhere.

Letters: j basis functions, m functions of an edge, c inequalities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

import torch
from torch import Tensor

from ... import grid
from ...errors import ConfigError, did_you_mean, problems, shown
from ...metadata import Metadata
from .tuning import TUNED

WORDS = {"increasing": (1, 0), "decreasing": (-1, 0), "convex": (0, 1), "concave": (0, -1)}
Constraints = Mapping[str | int, Any]  # the name or the position of an input -> one of `WORDS`, or several of them


@dataclass(frozen=True)
class Shape:
    """slope: 1 where a function may not fall, -1 where it may not rise, 0 for neither. bend: the same of its slope.

    >>> Shape.of(("increasing", "concave"))
    Shape(slope=1, bend=-1)
    """

    slope: int
    bend: int

    @staticmethod
    def of(words: str | tuple[str, ...]) -> Shape:
        """The shape in words, which `faults_of` found to be usable."""
        found = [WORDS[word] for word in ([words] if isinstance(words, str) else words)]
        return Shape(sum(slope for slope, _ in found), sum(bend for _, bend in found))

    def walls(self, knots: Tensor, degree: int) -> tuple[Tensor, Tensor]:
        """Inequalities (c, j) of the coefficients of a spline, which keep the shape where none is negative; and which
        of them are of slopes (c,). Each counts a coefficient at most once."""
        gaps = grid.greville(knots[None], degree)[0].diff()
        first = torch.eye(len(gaps) + 1, dtype=knots.dtype).diff(dim=0)
        bends = (first / gaps[:, None]).diff(dim=0)
        bends = bends / bends.abs().amax(1, keepdim=True)
        parts = [part for part in (self.slope * first, self.bend * bends) if bool((part != 0).any())]
        of_slope = torch.arange(sum(map(len, parts))) < (len(first) if self.slope else 0)
        return torch.cat(parts), of_slope

    def repaired(self, coef: Tensor, knots: Tensor, degree: int) -> Tensor:
        """The coefficients (j,) without what round-off did to their shape."""
        gaps = grid.greville(knots[None], degree)[0].diff()
        slopes = coef.diff() / gaps
        if self.bend:
            slopes = self.bend * (self.bend * slopes).cummax(0).values
        if self.slope:
            slopes = self.slope * (self.slope * slopes).clamp(min=0)
        return torch.cat([coef[:1], coef[0] + (slopes * gaps).cumsum(0)])

    @property
    def opposite(self) -> Shape:
        """That of minus the function."""
        return Shape(-self.slope, -self.bend)

    def __str__(self) -> str:
        slope = {1: ["increasing"], -1: ["decreasing"], 0: []}[self.slope]
        return " and ".join(slope + {1: ["convex"], -1: ["concave"], 0: []}[self.bend])


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

    def words(self, names: Sequence[str]) -> str:
        """What is held, for a message; empty where nothing is.

        >>> Shapes({1: Shape(1, 0)}, 0.0).words(("age", "dose"))
        'dose increasing'
        """
        named = [names[place] if place < len(names) else f"x{place + 1}" for place in self.each]
        return ", ".join(f"{name} {shape}" for name, shape in zip(named, self.each.values(), strict=True))


FREE = Shapes({}, 0.0)


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
            yield f"constraints[{shown(name)}] must be one or more of {', '.join(WORDS)}, got {shown(words)}"
        elif unknown := [word for word in several if word not in WORDS]:
            yield f"constraints[{shown(name)}] is {shown(unknown[0])}; {did_you_mean(unknown[0], WORDS)}"
        elif len({WORDS[word][1] == 0 for word in several}) < len(several):
            yield f"constraints[{shown(name)}] holds {' and '.join(several)}, which say the same thing of it twice"


def shapes_of(constraints: Constraints | None, metadata: Metadata, features: int, dtype: torch.dtype) -> Shapes:
    """The shapes that constraints ask for, of a network in this number format.

    Raises:
        ConfigError: there is no such input, it is a level of a column of text, or it is named twice.
    """
    found: dict[int, Shape] = {}
    names = metadata.inputs if len(metadata.inputs) == features else tuple(f"x{i + 1}" for i in range(features))
    faults: list[str] = []
    for name, words in (constraints or {}).items():
        if isinstance(name, str):
            place = names.index(name) if name in names else -1
        else:
            place = index(name) if not isinstance(name, bool) and 0 <= index(name) < features else -1
        if place < 0:
            known = did_you_mean(name, names) if isinstance(name, str) else f"inputs are 0 to {features - 1}"
            faults.append(f"constraints names {shown(name)}, which is no input; {known}")
        elif place in metadata.levels():
            faults.append(f"constraints names {shown(names[place])}, which is a level and no number")
        elif place in found:
            faults.append(f"constraints names the input {shown(names[place])} twice")
        else:
            found[place] = Shape.of(words if isinstance(words, str) else tuple(words))
    problems(faults, ConfigError)
    return Shapes(found, max(TUNED.margin, TUNED.margin_roundings * torch.finfo(dtype).eps)) if found else FREE

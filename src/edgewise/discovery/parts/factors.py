"""Products of two parts that share no columns, and what is added: g = c + a(one block) b(another).

c is a constant, or a function of one block. All may change sign.

Letters: n rows, d columns, p and q features of the two parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..linear_algebra.pairs import solved
from ..linear_algebra.polynomials import Frame
from .splits import SplitPart, SplitRows, block_features, degree_for
from .tuning import PARTS


@dataclass(frozen=True)
class Factors:
    """g = constant + the product of the first two parts + the third, if there is one.

    error: root mean squared error of y on rows that it was not fitted to.
    """

    constant: float
    parts: tuple[SplitPart, ...]
    error: float

    def values(self, Z: Tensor) -> Tensor:
        """(n, d) -> (n,)."""
        one, other, *beside = (part.values(Z) for part in self.parts)
        return self.constant + one * other + sum(beside)


def factors(
    blocks: tuple[Sequence[int], Sequence[int]], fitting: SplitRows, held: SplitRows, *, beside: bool = False
) -> Factors | None:
    """The product of functions of these blocks that predicts the held-out rows best; None where there is none.

    The first features of both parts, multiplied, give a matrix of weights, whose largest singular vectors are a start.
    From there on each part is fitted in turn.

    beside: whether a function of the first block is added.
    """
    every = torch.cat([fitting.Z, held.Z])
    frames = [Frame.of(every[:, list(block)], logarithms=False) for block in blocks]
    best: Factors | None = None
    start: Tensor | None = None
    for size in PARTS.split_features[:-1]:
        degrees = [degree_for(len(block), size) for block in blocks]
        one, other = (
            block_features(frame, degree, fitting.Z[:, list(block)], constant=True)
            for frame, degree, block in zip(frames, degrees, blocks, strict=True)
        )
        if (one.shape[1] + other.shape[1]) * 2 > len(fitting.g):
            break
        if start is None:
            start = _start(one, other, fitting, beside)
            if start is None:
                return None
        second = torch.cat([start, start.new_zeros(other.shape[1] - len(start))])
        found = _in_turn(one, other, second, fitting, beside)
        start = found[1]
        parts = tuple(
            SplitPart(tuple(blocks[place]), frames[place], degrees[place], weights[1:], float(weights[0]))
            for place, weights in zip((0, 1, 0), found, strict=False)
        )
        # the constant of a function that is added is told apart
        *parts, last = parts
        constant = last.constant
        parts = (*parts, replace(last, constant=0.0)) if beside else tuple(parts)
        made = Factors(constant, parts, math.inf)
        rest = made.values(held.Z) - held.g
        error = float((rest * held.factor).square().mean().sqrt())
        if math.isfinite(error) and (best is None or error < best.error):
            best = replace(made, error=error)
        elif best is not None and error > PARTS.split_worse * best.error:
            break
    return best


def _start(one: Tensor, other: Tensor, rows: SplitRows, beside: bool) -> Tensor | None:
    """Weights (q,) of the second part."""
    p, q = one.shape[1], other.shape[1]
    if p * q * 2 > len(one):
        return None
    both = (one[:, :, None] * other[:, None, :]).flatten(1) * rows.factor[:, None]
    choice = solved((), both[:, :0], both, rows.g * rows.factor)
    matrix = one.new_tensor(choice.base).reshape(p, q)
    matrix[: p if beside else 1, 0] = 0.0  # what is added may be any
    return torch.linalg.svd(matrix)[2][0] if bool(torch.isfinite(matrix).all()) else None


def _in_turn(one: Tensor, other: Tensor, second: Tensor, rows: SplitRows, beside: bool) -> tuple[Tensor, ...]:
    """The weights of both parts, and of what is added."""
    weight, target = rows.factor[:, None], rows.g * rows.factor
    added = one if beside else one[:, :1]
    first, rest = one[0], added[0]
    for _ in range(PARTS.turns):
        second = second / (other @ second).square().mean().sqrt().clamp(min=1e-300)
        design = torch.cat([one * (other @ second)[:, None], added], 1)
        found = solved((), one[:, :0], design * weight, target)
        first = one.new_tensor(found.base[: one.shape[1]])
        design = torch.cat([other * (one @ first)[:, None], added], 1)
        if beside:  # the second part is told without its constant only
            design = design[:, 1:]
        found = solved((), one[:, :0], design * weight, target)
        split = other.shape[1] - beside
        second, rest = (one.new_tensor(part) for part in (found.base[:split], found.base[split:]))
        second = torch.cat([second.new_zeros(1), second]) if beside else second
    return first, second, rest

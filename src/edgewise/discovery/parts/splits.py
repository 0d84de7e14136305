"""Sums of parts that share no columns, under an output function: T(g) = a(one block) + b(another) + ...

Each block gets a polynomial of its own, and all are fitted to the rows at once. Where they predict other rows, the
parts are known on every row, each up to a constant, and can be looked for one by one.

Letters: n rows, d columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..linear_algebra.pairs import solved
from ..linear_algebra.polynomials import Frame, count, exponents, features
from ..proposals.outputs import OUTPUTS, Output
from .tuning import PARTS

Blocks = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class SplitPart:
    """A summand, or a factor: a polynomial of its columns."""

    block: tuple[int, ...]
    frame: Frame
    degree: int
    weights: Tensor
    constant: float = 0.0

    def values(self, Z: Tensor) -> Tensor:
        """(n, d) -> (n,)."""
        return block_features(self.frame, self.degree, Z[:, list(self.block)]) @ self.weights + self.constant


@dataclass(frozen=True)
class Split:
    """T(g) = constant + the sum of the parts. error: root mean squared error of y on rows that it was not fitted to."""

    output: Output
    constant: float
    parts: tuple[SplitPart, ...]
    error: float


@dataclass(frozen=True)
class SplitRows:
    """Rows that fit a split, or judge it: columns (n, d), g (n,), and the error of y by that of g (n,)."""

    Z: Tensor
    g: Tensor
    factor: Tensor


def split(blocks: Blocks, fitting: SplitRows, held: SplitRows) -> list[Split]:
    """The splits of these blocks under every output function, the one that predicts the held-out rows best first."""
    every = torch.cat([fitting.Z, held.Z])
    found: list[Split] = []
    for logarithms in (False, True):
        frames = [Frame.of(every[:, list(block)], logarithms=logarithms) for block in blocks]
        if logarithms and not any(any(frame.logarithm) for frame in frames):
            continue
        for output in OUTPUTS:
            if output.allowed(fitting.g) and output.allowed(held.g):
                found += _under(output, blocks, frames, fitting, held)
    best: dict[str, Split] = {}
    for one in sorted(found, key=lambda one: one.error):
        best.setdefault(one.output.name, one)
    return list(best.values())


def _under(output: Output, blocks: Blocks, frames: Sequence[Frame], fitting: SplitRows, held: SplitRows) -> list[Split]:
    """The split of the best degrees under one output function; none where it is not finite."""
    image, weight = output.value(fitting.g), fitting.factor / output.slope(fitting.g)
    image_held, weight_held = output.value(held.g), held.factor / output.slope(held.g)
    if not all(bool(torch.isfinite(part).all()) for part in (image, weight, image_held, weight_held)):
        return []
    best: list[Split] = []
    degrees: list[int] = []
    for size in PARTS.split_features:
        last, degrees = degrees, [degree_for(len(block), size) for block in blocks]
        if degrees == last:
            break
        designs = [
            block_features(*pair, fitting.Z[:, list(b)]) for *pair, b in zip(frames, degrees, blocks, strict=True)
        ]
        whole = torch.cat([torch.ones_like(image)[:, None], *designs], 1)
        if whole.shape[1] * 2 > len(image):
            break
        choice = solved((), whole[:, :0], whole * weight[:, None], image * weight)
        weights = torch.split(image.new_tensor(choice.base[1:]), [design.shape[1] for design in designs])
        parts = tuple(map(SplitPart, blocks, frames, degrees, weights))
        rest = choice.base[0] + sum(part.values(held.Z) for part in parts) - image_held
        error = float((rest * weight_held).square().mean().sqrt())
        if math.isfinite(error) and (not best or error < best[0].error):
            best = [Split(output, choice.base[0], parts, error)]
        elif best and error > PARTS.split_worse * best[0].error:
            break
    return best


def degree_for(columns: int, size: int) -> int:
    """The largest degree with at most `size` features."""
    degree = 1
    while degree < PARTS.split_degree and count(columns, degree + 1) - 1 <= size:
        degree += 1
    return degree


def block_features(frame: Frame, degree: int, Z: Tensor, *, constant: bool = False) -> Tensor:
    """Features (n, M) of the columns of a block Z; the first of them is a constant, if that is wanted."""
    return features(frame(Z), exponents(len(frame.logarithm), degree)[0 if constant else 1 :])


def joined(parts: Iterable[Sequence[int]]) -> Blocks:
    """Blocks in a fixed order.

    >>> joined([[2], [1, 0]])
    ((0, 1), (2,))
    """
    return tuple(sorted(tuple(sorted(part)) for part in parts))

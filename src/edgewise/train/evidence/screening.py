"""Which pairs of variables act together: found by what the functions of single ones leave.

A pair is looked at alone. Its products get one strength, the one with the highest marginal likelihood of what is left,
and the gain of that over no products is its score. Products of noise gain more than t one time in exp(t) * 2, so the
bar is the logarithm of the number of pairs.

Letters: n rows, d variables, m products, l targets, p pairs, t strengths.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .terms import Term, pair_term
from .tuning import TUNED
from .variables import Variable

Pair = tuple[int, int]


def pairs_of(
    variables: Sequence[Variable],
    x: Tensor,
    slope: Tensor,
    curvature: Tensor,
    candidates: Sequence[Pair],
    products: int = TUNED.products,
) -> list[Pair]:
    """The pairs that gain more than noise would, the best first.

    Args:
        variables: their functions.
        x: rows, with all inputs.
        slope (n, l): minus the derivative of the loss, in nats, by each target; what is left over its variance.
        curvature (n, l): the second derivative.
        candidates: the pairs to look at.
        products: of each pair, at most.
    """
    if not candidates:
        return []
    functions = [variable.values(x) for variable in variables]
    near = candidates
    if len(candidates) > TUNED.looked_at:
        numbers = not any(variable.whole for variable in variables)
        score = (
            _score(functions, slope, curvature) if numbers else _score_of_levels(variables, functions, slope, curvature)
        )
        near = _nearest(score, candidates)
    gained = torch.cat(
        [
            gains(
                [pair_term(*pair, variables, products) for pair in near[first : first + TUNED.at_once]],
                dict(enumerate(functions)),
                slope,
                curvature,
            )
            for first in range(0, len(near), TUNED.at_once)
        ]
    )
    bar = math.log(len(candidates)) + TUNED.bar
    return [near[place] for place in gained.argsort(descending=True).tolist() if gained[place] > bar]


def _nearest(score: Tensor, candidates: Sequence[Pair]) -> list[Pair]:
    """The pairs of the highest score (d, d)."""
    places = torch.tensor(candidates)
    best = score[places[:, 0], places[:, 1]].argsort(descending=True, stable=True)[: TUNED.looked_at]
    return [candidates[place] for place in best.tolist()]


def _score(functions: list[Tensor], slope: Tensor, curvature: Tensor) -> Tensor:
    """How well the smoothest products of all pairs of numbers meet what is left (d, d): a product of matrices does for
    all pairs at once."""
    score = slope.new_zeros(len(functions), len(functions))
    smooth = [  # (n, d): the line of each input, its smoothest curve, its next
        torch.stack([found[:, k] if found.shape[1] > k else torch.zeros_like(found[:, 0]) for found in functions], 1)
        for k in range(TUNED.first_look)
    ]
    for one in smooth:
        for other in smooth:
            for left, curved in zip(slope.T, curvature.T, strict=True):
                met = (one * left[:, None]).T @ other
                size = (one.square() * curved[:, None]).T @ other.square()
                score += met.square() / size.clamp(min=1e-300)
    return torch.maximum(score, score.T)


def _score_of_levels(
    variables: Sequence[Variable], functions: list[Tensor], slope: Tensor, curvature: Tensor
) -> Tensor:
    """The same where some variables have levels, of which there are more than a number has smooth functions: how far
    each pair is above noise, in its standard deviations (d, d)."""
    picks = [variable.smoothest(TUNED.first_look) for variable in variables]
    looked = torch.cat([found[:, pick] for found, pick in zip(functions, picks, strict=True)], 1)
    owner = torch.repeat_interleave(torch.arange(len(picks)), torch.tensor([len(pick) for pick in picks]))
    met, count = looked.new_zeros(len(owner), len(owner)), slope.new_zeros(len(owner), len(owner))
    for left, curved in zip(slope.T, curvature.T, strict=True):
        size = (looked.square() * curved[:, None]).T @ looked.square()
        met += ((looked * left[:, None]).T @ looked).square() / size.clamp(min=1e-300)
        count += size > 1e-300

    def summed(values: Tensor) -> Tensor:
        rows = values.new_zeros(len(picks), len(owner)).index_add_(0, owner, values)
        return values.new_zeros(len(picks), len(picks)).index_add_(1, owner, rows)

    expected = summed(count).clamp(min=1)  # the mean of a chi-squared number, whose variance is twice that
    return (summed(met) - expected) / (2 * expected).sqrt()


def gains(terms: Sequence[Term], functions: Mapping[int, Tensor], slope: Tensor, curvature: Tensor) -> Tensor:
    """What each of these terms gains in log marginal likelihood (p,), alone and at its best strength. functions: those
    of the variables at the rows; slope, curvature (n, l): of what is left there."""
    n, count = len(slope), slope.shape[1]
    width = max(len(term.roughness) for term in terms)
    inner, right = slope.new_zeros(len(terms), count, width, width), slope.new_zeros(len(terms), count, width)
    for place, term in enumerate(terms):
        scaled = term.values(functions) / term.roughness.sqrt()
        m = scaled.shape[1]
        for target in range(count):
            weight = curvature[:, target]
            centred = scaled - (weight @ scaled) / weight.sum()
            inner[place, target, :m, :m] = centred.T @ (weight[:, None] * centred)
            right[place, target, :m] = centred.T @ slope[:, target]
    values, vectors = torch.linalg.eigh(inner)
    values, along = values.clamp(min=0), (vectors.mT @ right[..., None])[..., 0]
    strengths = torch.logspace(*TUNED.strengths, dtype=slope.dtype)[:, None, None, None]  # variances of the prior
    shrunk = 1 + strengths * values
    gain = 0.5 * (strengths * along.square() / shrunk - shrunk.log()).sum((2, 3))  # (t, p)
    return gain.amax(0) * ((count - 1) / count if count > 1 and n else 1.0)

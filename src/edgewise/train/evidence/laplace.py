"""The posterior of predictions under a likelihood that is no parabola, by a Newton step between two updates of the
strengths (Laplace's approximation).

Two classes have one logit, whose halves stand for both of them: log odds are all that two logits say. More classes have
one logit each. Numbers have one prediction; the scale and the dispersion of their loss are updated with the strengths.

Letters: n rows, m functions, k classes, l predictions of a row, q groups.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ...losses import Numbers
from .expansion import Expand, whole
from .likelihoods import Classes, Likelihood, Scored
from .marginal import Blocks, Note, Posterior, Prior, Strengths
from .tuning import TUNED


def cross_entropy(
    blocks: Blocks,
    prior: Prior,
    classes: int,
    note: Note,
    known: Tensor | None = None,
    start: tuple[Tensor, Tensor] | None = None,
    expand: Expand = whole,
) -> Posterior:
    """The posterior of the logits of k classes, targets being class numbers. `known` (q,): the strengths to go on from,
    nan where there are none. `start`: a constant (k,) and coefficients (m, k) that the steps begin at. `expand`: by
    which curvature."""
    counts = prior.roughness.new_zeros(classes)
    for _, y, weight in blocks():
        counts.index_add_(0, y, weight)
    flat, best = (((counts + more) / (counts + more).sum()).log() for more in (0.5, TUNED.absent))
    if classes == 2:
        flat, best = flat[1:] - flat[0], best[1:] - best[0]
        start = None if start is None else (start[0][1:] - start[0][:1], start[1][:, 1:] - start[1][:, :1])
    found = replace(_newton(blocks, prior, best, Classes(), note, known, start, expand), flat=flat)
    if classes > 2:  # a class without rows keeps the chance of half a row
        there, constant = counts > 0, found.constant
        level = constant[there].logsumexp(0) - flat[there].logsumexp(0)
        return replace(found, constant=torch.where(there, constant, flat + level))
    sign = torch.tensor([-0.5, 0.5], dtype=found.coef.dtype)
    return replace(found, coef=found.coef * sign, constant=found.constant * sign, flat=flat * sign)


def numbers(blocks: Blocks, prior: Prior, loss: Numbers, note: Note, known: Tensor | None = None) -> Posterior:
    """The posterior of numbers under a loss; `known` as above."""
    y, weight = (torch.cat(parts) for parts in zip(*((y, weight) for _, y, weight in blocks()), strict=True))
    likelihood = Scored.of(loss, y, weight)
    flat = likelihood.loss.constant(y[:, None], weight)
    if bool((y == y[0]).all()):  # a constant target leaves nothing
        nothing = torch.zeros(int(prior.terms.max()) + 1, dtype=flat.dtype)
        strength, coef = prior.sizes * torch.nan, prior.roughness * 0
        effective = torch.zeros_like(strength)
        return Posterior(coef, flat[0], effective, strength, 0.0, True, 0.0, nothing, flat[0], likelihood)
    found = _newton(blocks, prior, flat, likelihood, note, known)
    last = found.likelihood
    assert isinstance(last, Scored)
    predicted = _predicted(blocks, torch.cat([found.constant[None], found.coef]), torch.arange(len(found.coef)))
    constant = found.constant[0] + last.centred(predicted, y, weight)
    noise = last.variance(predicted, y, weight)
    return replace(found, coef=found.coef[:, 0], constant=constant, flat=flat[0], noise=noise)


def _newton(
    blocks: Blocks,
    prior: Prior,
    flat: Tensor,
    likelihood: Likelihood,
    note: Note,
    known: Tensor | None,
    start: tuple[Tensor, Tensor] | None = None,
    expand: Expand = whole,
) -> Posterior:
    """The posterior of as many predictions as `flat`, the constants that fit best alone, has."""
    count = len(flat)
    constant, coef = start or (flat, prior.roughness.new_zeros(len(prior.groups), count))
    strengths, settled, gain = Strengths(prior, 1.0, known), False, 0.0
    y, weight = (torch.cat(parts) for parts in zip(*((y, weight) for _, y, weight in blocks()), strict=True))
    effective, mass = torch.zeros_like(strengths.value), float(weight.sum())
    bare, beside = _alone(blocks, likelihood, flat, expand)
    while not settled and strengths.updates < TUNED.rounds and bool(strengths.there.any()):
        places = strengths.places
        precision = torch.cat([coef.new_full((1,), TUNED.unpenalised), strengths.precision(places)])
        here = torch.cat([constant[None], coef[places]])  # (1 + m, l)
        value, slope, curvature = expand(blocks, likelihood, here, places, precision)
        step = curvature.step(slope + precision[:, None] * here)
        charged = 0.5 * float((precision[:, None] * here.square()).sum())
        before = gain
        gain = likelihood.gain(bare, value, mass, _used(effective)) + beside - charged - 0.5 * curvature.occam()
        found, length = _shortened(blocks, likelihood, here, step, places, precision, value + charged)
        constant = found[0]
        coef = torch.zeros_like(coef).index_add_(0, places, found[1:])
        effective, change = strengths.update(curvature.determined(), found[1:].square().sum(1), places)
        coef = coef * strengths.there[prior.groups][:, None]
        old = likelihood.state
        if len(old):
            likelihood = likelihood.updated(_predicted(blocks, found, places), y, weight, _used(effective))
        moved = float((likelihood.state - old).abs().sum())
        rest = change < TUNED.settled_classes or 0 <= gain - before < TUNED.gained
        settled = (rest and length == 1.0 and moved < TUNED.settled_classes) or note(value / mass)
    settled = settled or not bool(strengths.there.any())
    places = strengths.places
    precision = torch.cat([coef.new_full((1,), TUNED.unpenalised), strengths.precision(places)])
    here, terms = torch.cat([constant[None], coef[places]]), prior.terms[places]
    curvature = expand(blocks, likelihood, here, places, precision)[2]
    value = curvature.worth(here, terms, int(prior.terms.max()) + 1)
    sure = curvature.spread(terms, places)
    return Posterior(coef, constant, effective, strengths.left, 1.0, settled, gain, value, flat, likelihood, sure)


def _used(effective: Tensor) -> float:
    """Effective parameters, the constant among them."""
    return 1.0 + float(effective.sum())


def _shortened(
    blocks: Blocks,
    likelihood: Likelihood,
    here: Tensor,
    step: Tensor,
    places: Tensor,
    precision: Tensor,
    objective: float,
) -> tuple[Tensor, float]:
    """The point (1 + m, l) that a step leads to, halved until the objective does not rise, and the part of it taken."""
    found, length = here + step, 1.0
    while length > TUNED.shortest:
        charged = 0.5 * float((precision[:, None] * found.square()).sum())
        if _value(blocks, likelihood, found, places) + charged <= objective * (1 + 1e-12) + 1e-12:
            break
        length /= 2
        found = here + length * step
    return found, length


def _alone(blocks: Blocks, likelihood: Likelihood, flat: Tensor, expand: Expand) -> tuple[float, float]:
    """The losses of the constants alone, and what these cost beside."""
    nowhere, precision = torch.zeros(0, dtype=torch.long), flat.new_full((1,), TUNED.unpenalised)
    value, _, curvature = expand(blocks, likelihood, flat[None], nowhere, precision)
    return value, 0.5 * TUNED.unpenalised * float(flat.square().sum()) + 0.5 * curvature.occam()


def _predicted(blocks: Blocks, coef: Tensor, places: Tensor) -> Tensor:
    """The predictions (n, l) of these coefficients."""
    return torch.cat([coef[0] + functions[:, places] @ coef[1:] for functions, _, _ in blocks()])


def _value(blocks: Blocks, likelihood: Likelihood, coef: Tensor, places: Tensor) -> float:
    return sum(
        float(weight @ likelihood.losses(coef[0] + functions[:, places] @ coef[1:], y))
        for functions, y, weight in blocks()
    )

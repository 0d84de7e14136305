"""The posterior of predictions under a likelihood that is no parabola, by Newton steps between updates of the strengths
(Laplace's approximation).

Two classes have one logit, whose halves stand for both of them: log odds are all that two logits say. More classes have
one logit each. Numbers have one prediction; the scale and the dispersion of their loss are updated with the strengths.

Letters: n rows, m functions, k classes, l predictions of a row, q groups.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...losses import Numbers
from .expansion import Expand, Losses, PosteriorCurvature, predictions, steady, whole
from .gram import Blocks
from .likelihoods import Classes, Likelihood, Scored
from .marginal import Note
from .posterior import Posterior, Prior
from .strengths import Strengths
from .tuning import TUNED


def cross_entropy(
    blocks: Blocks,
    prior: Prior,
    classes: int,
    note: Note,
    known: Tensor | None = None,
    start: tuple[Tensor, Tensor] | None = None,
    expand: Expand = whole,
    asked: float = -math.inf,
) -> Posterior:
    """The posterior of the logits of k classes, targets being class numbers. `known` (q,): the strengths to go on from,
    nan where there are none. `start`: a constant (k,) and coefficients (m, k) that the steps begin at. `expand`: by
    which curvature. asked: nats that it has to gain; where it will not, the steps end early, with less."""
    counts = prior.roughness.new_zeros(classes)
    for _, y, weight in blocks():
        counts.index_add_(0, y, weight)
    flat, best = (((counts + more) / (counts + more).sum()).log() for more in (0.5, TUNED.absent))
    if classes == 2:
        flat, best = flat[1:] - flat[0], best[1:] - best[0]
        start = None if start is None else (start[0][1:] - start[0][:1], start[1][:, 1:] - start[1][:, :1])
    found = _newton(blocks, prior, best, Classes(), note, known, start, expand, TUNED.updates, asked)
    found = replace(found, flat=flat)
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
    expand, most = (steady(blocks), TUNED.updates) if loss.steady else (whole, 1)
    found = _newton(blocks, prior, flat, likelihood, note, known, None, expand, most, -math.inf)
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
    start: tuple[Tensor, Tensor] | None,
    expand: Expand,
    most: int,
    asked: float,
) -> Posterior:
    """The posterior of as many predictions as `flat`, the constants that fit best alone, has. most: updates of the
    strengths by one pass over the rows, at most. asked: as for `cross_entropy`."""
    count = len(flat)
    constant, coef = start or (flat, prior.roughness.new_zeros(len(prior.groups), count))
    strengths, settled, gain = Strengths(prior, prior.begin, known, TUNED.least), False, 0.0
    y, weight = (torch.cat(parts) for parts in zip(*((y, weight) for _, y, weight in blocks()), strict=True))
    effective, mass = prior.roughness.new_zeros(prior.count), float(weight.sum())
    bare, beside = _alone(blocks, likelihood, flat, expand)
    often, passes = 1 if start is None or known is None else TUNED.updates_near, 0
    while not settled and strengths.updates < TUNED.rounds and strengths.there.any():
        places = torch.from_numpy(strengths.places)
        here = torch.cat([constant[None], coef[places]])  # (1 + m, l)
        losses = expand(blocks, likelihood, here, places)
        before, curvature = gain, losses.under(_precision(strengths, places))
        cost = beside - _charged(here, curvature.precision) - 0.5 * curvature.occam()
        gain = likelihood.gain(bare, losses.value, mass, _used(effective)) + cost
        passes += 1
        if passes >= TUNED.passes_of_hope and gain + TUNED.hope < asked:
            break
        updates = max(1, min(often, most, int(mass) // here.numel()))
        around = SecondOrder(blocks, likelihood, here, places, losses)
        found, length, effective, change = around.moved(curvature, strengths, updates)
        constant = found[0]
        there = torch.from_numpy(strengths.there)[prior.groups]
        coef = torch.zeros_like(coef).index_add_(0, places, found[1:]) * there[:, None]
        old = likelihood.state
        if len(old):
            likelihood = likelihood.updated(_predicted(blocks, found, places), y, weight, _used(effective))
        moved = float((likelihood.state - old).abs().sum())
        often = 2 * often if moved < TUNED.moved else 1
        rest = change < TUNED.settled_classes or 0 <= gain - before < TUNED.gained
        still = length in (0.0, 1.0) and moved < TUNED.settled_classes
        settled = (rest and still) or note(losses.value / mass)
    settled = settled or not strengths.there.any()
    places = torch.from_numpy(strengths.places)
    here, terms = torch.cat([constant[None], coef[places]]), prior.terms[places]
    curvature = expand(blocks, likelihood, here, places).under(_precision(strengths, places))
    value = curvature.worth(here, terms, int(prior.terms.max()) + 1)
    sure = curvature.spread(terms, places)
    return Posterior(coef, constant, effective, strengths.left, 1.0, bool(settled), gain, value, flat, likelihood, sure)


@dataclass(frozen=True)
class SecondOrder:
    """The losses to second order about `here` (1 + m, l), the coefficients of the functions at these places."""

    blocks: Blocks
    likelihood: Likelihood
    here: Tensor
    places: Tensor
    losses: Losses

    def moved(
        self, curvature: PosteriorCurvature, strengths: Strengths, updates: int
    ) -> tuple[Tensor, float, Tensor, float]:
        """The coefficients (1 + m, l) after one pass, and the part of the step that was taken; the effective parameters
        of the groups, and the change in their strengths, of which there are so many updates.

        Far from the mode a step is too long. It is shortened then, and the strengths follow what was reached, once: by
        the mode of a parabola that does not hold there they would fall for ever, and logits with them. Near the mode,
        several updates take less time than a pass over the rows. Where all chances are near 0 and 1, a parabola has
        hardly any curvature: by it groups would be dropped whose loss brings thousands of nats.

        curvature: with the prior as it is.
        """
        step = self._step(curvature)
        found, length, _ = self._shortened(step, curvature.precision)
        if length == 1.0 and updates > 1:
            before = strengths.state
            mode, precision, effective, change = self._updated(curvature, strengths, step, updates)
            further, length, losses = self._shortened(mode - self.here, precision)
            if length == 1.0 and losses - self.losses.foretold(mode - self.here) < self._slack:
                return further, length, effective, change
            strengths.state = before
            length = 1.0
        effective, change = _update(strengths, curvature, found, self.places)
        return found, length, effective, change

    def _updated(
        self, curvature: PosteriorCurvature, strengths: Strengths, step: Tensor, updates: int
    ) -> tuple[Tensor, Tensor, Tensor, float]:
        """So many updates of the strengths. The own parameters of a likelihood stay as they are: where these still
        move, there is one update, or groups would be dropped before the noise is known.

        Returned are mode (1 + m, l) and precision of the prior (1 + m,) at the last of the updates, the effective
        parameters of the groups, and the change in the first. step: the first one.
        """
        mode, first = self.here + step, 0.0
        for number in range(updates):
            if number:
                curvature = self.losses.under(_precision(strengths, self.places))
                mode = self.here + self._step(curvature)
            effective, change = _update(strengths, curvature, mode, self.places)
            first = first if number else change
            if change < TUNED.settled_classes or not strengths.there.any():
                break
        return mode, curvature.precision, effective, first

    @property
    def _slack(self) -> float:
        """What the losses may be above those that the parabola foretells."""
        return TUNED.astray + TUNED.astray_part * abs(self.losses.value)

    def _step(self, curvature: PosteriorCurvature) -> Tensor:
        """To the mode of the parabola."""
        return curvature.step(self.losses.slope + curvature.precision[:, None] * self.here)

    def _shortened(self, step: Tensor, precision: Tensor) -> tuple[Tensor, float, float]:
        """The point (1 + m, l) that a step leads to, halved until the objective does not rise, the part of it that was
        taken, and the losses there. Nothing is taken where even the shortest rises."""
        objective, length = self.losses.value + _charged(self.here, precision), 1.0
        while length > TUNED.shortest:
            found = self.here + length * step
            losses = _value(self.blocks, self.likelihood, found, self.places)
            if losses + _charged(found, precision) <= objective * (1 + 1e-12) + 1e-12:
                return found, length, losses
            length /= 2
        return self.here, 0.0, self.losses.value


def _precision(strengths: Strengths, places: Tensor) -> Tensor:
    """Of the prior of the constants and the functions at these places (1 + m,)."""
    precision = torch.from_numpy(strengths.precision(places.numpy()))
    return torch.cat([precision.new_full((1,), TUNED.unpenalised), precision])


def _update(strengths: Strengths, curvature: PosteriorCurvature, coef: Tensor, places: Tensor) -> tuple[Tensor, float]:
    """The strengths by a curvature and coefficients (1 + m, l) of the functions at these places: the effective
    parameters of the groups, and the largest relative change."""
    square = coef[1:].square().sum(1)
    effective, change = strengths.update(curvature.determined().numpy(), square.numpy(), places.numpy())
    return torch.from_numpy(effective), change


def _charged(here: Tensor, precision: Tensor) -> float:
    """What the prior charges for coefficients (1 + m, l)."""
    return 0.5 * float((precision[:, None] * here.square()).sum())


def _used(effective: Tensor) -> float:
    """Effective parameters, the constant among them."""
    return 1.0 + float(effective.sum())


def _alone(blocks: Blocks, likelihood: Likelihood, flat: Tensor, expand: Expand) -> tuple[float, float]:
    """The losses of the constants alone, and what these cost beside."""
    precision = flat.new_full((1,), TUNED.unpenalised)
    losses = expand(blocks, likelihood, flat[None], torch.zeros(0, dtype=torch.long))
    return losses.value, _charged(flat[None], precision) + 0.5 * losses.under(precision).occam()


def _predicted(blocks: Blocks, coef: Tensor, places: Tensor) -> Tensor:
    """The predictions (n, l) of these coefficients."""
    return torch.cat([predictions(functions, coef, places) for functions, _, _ in blocks()])


def _value(blocks: Blocks, likelihood: Likelihood, coef: Tensor, places: Tensor) -> float:
    return sum(
        float(weight @ likelihood.losses(predictions(functions, coef, places), y)) for functions, y, weight in blocks()
    )

"""Strengths of a Gaussian prior with the highest marginal likelihood: what the data say about their own smoothness.

The parameters come in groups: the line of an edge is one, its curves are another. The prior of a parameter has the
precision strength times roughness.

Letters: m functions, q groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .cholesky import Array, Places, inverse
from .posterior import Posterior, Prior, Spread
from .strengths import Strengths
from .sums import Sums
from .tuning import TUNED
from .worth import spread_of, worth

Note = Callable[[float], bool]  # told the loss after every update; ends the run by returning True


def squared_error(sums: Sums, prior: Prior, note: Note, known: Tensor | None = None) -> Posterior:
    """The posterior of numbers: only sums over the rows are kept, so that there may be many of them. `known` (q,): the
    strengths to go on from, nan where there are none."""
    found, spread = np.zeros(0), sums.square / sums.rows
    noise, settled = 0.5 * spread, not spread > 0
    strengths = Strengths(prior, prior.begin / max(spread, 1e-300), known)
    effective, gain = np.zeros(prior.count), 0.0
    at = strengths.places
    there = sums.take(at)  # seldom changes
    found = np.zeros(len(at))
    while not settled and strengths.updates < TUNED.rounds and strengths.there.any():
        places = strengths.places
        if len(places) != len(at):
            there, at = sums.take(places), places
        found, determined, occam = there.solve(strengths.precision(at), noise)
        before = gain
        explained = sums.square - float(found @ there.right)
        gain = -0.5 * (sums.rows * math.log(noise / spread) + explained / noise - sums.rows + occam)
        effective, change = strengths.update(determined, found**2, at)
        error = there.residual(found)
        noise = max(error / max(sums.rows - 1 - float(effective.sum()), 1.0), TUNED.noise * spread)
        settled = change < TUNED.settled or 0 <= gain - before < TUNED.gained or note(max(error, 0.0) / sums.rows)
    coef = np.zeros(len(sums.right))
    coef[at] = found
    coef *= strengths.there[prior.groups.numpy()]
    settled = settled or not strengths.there.any()
    value, sure = np.zeros(int(prior.terms.max()) + 1), None
    if spread > 0:
        places = strengths.places
        there = there if len(places) == len(at) else sums.take(places)
        value, sure = _sureness(there, prior, strengths.precision(places), noise, coef, places)
    return Posterior(
        torch.from_numpy(coef),
        torch.tensor(sums.constant - float(sums.means @ coef), dtype=torch.float64),
        torch.from_numpy(effective),
        strengths.left,
        noise,
        bool(settled),
        gain,
        torch.from_numpy(value),
        torch.tensor(sums.constant, dtype=torch.float64),
        spread=sure,
    )


def _sureness(
    there: Sums, prior: Prior, precision: Array, noise: float, coef: Array, places: Places
) -> tuple[Array, Spread]:
    """What each term is worth, and how sure a posterior is of it. there: sums of the functions at these places, of
    which the prior has this precision; coef (m,): of all functions."""
    terms = prior.terms.numpy()[places]
    covariance = inverse(there.factor(precision, noise))
    value = worth(coef[places], covariance, precision, terms, int(prior.terms.max()) + 1)
    return value, spread_of([covariance], terms, places)


def narrowed(sums: Sums, prior: Prior, found: Posterior) -> Posterior:
    """The posterior with the strength of the first group that predicts unseen rows best, where it is larger than the
    most likely one, by generalized cross-validation (Golub, Heath & Wahba 1979, doi:10.1080/00401706.1979.10489751).

    A few directions of many columns that say the same may have large effects, and others none. One prior for all of
    them then is as wide as the few ask for, and lets noise into the others. The gain stays that of the most likely
    strength: it is what other models are compared by.
    """
    strength = found.strength.numpy()
    places = (~np.isnan(strength))[prior.groups.numpy()].nonzero()[0]
    if not len(places) or np.isnan(strength[0]):
        return found
    there, groups = sums.take(places), prior.groups.numpy()[places]
    likely = strength[groups] * prior.roughness.numpy()[places]

    def tried(factor: float) -> tuple[Array, Array, Array, float, float]:
        """Precision, coefficients, what is determined of them, noise, and what rows lose that were left out."""
        precision = np.where(groups == 0, factor * likely, likely)
        coef, determined, _ = there.solve(precision, found.noise)
        left, error = sums.rows - 1 - float(determined.sum()), max(there.residual(coef), 0.0)
        noise = max(error / max(left, 1.0), TUNED.noise * sums.square / sums.rows)
        return precision, coef, determined, noise, error / max(left, TUNED.none_left) ** 2

    factors = np.logspace(*TUNED.narrower)
    tries = [tried(factor) for factor in factors]
    best = min(range(len(tries)), key=lambda number: tries[number][-1])
    if best == 0:
        return found
    precision, part, determined, noise, _ = tries[best]
    coef = np.zeros(len(prior.groups))
    coef[places] = part
    strength = strength * (found.noise / noise)  # what they are next to the noise decides
    strength[0] *= factors[best]
    value, sure = _sureness(there, prior, precision * (found.noise / noise), noise, coef, places)
    new = {
        "coef": torch.from_numpy(coef),
        "constant": torch.tensor(sums.constant - float(sums.means @ coef), dtype=torch.float64),
        "effective": torch.from_numpy(np.bincount(groups, determined, prior.count)),
        "strength": torch.from_numpy(strength),
        "worth": torch.from_numpy(value),
    }
    return replace(found, noise=noise, spread=sure, **new)


def believed(gain: float, prior: Prior) -> bool:
    """Whether noise alone would hardly give such a gain.

    A group of which nothing is true gains nothing half of the time, and half a chi-squared number else (Self & Liang
    1987, doi:10.1080/01621459.1987.10478472): 1/4 in the mean, with a variance of 5/16.
    """
    groups = int((prior.sizes > 0).sum())
    return gain > groups / 4 + TUNED.chance * math.sqrt(5 / 16 * groups)

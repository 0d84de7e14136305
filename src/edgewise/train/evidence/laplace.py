"""The posterior of logits, by a Newton step between two updates of the strengths (Laplace's approximation).

Two classes have one logit, whose halves stand for both of them: log odds are all that two logits say. More classes have
one logit each.

Letters: n rows, m functions, k classes, l logits, q groups.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from .marginal import Blocks, Note, Posterior, Prior, Strengths, occam_of, worth
from .tuning import TUNED


def cross_entropy(blocks: Blocks, prior: Prior, classes: int, note: Note, known: Tensor | None = None) -> Posterior:
    """The posterior of the logits of k classes, targets being class numbers. `known` (q,): the strengths to go on from,
    nan where there are none."""
    counts = prior.roughness.new_zeros(classes)
    for _, y, weight in blocks():
        counts.index_add_(0, y, weight)
    flat = ((counts + 0.5) / (counts + 0.5).sum()).log()
    if classes == 2:
        flat = flat[1:] - flat[0]
    found = _newton(blocks, prior, flat, float(counts.sum()), note, known)
    if classes > 2:
        return found
    sign = torch.tensor([-0.5, 0.5], dtype=found.coef.dtype)
    return replace(found, coef=found.coef * sign, constant=found.constant * sign, flat=flat * sign)


def _newton(blocks: Blocks, prior: Prior, flat: Tensor, mass: float, note: Note, known: Tensor | None) -> Posterior:
    """The posterior of as many logits as `flat`, the constants that fit best alone, has."""
    constant, logits = flat, len(flat)
    coef = prior.roughness.new_zeros(len(prior.groups), logits)
    strengths, settled, gain = Strengths(prior, 1.0, known), False, 0.0
    effective, alone = torch.zeros_like(strengths.value), _alone(blocks, flat)
    while not settled and strengths.updates < TUNED.rounds and bool(strengths.there.any()):
        places = strengths.places
        precision = torch.cat([coef.new_full((1,), TUNED.unpenalised), strengths.precision(places)])
        here = torch.cat([constant[None], coef[places]])  # (1 + m, l)
        value, slope, curvature = _taylor(blocks, here, places)
        factor = torch.linalg.cholesky(curvature + torch.diag(precision.repeat(logits)))
        slope = slope + precision[:, None] * here
        step = -torch.cholesky_solve(slope.T.reshape(-1, 1), factor).reshape(logits, -1).T
        objective = value + 0.5 * float((precision[:, None] * here.square()).sum())
        before = gain
        gain = alone - objective - 0.5 * occam_of(factor, precision[1:].repeat(logits))
        found, length = here + step, 1.0
        while length > TUNED.shortest:
            charged = 0.5 * float((precision[:, None] * found.square()).sum())
            if _value(blocks, found, places) + charged <= objective * (1 + 1e-12) + 1e-12:
                break
            length /= 2
            found = here + length * step
        constant = found[0]
        coef = torch.zeros_like(coef).index_add_(0, places, found[1:])
        variance = torch.cholesky_inverse(factor).diagonal().reshape(logits, -1)[:, 1:]
        determined = (1 - precision[1:] * variance).clamp(min=0).sum(0)
        effective, change = strengths.update(determined, found[1:].square().sum(1), places)
        coef = coef * strengths.there[prior.groups][:, None]
        rest = change < TUNED.settled_classes or 0 <= gain - before < TUNED.gained
        settled = (rest and length == 1.0) or note(value / mass)
    settled = settled or not bool(strengths.there.any())
    places = strengths.places
    precision = torch.cat([coef.new_full((1,), TUNED.unpenalised), strengths.precision(places)]).repeat(logits)
    curvature = _taylor(blocks, torch.cat([constant[None], coef[places]]), places)[2]
    whose = torch.cat([prior.terms.new_full((1,), int(prior.terms.max()) + 1), prior.terms[places]]).repeat(logits)
    mean = torch.cat([constant[None], coef[places]]).T.reshape(-1)
    value = worth(mean, curvature + torch.diag(precision), precision, whose, int(prior.terms.max()) + 2)[:-1]
    return Posterior(coef, constant, effective, strengths.left, 1.0, settled, gain, value, flat)


def _alone(blocks: Blocks, flat: Tensor) -> float:
    """The same as the gain is measured by, of the constants alone."""
    none = torch.zeros(0, dtype=torch.long)
    value, _, curvature = _taylor(blocks, flat[None], none)
    factor = torch.linalg.cholesky(curvature + TUNED.unpenalised * torch.eye(len(flat), dtype=flat.dtype))
    return value + 0.5 * TUNED.unpenalised * float(flat.square().sum()) + float(factor.diagonal().log().sum())


def shares_of(logits: Tensor) -> Tensor:
    """Probabilities of the classes that have a logit: all of them, or the second of two."""
    return logits.softmax(1) if logits.shape[1] > 1 else logits.sigmoid()


def losses(logits: Tensor, y: Tensor) -> Tensor:
    """Negative log probability of the class y of each row (n,)."""
    if logits.shape[1] == 1:
        return torch.nn.functional.softplus(torch.where(y > 0, -logits[:, 0], logits[:, 0]))
    return torch.nn.functional.cross_entropy(logits, y, reduction="none")


def targets(y: Tensor, logits: int) -> Tensor:
    """The probabilities that classes y (n,) would have if they were certain: (n, l)."""
    return y[:, None].double() if logits == 1 else torch.nn.functional.one_hot(y, logits).double()


def _taylor(blocks: Blocks, coef: Tensor, places: Tensor) -> tuple[float, Tensor, Tensor]:
    """Sum of the losses of the rows, its gradient (1 + m, l), and its curvature (l (1 + m), l (1 + m)), logit by
    logit."""
    value, slope, count = 0.0, torch.zeros_like(coef), coef.shape[1]
    curvature = coef.new_zeros(count, len(coef), count, len(coef))
    for functions, y, weight in blocks():
        functions = torch.cat([torch.ones_like(functions[:, :1]), functions[:, places]], 1)
        logits = functions @ coef
        value += float(weight @ losses(logits, y))
        shares = shares_of(logits)
        slope += functions.T @ (weight[:, None] * (shares - targets(y, count)))
        for a in range(count):
            for b in range(a + 1):
                part = weight * shares[:, a] * ((1.0 if a == b else 0.0) - shares[:, b])
                product = functions.T @ (part[:, None] * functions)
                curvature[a, :, b] += product
                if a != b:
                    curvature[b, :, a] += product
    return value, slope, curvature.reshape(count * len(coef), -1)


def _value(blocks: Blocks, coef: Tensor, places: Tensor) -> float:
    return sum(
        float(weight @ losses(coef[0] + functions[:, places] @ coef[1:], y)) for functions, y, weight in blocks()
    )

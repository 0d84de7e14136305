"""The mean of fits to parts of the rows: more cautious probabilities of classes.

What is most likely on these rows is taken up whole, or not at all, where other rows would decide otherwise. The mean
over parts of the rows lies between (subagging; Bühlmann & Yu 2002, doi:10.1214/aos/1031689014). All fits are sums of
the same functions, and so their mean is one network. The parts decide anew which variables act, and how smoothly; pairs
are those that all rows together ask for.

A part of the rows is less sure of classes than all rows. So the logits of the mean get the size of those of all rows.

Numbers are not averaged. On nine tables of 50 to 530 rows the mean had 0.99 times the error of one fit in the median.
Where a few far rows say all, it had 1.5 times: a part without them knows nothing.

Letters: m functions, k classes, f fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from .chosen_terms import Model, Task, carried, dense, sparse
from .marginal import Posterior, Spread
from .terms import Term, edge_term
from .tuning import TUNED


def averaged(task: Task, found: Model, inputs: Sequence[int]) -> Model:
    """The model with the mean coefficients of fits to parts of the rows; what only parts take up, of these variables,
    comes last.

    It is left as it is where targets are numbers; where rows are many, which agree without it; and where they are too
    few to be parted.
    """
    if task.classes == 1 or not found.believed or not TUNED.fewest_averaged <= len(task.x) <= TUNED.most_averaged:
        return found
    there = {term.variables for term in found.terms}
    more = [edge_term(number, task.variables[number]) for number in inputs if (number,) not in there]
    terms, many = found.terms + more, task.classes > 2
    if sum(len(term.roughness) for term in terms) * (task.classes if many else 1) > TUNED.offered:
        terms = found.terms
    ends = _of_parts(task, found, terms)
    sizes = [len(term.roughness) for term in terms]
    coefs = torch.stack([_placed(end, terms) for end in ends])
    taken = [bool((mine != 0).any()) for mine in coefs.split(sizes, 1)]
    taken[: len(found.terms)] = [True] * len(found.terms)
    coefs = coefs[:, torch.tensor(taken).repeat_interleave(torch.tensor(sizes))]
    kept = [term for term, there in zip(terms, taken, strict=True) if there]
    constant = torch.stack([end.posterior.constant for end in ends]).mean(0)
    result = replace(found, terms=kept, posterior=_posterior(found, kept, coefs, constant, task.classes))
    growth = _growth(task, result, found)
    return replace(result, posterior=replace(result.posterior, coef=growth * result.posterior.coef))


def _of_parts(task: Task, whole: Model, terms: list[Term]) -> list[Model]:
    """The fits of these terms, from the strengths of all rows on: of each shuffle, every part is left out once."""
    generator, found = torch.Generator().manual_seed(0), []
    singles = sum(len(term.variables) == 1 for term in terms)
    known = carried(whole, terms)
    how, among = dense if whole.common else sparse, (singles, len(terms) - singles)
    for _ in range(TUNED.shuffles):
        part = torch.randperm(len(task.x), generator=generator) % TUNED.left_out
        for out in range(TUNED.left_out):
            found.append(how(task.take((part != out).nonzero()[:, 0]), terms, known, among))
    return found


def _placed(end: Model, terms: Sequence[Term]) -> Tensor:
    """The coefficients of a fit among those of all terms (m, k)."""
    names = [(term.variables, term.pooled) for term in end.terms]
    found = dict(zip(names, end.posterior.coef.split([len(term.roughness) for term in end.terms]), strict=True))
    zero = end.posterior.coef.new_zeros(1, end.posterior.coef.shape[1])
    return torch.cat([found.get((term.variables, term.pooled), zero.expand(len(term.roughness), -1)) for term in terms])


def _posterior(found: Model, terms: Sequence[Term], coefs: Tensor, constant: Tensor, classes: int) -> Posterior:
    """The posterior with the mean of the coefficients (f, m, k). How sure it is of the functions of variables
    that came last, the differences of the fits say: the jackknife that leaves out many rows (Shao & Wu 1989,
    doi:10.1214/aos/1176347263)."""
    whole, sure = found.posterior, found.posterior.spread
    new = terms[len(found.terms) :]
    groups = sum(term.groups for term in new)
    if sure is not None:
        apart = (coefs - coefs.mean(0)) * ((TUNED.left_out - 1) / len(coefs)) ** 0.5
        if classes == 2:
            apart = 2 * apart[..., 1:]  # one for the log odds
        first, numbers, places, covariance = len(whole.coef), list(sure.terms), list(sure.places), list(sure.covariance)
        for number, term in enumerate(new, start=len(found.terms)):
            mine = torch.arange(first, first := first + len(term.roughness))
            numbers.append(number)
            places.append(mine)
            covariance.append([side[:, mine].T @ side[:, mine] for side in apart.unbind(2)])
        sure = Spread(numbers, places, covariance)
    return replace(
        whole,
        coef=coefs.mean(0),
        constant=constant,
        effective=torch.cat([whole.effective, whole.effective.new_zeros(groups)]),
        strength=torch.cat([whole.strength, whole.strength.new_full((groups,), torch.nan)]),
        worth=torch.cat([whole.worth, whole.worth.new_zeros(len(new))]),
        spread=sure,
    )


def _growth(task: Task, small: Model, large: Model) -> float:
    """How many times larger the logits of one model are than those of another on the rows, without their constants."""
    sizes = []
    for model in (small, large):
        functions = task.predict(model.terms, model.posterior, task.x) - model.posterior.constant
        apart = functions - functions.mean(1, keepdim=True)
        sizes.append(float((task.weight[:, None] * apart.square()).sum()))
    return (sizes[1] / sizes[0]) ** 0.5 if sizes[0] > 0 else 1.0

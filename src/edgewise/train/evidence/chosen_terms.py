"""Terms with their posterior and their score, and the choice of those that pay for themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from .fit_task import Task
from .marginal import believed, narrowed
from .posterior import Posterior, Prior
from .screening import Pair
from .sums import Sums
from .terms import Term, pair_term, pooled_term, prior_of, straight_term
from .tuning import TUNED
from .variables import ROUGH, Variable

Among = tuple[int, int]  # how many terms of one variable there might be, and of two


def among_of(terms: Sequence[Term]) -> Among:
    """How many of these terms are of one variable, and of two."""
    singles = sum(len(term.variables) == 1 for term in terms)
    return singles, len(terms) - singles


@dataclass(frozen=True)
class Structure:
    """What a search decided: whether all inputs stay, with one strength for their lines, and `straight`, without curves
    of single inputs; which pairs act together; and of which pairs the lines have products, with one strength for all of
    them; how many rough functions edges may have; which variables act by themselves; which inputs are measured by
    logarithms; which are `tame`, whose values say nothing where they lie farther out than tails reach; how many
    products pairs may have that are `finer` than others; and how `tied` the rows of a group are, as for `Task`."""

    common: bool
    pairs: list[Pair]
    pooled: list[Pair]
    rough: int
    alone: list[int]
    logarithmic: tuple[int, ...] = ()
    tame: tuple[int, ...] = ()
    finer: Mapping[tuple[int, ...], int] = field(default_factory=dict)
    tied: float = 0.0
    straight: bool = False

    def of_pairs(self, variables: Sequence[Variable]) -> list[Term]:
        """The terms of its pairs."""
        pooled = [pooled_term(*pair, variables) for pair in self.pooled]
        return pooled + [pair_term(*pair, variables, self.finer.get(pair, TUNED.products)) for pair in self.pairs]


@dataclass(frozen=True)
class Model:
    """Terms and their posterior; common: whether the lines of all inputs have one strength; straight: whether single
    inputs have lines and levels alone; score: what is compared; believed: whether it is more than noise would give;
    sums: what the rows say of its functions."""

    terms: list[Term]
    posterior: Posterior
    common: bool
    score: float
    believed: bool
    sums: Sums | None
    straight: bool = False

    def places(self, terms: Sequence[Term]) -> Tensor | None:
        """Of the functions of these terms among its own; None where it has not all of them."""
        first, found = 0, {}
        for term in self.terms:
            found[term.key] = first, len(term.roughness)
            first += len(term.roughness)
        mine = [found.get(term.key) for term in terms]
        known = [place for place in mine if place is not None]
        if len(known) < len(mine) or not known:
            return None
        return torch.cat([torch.arange(first, first + size) for first, size in known])

    def part(self, terms: Sequence[Term]) -> Sums | None:
        """What the rows say of these terms, where it has sums of all of them."""
        if self.sums is None or (places := self.places(terms)) is None:
            return None
        return self.sums.take(places.numpy())

    def start(self, terms: Sequence[Term]) -> tuple[Tensor, Tensor]:
        """Its constants (k,), and its coefficients of the functions of these terms (m, k), zero for those that it has
        not."""
        sizes = [len(term.roughness) for term in self.terms]
        names = [term.key for term in self.terms]
        found = dict(zip(names, self.posterior.coef.split(sizes), strict=True))
        zero = torch.zeros_like(self.posterior.coef[:1])
        parts = [found.get(term.key, zero.expand(len(term.roughness), -1)) for term in terms]
        return self.posterior.constant, torch.cat(parts)

    @property
    def structure(self) -> Structure:
        """What was decided."""
        pairs = [(term.variables, term.pooled) for term in self.terms]
        alone, pooled = (
            [pair for pair, kind in pairs if len(pair) == 2 and kind is wanted] for wanted in (False, True)
        )
        rough = max((int((term.kinds == ROUGH).sum()) for term in self.terms), default=0)
        singles = [term.variables[0] for term in self.terms if len(term.variables) == 1]
        finer = {term.variables: term.most for term in self.terms if term.most > TUNED.products}
        return Structure(self.common, alone, pooled, rough, singles, finer=finer, straight=self.straight)


def sparse(task: Task, terms: list[Term], known: Tensor | None, among: Among, near: Model | None = None) -> Model:
    """The terms that pay for themselves, with a strength each. `known`: strengths to go on from. `among`: how many
    terms there might be, by which their choice is charged. `near`: a model where a fit begins; one of these very
    rows, where sums say all of them."""
    whole = model_of(task, terms, False, known, among, near)
    found = thinned(task, whole, among)
    if not whole.believed or sum(len(term.roughness) for term in terms) <= len(task.x):
        return found
    likely = _halved(task, whole, among)
    if likely is not whole:
        found = max(found, thinned(task, likely, among), key=lambda model: model.score)
    beyond_chance = found.posterior.gain - _choice(found.terms, among)  # the best of many gains more
    return replace(found, believed=believed(beyond_chance, prior_of(found.terms)))


def _halved(task: Task, whole: Model, among: Among) -> Model:
    """The likeliest of the half, the quarter, and so on of the terms, those of the most worth, each fitted anew.

    Where there are more functions than rows, the strengths of all may come to rest where noise is fitted as well. There
    a few terms are more likely, but no path leads to them: those that say nothing each seem to be worth something. The
    fewest come first, and most of the time goes to the many: there are no more where two in turn are less likely.
    """
    by_worth, tries, size = whole.posterior.worth.argsort(descending=True).tolist(), [whole], len(whole.terms)
    for count in [size >> half for half in range(size.bit_length() - 1, 0, -1)]:
        kept = [whole.terms[number] for number in sorted(by_worth[:count])]
        tries.append(model_of(task, kept, False, None, among, whole))
        scores = [model.score for model in tries[1:]]
        if scores.index(max(scores)) < len(scores) - 2:
            break
    return max(tries, key=lambda model: model.score)


def dense(task: Task, terms: list[Term], known: Tensor | None, among: Among, near: Model | None = None) -> Model:
    """All numbers, with one strength for their lines, and the levels and pairs that pay for themselves."""
    return thinned(task, model_of(task, terms, True, known, among, near), among)


def straight(task: Task, terms: list[Term], known: Tensor | None, among: Among, near: Model | None = None) -> Model:
    """The same with a line, or levels, of every input, and without their curves: ridge regression by its evidence.

    Where all columns act a little, curves with a strength each fit noise, and are charged for, though no data ask for
    them. One more way to fit is one more way to be misled by noise: it has to gain a nat more to be believed. Under
    squares, the strength of the lines may be larger than the most likely one, as rows left out say.
    """
    lines = [
        straight_term(t.variables[0], task.variables[t.variables[0]]) if len(t.variables) == 1 else t for t in terms
    ]
    found = dense(task, lines, known, among, near)
    prior = prior_of(found.terms, True)
    beyond = believed(found.posterior.gain - TUNED.strength_cost, prior)
    if found.believed and found.sums is not None:
        found = replace(found, posterior=narrowed(found.sums, prior, found.posterior))
    return replace(found, straight=True, believed=found.believed and beyond)


def thinned(task: Task, best: Model, among: Among) -> Model:
    """The model without the terms that do not pay; where lines have a common strength, numbers stay.

    Terms are dropped together, those of the least worth first, and half as many where so many are too many: of inputs
    that say the same, each one alone is worth nothing. No fit is spent on what their worth says will not pay. It says
    too little of losses whose dispersion is fitted as well, which moves with the terms.
    """
    count = len(best.terms)
    while count and best.believed:
        worth = best.posterior.worth
        weak = [
            number
            for number in worth.argsort().tolist()
            if worth[number] < TUNED.weak and not _stays(best, best.terms[number])
        ]
        count = min(count, len(weak), len(best.terms) - 1)
        if not count:
            break
        left = [term for number, term in enumerate(best.terms) if number not in weak[:count]]
        if task.loss_of is None and not _may_pay(best, weak[:count], left, among):
            count //= 2
            continue
        fewer = model_of(task, left, best.common, carried(best, left), among, best, best.score)
        if fewer.score > best.score:
            best = fewer
        else:
            count //= 2
    return best


def _may_pay(model: Model, dropped: list[int], left: list[Term], among: Among) -> bool:
    """Whether a model may be more likely without these of its terms, so that only others are left: by what they are
    worth, and what they are charged."""
    prior = prior_of(model.terms, model.common)
    strengths = _strengths(model.terms, prior, model.posterior.effective)[dropped]
    saved = TUNED.strength_cost * int(strengths.sum()) + _choice(model.terms, among) - _choice(left, among)
    return saved - float(model.posterior.worth[dropped].sum()) > -TUNED.unlikely


def _stays(model: Model, term: Term) -> bool:
    """Whether a term is not asked what it is worth: one of many with a strength in common."""
    return term.pooled or (model.common and term.numbers)


def model_of(
    task: Task,
    terms: list[Term],
    common: bool,
    known: Tensor | None,
    among: Among,
    near: Model | None = None,
    asked: float = -math.inf,
) -> Model:
    """These terms with their posterior. asked: the score that it has to reach, or the fit may end early, with less.

    Its score is the gain in log marginal likelihood, less one nat for each strength and column of levels. Strengths
    of pairs and of rough functions count only where they came to something. Less, too, the logarithm of how many
    choices of so many terms there are (Scott & Berger 2010, doi:10.1214/10-AOS792).
    """
    prior = prior_of(terms, common)
    sums = None if near is None else near.part(terms)
    if sums is None and task.by_sums:
        sums = task.sums(terms, prior)
    start = near.start(terms) if near is not None and task.classes > 1 else None

    def charged(used: Tensor) -> float:
        return TUNED.strength_cost * int(_strengths(terms, prior, used).sum()) + _choice(terms, among)

    posterior = task.fit(terms, prior, known, sums, start, asked + charged(torch.zeros_like(prior.sizes)))
    score = posterior.gain - charged(posterior.effective)
    return Model(terms, posterior, common, score, believed(posterior.gain, prior), sums)


def _strengths(terms: Sequence[Term], prior: Prior, effective: Tensor) -> Tensor:
    """How many strengths each term is charged for (t,), by the effective parameters of each strength (q,). A column of
    levels pays as much as a number. The first term pays for a strength that all have in common."""
    groups = [
        (number, len(term.variables) == 2 or group == ROUGH)
        for number, term in enumerate(terms)
        for group in range(term.groups)
    ]
    whose, spared = (torch.tensor(part) for part in zip(*groups, strict=True))
    counted = torch.where(spared, effective > 0, prior.sizes > 0)
    levels = torch.tensor([len(term.variables) == 1 and not term.numbers for term in terms])
    return levels.long().index_add(0, whose, counted.long())


def _choice(terms: Sequence[Term], among: Among) -> float:
    """What the choice of these terms is charged: of single columns among all of them, and of pairs among all pairs."""
    singles = sum(len(term.variables) == 1 for term in terms)
    return _log_choices(among[0], singles) + _log_choices(among[1], len(terms) - singles)


def _log_choices(of: int, chosen: int) -> float:
    """The logarithm of one more than a number, times its ways to choose so many."""
    return math.log1p(of) + math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)


def carried(model: Model, to: Sequence[Term]) -> Tensor:
    """The strengths for other terms: those that were found, nan for terms that are new."""
    parts = model.posterior.strength.split([term.groups for term in model.terms])
    found = {(term.variables, term.pooled): part for term, part in zip(model.terms, parts, strict=True)}
    pool = [part for term, part in zip(model.terms, parts, strict=True) if term.pooled][:1]
    first = next((term for term in to if term.pooled), None)
    if pool and first is not None:
        found[first.variables, True] = pool[0]  # the first has the strengths of all
    new = model.posterior.strength.new_tensor([math.nan])
    return torch.cat([found.get((term.variables, term.pooled), new.expand(term.groups)) for term in to])

"""Terms with their posterior and their score, and the choice of those that pay for themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from ...data import originals
from ...losses import Numbers
from .edge_basis import blocks
from .expansion import by_class, whole
from .gram import Blocks
from .laplace import cross_entropy, numbers
from .likelihoods import Scored, shares_of, targets
from .marginal import Note, Posterior, Prior, Sums, believed, squared_error
from .screening import Pair
from .terms import Term, design, pair_term, pooled_term, prior_of
from .tuning import TUNED
from .variables import ROUGH, Variable


@dataclass(frozen=True)
class Task:
    """Rows x (n, d) with weights (n,) and one target y (n,): numbers (classes = 1) or class numbers; the functions of
    each variable, and whom to tell of progress; the loss of numbers where that is no square, and by which likelihood
    rows are judged then. by_class: whether curvatures are taken class by class, in all models of a search. known: the
    functions of variables at the rows, as far as they were asked for."""

    x: Tensor
    weight: Tensor
    y: Tensor
    classes: int
    variables: list[Variable]
    note: Note
    loss_of: Numbers | None = None
    judge: Scored | None = None
    by_class: bool = False
    known: dict[int, Tensor] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def finest(self) -> int:
        """Products that the rows bear of pairs that get more than others. Copies of a row bear no more than one."""
        return min(TUNED.finer, len(torch.unique(self.x, dim=0)) // TUNED.rows_of_finer)

    @property
    def by_sums(self) -> bool:
        """Whether sums over the rows say all of them."""
        return self.loss_of is None and self.classes == 1

    def fit(
        self,
        terms: Sequence[Term],
        prior: Prior,
        known: Tensor | None,
        sums: Sums | None,
        start: tuple[Tensor, Tensor] | None = None,
        asked: float = -math.inf,
    ) -> Posterior:
        """The posterior of these terms; `known` (q,): strengths to go on from; `sums`: of `by_sums`; `start`: of
        classes, the constants (k,) and coefficients (m, k) to begin at; `asked`: nats that those have to gain, or the
        fit may end early."""
        if sums is not None:
            return squared_error(sums, prior, self.note, known)
        rows = self.blocks(terms)
        if self.loss_of is not None:
            return numbers(rows, prior, self.loss_of, self.note, known)
        expand = by_class if self.by_class else whole
        return cross_entropy(rows, prior, self.classes, self.note, known, start, expand, asked)

    def sums(self, terms: Sequence[Term], prior: Prior, near: Model | None) -> Sums | None:
        """What the rows say of these terms, where sums do: a part of those of a model that has all of them, or by one
        pass over the rows."""
        if not self.by_sums:
            return None
        if near is None or near.sums is None or (places := near.places(terms)) is None:
            return Sums.of(self.blocks(terms), prior)
        return near.sums.take(places)

    @property
    def spread(self) -> float:
        """The variance of the targets, 1 where the noise is not in their units."""
        if not self.by_sums:
            return 1.0
        mean = self.weight @ self.y / self.weight.sum()
        return max(float(self.weight @ (self.y - mean).square() / self.weight.sum()), 1e-300)

    def take(self, rows: Tensor) -> Task:
        """The same with these rows alone, which nobody is told of."""
        part = replace(self, x=self.x[rows], weight=self.weight[rows], y=self.y[rows], note=lambda loss: False)
        part.known.update({number: values[rows] for number, values in self.known.items()})
        return part

    def sampled(self, most: int) -> Task:
        """The same with at most so many rows, evenly spaced; itself where there are no more."""
        if len(self.x) <= most:
            return self
        rows = torch.linspace(0, len(self.x) - 1, most, dtype=torch.float64).round().long()
        return replace(self.take(rows), note=self.note)

    def singly(self) -> Task:
        """The same with a row for each observation, so that splits part equal ones: of whole weights, where every row
        is an observation, as `data/copies.py` says. Of very many it stays as it is."""
        times = self.weight.round().long()
        whole, many = torch.equal(times.to(self.weight), self.weight), int(times.sum())
        if not whole or many == len(self.x) or many > TUNED.rows_searched:
            return self
        if originals(self.x, self.y, self.weight) is not None:
            return self
        apart = self.take(torch.arange(len(self.x)).repeat_interleave(times))
        return replace(apart, weight=torch.ones_like(apart.weight), note=self.note)

    def judged(self, by: Scored | None) -> Task:
        """The same with rows that are judged by this likelihood."""
        found = replace(self, judge=by)
        found.known.update(self.known)
        return found

    def losses(self, terms: Sequence[Term], posterior: Posterior) -> Tensor:
        """The loss of each row (n,): squared errors, or negative log probabilities."""
        predicted = self._predicted(posterior, self.functions(terms))
        if self.loss_of is not None:
            return (self.judge or posterior.likelihood).losses(predicted, self.y)
        if self.classes == 1:
            return (self.y - predicted[:, 0]).square()
        return torch.nn.functional.cross_entropy(predicted, self.y, reduction="none")

    def predict(self, terms: Sequence[Term], posterior: Posterior, x: Tensor) -> Tensor:
        """Numbers (n, 1) or logits (n, k) at x (n, d)."""
        return self._predicted(posterior, design(self.variables, terms, x))

    def _predicted(self, posterior: Posterior, functions: Tensor) -> Tensor:
        return functions @ posterior.coef.reshape(len(posterior.coef), -1) + posterior.constant

    def functions(self, terms: Sequence[Term]) -> Tensor:
        """The functions of all terms at the rows (n, m). Those of their variables are computed once where the rows are
        few."""
        if len(self.x) * sum(len(variable.kinds) + 1 for variable in self.variables) > TUNED.block:
            return design(self.variables, terms, self.x)
        for number in {number for term in terms for number in term.variables} - self.known.keys():
            self.known[number] = self.variables[number].values(self.x)
        return torch.cat([term.values(self.known) for term in terms], 1)

    def blocks(self, terms: Sequence[Term]) -> Blocks:
        """The rows in blocks, with the functions of all terms; computed once where they are few, or where fits pass
        over them again and again."""
        width = sum(len(term.roughness) for term in terms)
        size = len(self.x) * width

        def made() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
            return (
                (design(self.variables, terms, self.x[rows]), self.y[rows], self.weight[rows])
                for rows in blocks(len(self.x), width)
            )

        if size > (TUNED.block if self.by_sums else TUNED.kept):
            return made
        kept = [(self.functions(terms), self.y, self.weight)] if size <= TUNED.block else list(made())
        return lambda: iter(kept)

    def left(self, terms: Sequence[Term], posterior: Posterior) -> tuple[Tensor, Tensor, Tensor]:
        """Some rows, minus the slope of their losses in nats by what was predicted, and the curvature: x (r, d), slope
        and curvature (r, l)."""
        count = min(len(self.x), TUNED.rows_looked_at)
        rows = torch.linspace(0, len(self.x) - 1, count, dtype=torch.float64).round().long()
        share = self.weight[rows, None]
        x = self.x[rows]
        predicted = self.predict(terms, posterior, x)
        if self.loss_of is not None:
            known = posterior.likelihood
            slopes, curvature = known.left(predicted, self.y[rows])
            return x, -share * slopes, share * curvature
        if self.classes == 1:
            noise = posterior.noise
            return x, share * (self.y[rows, None] - predicted) / noise, (share / noise).expand(-1, 1)
        if self.classes == 2:
            predicted = predicted[:, 1:] - predicted[:, :1]
        shares = shares_of(predicted)
        return x, share * (targets(self.y[rows], predicted.shape[1]) - shares), share * shares * (1 - shares)


Among = tuple[int, int]  # how many terms of one variable there might be, and of two


@dataclass(frozen=True)
class Structure:
    """What a search decided: whether all inputs stay, with one strength for their lines; which pairs act together; and
    of which pairs the lines have products, with one strength for all of them; whether functions may be rough; which
    variables act by themselves; which inputs are measured by logarithms; which are `tame`, whose values say nothing
    where they lie farther out than tails reach; and how many products pairs may have that are `finer` than others."""

    common: bool
    pairs: list[Pair]
    pooled: list[Pair]
    rough: bool
    alone: list[int]
    logarithmic: tuple[int, ...] = ()
    tame: tuple[int, ...] = ()
    finer: Mapping[tuple[int, ...], int] = field(default_factory=dict)

    def of_pairs(self, variables: Sequence[Variable]) -> list[Term]:
        """The terms of its pairs."""
        pooled = [pooled_term(*pair, variables) for pair in self.pooled]
        return pooled + [pair_term(*pair, variables, self.finer.get(pair, TUNED.products)) for pair in self.pairs]


@dataclass(frozen=True)
class Model:
    """Terms and their posterior; common: whether the lines of all inputs have one strength; score: what is compared;
    believed: whether it is more than noise would give; sums: what the rows say of its functions."""

    terms: list[Term]
    posterior: Posterior
    common: bool
    score: float
    believed: bool
    sums: Sums | None

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
        rough = any(bool((term.kinds == ROUGH).any()) for term in self.terms)
        singles = [term.variables[0] for term in self.terms if len(term.variables) == 1]
        finer = {term.variables: term.most for term in self.terms if term.most > TUNED.products}
        return Structure(self.common, alone, pooled, rough, singles, finer=finer)


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
    a few terms are more likely, but no path leads to them: those that say nothing each seem to be worth something.
    """
    by_worth, tries = whole.posterior.worth.argsort(descending=True).tolist(), [whole]
    count = len(by_worth) // 2
    while count:
        kept = [whole.terms[number] for number in sorted(by_worth[:count])]
        tries.append(model_of(task, kept, False, None, among, whole))
        count //= 2
    return max(tries, key=lambda model: model.score)


def dense(task: Task, terms: list[Term], known: Tensor | None, among: Among, near: Model | None = None) -> Model:
    """All numbers, with one strength for their lines, and the levels and pairs that pay for themselves."""
    return thinned(task, model_of(task, terms, True, known, among, near), among)


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
    sums = task.sums(terms, prior, near)
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

"""The search for pairs of inputs that act together: fit, look at what is left, take up what noise would not leave, and
fit again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...losses import Numbers
from .effects import Effect, blocks
from .laplace import cross_entropy, numbers
from .likelihoods import Scored, shares_of, targets
from .marginal import Blocks, Note, Posterior, Prior, believed, squared_error
from .screening import Pair, pairs_of
from .terms import Term, design, edge_term, pair_term, prior_of
from .tuning import TUNED


@dataclass(frozen=True)
class Task:
    """Rows x (n, d) with weights (n,) and one target y (n,): numbers (classes = 1) or class numbers; the functions of
    each input, and whom to tell of progress; the loss of numbers where that is no square, and by which likelihood rows
    are judged then."""

    x: Tensor
    weight: Tensor
    y: Tensor
    classes: int
    effects: list[Effect]
    note: Note
    loss_of: Numbers | None = None
    judge: Scored | None = None

    def fit(self, terms: Sequence[Term], prior: Prior, known: Tensor | None) -> Posterior:
        """The posterior of these terms; `known` (q,): strengths to go on from."""
        rows = self.blocks(terms)
        if self.loss_of is not None:
            return numbers(rows, prior, self.loss_of, self.note, known)
        if self.classes == 1:
            return squared_error(rows, prior, self.note, known)
        return cross_entropy(rows, prior, self.classes, self.note, known)

    def take(self, rows: Tensor) -> Task:
        """The same with these rows alone, which nobody is told of."""
        return replace(self, x=self.x[rows], weight=self.weight[rows], y=self.y[rows], note=lambda loss: False)

    def loss(self, terms: Sequence[Term], posterior: Posterior) -> float:
        """Sum of the losses of the rows: squared errors, or negative log probabilities."""
        predicted = self.predict(terms, posterior, self.x)
        if self.loss_of is not None:
            return float(self.weight @ (self.judge or posterior.likelihood).losses(predicted, self.y))
        if self.classes == 1:
            return float(self.weight @ (self.y - predicted[:, 0]).square())
        return float(self.weight @ torch.nn.functional.cross_entropy(predicted, self.y, reduction="none"))

    def predict(self, terms: Sequence[Term], posterior: Posterior, x: Tensor) -> Tensor:
        """Numbers (n, 1) or logits (n, k) at x (n, d)."""
        coef = posterior.coef.reshape(len(posterior.coef), -1)
        return design(self.effects, terms, x) @ coef + posterior.constant

    def blocks(self, terms: Sequence[Term]) -> Blocks:
        """The rows in blocks, with the functions of all terms; computed once where they are few."""
        width = sum(len(term.roughness) for term in terms)

        def made() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
            return (
                (design(self.effects, terms, self.x[rows]), self.y[rows], self.weight[rows])
                for rows in blocks(len(self.x), width)
            )

        if len(self.x) * width > TUNED.block:
            return made
        kept = list(made())
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


Among = tuple[int, int]  # how many terms of one input there might be, and of two


@dataclass(frozen=True)
class Structure:
    """What a search decided: whether all inputs stay, with one strength for their lines, and which pairs act
    together."""

    common: bool
    pairs: list[Pair]


@dataclass(frozen=True)
class Model:
    """Terms and their posterior; common: whether the lines of all inputs have one strength; score: what is compared;
    believed: whether it is more than noise would give."""

    terms: list[Term]
    posterior: Posterior
    common: bool
    score: float
    believed: bool

    @property
    def structure(self) -> Structure:
        """What was decided."""
        return Structure(self.common, [term.inputs for term in self.terms if len(term.inputs) == 2])


def search(task: Task, inputs: Sequence[int], pairs: Sequence[Pair], known: Structure | None = None) -> Model:
    """The terms and their posterior.

    Args:
        task: rows and target.
        inputs: those whose edges may be there.
        pairs: those that may act together.
        known: what an earlier search decided.
    """
    singles = [edge_term(number, task.effects[number]) for number in inputs]
    among = len(singles), len(pairs)
    if known is not None:
        terms = singles + [pair_term(*pair, task.effects) for pair in known.pairs]
        return _or_nothing((dense if known.common else sparse)(task, terms, None, among))
    fit, best = _better(task, singles, among)
    for _ in range(TUNED.searches):
        if not best.posterior.noise > 0:  # a constant target leaves nothing
            break
        taken = [term for term in best.terms if len(term.inputs) == 2]
        there = best.structure.pairs
        left = [pair for pair in pairs if pair not in there]
        new = pairs_of(task.effects, *task.left(best.terms, best.posterior), left)[: TUNED.pairs - len(taken)]
        if not new:
            break
        grown = singles + taken + [pair_term(*pair, task.effects) for pair in new]
        found = _or_nothing(fit(task, grown, _carried(best, grown), among))
        if found.score <= best.score:
            break
        best = found
    return best


def _or_nothing(found: Model) -> Model:
    """The model, or the best constant where noise alone would give as much."""
    return found if found.believed else replace(found, posterior=found.posterior.nothing(), score=0.0)


def sparse(task: Task, terms: list[Term], known: Tensor | None, among: Among) -> Model:
    """The terms that pay for themselves, with a strength each."""
    return _thinned(task, _model(task, terms, False, known, among), among)


def dense(task: Task, terms: list[Term], known: Tensor | None, among: Among) -> Model:
    """All inputs, with one strength for their lines, and the pairs that pay for themselves."""
    return _thinned(task, _model(task, terms, True, known, among), among)


def _thinned(task: Task, best: Model, among: Among) -> Model:
    """The model without the terms that do not pay; where lines have a common strength, pairs alone may go.

    Terms are dropped together, those of the least worth first, and half as many where so many are too many: of inputs
    that say the same, each one alone is worth nothing.
    """
    count = len(best.terms)
    while count and best.believed:
        worth = best.posterior.worth
        weak = [
            number
            for number in worth.argsort().tolist()
            if worth[number] < TUNED.weak and not (best.common and len(best.terms[number].inputs) == 1)
        ]
        count = min(count, len(weak), len(best.terms) - 1)
        if not count:
            break
        left = [term for number, term in enumerate(best.terms) if number not in weak[:count]]
        fewer = _model(task, left, best.common, _carried(best, left), among)
        if fewer.score > best.score:
            best = fewer
        else:
            count //= 2
    return best


def _better(task: Task, singles: list[Term], among: Among) -> tuple[Callable[..., Model], Model]:
    """Whether few inputs or all of them predict rows better that were not fitted to: the one of `sparse` and `dense`
    with the smaller loss in cross-validation, and its model of all rows."""
    few, every = (_or_nothing(how(task, singles, None, among)) for how in (sparse, dense))
    if len(singles) == 1 or not (few.believed or every.believed):
        return sparse, few
    count = min(len(task.x), TUNED.rows_validated)
    rows = torch.randperm(len(task.x), generator=torch.Generator().manual_seed(0))[:count]
    losses = [0.0, 0.0]
    for fold in range(TUNED.folds):
        out = torch.arange(count) % TUNED.folds == fold
        training, unseen = task.take(rows[~out]), replace(task.take(rows[out]), judge=few.posterior.likelihood)
        for number, how in enumerate((sparse, dense)):
            found = how(training, singles, None, among)
            losses[number] += unseen.loss(found.terms, found.posterior)
    return (sparse, few) if losses[0] <= losses[1] else (dense, every)


def _model(task: Task, terms: list[Term], common: bool, known: Tensor | None, among: Among) -> Model:
    """These terms with their posterior. Its score is the gain in log marginal likelihood, less one nat for each
    strength, of pairs only for those that came to something, and less the logarithm of how many choices of so many
    terms there are (Scott & Berger 2010, doi:10.1214/10-AOS792)."""
    prior = prior_of(terms, common)
    posterior = task.fit(terms, prior, known)
    singles = sum(len(term.inputs) == 1 for term in terms)
    choices = _log_choices(among[0], singles) + _log_choices(among[1], len(terms) - singles)
    of_pairs = torch.cat([torch.full((term.groups,), len(term.inputs) == 2) for term in terms])
    chosen = torch.where(of_pairs, posterior.effective > 0, prior.sizes > 0)
    score = posterior.gain - TUNED.strength_cost * int(chosen.sum()) - choices
    return Model(terms, posterior, common, score, believed(posterior.gain, prior))


def _log_choices(of: int, chosen: int) -> float:
    """The logarithm of one more than a number, times its ways to choose so many."""
    return math.log1p(of) + math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)


def _carried(model: Model, to: Sequence[Term]) -> Tensor:
    """The strengths for other terms: those that were found, nan for terms that are new."""
    sizes = [term.groups for term in model.terms]
    found = dict(zip((term.inputs for term in model.terms), model.posterior.strength.split(sizes), strict=True))
    new = model.posterior.strength.new_tensor([math.nan])
    return torch.cat([found.get(term.inputs, new.expand(term.groups)) for term in to])

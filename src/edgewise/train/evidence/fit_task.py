"""The rows that functions are fitted to, and what is asked of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from ...data import observations, originals, together
from ...losses import Numbers
from .edge_basis import blocks
from .expansion import by_class, whole
from .gram import Blocks
from .laplace import cross_entropy, numbers
from .likelihoods import Scored, shares_of, targets
from .marginal import Note, squared_error
from .offsets import apart
from .posterior import Posterior, Prior
from .sums import Sums
from .terms import Term, design
from .tuning import TUNED
from .variables import Variable


@dataclass(frozen=True)
class Task:
    """Rows x (n, d) with weights (n,) and one target y (n,): numbers (classes = 1) or class numbers; the functions of
    each variable, and whom to tell of progress; the loss of numbers where that is no square, and by which likelihood
    rows are judged then. by_class: whether curvatures are taken class by class, in all models of a search. groups (n,):
    the group of each row, 0, 1, ..., if there are groups; tied: the variance of their offsets, in those of the noise.
    known: the functions of variables at the rows, as far as they were asked for."""

    x: Tensor
    weight: Tensor
    y: Tensor
    classes: int
    variables: list[Variable]
    note: Note
    loss_of: Numbers | None = None
    judge: Scored | None = None
    by_class: bool = False
    groups: Tensor | None = None
    tied: float = 0.0
    known: dict[int, Tensor] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def finest(self) -> int:
        """Products that the rows bear of pairs that get more than others. Copies of a row bear no more than one."""
        return min(TUNED.finer, len(torch.unique(self.x, dim=0)) // TUNED.rows_of_finer)

    @cached_property
    def units(self) -> Tensor:
        """Which rows are seen or unseen together (n,), 0, 1, ...: copies, and those of a group. Of fewer groups than
        there are folds, copies alone."""
        copies = observations(self.x, self.y)
        found = copies if self.groups is None else together(self.groups.cpu(), copies)
        return found if int(found.max()) + 1 >= TUNED.folds else copies

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

    def sums(self, terms: Sequence[Term], prior: Prior) -> Sums:
        """What the rows say of these terms, by one pass over them, or two where groups have offsets. Of `by_sums`."""
        rows = self.blocks(terms)
        if self.groups is None or not self.tied:
            return Sums.of(rows, prior)
        return replace(Sums.of(apart(rows, self.groups, self.tied), prior), rows=float(self.weight.sum()))

    @property
    def spread(self) -> float:
        """The variance of the targets, 1 where the noise is not in their units."""
        if not self.by_sums:
            return 1.0
        mean = self.weight @ self.y / self.weight.sum()
        return max(float(self.weight @ (self.y - mean).square() / self.weight.sum()), 1e-300)

    def take(self, rows: Tensor) -> Task:
        """The same with these rows alone, which nobody is told of."""
        groups = None if self.groups is None else self.groups[rows]
        how = {"x": self.x[rows], "weight": self.weight[rows], "y": self.y[rows], "groups": groups}
        part = replace(self, note=lambda loss: False, **how)
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
        each = self.take(torch.arange(len(self.x)).repeat_interleave(times))
        return replace(each, weight=torch.ones_like(each.weight), note=self.note)

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

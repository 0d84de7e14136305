"""A function of a sum: one outer function, and functions of single inputs and products that add up inside it.

Given the outer function, the sum is fitted by its evidence to what it should have been: one step of Gauss-Newton, whose
rows count by the square of the slope there. Given the sum, the outer function is fitted by its own evidence. Both take
turns, as in projection pursuit (Friedman & Stuetzle 1981, doi:10.1080/01621459.1981.10477729) and additive models with
an unknown link (Horowitz 2001, doi:10.1111/1468-0262.00200).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from ..losses import Loss, SquaredError
from ..losses.statistics import mean_of
from ..model import KAN
from ..transforms.composed import composed
from .evidence.by_evidence import HOW as BY_EVIDENCE
from .evidence.by_evidence import fit_kan
from .evidence.relative import only_weigh
from .job import Job, Rows, make_job
from .monitor import Monitor, watched
from .refitting import Around, Ending, Refitted
from .result import FitResult, ending_of
from .resuming.journal import Part
from .schedule.scaling import prepared
from .solvers.status import Status

HOW = f"{BY_EVIDENCE}, of a sum and of a function of it in turn"
ROUNDS = 20  # at most. For hinges and square roots five are enough, exponentials take the most
SETTLED = 1e-3  # part of the squares by which a round must lower them, or it was the last
LENGTHS = (1.0, 0.5, 0.25)  # of a step, in parts of that of Gauss-Newton
FLAT = 0.1  # of the slope in the root mean square: where the outer function is flatter, steps are no longer

Anew = Callable[[FitResult, Tensor, Tensor], FitResult]
"""A fit of the sum, after the one before it, to targets (n, 1) whose rows count so much (n,)."""
Astray = Callable[["Turns", "Turns"], bool]
"""Whether a round led to something that rows which it has not seen speak against: before it, and after."""


class Turns(NamedTuple):
    """The sum, the network of the outer function, and the mean square that both leave."""

    inner: FitResult
    outer: KAN
    left: float

    @staticmethod
    def begun(inner: FitResult, rows: Rows) -> Turns:
        """A sum with the outer function that fits best, by its evidence. Raises `KeyboardInterrupt` by Ctrl-C."""
        x, y, weight = rows
        with torch.no_grad():
            total = inner.model(x)
        start = KAN((1, 1), degree=inner.model.config.degree, base=inner.model.config.base)
        outer = finished(by_all(start, total, y, weight)).model
        with torch.no_grad():
            square = (y - outer(total)).square()[:, 0]
        return Turns(inner, outer, mean_of(square, weight))

    def taken(
        self,
        rows: Rows,
        anew: Anew,
        rounds: int = ROUNDS,
        shorter: Anew | None = None,
        astray: Astray = lambda before, after: False,
    ) -> Turns:
        """After so many rounds at most. A step that leaves more is shortened; where none leaves less, or a round leaves
        nearly as much as the one before, it was the last. Raises `KeyboardInterrupt` by Ctrl-C.

        shorter: how a shortened step is fitted, after the longer one; as the first, where that is None. astray: which
        round is not taken, nor any after it.
        """
        last = self
        for _ in range(rounds):
            new = last._next(rows, anew, shorter or anew)
            if new is None or astray(last, new):
                break
            before, last = last.left, new
            if last.left > (1 - SETTLED) * before:
                break
        return last

    def _next(self, rows: Rows, anew: Anew, shorter: Anew) -> Turns | None:
        """After one round, which leaves less; None where no step does."""
        with torch.no_grad():
            total = self.inner.model(rows[0])
        target, count = wanted(self.inner.model, self.outer, rows)
        inner = self.inner
        for place, length in enumerate(LENGTHS):
            inner = finished((shorter if place else anew)(inner, total + length * (target - total), count))
            new = Turns.begun(inner, rows)
            if new.left < self.left:
                return new
        return None

    @property
    def model(self) -> KAN:
        """Both as one network."""
        return composed(self.inner.model, self.outer)


@dataclass(frozen=True)
class Outer(Around):
    """What `refit` goes on from: the fit of the sum, to targets of its own, and the loss of the whole."""

    inner: FitResult
    loss: Loss
    how: ClassVar[str] = HOW  # in words

    @property
    def inside(self) -> Ending:
        """Of the sum."""
        return ending_of(self.inner)

    def again(self, job: Job, monitor: Monitor, part: Part | None) -> Refitted:
        """The same turns by the rows of a job; none of them is kept. Raises `KeyboardInterrupt` by Ctrl-C."""
        last = self.turned((job.x, job.y, job.weight), refitted(job, monitor))
        return Refitted(last.model, last.inner.status, job.loss, replace(self, inner=last.inner))

    def turned(self, rows: Rows, anew: Anew) -> Turns:
        """The same by rows that the sum need not know. It begins with a sum that is to be a line of the targets."""
        x, y, weight = rows
        with torch.no_grad():
            total = self.inner.model(x)
        count = torch.ones_like(y[:, 0]) if weight is None else weight
        spread = torch.cov(torch.cat([y, total], 1).T, correction=0, aweights=count)
        slope = spread[0, 1] / spread[0, 0].clamp(min=1e-300)
        line = mean_of(total[:, 0], count) + slope * (y - mean_of(y[:, 0], count))
        return Turns.begun(finished(anew(self.inner, line, count)), rows).taken(rows, anew)


def wanted(inner: KAN, outer: KAN, rows: Rows) -> tuple[Tensor, Tensor]:
    """What the sum should have been (n, 1), and what each row counts (n,): as many in all as there are.

    Where the outer function is flat, a row says next to nothing of the sum, and steps are kept short.
    """
    x, y, weight = rows
    count = torch.ones_like(y[:, 0]) if weight is None else weight
    with torch.enable_grad():
        total = inner(x).detach().requires_grad_()
        found = outer(total)
        (slope,) = torch.autograd.grad(found.sum(), total)
    total, found = total.detach(), found.detach()
    known = slope.square() + FLAT**2 * mean_of(slope.square()[:, 0], count)
    known = known if bool((known > 0).all()) else torch.ones_like(known)  # a constant says nothing of the sum
    each = known[:, 0] * count
    return total + slope * (y - found) / known, each * (count.sum() / each.sum())


def searched(start: KAN, rows: Rows, groups: Tensor | None = None) -> Anew:
    """Fits of the sum to these rows that decide anew what it consists of. groups (n,): of the rows, if there are
    any."""
    x, _, count = rows
    return lambda _, target, weight: by_all(start, x, target, weight, groups, _is_known(count))


def refitted(job: Job, monitor: Monitor) -> Anew:
    """Fits of the sum to the rows of a job that leave what was decided."""
    job = replace(job, precise=_is_known(job.weight))

    def anew(inner: FitResult, target: Tensor, weight: Tensor) -> FitResult:
        ending = ending_of(inner)
        own = ending.again(replace(job, y=target, weight=weight, loss=ending.loss), monitor, None)
        return replace(inner, model=own.model, status=own.status, ending=own.ending)

    return anew


def _is_known(count: Tensor | None) -> bool:
    """Whether rows that count so much (n,) have a known variance once the slope has its part in their weight: they
    do, unless what they count only weighs them against each other."""
    return count is None or not only_weigh(count)


def by_all(
    start: KAN, x: Tensor, y: Tensor, weight: Tensor | None, groups: Tensor | None = None, precise: bool = False
) -> FitResult:
    """A fit by its evidence to all rows: none is held out, and so its held-out error means nothing. precise: whether
    weights, none of them zero, are the inverse of variances."""
    job, rows = job_of(x, y, weight, groups)
    if precise:  # these count as many rows as they say
        job = replace(job, weight=weight, precise=True)
    with watched((), False) as monitor:
        return fit_kan(start, prepared(start, job), job, rows, monitor)


def job_of(x: Tensor, y: Tensor, weight: Tensor | None, groups: Tensor | None = None) -> tuple[Job, Rows]:
    """To fit one number under squares to rows x (n, d), y (n, 1), which weigh (n,) and are of groups (n,): all of them
    train, and all of them choose."""
    how = {"features": x.shape[1], "outputs": 1, "dtype": x.dtype, "device": x.device, "seed": 0}
    return make_job(x, y, validation=(x, y), loss=SquaredError(), sample_weight=weight, groups=groups, **how)


def finished(found: FitResult) -> FitResult:
    """The result. Raises `KeyboardInterrupt` where Ctrl-C ended the fit."""
    if found.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return found

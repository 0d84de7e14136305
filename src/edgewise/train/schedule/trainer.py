"""Levenberg-Marquardt on a KAN: starts, grids on data and activations, stages of finer grids, a held-out choice among
them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...errors import GridError
from ...model import KAN
from ...threads import threads_for
from ..job import Job
from ..monitor import Monitor
from ..priors.smoothness import Roughness, estimate
from ..priors.sparsity import EdgePenalty
from ..problems.kan import NetworkProblem, free_masks
from ..problems.losses import SquaredError
from ..solvers import levenberg_marquardt
from ..solvers.status import Status
from ..solvers.types import Damping
from .budget import UNRESOLVED, affordable, constant_loss, exact, needed, resolved
from .candidate import Candidate, Interrupted, best_first, finer
from .knots import halved, on_data, spline_edges, too_large
from .null_model import Choices
from .overshoot import Corners

SPARSE_POWERS = (
    1.0,
    1.0,
    0.5,
    0.5,
)  # of the penalty, round by round: short ones, as activations shrink under it until their scale is taken anew
HALVINGS = (
    15,
    15,
    30,
)  # steps of the starts, round by round: of all, of one more than the field takes, of those that it takes
ROUNDS = (
    4,
    16,
)  # most rounds of steps on a grid, and on the one that was chosen: each while the one before lowered the loss
WORTH = 0.8  # of the loss before, what a round must reach for another one to follow
STEADY = 0.7  # change of the edges' roughness, as a logarithm, below which it is no reason for another round
LAST_ROUNDS, AT_REST = (
    8,
    0.1,
)  # most rounds of steps on all rows after the first one, and such a change below which there is no other
FIELD, SMALL_FIELD = (
    (3, 3, 2),
    (6, 4, 3, 2),
)  # states carried to the first grid's end, and to the next grids; of small networks, which cost little
PATIENCE = 2  # grids in a row that bring nothing before the climb goes straight to the one that was asked for
FINE = 20  # intervals on which a function is tried anew that coarse grids could not resolve
# part of the loss found from coarse grids, what that must reach: with noise the lower of two nearly equal ones is often
# the rougher fit
BETTER = 0.5
ROUND_OFF = 1e-26  # loss, of targets of unit spread, that only round-off keeps from zero
SETTLED = 1e-6  # relative decrease of the loss per step below which a stage has converged


@dataclass(frozen=True)
class Plan:
    """What to do: grids per stage (None doubles the model's own while the held-out loss falls), steps per round,
    strength of the sparsity, most starts, whether grids may only grow (a model that was fitted before), most rounds of
    steps on a grid and on the chosen one, how many states are carried to the first grids."""

    grids: tuple[int, ...] | None
    steps: int
    sparsity: float
    starts: int
    keep_ranges: bool
    rounds: tuple[int, int] = ROUNDS
    field: tuple[int, ...] = FIELD


class Trainer:
    """Runs the plan for one job on one network, which is in the units of the job (scaled inputs are computed here)."""

    def __init__(self, job: Job, plan: Plan, monitor: Monitor) -> None:
        self.job, self.plan, self.monitor = job, plan, monitor
        self.constant = constant_loss(job) or 1.0
        self.corners = Corners.of(job)
        self.best: Candidate | None = None
        self.choices = Choices()  # the held-out losses of every state that could have been chosen

    # ------------------------------------------------------------------ stages

    def run(self, starts: Sequence[KAN]) -> Candidate:
        """Choose among starts (tried lazily, in order), sparsify, refine; the best state by held-out loss. Raises
        `Interrupted`."""
        plan = self.plan
        first = plan.grids[0] if plan.grids else max(layer.grid_size for layer in starts[0].edge_layers)
        climb = self.coarser(first)
        later = list(plan.grids[1:]) if plan.grids else self.doublings(first)
        try:
            rested = self.ascend(starts, climb, later)
            if len(starts) > 1 and self.best is not None and not resolved(self.share(self.best.judged)):
                rested = self.start_finer(starts, [*climb, *later], len(climb)) and rested
            if self.best is not None and plan.sparsity == 0 and plan.rounds[1] and not rested:
                size = max(layer.grid_size for layer in self.best.model.edge_layers)
                rounds = affordable(plan.rounds[1], self.share(self.best.judged), self.coefficients(size))
                self.keep(self.stage(self.best, size, rounds, "polish"))
        except KeyboardInterrupt:
            raise Interrupted(self.best, Status.INTERRUPTED) from None
        assert self.best is not None
        return self.best

    def ascend(self, starts: Sequence[KAN], climb: list[int], later: list[int], least: float = math.inf) -> bool:
        """From starts on the first grid of `climb` to its last, which was asked for, and on along the `later` ones;
        whether steps on the last grid of the climb brought nothing. Not beyond the choice of a start unless its loss is
        below `least`."""
        field = self.choose_start(starts, climb[0], least)
        if not field:
            return True
        if self.plan.sparsity > 0:
            field = [self.sparsify(field[0].model, climb[-1])]
            self.best = field[0]  # a sparse state is wanted for its shape, not for the lowest held-out loss
        resting = 0  # grids in a row that brought nothing
        for size in climb[1:]:
            if resting >= PATIENCE and size != climb[-1]:
                continue
            same = finer(self.best or field[0], size)
            field = best_first([same, *self.advance(field, size, len(self.plan.field))])
            resting = resting + 1 if field[0] is same else 0
            self.best = field[0]  # of the grids that were asked for
        lowest, idle = field[0].judged, 0
        for place, size in enumerate(later, start=len(climb)):
            if self.plan.grids is None and exact(self.share(lowest), self.coefficients(size)):
                break
            refined = self.advance(field, size, place)
            self.keep(refined[0])
            idle = (
                0 if refined[0].judged < needed(self.share(lowest), self.coefficients(2 * size)) * lowest else idle + 1
            )
            lowest = min(lowest, refined[0].judged)
            if self.plan.grids is None and (
                not refined[0].usable or idle >= (1 if resolved(self.share(lowest)) else UNRESOLVED)
            ):
                break
            field = refined if refined[0].usable else field
        return resting > 0

    def coefficients(self, size: int) -> int:
        """Of the best network, were its grid of this size."""
        return size * sum(spline_edges(layer) for layer in self.best.model.edge_layers) if self.best else 0

    def start_finer(self, starts: Sequence[KAN], sizes: list[int], climbed: int) -> bool:
        """Begin again on a finer grid, of `sizes` of which the first so many were a climb: what turns too often for a
        coarse one leads starts astray there. Whether it was in vain."""
        place = next((k for k, size in enumerate(sizes) if size >= FINE), None)
        if not place or too_large(starts[0], sizes[place], self.job):
            return True
        other = Trainer(self.job, self.plan, self.monitor)
        other.choices = self.choices
        least = BETTER * self.best.judged if self.best else math.inf
        last = max(place + 1, climbed)
        try:
            other.ascend(starts, sizes[place:last], sizes[last:], least)
        except Interrupted as stop:
            if stop.status is not Status.FAILED:
                self.keep(stop.best or Candidate.unjudged(starts[0]))
                raise Interrupted(self.best, stop.status) from None
        if other.best is None or not other.best.judged < least:
            return True
        if max(layer.grid_size for layer in other.best.model.edge_layers) < sizes[climbed - 1]:
            return True  # not on the grid that was asked for
        self.best = other.best
        return False

    def advance(self, field: list[Candidate], size: int, place: int) -> list[Candidate]:
        """The states of a field on a finer grid, the `place`-th (from 0), best first. Which of them is close to a
        structure that the data have shows only there: on such a one the error falls with every grid."""
        most = self.plan.field[place] if place < len(self.plan.field) else 1
        found = [self.stage(one, size, self.plan.rounds[0], "refine", SPARSE_POWERS[-1]) for one in field[:most]]
        return best_first(found)

    def keep(self, candidate: Candidate) -> None:
        """Remember the better one."""
        if candidate.usable and (self.best is None or best_first([self.best, candidate])[0] is candidate):
            self.best = candidate

    def coarser(self, first: int) -> list[int]:
        """Grids that lead up to the first one, which ends the list: on a fine grid starts get stuck, and noise is
        followed before it is known."""
        return [first] if self.plan.keep_ranges or self.plan.sparsity else halved(first)

    def doublings(self, first: int) -> list[int]:
        """Grids of the automatic schedule; empty where nothing judges them."""
        if self.job.xv is None:
            return []
        return [first * 2**k for k in range(1, 10)]

    def choose_start(self, starts: Sequence[KAN], size: int, least: float = math.inf) -> list[Candidate]:
        """The best few of several starts, best first, by successive halving: all get a few steps on the first grid, the
        better ones some more, the best the most (Jamieson & Talwalkar 2016, arXiv 1502.07943). A sparse run only needs
        a start that explains most of the spread, as its own steps come after. None where no loss falls below
        `least`."""
        if self.plan.sparsity > 0:
            for start in starts:
                self.keep(self.stage(Candidate.unjudged(start), size, 1, "start"))
                if self.best is not None and self.best.judged < 0.1 * self.constant:
                    break
        else:
            field = [Candidate.unjudged(start) for start in starts]
            survivors = len(starts), self.plan.field[0] + 1, self.plan.field[0]
            for steps, most in zip(HALVINGS, survivors, strict=True) if len(field) > 1 else ():
                steps = max(1, steps * self.plan.steps // HALVINGS[-1])
                found = [self.stage(start, size, 1, "start", steps=steps) for start in field[:most]]
                field = best_first(c for c in found if c.usable)
                for candidate in field[
                    :1
                ]:  # with what its edges show: on a finer grid it would follow the noise without
                    self.keep(replace(candidate, roughness=self.first_roughness(candidate)))
            if self.best is not None and not self.best.judged < least:
                return []
            return self.ranked(
                [self.stage(start, size, self.plan.rounds[0], "start") for start in field[: self.plan.field[0]]]
            )
        return self.ranked([])

    def ranked(self, field: list[Candidate]) -> list[Candidate]:
        """The field, best first, with the best state so far at its head where that is no part of it. Raises
        `Interrupted` where there is none."""
        field = best_first(candidate for candidate in field if candidate.usable)
        for candidate in field[:1]:
            self.keep(candidate)
        if self.best is None:
            raise Interrupted(None, Status.FAILED)
        return field if field and field[0] is self.best else [self.best, *field]

    def share(self, loss: float) -> float:
        """A loss as a share of that of the best constant; none of a sparse run, which is for shapes, not for
        accuracy."""
        return 0.0 if self.plan.sparsity > 0 else loss / self.constant

    def sparsify(self, model: KAN, size: int) -> Candidate:
        """Steps under the penalty, convex first, then concave."""
        candidate = Candidate.unjudged(model)
        for power in SPARSE_POWERS:
            candidate = self.stage(candidate, size, 1, "sparsify", power, max(1, 2 * self.plan.steps // 3))
            if not candidate.usable:
                break
        return candidate

    def stage(
        self, start: Candidate, size: int, rounds: int, name: str, power: float | None = None, steps: int | None = None
    ) -> Candidate:
        """Regrid to `size` intervals and minimise, `rounds` times over; the state with the lowest held-out loss. With
        the sparsity's penalty of this power, if one is given; else, unless the number of steps is given, with the
        smoothness that the edges show, estimated anew every round."""
        sparse, model, known = power is not None and self.plan.sparsity > 0, start.model, start.roughness
        smooth = not sparse and steps is None
        best = candidate = Candidate.unjudged(model)
        damping, before = None, math.inf
        with threads_for(self.work(model, size)):
            for _ in range(rounds):
                if self.plan.grids is None and too_large(model, size, self.job):
                    break
                try:
                    model = on_data(
                        model, self.job, size, start.roughness if smooth else None, keep_ranges=self.plan.keep_ranges
                    )
                except GridError:  # activations that are no numbers
                    break
                penalty = None
                if sparse:
                    penalty = EdgePenalty(self.plan.sparsity, power or 1.0).relative_to(model.trace(self.job.x)[1])
                known = known.on(model.edge_layers) if known and smooth else None
                candidate, damping = self.minimise(model, size, name, penalty, damping, steps, known)
                if not candidate.usable:
                    break
                if smooth and not known:
                    candidate = replace(candidate, roughness=self.first_roughness(candidate))
                best = best_first([best, candidate])[0] if smooth else candidate
                settled = not candidate.roughness or (known is not None and candidate.roughness.change(known) < STEADY)
                if settled and (
                    candidate.loss > WORTH * before or (not smooth and candidate.status is not Status.BUDGET)
                ):
                    break
                model, known, before = candidate.model, candidate.roughness, candidate.loss
        return best

    def first_roughness(self, candidate: Candidate) -> Roughness:
        """What a network says that was trained without a smoothness."""
        unit = float(candidate.model.output_scale.square().mean())
        dispersion = 2 * candidate.loss / unit if isinstance(self.job.loss, SquaredError) else 1.0
        return Roughness.first(candidate.model.edge_layers, dispersion)

    def work(self, model: KAN, size: int) -> float:
        """Floating-point operations of one step on a grid of this size: products of a sample's non-zero derivatives,
        factors of the matrix."""
        edges = sum(layer.kind.numel() for layer in model.edge_layers)
        outputs = self.job.y.shape[1] if self.job.y.ndim == 2 else len(model.topology.node_ids[-1])
        products = self.job.x.shape[0] * outputs * (edges * (model.config.degree + 2)) ** 2
        return products + (edges * (size + model.config.degree + 1)) ** 3 / 3

    def minimise(
        self,
        model: KAN,
        size: int,
        name: str,
        penalty: EdgePenalty | None,
        damping: Damping | None,
        steps: int | None = None,
        roughness: Roughness | None = None,
    ) -> tuple[Candidate, Damping | None]:
        """One run of the minimiser on fixed grids. Under a penalty or a smoothness the last state comes back, as it
        minimises both; without, the one with the lowest held-out loss. Where an earlier state of a smooth run had a
        lower one, that is kept beside."""
        job, private = self.job, model.build()
        target = (job.y - model.output_shift) / model.output_scale if job.regression else job.y
        unit = (
            float(model.output_scale.square().mean()) if job.regression else 1.0
        )  # losses are reported in the user's units
        smoothness = roughness.term(private.edge_layers, job.rows) if roughness else None
        terms = [term for term in (penalty, smoothness) if term is not None]
        earlier = job.memory.on(private) if job.memory else None
        problem = NetworkProblem(private, model.scale_inputs(job.x), target, job.loss, job.weight, terms, earlier)
        held = None
        if job.xv is not None and job.yv is not None:
            yv = (job.yv - model.output_shift) / model.output_scale if job.regression else job.yv
            held = model.scale_inputs(job.xv), yv, job.wv
        start = problem.start()
        best_theta, best_held, waited = start, problem.loss_value(start, *held) if held else math.inf, 0
        best_held = best_held if math.isfinite(best_held) and not terms else math.inf
        last = start

        def watch(step: int, theta: Tensor, value: float, mu: float) -> bool:
            nonlocal best_theta, best_held, waited, last
            judged = problem.loss_value(theta, *held) if held else None
            if held:
                self.choices.add(problem, theta, held)
            last = theta
            if judged is None:
                best_theta = theta
            elif judged < best_held:
                best_theta, best_held, waited = theta, judged, 0
            else:
                waited += 1
            stop = self.monitor.row(
                stage=name,
                grid_size=max(layer.grid_size for layer in private.edge_layers),
                loss=value * unit,
                train_loss=problem.last_loss * unit,
                validation_loss=None if judged is None else judged * unit,
                damping=mu,
            )
            if stop:
                raise Interrupted(None, Status.STOPPED)
            return waited >= 10 and not terms

        settled = SETTLED if penalty is None else 1e-4
        try:
            end = levenberg_marquardt.minimize(
                problem, start, steps=steps or self.plan.steps, damping=damping, tolerance=settled, watch=watch
            )
            status, after = end.status, end.damping
            if held and not terms and problem.loss_value(end.theta, *held) > 1.05 * best_held:
                status = Status.STOPPED
            elif end.value < ROUND_OFF and status in (Status.STALLED, Status.BUDGET):
                status = Status.CONVERGED
        except (KeyboardInterrupt, Interrupted) as stop:
            self.keep(self.candidate(problem, last if terms else best_theta, held, unit, Status.INTERRUPTED))
            raise Interrupted(self.best, stop.status if isinstance(stop, Interrupted) else Status.INTERRUPTED) from None
        candidate = self.candidate(problem, last if terms else best_theta, held, unit, status)
        if roughness and smoothness and candidate.usable:
            candidate = replace(candidate, roughness=estimate(problem, last, smoothness, roughness))
            if best_held * unit < candidate.judged:
                self.keep(
                    replace(
                        self.candidate(problem, best_theta, held, unit, Status.STOPPED), roughness=candidate.roughness
                    )
                )
        return candidate, after

    def candidate(
        self,
        problem: NetworkProblem,
        theta: Tensor,
        held: tuple[Tensor, Tensor, Tensor | None] | None,
        unit: float,
        status: Status,
    ) -> Candidate:
        """The problem's network with these parameters, and its losses in the user's units."""
        loss = problem.loss_value(theta, problem.x, problem.y, problem.weight)
        judged = problem.loss_value(theta, *held) if held else loss
        problem.flat.load(theta)
        model = problem.model.build()
        return Candidate(
            model, loss * unit, judged * unit, status, overshoot=self.corners.overshoot(model) if self.corners else 0.0
        )

    def last_refit(self, best: Candidate, everything: tuple[Tensor, Tensor, Tensor | None]) -> Candidate:
        """More steps from the chosen state on all rows, the held-out ones included, until the roughness is at rest,
        too; kept unless the loss on all rows grew, or a tame state became wild. They are few where no smoothness keeps
        the state from bending to the noise."""
        job = self.job.whole(everything)
        whole = Trainer(
            job, self.plan if best.roughness else replace(self.plan, steps=min(self.plan.steps, 8)), self.monitor
        )
        size = max(layer.grid_size for layer in best.model.edge_layers)
        penalty = None
        if self.plan.sparsity > 0:
            penalty = EdgePenalty(self.plan.sparsity, SPARSE_POWERS[-1]).relative_to(best.model.trace(job.x)[1])
        rounds = affordable(min(LAST_ROUNDS, self.plan.rounds[1]), self.share(best.judged), self.coefficients(size))
        done, known = best, best.roughness
        with threads_for(self.work(best.model, size)):
            for _ in range(1 + rounds):
                done, _ = whole.minimise(done.model, size, "all rows", penalty, None, None, known)
                if not (done.usable and known and done.roughness) or done.roughness.change(known) < AT_REST:
                    break
                known = done.roughness
        before = mean_loss(best.model, job)
        limit = math.inf if self.plan.sparsity > 0 else 1.1 * before if best.roughness else 1.01 * before + 1e-300
        return (
            done if done.usable and done.tame_beside(best.overshoot) and mean_loss(done.model, job) <= limit else best
        )


def count_parameters(model: KAN) -> int:
    """Parameters that training can move."""
    return sum(int(mask.sum()) for layer in model.edge_layers for mask in free_masks(layer))


def mean_loss(model: KAN, job: Job) -> float:
    """The loss of the model on the job's training rows and those remembered, each output in units of its scale, as in
    training."""
    unit = model.output_scale if job.regression else 1.0
    with torch.no_grad():
        rows = job.loss.rows(model(job.x) / unit, job.y / unit if job.regression else job.y)
        here = float(rows.mean() if job.weight is None else job.weight @ rows / job.weight.sum())
        return (job.x.shape[0] * here + job.memory.total(model)) / job.rows if job.memory else here

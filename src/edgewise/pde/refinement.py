"""The order of work: starts on a coarse grid, then rounds of new points and finer grids, while fresh points say that it
pays.

Letters: n point, d dimension, P parameters.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import ConfigError, TrainingError
from ..model import KAN
from ..train.monitor import Monitor
from ..train.schedule.knots import spline_edges
from ..train.solvers.levenberg_marquardt import minimize
from ..train.solvers.orthogonal import Orthogonal
from ..train.solvers.status import Status
from ..train.solvers.stop import Step
from ..train.solvers.types import Damping
from ..transforms import extend
from .boundary_problem import BoundaryProblem, Use
from .collocation import Collocation, balanced
from .domain import Domain
from .doubts import Judgement
from .equation import refuse_coupled
from .indices import Indices
from .kan_jets import KanJets
from .layer_gains import gains, sizes_within
from .placing import bends, drawn, finer, following, regridded, shifted, stretched
from .residual_terms import ResidualTerm
from .solution_unit import in_units
from .tuning import TUNED
from .unsolved import parts_of


@dataclass(frozen=True, eq=False)
class JudgedNetwork:
    """A network with unknown constants (u,) in their units, and the mean square of every term on fresh points; that of
    the equation on points of training."""

    module: nn.Module
    constants: Tensor
    fresh: list[float]
    trained: float = math.inf


@dataclass(frozen=True, eq=False)
class Minimisation:
    """A minimisation: its problem, the network that it moves, and where it stands."""

    problem: Collocation
    module: nn.Module
    theta: Tensor
    status: Status | None = None
    value: float = math.inf
    steps: int = 0
    damping: Damping | None = None


class Rounds:
    """The rounds of one task. `best` is the state to give back, whenever the work is cut short."""

    def __init__(
        self,
        task: BoundaryProblem,
        module: nn.Module,
        monitor: Monitor,
        lead: str = "",
        patience: int = TUNED.patience,
        damping: Damping | None = None,
    ) -> None:
        """lead: what the names of stages begin with. patience: steps hardly worth it that end a round. damping: with
        which a round begins, where another one than that of the minimiser suits."""
        self.fresh = task.terms(task.points_for(Use.FRESH, TUNED.fresh), Use.FRESH)
        module = in_units(module, task, self.fresh) if isinstance(module, KAN) else module
        self.task, self.start, self.monitor, self.lead = task, module, monitor, lead
        self.patience, self.damping = patience, damping
        first = torch.tensor([one.value / one.unit for one in task.unknowns], dtype=torch.float64)
        self.best = JudgedNetwork(module, first, [math.inf] * len(self.fresh))
        self.weights = [1.0] * len(self.fresh)
        self.running: Minimisation | None = None
        self.rows = 0  # residuals of a round
        self.least = TUNED.trivial**0.5 * self.usual_value(module)  # now, as the module is trained in place
        self.began = self.sizes(module)
        self.note = ""

    def go(self) -> Status:
        """All rounds. After KeyboardInterrupt, which goes through, `rescue` makes `best` right."""
        module, judged = self._first(), math.inf
        if self.monitor.stopped:
            return Status.STOPPED
        for number in range(TUNED.rounds):
            status = self._round(module, number)
            before, judged = judged, weighed(self.weights, self.best.fresh)
            following = self._following(number, judged < TUNED.pays * before)
            if following is None or status is Status.STOPPED:
                return status
            module = following
        return status

    def rescue(self) -> None:
        """After Ctrl-C: take the state that the minimiser had reached, where it is better than the best."""
        if self.running is not None:
            self._keep(self.running)

    def sizes(self, module: nn.Module, domain: Domain | None = None) -> Tensor:
        """How large the parts of each residual (k,) of the equation are on fresh points, as mean squares. domain: whose
        lengths count; the one of the task where None."""
        module = module.build() if isinstance(module, KAN) else module
        problem, theta = self._problem(module, self.fresh[:1])
        return parts_of(problem.jets, problem.load(theta), domain or self.task.domain, self.fresh[0], self.least)

    def usual_value(self, module: nn.Module) -> float:
        """The root mean square of values on fresh points."""
        value = Indices.closing([(0,) * self.task.domain.dims])
        jets = self.task.jets(module.build() if isinstance(module, KAN) else module)
        return float(jets.derivatives(self.fresh[0].x, value).square().mean().sqrt())

    def judgement(self, domain: Domain | None = None) -> Judgement:
        """What fresh points say of the best state. domain: as for `sizes`."""
        best = self.best.module.build() if isinstance(self.best.module, KAN) else self.best.module
        sizes = torch.maximum(self.sizes(best, domain), TUNED.trivial * self.began)
        return Judgement(self.task, *self._problem(best, self.fresh), self.best.fresh, sizes, self.least)

    def overfitted(self, judgement: Judgement) -> str:
        """That the best state is worse on fresh points than on those of training, in words; "" where it is not, or
        where next to nothing is left on either."""
        fresh, trained = self.best.fresh[0], max(self.best.trained, 1e-300)
        left = fresh > TUNED.slab_residual**2 * float(judgement.sizes.sum())
        if not (left and fresh > TUNED.overfitted**2 * trained):
            return ""
        ratio = math.sqrt(fresh / trained)
        return f"On fresh points the residual is {ratio:.2g} times that of the points of training; take more"

    def doubts(self) -> str:
        """What speaks against the best state, in words."""
        judgement = self.judgement()
        return ". ".join(filter(None, [self.overfitted(judgement), self.note, judgement.told()]))

    # ------------------------------------------------------------------ one round

    def _first(self) -> nn.Module:
        """The network to begin with: of several starts with a few steps each, the one with the least objective."""
        module, task = self.start, self.task
        if not isinstance(module, KAN):
            return module
        x = task.points_for(Use.TRAINING, task.points)
        if module.edits:
            larger = None if task.grids is None else self._finer(module, task.grids[0], x)
            return module if larger is None else larger
        sizes = sizes_of(module) if task.grids is None else [task.grids[0]] * len(module.edge_layers)
        starts = [stretched(drawn(module, number, sizes), x) for number in range(task.restarts + 1)]
        if len(starts) == 1:
            return starts[0]
        terms, runs = task.terms(x, Use.TRAINING), []
        for number, start in enumerate(starts):
            problem, theta = self._problem(start, terms)
            if number == 0:  # all starts are compared by the same weights
                self.weights = [weight**TUNED.start_power for weight in balanced(problem, theta)]
                problem.weights = self.weights
            runs.append(self._minimised(problem, theta, start, f"start {number + 1}", TUNED.start_steps))
            if runs[-1].status is Status.STOPPED:
                break
        best = min(runs, key=lambda run: run.value)
        self._keep(best)
        best.problem.load(best.theta)
        return best.module

    def _round(self, module: nn.Module, number: int) -> Status:
        """Minimise on the points of this round, and judge on fresh ones."""
        task = self.task
        follow = following(module, task.domain) if isinstance(module, KAN) else None
        terms = task.terms(self._points(module, number), Use.TRAINING, number, follow)
        problem, theta = self._problem(module, terms)
        if number == 0:
            self._refuse(problem, theta, module)
        self.weights = problem.weights = balanced(problem, theta)
        run = self._regridding(Minimisation(problem, module, theta), f"round {number + 1}")
        self._keep(run)
        assert run.status is not None
        return run.status

    def _regridding(self, run: Minimisation, stage: str) -> Minimisation:
        """Minimise from where a run stands, with looks at the hidden grids on the way."""
        left, damping = self.task.steps, self.damping
        while True:
            run = self._minimised(run.problem, run.theta, run.module, stage, min(left, TUNED.segment), damping)
            left, damping = left - run.steps, run.damping
            if left <= 0 or run.status is Status.STOPPED or not isinstance(run.module, KAN):
                return run
            run.problem.load(run.theta)
            module = regridded(run.module, run.problem.terms[0].x)
            if module is not run.module:
                constants = run.theta[len(run.theta) - len(self.task.unknowns) :]
                problem, theta = self._problem(module, run.problem.terms, constants)
                run = Minimisation(problem, module, theta)
            elif run.status is not Status.BUDGET:
                return run

    def _problem(
        self, module: nn.Module, terms: Sequence[ResidualTerm], constants: Tensor | None = None
    ) -> tuple[Collocation, Tensor]:
        """The sum of squares of these terms, and where it starts: at these unknown constants in their units, or the
        best ones."""
        jets = self.task.jets(module)
        theta = torch.cat([jets.start(), self.best.constants if constants is None else constants])
        return Collocation(jets, terms, self.task.unknowns, self.weights), theta

    def _minimised(
        self,
        problem: Collocation,
        theta: Tensor,
        module: nn.Module,
        stage: str,
        steps: int,
        damping: Damping | None = None,
    ) -> Minimisation:
        """Run the minimiser, noting in `running` where it stands."""
        self.running = Minimisation(problem, module, theta)
        size = max(sizes_of(module), default=None)

        def watch(step: Step) -> bool:
            assert step.theta is not None
            self.running = Minimisation(problem, module, step.theta)
            values = {"loss": step.value, "train_loss": step.value, "validation_loss": None, "damping": step.reach}
            return self.monitor.row(stage=self.lead + stage, grid_size=size, **values)

        end = minimize(
            problem,
            theta,
            steps=steps,
            damping=damping,
            tolerance=TUNED.tolerance,
            patience=self.patience,
            watch=watch,
            model=Orthogonal.of,
        )
        if end.status is Status.FAILED:
            raise TrainingError(not_finite(problem, theta))
        self.running = Minimisation(problem, module, end.theta, end.status, end.value, end.steps, end.damping)
        return self.running

    def _keep(self, run: Minimisation) -> None:
        """Take this state as the best one where fresh points say so."""
        judge = Collocation(run.problem.jets, self.fresh, self.task.unknowns)
        fresh = judge.mean_squares(run.theta)
        if weighed(self.weights, fresh) < weighed(self.weights, self.best.fresh):
            trained = run.problem.mean_squares(run.theta)[0]
            constants = run.theta[len(run.theta) - len(self.task.unknowns) :].clone()
            self.best = JudgedNetwork(copy.deepcopy(run.module), constants, fresh, trained)

    def _points(self, module: nn.Module, number: int) -> Tensor:
        """The points (n, d) of a round: some are as many in each interval of the first grids, the others spread evenly.

        From the second round on, some of the others lie towards the ends of the domain, some where the residual is
        large.
        """
        task, parts = self.task, []
        steered = math.floor(task.points * TUNED.steered) if number else 0
        outer = math.floor(task.points * TUNED.outer) if number else 0
        along = math.floor(task.points * TUNED.along) if isinstance(module, KAN) else 0
        even = task.points_for(Use.TRAINING, task.points - steered - along, number)
        parts += [task.domain.outward(even[:outer]), even[outer:]]
        if along and isinstance(module, KAN):
            follow = following(module, task.domain)
            parts.append(follow(task.points_for(Use.FOLLOWING, along, number)))
        if steered:
            many = task.points_for(Use.CANDIDATES, TUNED.candidates * steered, number)
            half = len(many) // 2
            many = torch.cat([many[:half], task.domain.outward(many[half:])])
            weight = self._load(module, many).sqrt().clamp_min(1e-300)
            generator = torch.Generator().manual_seed(task.seed_of(Use.CHOICE, number))
            # The largest of log(weight) + Gumbel noise are a sample without replacement: Efraimidis & Spirakis 2006.
            noise = -torch.log(-torch.log(torch.rand(len(many), dtype=torch.float64, generator=generator)))
            chosen = (weight.log() + noise).topk(steered).indices.sort().values
            parts.append(many[chosen])
        return torch.cat(parts)

    def _load(self, module: nn.Module, x: Tensor) -> Tensor:
        """The squared residual (n,) of the equation at x (n, d)."""
        term = self.task.equation.term(x)
        problem, theta = self._problem(copy.deepcopy(module), [term])
        return problem.at(term, problem.load(theta)).square().sum(1)

    # ------------------------------------------------------------------ from round to round

    def _following(self, number: int, paid: bool) -> nn.Module | None:
        """The network of the next round, None where this was the last; `paid`: whether this one was worth its work."""
        best, task = self.best.module, self.task
        if not isinstance(best, KAN):
            return best if paid and number + 1 < TUNED.rounds_of_modules else None
        if (not paid) if task.grids is None else (number + 1 == len(task.grids)):
            return None
        x = task.points_for(Use.CANDIDATES, TUNED.candidates * task.points, number)
        best = extend(regridded(best, x), x)
        found = self._finer(best, None if task.grids is None else task.grids[number + 1], x)
        if found is None:
            return shifted(best, x, bends(KanJets(best.build()), x))
        size = len(task.jets(found.build()).start()) + len(task.unknowns)
        chosen = task.grids is None and (size > TUNED.parameters or TUNED.rows * size > task.points)
        if chosen or size > self.rows:
            self.note = self.note or f"A finer grid has {size} parameters, too many for {task.points} points"
            return None
        return found

    def _finer(self, module: KAN, size: int | None, x: Tensor) -> KAN | None:
        """The network with as many intervals as if each layer had `size`, twice as many as it has where None. They go
        to the layers that gain most at x (n, d), and there to where the residual is. None where it has as many."""
        layers, order = module.edge_layers, self.task.equation.indices.order
        edges = list(map(spline_edges, layers))
        now = sum(count * layer.grid_size for count, layer in zip(edges, layers, strict=True))
        most = 2 * now if size is None else size * sum(edges)
        if most - now < min(filter(None, edges), default=math.inf):
            return None
        terms = self.task.terms(x[: self.task.points], Use.CANDIDATES)
        found = gains(module, lambda other: self._problem(other, terms), order)
        return finer(module, sizes_within(module, most, found, order), self.spline_errors(module, x), order)

    def spline_errors(self, module: KAN, x: Tensor) -> list[Tensor]:
        """Of each layer (i, G): the mean squared residual at x (n, d) that is due to each interval."""
        problem, theta = self._problem(module.build(), [self.task.equation.term(x)])
        return problem.spline_errors(theta)

    def _refuse(self, problem: Collocation, theta: Tensor, module: nn.Module) -> None:
        """Raise where points depend on one another, or cannot determine the network."""
        constants, rows = problem.load(theta), 0
        for place, term in enumerate(problem.terms):
            few = term.part(slice(0, TUNED.asked))
            residual = problem.at(few, constants)
            rows += term.count * residual.shape[1]
            if place == 0:
                refuse_coupled(few, problem.jets.derivatives(few.x, few.indices), constants)
                if not any(bool(block.jacobian.any()) for block in problem.term_rows(few, theta)):
                    raise ConfigError(
                        f"{term.name} does not depend on the solution, at {few.count} points that were tried"
                    )
        self._refuse_unknowns(problem, theta)
        self.rows, size = rows, len(theta)
        if self.task.grids is not None and isinstance(module, KAN):  # better told now than after hours
            edges = list(map(spline_edges, module.edge_layers))
            now = sum(count * layer.grid_size for count, layer in zip(edges, module.edge_layers, strict=True))
            size += max(0, max(self.task.grids) * sum(edges) - now)
        if rows < size:
            raise ConfigError(
                f"{size} parameters need at least as many residuals, got {rows} from points={self.task.points};"
                f" take points={math.ceil(TUNED.rows * size)}, or coarser grids"
            )

    def _refuse_unknowns(self, problem: Collocation, theta: Tensor) -> None:
        """Raise where nothing depends on an unknown constant."""
        many = len(self.task.unknowns)
        few = [term.part(slice(0, TUNED.fresh)) for term in problem.terms] if many else []
        seen = torch.zeros(many, dtype=torch.bool)
        for term in few:
            for block in problem.term_rows(term, theta):
                seen |= (block.jacobian[:, len(theta) - many :] != 0).any(0)
        for unknown, known in zip(self.task.unknowns, seen.tolist(), strict=True):
            if not known:
                raise ConfigError(f"nothing depends on the Unknown {unknown.name!r}, so it cannot be found")


def sizes_of(module: nn.Module) -> list[int]:
    """Intervals of each layer's grid; none for other networks than a KAN."""
    return [layer.grid_size for layer in module.edge_layers] if isinstance(module, KAN) else []


def weighed(weights: Sequence[float], squares: Sequence[float]) -> float:
    """The weighted sum; infinite where it is not finite."""
    total = sum(weight * square for weight, square in zip(weights, squares, strict=True))
    return total if math.isfinite(total) else math.inf


def not_finite(problem: Collocation, theta: Tensor) -> str:
    """Which residual is not finite, and where, in words."""
    constants = problem.load(theta)
    for term in problem.terms:
        bad = (~problem.at(term, constants).isfinite()).any(1).nonzero()[:, 0]
        if len(bad):
            at = [round(value, 6) for value in term.x[int(bad[0])].tolist()]
            return f"{term.name} is not finite at {len(bad)} of {term.count} points at the start, first at x = {at}"
    return "the derivatives of the residual are not finite at the start: look for roots and divisions by zero"

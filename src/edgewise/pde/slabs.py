"""An equation in time, one slab after the other: each starts from the end of the one before.

The whole of time is one hard minimisation: wrong states between the start and the end can have small residuals, and
fronts move. In a slab the solution changes little.

Letters: n point, d dimension, o output.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from operator import index

import torch
from torch import Tensor

from ..config import is_int
from ..metadata import Edit
from ..model import KAN
from ..train.monitor import Monitor
from ..train.solvers.levenberg_marquardt import minimize
from ..train.solvers.orthogonal import Orthogonal
from ..train.solvers.status import Status
from ..train.solvers.types import Damping
from .boundary_problem import BoundaryProblem, Use
from .collocation import Collocation, Jets
from .conditions import Condition, Data, Initial
from .domain import Domain
from .indices import Indices
from .kan_jets import KanJets
from .placing import bends, following, placed, shifted
from .refinement import JudgedNetwork, Rounds
from .regions import Interval
from .residual_terms import ResidualTerm
from .tuning import TUNED
from .unmet import told


@dataclass(frozen=True, eq=False)
class Slab:
    """A slab of time that is done: its network, the mean square of every term on fresh points, and the part of the
    equation's that the splines alone account for."""

    start: float
    end: float
    names: list[str]
    judged: JudgedNetwork
    splines: float
    size: float  # of the equation's parts, mean square
    unsolved: float  # the largest residual, in parts of its parts
    unmet: dict[str, float] = field(default_factory=dict)  # conditions that are far from met, and by which part


class Slabs:
    """The slabs of one task. `done` are those to give back, whenever the work is cut short.

    times: the ends of all slabs, the last one included; None where their lengths are chosen.
    """

    def __init__(
        self,
        task: BoundaryProblem,
        module: KAN,
        monitor: Monitor,
        times: Sequence[float] | None,
        known: Sequence[KAN] = (),
    ) -> None:
        """known: networks of slabs with these times that were solved before, from which to go on."""
        self.task, self.module, self.monitor, self.times, self.known = task, module, monitor, times, known
        time = task.domain.shapes[-1]
        assert isinstance(time, Interval)
        self.time, self.done, self.note = time, list[Slab](), ""
        self.current: Rounds | None = None

    def go(self) -> Status:
        """All slabs. After KeyboardInterrupt, which goes through, `rescue` makes `done` right."""
        whole = self.time.high - self.time.low
        now, length = self.time.low, whole * TUNED.first_slab
        least, bearable, status = whole * TUNED.shortest_slab, 1.0, Status.CONVERGED
        while now < self.time.high:
            end = self._end(now, length)
            slab, status = self._solved(now, end)
            if status is Status.STOPPED:
                self.done.append(slab)
                return status
            if self.times is None:
                ratio = _time_share(slab)
                if ratio > bearable and 0.5 * (end - now) > least:
                    half, status = self._solved(now, now + 0.5 * (end - now))
                    if status is Status.STOPPED:
                        self.done.append(half)
                        return status
                    if _time_share(half) < TUNED.pays * ratio:
                        slab, ratio = half, _time_share(half)
                        if ratio > bearable:
                            length = 0.5 * (half.end - half.start)
                            continue
                    else:  # something else limits it, whatever the length
                        bearable = TUNED.slab_ease * ratio
                room = (TUNED.slab_safety * bearable / max(ratio, 1e-300)) ** TUNED.slab_power
                length = (slab.end - slab.start) * min(max(room, 0.5), TUNED.slab_growth)
            self.done.append(slab)
            now = slab.end
        return status

    def rescue(self) -> None:
        """After Ctrl-C: what the slab that was not finished had reached becomes the last one."""
        if self.current is not None:
            self.current.rescue()
            self.done.append(self._slab(self.current))

    def doubts(self) -> str:
        """What speaks against the solution in words: slabs far from solved, and conditions far from met."""
        large = [slab for slab in self.done if slab.unsolved > TUNED.unsolved]
        found = [self.note] if self.note else []
        if large:
            share = max(slab.unsolved for slab in large)
            found.append(
                f"{len(large)} slabs are hardly solved, the first from {large[0].start:.4g}: the equation is up to"
                f" {share:.0%} of its parts; take more slabs or a finer grid"
            )
        unmet = [slab for slab in self.done if slab.unmet]
        if unmet:
            found.append(f"{told(unmet[0].unmet)}, in the slab from {unmet[0].start:.4g}")
        return ". ".join(found)

    # ------------------------------------------------------------------ one slab

    def _end(self, now: float, length: float) -> float:
        if self.times is not None:
            return self.times[len(self.done)]
        left = self.time.high - now
        return self.time.high if left <= length * (1 + TUNED.slab_rest) else now + length

    def _solved(self, start: float, end: float) -> tuple[Slab, Status]:
        """The slab between two times, solved."""
        task, damping = self._task(start, end), Damping(TUNED.undamped)  # from close to the solution
        if self.known:
            module = placed(self.known[len(self.done)], task.domain)
        elif self.done:
            module = self._continued(task)
            grids = (max(layer.grid_size for layer in module.edge_layers),) * TUNED.slab_rounds
            task = replace(task, grids=grids if task.grids is None else (task.grids[-1],) * TUNED.slab_rounds)
        else:
            module, damping = placed(self.module, task.domain), None
            if task.grids is not None and self.times is not None:  # lengths are chosen by what even intervals reach
                task = replace(task, grids=task.grids + task.grids[-1:] * TUNED.slab_rounds)
        lead = f"slab {len(self.done) + 1}, "
        self.current = rounds = Rounds(task, module, self.monitor, lead, TUNED.slab_patience, damping)
        status = rounds.go()
        self.current = None
        return self._slab(rounds), status

    def _slab(self, rounds: Rounds) -> Slab:
        """What rounds have found."""
        task, best = rounds.task, rounds.best
        interval = task.domain.shapes[-1]
        assert isinstance(interval, Interval) and isinstance(best.module, KAN)
        x = task.points_for(Use.CANDIDATES, TUNED.fresh)
        splines = sum(float(part.sum()) for part in rounds.spline_errors(best.module, x))
        names = [term.name for term in rounds.fresh]
        judgement = rounds.judgement(self.task.domain)  # a change over all of time, not over the slab
        self.note = self.note or rounds.overfitted(judgement) or rounds.note
        size, unsolved, unmet = float(judgement.sizes.sum()), judgement.unsolved(), judgement.unmet()
        return Slab(interval.low, interval.high, names, best, splines, size, unsolved, unmet)

    def _task(self, start: float, end: float) -> BoundaryProblem:
        """The task between two times: what held at the start holds for the end of the slab before."""
        number = len(self.done)
        domain = Domain((*self.task.domain.shapes[:-1], Interval(start, end)))
        conditions: list[Condition] = []
        for condition in self.task.conditions:
            if isinstance(condition, Initial) and self.done:
                before = self.task.jets(self.done[-1].judged.module, moving=False)
                outputs = range(self.task.outputs) if condition.outputs is None else condition.outputs
                value = reached(before, start, condition.derivative, list(outputs))
                conditions.append(replace(condition, value=value))
            elif isinstance(condition, Data):
                part = condition.between(start, end, first=not number)
                conditions += [] if part is None else [part]
            else:
                conditions.append(condition)
        seed = (self.task.seed + TUNED.slab_streams * number) % 2**62
        return replace(self.task, domain=domain, conditions=tuple(conditions), seed=seed)

    def _continued(self, task: BoundaryProblem) -> KAN:
        """The last network, carried on to a new slab: its intervals moved to where they serve at the end, its function
        constant in time there."""
        last = self.done[-1]
        module = last.judged.module
        assert isinstance(module, KAN)
        interval = task.domain.shapes[-1]
        assert isinstance(interval, Interval)
        x = task.points_for(Use.TRAINING, task.points)
        half, still = len(x) // 2, module.build()
        x = torch.cat([x[:half], following(carried(module, (last.start, last.end), interval), task.domain)(x[half:])])
        there = torch.cat([x[:, :-1], torch.full_like(x[:, -1:], last.end)], 1)
        found = bends(KanJets(still), there)
        found[:, -1] = 0.0  # a function that is constant in time
        module = shifted(carried(module, (last.start, last.end), interval), x, found)
        before = task.jets(still, moving=False)
        return self._constant(module, x, reached(before, last.end, 0, list(range(task.outputs))))

    def _constant(self, module: KAN, x: Tensor, value: Callable[[Tensor], Tensor]) -> KAN:
        """The network fitted to values (n, o) at x (n, d)."""
        module = module.build(edit=Edit("fit", "the end of the slab before"))
        indices = Indices.closing([(0,) * x.shape[1]])
        term = ResidualTerm("the start", x, value(x), lambda u, _, given: u() - given, indices)
        problem = Collocation(self.task.jets(module), [term], ())
        end = minimize(
            problem,
            problem.jets.start(),
            steps=TUNED.start_steps,
            damping=Damping(TUNED.undamped),
            tolerance=TUNED.tolerance,
            model=Orthogonal.of,
        )
        problem.jets.load(end.theta)
        return module.build()


def carried(module: KAN, before: tuple[float, float], after: Interval) -> KAN:
    """The network with the time of one slab in place of that of another: what it said at the start of the first one, it
    says at the start of the second."""
    (low, high), scale, shift = before, module.input_scale.clone(), module.input_shift.clone()
    stretch = (after.high - after.low) / (high - low)
    shift[-1] = after.low + (shift[-1] - low) * stretch
    scale[-1] = scale[-1] * stretch
    return module.build(scaling={"input_scale": scale, "input_shift": shift})


def reached(jets: Jets, time: float, derivative: int, outputs: list[int]) -> Callable[[Tensor], Tensor]:
    """A function of x (n, d): outputs (n, o) of a network, or derivatives by time, at a time and the place of x."""

    def value(x: Tensor) -> Tensor:
        there = torch.cat([x[:, :-1], torch.full_like(x[:, -1:], time)], 1)
        indices = Indices.closing([(0,) * (x.shape[1] - 1) + (derivative,)])
        return jets.derivatives(there, indices)[-1][:, outputs]

    return value


def _time_share(slab: Slab) -> float:
    """How much larger the residual is than what the splines in space account for, as a ratio of roots. Where they
    account for next to nothing, a small part of the equation's terms stands for it."""
    account = max(slab.splines, TUNED.slab_residual**2 * slab.size)
    fresh = slab.judged.fresh[0]
    return math.sqrt(fresh / account) if math.isfinite(fresh) and account > 0 else math.inf


def joined(slabs: Sequence[Slab], initial: set[str]) -> dict[str, float]:
    """Root mean squares over all slabs, by name. Those of later slabs' starts are jumps 'between slabs'."""
    sums: dict[str, list[float]] = {}
    for number, slab in enumerate(slabs):
        length = slab.end - slab.start
        for name, square in zip(slab.names, slab.judged.fresh, strict=True):
            jump = number > 0 and name in initial
            total = sums.setdefault("between slabs" if jump else name, [0.0, 0.0])
            total[0] += square * length
            total[1] += length
    return {name: math.sqrt(total / length) for name, (total, length) in sums.items()}


def times_of(slabs: int | Sequence[float], time: Interval) -> list[float]:
    """Ends of slabs, the last one included: so many of equal lengths, or those that are given."""
    if is_int(slabs):
        slabs = index(slabs)  # type: ignore[arg-type]
        return [time.low + (time.high - time.low) * (k + 1) / slabs for k in range(slabs - 1)] + [time.high]
    return [*map(float, slabs), time.high]  # type: ignore[arg-type]

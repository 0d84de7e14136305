"""Which forms together explain the data: combinations of the edges' candidates, most likely first, each judged by the
whole network's error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from ..primitives import Primitive
from .candidates import combinations
from .normal_form import normal_forms
from .program import Program, refit
from .rank import FittedForm, cost, rank_many
from .simpler import replaced, straightened
from .task import EdgeForm, EdgePlace, RelativeSquares, SymbolicTask, to_program
from .tuning import TUNED
from .work import Work, price_of_ranking


@dataclass(frozen=True)
class FoundForms:
    """A network of closed forms, its loss on the task's data, the loss at which nothing is left to explain, and the
    candidates it was made from."""

    program: Program
    loss: float
    level: float
    chosen: dict[EdgePlace, FittedForm] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether nothing is left to explain."""
        return self.loss <= self.level

    @property
    def constants(self) -> int:
        """Free constants, less those that say nothing."""
        return int(next(normal_forms(self.program, limit=1)).free.sum())

    def criterion(self, rows: int) -> float:
        """Information criterion: lower is better. Errors that count as exact are equal."""
        complexity = sum(c.complexity for c in self.chosen.values())
        fit = 0.5 * rows * math.log(max(self.loss, self.level))
        return fit + 0.5 * self.constants * math.log(rows) + complexity


class FormSearch:
    """One search: a task, its edges' candidates, and the best network so far. It ends where its work is spent."""

    def __init__(
        self,
        task: SymbolicTask,
        fixed: dict[EdgePlace, EdgeForm],
        ranked: dict[EdgePlace, list[FittedForm]],
        tolerance: float,
        work: Work,
    ) -> None:
        self.task, self.small, self.fixed, self.tolerance = task, task.thinned(TUNED.search_rows), fixed, tolerance
        self.work = work
        self.ranked = {place: options[: TUNED.keep] for place, options in ranked.items()}
        self.best: FoundForms | None = None
        self.value = math.inf
        self.tried: set[tuple[str, ...]] = set()
        self.left = TUNED.exchanges

    def run(self, primitives: tuple[Primitive, ...], tries: int) -> FoundForms | None:
        """The best network that can be found, or None where no combination can be fitted at all."""
        if not all(self.ranked.values()):
            return None
        self.combine(tries)
        before = math.inf
        for _ in range(TUNED.rounds):
            if self.best is None or self.best.exact or self.value > before - TUNED.worth_a_round:
                break
            before = self.value
            self.exchange()
            if not self.best.exact:
                self.reconsider(primitives)
        if self.best is not None:
            self.straighten(primitives)
            if self.best.exact:
                self.simplify()
        return self.best

    def combine(self, tries: int) -> None:
        """Combinations in the order of their scores, up to the first that is exact."""
        places, allowed = list(self.ranked), 0
        for combination in combinations([[c.score for c in self.ranked[place]] for place in places], tries):
            found = self.attempt({place: self.ranked[place][n] for place, n in zip(places, combination, strict=True)})
            if found is None:
                continue
            if found.exact:
                return
            allowed += self.task.allowed(found.program, found.loss, found.constants, self.tolerance)
            if allowed >= TUNED.enough:
                return

    def exchange(self) -> None:
        """One candidate of the best combination at a time exchanged for another, as long as that helps."""
        improved = True
        while improved and self.best is not None and not self.best.exact:
            improved, start = False, self.best
            options = sorted(
                (c.score - start.chosen[place].score, n, place)
                for place in self.ranked
                for n, c in enumerate(self.ranked[place])
            )
            for gap, n, place in options:
                if gap > TUNED.exchange_gap or self.left <= 0:
                    break
                if self.ranked[place][n].primitive == start.chosen[place].primitive:
                    continue
                before = len(self.tried)
                self.attempt(start.chosen | {place: self.ranked[place][n]})
                self.left -= len(self.tried) - before
                if self.best is not start:
                    improved = True
                    break

    def straighten(self, primitives: tuple[Primitive, ...]) -> None:
        """Simpler forms wherever the data see only a piece that they have too."""
        start = self.best
        assert start is not None
        for number, n, candidate, program in straightened(start.program, self.task.x, primitives, self.work):
            term = start.program.stages[number].terms[n]
            self.judge(program, start.chosen | {(number, term.src, term.dst): candidate})
            if self.best is not start:
                return self.straighten(primitives)

    def simplify(self) -> None:
        """An exact network with simpler candidates wherever it stays exact: steep logistic curves are exponentials,
        flat sines parabolas."""
        for place, options in self.ranked.items():
            assert self.best is not None
            here = self.best.chosen.get(place)
            if here is None:
                continue
            for other in sorted(options, key=cost):
                if cost(other) >= cost(here):
                    break
                near = other.score <= here.score + TUNED.exchange_gap
                if near and self.attempt(self.best.chosen | {place: other}) is self.best:
                    break

    def attempt(self, chosen: dict[EdgePlace, FittedForm]) -> FoundForms | None:
        """Fit a combination; it becomes the best if it is. None where it cannot be fitted or was tried before."""
        key = tuple(c.primitive for c in chosen.values())
        if key in self.tried or self.work.out:
            return None
        self.tried.add(key)
        program = to_program(
            self.task.model, self.fixed | {place: (c.primitive, *c.constants) for place, c in chosen.items()}
        )
        return self.judge(program, chosen)

    def judge(self, program: Program, chosen: dict[EdgePlace, FittedForm]) -> FoundForms | None:
        """Fit all constants of a program: on few rows first, on all if that looks promising."""
        task, small, work = self.task, self.small, self.work
        if work.out:
            return None
        self.tell()
        program, loss = refit(
            program, small.x, small.y, loss=small.loss, weight=small.weight, steps=TUNED.search_steps, work=work
        )
        bar = TUNED.promising_first * task.error if self.best is None else TUNED.promising * self.best.loss
        if math.isfinite(loss) and small is not task and loss <= bar + task.exact:
            program, loss = refit(
                program, task.x, task.y, loss=task.loss, weight=task.weight, steps=TUNED.search_steps, work=work
            )
        if not math.isfinite(loss) or not program.inside(task.x):
            return None  # the formula would be undefined on some rows
        if program.cancelled(task.x) > task.most_cancelled:
            return None  # the limit of a simpler form, which costs digits
        found = FoundForms(program, loss, task.exact, chosen)
        value = found.criterion(task.x.shape[0])
        if value < self.value - TUNED.better_by:
            self.best, self.value = found, value
        return found

    def tell(self) -> None:
        """Show how far the search has come."""
        best = "" if self.best is None else f", lowest loss {self.best.loss:.3g}"
        self.work.say(f"{len(self.tried)} combinations of forms tried{best}")

    # ------------------------------------------------------------------ the last edges, on the data themselves

    def reconsider(self, primitives: tuple[Primitive, ...]) -> None:
        """Better forms for the last edges: what is before them given, the data show what function is left.

        Shapes of outer edges read off a network are blurred by all that its inner edges had wrong; this is not.
        """
        if not isinstance(self.task.loss, RelativeSquares) or any(
            len(node) > 1 for node in self.task.model.topology.factors[-1]
        ):
            return
        for _ in range(TUNED.rounds):
            start, before = self.best, self.value
            assert start is not None
            for number, candidate in self._left_over(start.program, primitives):
                term = start.program.stages[-1].terms[number]
                place = len(start.program.stages) - 1, term.src, term.dst
                self.judge(
                    replaced(start.program, len(start.program.stages) - 1, number, candidate),
                    start.chosen | {place: candidate},
                )
                if self.best is not None and self.best.exact:
                    return
            if self.best is None or self.best is start or self.value > before - TUNED.worth_a_round:
                return

    def _left_over(self, program: Program, primitives: tuple[Primitive, ...]) -> Iterator[tuple[int, FittedForm]]:
        """(term of the last stage, another form for it), most likely first, ranked on what the other terms leave of the
        data."""
        task, stage, (a, b, c, _) = self.task, program.stages[-1], program.split()[-1]
        if not stage.terms:
            return
        nodes = program.nodes(task.x)
        x = torch.stack([nodes[-2][:, term.src] for term in stage.terms])
        own = [c[n] * term.primitive.safe(a[n] * x[n] + b[n]) for n, term in enumerate(stage.terms)]
        y = torch.stack([task.y[:, term.dst] - nodes[-1][:, term.dst] + own[n] for n, term in enumerate(stage.terms)])
        if not bool(torch.isfinite(x).all()) or not bool(torch.isfinite(y).all()):
            return
        if not self.work.afford(price_of_ranking(len(y), y.shape[1], len(primitives))):
            return
        ranked = rank_many(x, y, primitives, weights=None if task.weight is None else task.weight.expand(len(y), -1))
        kept = [options[: TUNED.last_keep] for options in ranked]
        options = [(option.score, n, option) for n, best in enumerate(kept) for option in best]
        for _, n, option in sorted(options, key=lambda entry: entry[:2]):
            place = len(program.stages) - 1, stage.terms[n].src, stage.terms[n].dst
            if place not in self.fixed and option.primitive not in ("0", stage.terms[n].primitive.name):
                yield n, option

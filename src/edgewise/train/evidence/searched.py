"""Which functions edges have: smooth along the values, smooth along the logarithms of columns with heavy tails, or
rough."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from ...model import KAN
from .chosen_terms import Model, Structure
from .finer import finer
from .fit_task import Task
from .network import room_of
from .pair_search import looked, roughened, search
from .screening import Pair, gains
from .shapes import Shape
from .terms import edge_term, rough_term
from .ties import tie_of
from .tuning import TUNED
from .variables import ROUGH, Variable, variables

Smooth = Callable[[tuple[int, ...]], "Searched"]
Look = Callable[["Searched", tuple[int, ...]], "Searched"]
Hold = Callable[[Sequence[Task], Sequence[Model]], list[Model]]
Again = Callable[..., "Searched"]
Among = tuple[list[int], list[Pair], int]  # the single variables, the pairs, and how many of these at most
Given = tuple[list[Variable], list[Task], list[Among]]


class Searched(NamedTuple):
    """The variables; the tasks with them; the terms of each with their posterior; the inputs that are measured by
    logarithms; those that are tame in products; the nats that it costs to hold functions to their shapes, where that is
    asked for; and how many rough functions an edge may have."""

    variables: list[Variable]
    tasks: list[Task]
    ends: list[Model]
    logarithmic: tuple[int, ...]
    tame: tuple[int, ...] = ()
    cost: float = 0.0
    rough: int = 0

    def structures(self) -> list[Structure]:
        """What was decided for each task."""
        how = {"logarithmic": self.logarithmic, "tame": self.tame}
        found = [(task, end.structure) for task, end in zip(self.tasks, self.ends, strict=True)]
        return [replace(one, tied=task.tied, rough=self.rough if one.rough else 0, **how) for task, one in found]

    def beats(self, other: Searched, by: float = TUNED.rougher) -> bool:
        """Whether these functions are more likely than others, of all targets together: the edges from an input have
        one grid. A constant gains nothing, however many choices it was charged for."""
        mine, others = (sum(max(end.score, 0.0) for end in found.ends) - found.cost for found in (self, other))
        return mine > others + by

    def charged(self, hold: Hold, asked: Mapping[int, Shape]) -> Searched:
        """The same with what it costs to hold functions, if some are along a column with heavy tails. One far row may
        ask for a curve that rises through the others and falls above them: held to rise, little is left of it."""
        if not any(number in asked for variable in self.variables for number in variable.heavy):
            return self
        each = zip(self.tasks, self.ends, hold(self.tasks, self.ends), strict=True)
        return self._replace(cost=sum(_cost(*one) for one in each))


def searched(
    start: KAN,
    edges: Tensor,
    tasks: Sequence[Task],
    asked: Mapping[int, Shape],
    known: Sequence[Structure],
    hold: Hold,
) -> Searched:
    """What is found for the tasks, whose variables are not yet known. edges (d, o): which there are; hold: what was
    found, with functions held to their shapes.

    First all functions are smooth along the values. Then along the logarithms of columns with heavy tails, then rough
    ones beside, then more of these: each where that is more likely.
    """
    x, weight, outputs = tasks[0].x, tasks[0].weight, start.outputs
    most, logits = -(-room_of(start) // outputs), max(task.classes for task in tasks)
    periods = {place: shape.period for place, shape in asked.items() if shape.period}
    rooms = rough_rooms(len(x), x.shape[1] * (logits if logits > 2 else 1))
    functions = x.shape[1] * (1 + TUNED.curves + max(rooms, default=0))  # at most; one answer for all that are compared
    by_class = logits > 2 and logits * functions > TUNED.together

    def on(rough: int, logarithmic: tuple[int, ...], tame: tuple[int, ...] = ()) -> Given:
        """The variables, the tasks with them, and among what each of them searches."""
        intervals = max(TUNED.rough_intervals, TUNED.intervals_by_rough * rough) if rough else TUNED.intervals
        found = variables(start, x, weight, intervals, rough, periods, logarithmic, tame)
        there = on_of(edges, found)
        pairs = _free(_pairs_on(there[:, outputs:]), found, asked)
        among = [(mine, pairs, most) for mine in of_tasks(there, outputs, len(tasks))]
        return found, [replace(task, variables=found, by_class=by_class) for task in tasks], among

    def smooth(logarithmic: tuple[int, ...]) -> Searched:
        found, given, among = on(0, logarithmic)
        ends = [search(task, *a) for task, a in zip(given, among, strict=True)]
        return Searched(found, given, ends, logarithmic).charged(hold, asked)

    def look(before: Searched, logarithmic: tuple[int, ...]) -> Searched:
        """What a search would find, about, of the kind of terms that one found before."""
        found, given, among = on(0, logarithmic)
        ways = [end.common for end in before.ends]
        ends = [looked(task, *a, common) for task, a, common in zip(given, among, ways, strict=True)]
        return Searched(found, given, ends, logarithmic).charged(hold, asked)

    def again(known: Sequence[Structure], tame: tuple[int, ...], rows: Tensor | None = None) -> Searched:
        """What was decided, fitted once more: to some rows alone, where these are given."""
        rough, logarithmic = max(structure.rough for structure in known), known[0].logarithmic
        found, given, among = on(rough, logarithmic, tame)
        fitted = given if rows is None else [task.take(rows) for task in given]
        ends = [search(task, *a, one) for task, a, one in zip(fitted, among, known, strict=True)]
        return Searched(found, given, ends, logarithmic, tame, rough=rough)

    if known:
        tasks = [replace(task, tied=one.tied) for task, one in zip(tasks, known, strict=True)]
        return again(known, known[0].tame)
    if tasks[0].groups is not None:
        _, given, among = on(0, ())
        tasks = [_tied(*each) for each in zip(tasks, given, among, strict=True)]
    best = _searched(asked, rooms, on, smooth, look, hold)
    ends = [finer(task, end) for task, end in zip(best.tasks, best.ends, strict=True)]
    return _tamed(best._replace(ends=ends), again)


def rough_rooms(rows: int, columns: int) -> list[int]:
    """How many rough functions an edge may have: as many as are tried first, and in few columns of many rows more, for
    narrow peaks. columns: times classes, of more than two."""
    usual = min(TUNED.rough, TUNED.rough_parameters // columns)
    more = min(TUNED.most_rough, TUNED.rough_parameters // columns, rows // TUNED.values_of_rough)
    return [room for room in (usual, more if more >= 2 * TUNED.rough else 0) if room >= TUNED.fewest_rough]


def _tied(bare: Task, task: Task, among: Among) -> Task:
    """The task `bare`, whose groups have offsets as wide as functions of single variables leave room for. `task`: the
    same with its variables."""
    return replace(bare, tied=tie_of(task, [edge_term(number, task.variables[number]) for number in among[0]]))


def _searched(
    asked: Mapping[int, Shape],
    rooms: Sequence[int],
    on: Callable[[int, tuple[int, ...]], Given],
    smooth: Smooth,
    look: Look,
    hold: Hold,
) -> Searched:
    """The likeliest of the kinds of functions. rooms: how many rough functions an edge may have; on: what is searched
    by them, and by which inputs go along logarithms; smooth: the search without them; look: a first look by other
    logarithms; hold: as for `searched`. More rough functions follow where they explain more of what is left than noise
    would."""
    best = smooth(())
    heavy = (number for variable in best.variables for number in variable.heavy)
    bent = {number for number, shape in asked.items() if shape.bend}  # along values; the sign of a slope is the same
    if far := tuple(number for number in heavy if number not in bent):
        other = _along(best, far, smooth, look)
        best = best if other is best else _each(other, smooth, look)
    left = max(end.posterior.noise / task.spread for task, end in zip(best.tasks, best.ends, strict=True))
    for room in rooms if left >= TUNED.exact else ():
        found, given, among = on(room, best.logarithmic)
        each = zip(best.tasks, best.ends, given, strict=True)
        if best.rough and not any(_leaves_finer(*one, best.rough) for one in each):
            break
        ends = [roughened(task, end, *a) for task, end, a in zip(given, best.ends, among, strict=True)]
        rough = Searched(found, given, ends, best.logarithmic, rough=room).charged(hold, asked)
        if not rough.beats(best) and not (rough.beats(best, TUNED.rougher_asked) and _is_nearer(rough, best, among)):
            break
        best = rough
    return best


def _is_nearer(one: Searched, other: Searched, among: Sequence[Among]) -> bool:
    """Whether one search is nearer than another to rows that are left out in turn, by fits to the rest. Squared errors
    alone are asked for, which is where it was measured. among: what each task was searched among."""
    task, gain = one.tasks[0], 0.0
    if not task.by_sums or len(task.x) > TUNED.rows_validated:
        return False
    place = torch.randperm(int(task.units.max()) + 1, generator=torch.Generator().manual_seed(0)) % TUNED.folds
    for fold in range(TUNED.folds):
        out = place[task.units] == fold
        mine, rest = out.nonzero()[:, 0], (~out).nonzero()[:, 0]
        for found, sign in ((one, -1), (other, 1)):
            each = zip(found.tasks, among, found.structures(), strict=True)
            ends = [search(task.take(rest), *_acting(a, known), known) for task, a, known in each]
            gain += sign * _loss(found._replace(ends=ends), mine)
    return gain > 0


def _acting(among: Among, known: Structure) -> Among:
    """What is searched, with the single variables alone that are known to act, if any do: a choice among hundreds,
    made anew for each fit, takes most of the time of a search."""
    numbers, pairs, most = among
    return [number for number in numbers if number in known.alone] or numbers, pairs, most


def _leaves_finer(task: Task, found: Model, wide: Task, rough: int) -> bool:
    """Whether some edge's rough functions beyond so many explain more of what is left than noise would, and enough to
    be worth their time. wide: the task with the variables that have these."""
    numbers = [number for number, variable in enumerate(wide.variables) if int((variable.kinds == ROUGH).sum()) > rough]
    if not numbers:
        return False
    x, slope, curvature = task.left(found.terms, found.posterior)
    terms = [rough_term(number, wide.variables[number], rough) for number in numbers]
    gained = gains(terms, {number: wide.variables[number].values(x) for number in numbers}, slope, curvature)
    return bool(gained.max() > max(TUNED.bar + math.log(len(terms)), TUNED.finer_worth * len(x)))


def _along(found: Searched, logarithmic: tuple[int, ...], smooth: Smooth, look: Look) -> Searched:
    """What is found where these inputs go along logarithms, and where that is not more likely, what was found before.

    A search takes a few times as long as a look, and follows only where that is more likely already. No look takes a
    line of each pair. Where these were found, looks at both are compared.
    """
    pooled = any(end.structure.pooled for end in found.ends)
    if not look(found, logarithmic).beats(look(found, found.logarithmic) if pooled else found):
        return found
    other = smooth(logarithmic)
    return other if other.beats(found) else found


def _each(found: Searched, smooth: Smooth, look: Look) -> Searched:
    """What is found where each of a few inputs along logarithms may go along its values instead: one is tried after the
    other, and stays so where that is more likely."""
    for number in found.logarithmic if len(found.logarithmic) <= TUNED.each else ():
        found = _along(found, tuple(one for one in found.logarithmic if one != number), smooth, look)
    return found


def _tamed(best: Searched, again: Again) -> Searched:
    """What is found where values that lie farther out than tails reach say nothing, if their rows bear that out: each
    half of them, by a fit to the rest that is nearer to it. Else functions go on, as a law does.

    Such values, mostly mistakes, decide on their own what products do there. Rows between them and the others, and
    beyond them, would be predicted by that.
    """
    within = {number for end in best.ends for pair in end.structure.pairs for number in pair}
    paired = [best.variables[number] for number in sorted(within)]
    there = {variable.inputs[0]: effect for variable in paired if (effect := variable.far) is not None}
    if not there:
        return best
    x = best.tasks[0].x
    far = torch.stack([effect.is_far(x[:, place]) for place, effect in there.items()]).any(0)
    known, tame = best.structures(), tuple(there)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    others, rows = order[~far[order]], order[far[order]]
    if len(others) < len(rows):  # of few rows and many columns, most rows are far in one of these
        return best
    others, goes_on, nothing = others[: TUNED.rows_searched], 0.0, 0.0
    halves = (rows[::2], rows[1::2])
    for mine, theirs in (halves, halves[::-1]) if len(rows) > 1 else (halves,):
        rest = torch.cat([others, theirs]).sort().values
        goes_on += _loss(again(known, (), rest), mine)
        nothing += _loss(again(known, tame, rest), mine)
    return again(known, tame) if nothing < goes_on else best


def _cost(task: Task, free: Model, held: Model) -> float:
    """By how many nats the rows are less likely under the functions that are held. Of squares, each has the noise that
    it leaves: in that of the free ones, a shape against the data would cost more the better these are."""
    left, kept = (float(task.weight @ task.losses(end.terms, end.posterior)) for end in (free, held))
    if not task.by_sums:
        return kept - left
    least = TUNED.noise * task.spread * float(task.weight.sum())
    return float(task.weight.sum()) / 2 * math.log(max(kept, least) / max(left, least))


def _loss(found: Searched, rows: Tensor) -> float:
    """Of some rows, over all tasks, each in parts of its variance."""
    loss = 0.0
    for task, end in zip(found.tasks, found.ends, strict=True):
        judges = task.take(rows).judged(end.posterior.likelihood)
        loss += float(judges.weight @ judges.losses(end.terms, end.posterior)) / task.spread
    return loss


def on_of(edges: Tensor, found: Sequence[Variable]) -> Tensor:
    """The variables all of whose edges are there (v, o), from the edges of all inputs (d, o)."""
    return torch.stack([edges[list(variable.inputs)].all(0) for variable in found])


def of_tasks(on: Tensor, outputs: int, tasks: int) -> list[list[int]]:
    """For each task, the variables that it may have: on (v, o)."""
    each = on[:, :outputs].T if tasks == outputs else on[:, :outputs].any(1)[None]
    return [mine.nonzero()[:, 0].tolist() for mine in each]


def _pairs_on(on: Tensor) -> list[Pair]:
    """Pairs of variables that some product node can take: on (v, 2 r), its edges."""
    left, right = on[:, ::2].double(), on[:, 1::2].double()
    either = left @ right.T
    return [(i, j) for i, j in (either + either.T).triu(1).nonzero().tolist()]


def _free(pairs: list[Pair], found: Sequence[Variable], shapes: Mapping[int, Shape]) -> list[Pair]:
    """The pairs without an input that is held to a shape, which a product would bend."""
    held_to = {number for number, variable in enumerate(found) if shapes.keys() & set(variable.inputs)}
    return [pair for pair in pairs if not held_to & set(pair)]

"""More products for pairs that have detail, such as a map or a curve for each level.

The search gives each pair few products, the smoothest, so that it can try many pairs. Pairs that it found get more, the
pairs of most worth first, where that is more likely. A column of many levels has a line for each of them at first, and
then a few curves.
"""

from __future__ import annotations

import math
from dataclasses import replace

from .chosen_terms import Model, among_of, carried, model_of
from .fit_task import Task
from .pair_search import stands
from .screening import Pair, gains
from .terms import Term, pair_term
from .tuning import TUNED
from .unseen import Try, unseen_losses


def finer(task: Task, found: Model) -> Model:
    """The model with more products of its pairs where that is more likely, else the model as it is."""
    if not found.believed or not found.structure.pairs:
        return found
    part = task.sampled(TUNED.rows_searched)
    same = found if part is task else _fitted(part, found, found.terms)
    if not (wide := _wider(part, same)):
        return found
    terms = [wide.get(term.variables, term) if len(term.variables) == 2 else term for term in found.terms]
    tried = _fitted(part, same, terms)
    if not tried.believed or tried.posterior.gain <= same.posterior.gain + TUNED.pairs_worth:
        return found
    if not stands(part, tried, lambda rows: _fitted(rows, tried, terms)) or not _is_nearer(part, same, tried):
        return found
    return tried if part is task else _fitted(task, found, terms)


def _is_nearer(task: Task, same: Model, tried: Model) -> bool:
    """Whether more products are nearer to rows that were not fitted to, where they are many for the rows. A curve for
    each level may follow nearly all of few rows, and what is left of the noise then makes it likely."""
    if float(tried.posterior.effective.sum()) < TUNED.many_for_rows * len(task.x):
        return True
    tries: list[Try] = [lambda rows, model=model: _fitted(rows, model, model.terms) for model in (same, tried)]
    losses, _, weight = unseen_losses(task, tries, tried)
    return bool(weight @ losses[1] < weight @ losses[0])


def _wider(task: Task, found: Model) -> dict[Pair, Term]:
    """The terms of pairs with more products, as many as the rows bear: of those pairs whose further products explain
    more of what is left than noise would."""
    worth = dict(zip((term.variables for term in found.terms), found.posterior.worth.tolist(), strict=True))
    there = {term.variables: term for term in found.terms if len(term.variables) == 2 and not term.pooled}
    room = task.finest // (task.classes if task.classes > 2 else 1)
    usual = {pair: min(room, term.most + TUNED.further) for pair, term in there.items()}
    by_level = {pair: size for pair in there if (size := _for_each_level(task, pair)) > usual[pair]}
    best = sorted(there, key=lambda pair: -worth[pair])
    maps = [pair for pair in best if pair not in by_level][: room // (2 * TUNED.products)]
    tried = {pair: by_level.get(pair, usual[pair]) for pair in best if pair in by_level or pair in maps}
    further = {pair: pair_term(*pair, task.variables, size).without(there[pair]) for pair, size in tried.items()}
    pairs = [pair for pair, term in further.items() if len(term.roughness)]
    if not pairs:
        return {}
    x, slope, curvature = task.left(found.terms, found.posterior)
    functions = {number: task.variables[number].values(x) for number in {number for pair in pairs for number in pair}}
    gained = gains([further[pair] for pair in pairs], functions, slope, curvature)
    bar = TUNED.bar + math.log(len(pairs))
    pairs = [pair for pair, gain in zip(pairs, gained.tolist(), strict=True) if gain > bar]
    maps, free = [pair for pair in pairs if pair in maps], room_of_levels(task)
    wider = {pair: pair_term(*pair, task.variables, room // len(maps)) for pair in maps}
    for pair in pairs:
        if pair in by_level and by_level[pair] <= free:
            wider[pair] = pair_term(*pair, task.variables, by_level[pair])
            free -= by_level[pair]
    return wider


def _for_each_level(task: Task, pair: Pair) -> int:
    """Products of a pair of levels and a number in which each level has a curve, as far as the rows bear them; 0 of
    another pair."""
    one, other = (task.variables[number] for number in pair)
    if one.whole == other.whole:
        return 0
    levels = len(one.kinds) if one.whole else len(other.kinds)
    return levels * min(TUNED.functions_of_levels, room_of_levels(task) // levels)


def room_of_levels(task: Task) -> int:
    """Products of levels and curves that the rows bear."""
    return min(TUNED.finer_levels, len(task.x)) // (task.classes if task.classes > 2 else 1)


def _fitted(task: Task, found: Model, terms: list[Term]) -> Model:
    """The fit of these terms, of the same variables and pairs as those that were found. Its score is theirs and what it
    gains more, since nothing else was chosen."""
    fit = model_of(task, terms, found.common, carried(found, terms), among_of(terms))
    return replace(fit, straight=found.straight, score=found.score + fit.posterior.gain - found.posterior.gain)

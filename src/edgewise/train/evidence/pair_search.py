"""The search for pairs of inputs that act together.

There are two ways. Few pairs: fit, look at what is left, take up what noise would not leave, and fit again. All pairs:
the lines of every two inputs have a product, with one strength for all; then few pairs beside them. The first finds a
strong pair among many that say nothing, the second many weak pairs. Cross-validation says which predicts better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from torch import Tensor

from .chosen_terms import Among, Model, Structure, carried, dense, model_of, sparse, straight, thinned
from .fit_task import Task
from .screening import Pair, pairs_of
from .stacking import mean_and_error
from .terms import Term, edge_term, pair_term, pooled_term, small_enough
from .tuning import TUNED
from .unseen import Try, is_clear, is_confirmed, unseen_losses

How = Callable[..., Model]  # `sparse`, `dense` or `straight`


def search(
    task: Task, inputs: Sequence[int], pairs: Sequence[Pair], most: int, known: Structure | None = None
) -> Model:
    """The terms and their posterior.

    Args:
        task: rows and target.
        inputs: the variables whose edges may be there.
        pairs: those that may act together.
        most: how many of them there may be.
        known: what an earlier search decided.
    """
    singles = [edge_term(number, task.variables[number]) for number in inputs]
    usual, large = _by_size(task, pairs, [] if known is None else known.pairs)
    among = len(singles), len(usual) + len(large)
    if known is not None:
        return _known(task, singles, known, None, among)
    if len(task.x) > TUNED.rows_searched:
        few = search(task.sampled(TUNED.rows_searched), inputs, pairs, most)
        return _known(task, singles, few.structure, few, among)
    how, best = _better(task, singles, among)
    found = _with_pairs(task, how, best, singles, usual, most, among)

    def anew(part: Task) -> Model:
        return _with_pairs(part, how, _or_nothing(how(part, singles, None, among)), singles, usual, most, among)

    if found is not best and not stands(task, found, anew):
        found = best
    return _with_large(task, how, found, singles, large, most, among)


def looked(task: Task, inputs: Sequence[int], pairs: Sequence[Pair], most: int, common: bool) -> Model:
    """What a search would find, about, without asking rows that have not seen a fit. common: whether all inputs stay.
    The rest is as for `search`."""
    singles, how = [edge_term(number, task.variables[number]) for number in inputs], dense if common else sparse
    pairs = small_enough(pairs, task.variables, _cells(task))
    among = len(singles), len(pairs)
    if len(task.x) > TUNED.rows_searched:
        few = looked(task.sampled(TUNED.rows_searched), inputs, pairs, most, common)
        return _known(task, singles, few.structure, few, among)
    return _grown(task, how, _or_nothing(how(task, singles, None, among)), singles, pairs, most, among)


def _with_pairs(
    task: Task, how: How, best: Model, singles: list[Term], pairs: Sequence[Pair], most: int, among: Among
) -> Model:
    """`best` with the pairs that pay: few that stand out, or a line of each pair, whichever predicts better."""
    few = _grown(task, how, best, singles, pairs, most, among)
    lines = [pair for pair in pairs if all(task.variables[number].number for number in pair)]
    if not 1 < len(lines) <= TUNED.pooled or not best.believed or _functions(task, singles, lines) > TUNED.functions:
        return few
    every = _grown(task, dense, _within(task, singles, lines, most, among), singles, pairs, most, among)
    if every.posterior.gain <= few.posterior.gain:
        return few
    tries: list[Try] = [_again(few, among), lambda part: _within(part, singles, lines, most, among)]
    losses, _, weight = unseen_losses(task, tries, few)  # pairs chosen by all rows would know those that judge
    mean, error = mean_and_error(losses[0] - losses[1], weight)
    return every if mean > TUNED.simpler * error else few


def _by_size(task: Task, pairs: Sequence[Pair], there: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The pairs that are looked at first, and those of many levels by many, which are looked at beside what was found,
    as far as the rows bear their cells or they are `there` already."""
    usual = small_enough(pairs, task.variables)
    borne = {*small_enough(pairs, task.variables, _cells(task)), *there}.difference(usual)
    return usual, [pair for pair in pairs if pair in borne]


def _cells(task: Task) -> int:
    """Cells of a pair of two columns of levels that the rows bear."""
    borne = min(TUNED.most_cells, len(task.x) // TUNED.rows_of_cells) // (task.classes if task.classes > 2 else 1)
    return max(TUNED.cells, borne)


def _with_large(
    task: Task, how: How, found: Model, singles: list[Term], large: Sequence[Pair], most: int, among: Among
) -> Model:
    """`found` with the pairs of many cells that pay, where that is nearer to rows that were not fitted to. Each cell
    has few rows, so chance may choose such a pair."""
    grown = _grown(task, how, found, singles, large, most, among)
    if grown is found:
        return found

    def again(part: Task) -> Model:
        return _or_nothing(_again(found, among)(part))

    tries: list[Try] = [again, lambda part: _grown(part, how, again(part), singles, large, most, among)]
    losses, _, weight = unseen_losses(task, tries, grown)
    return grown if weight @ losses[1] < weight @ losses[0] else found


def roughened(
    task: Task, smooth: Model, inputs: Sequence[int], pairs: Sequence[Pair], most: int, alike: bool = True
) -> Model:
    """The terms and their posterior with rough functions beside the smooth ones. More pairs are looked for only where
    rough functions are more likely with those that were found.

    Args:
        task: rows, target, and variables that have rough functions.
        smooth: what was found without them: its pairs are where the search begins.
        inputs, pairs, most: as for `search`.
        alike: whether `smooth` was fitted to the same rows.
    """
    singles = [edge_term(number, task.variables[number]) for number in inputs]
    usual, large = _by_size(task, pairs, smooth.structure.pairs)
    among = len(singles), len(usual) + len(large)
    if len(task.x) > TUNED.rows_searched:
        few = roughened(task.sampled(TUNED.rows_searched), smooth, inputs, pairs, most, False)
        return _known(task, singles, few.structure, few, among)
    how = how_of(smooth)
    begun = [pair_term(*pair, task.variables) for pair in smooth.structure.pairs if pair in {*usual, *large}]
    pooled = [pooled_term(*pair, task.variables) for pair in smooth.structure.pooled]
    terms = singles + pooled + _as_many([], begun, min(most, TUNED.pairs))

    def fitted(part: Task) -> Model:
        return _or_nothing(how(part, terms, None, among))

    def grown(part: Task, best: Model) -> Model:
        return _grown(part, how, best, singles, usual, most, among)

    best = fitted(task)
    if alike and best.score <= smooth.score:
        return best
    found = grown(task, best)
    return found if stands(task, found, lambda part: grown(part, fitted(part))) else _nothing(found)


def _known(task: Task, singles: list[Term], known: Structure, near: Model | None, among: Among) -> Model:
    """The model of what an earlier search decided; `near`: with strengths to go on from."""
    if len(task.x) > TUNED.rows_judged:
        singles = [term for term in singles if term.variables[0] in known.alone] or singles
    terms = singles + known.of_pairs(task.variables)
    strengths = None if near is None else carried(near, terms)
    how = how_of(known)
    found = _or_nothing(how(task, terms, strengths, among))
    return found if stands(task, found, lambda part: how(part, terms, None, among)) else _nothing(found)


def _functions(task: Task, singles: Sequence[Term], pairs: Sequence[Pair]) -> float:
    """How many functions all inputs and all pairs of lines have. Where the loss is no square they count for more,
    since every update takes a pass over the rows."""
    count = len(pairs) + sum(len(term.roughness) for term in singles)
    exact = task.classes == 1 and task.loss_of is None
    return count if exact else TUNED.passes * max(2, task.classes) * count


def _grown(
    task: Task, how: How, best: Model, singles: list[Term], pairs: Sequence[Pair], most: int, among: Among
) -> Model:
    """The model with the pairs that stand out in what it leaves."""
    for _ in range(TUNED.searches):
        if not best.posterior.noise > 0:  # a constant target leaves nothing
            break
        there = best.structure.pairs
        left = [pair for pair in pairs if pair not in there]
        new = _new(task, best, left)
        alone = [term for term in best.terms if len(term.variables) == 2 and not term.pooled]
        added = _as_many(alone, new, min(most, TUNED.pairs))
        if not added:
            break
        again = {term.variables for term in added}
        pooled = [term for term in best.terms if term.pooled and term.variables not in again]
        grown = singles + pooled + alone + added
        found = _or_nothing(how(task, grown, carried(best, grown), among))
        if found.score <= best.score + TUNED.pairs_worth:
            break
        best = found
    return best


def _new(task: Task, best: Model, pairs: Sequence[Pair]) -> list[Term]:
    """The terms of those pairs that stand out in what a model leaves. Where none does, and there are few pairs, a
    closer look takes more products of each."""
    left = task.left(best.terms, best.posterior)
    if not bool((left[2].sum(0) > 0).all()):  # a median through every row: so narrow that no curvature is left
        return []
    closer = min(task.finest, TUNED.closer // max(1, len(pairs)))
    looks = [TUNED.products, closer] if closer >= 2 * TUNED.products else [TUNED.products]
    for products in looks:
        if new := pairs_of(task.variables, *left, pairs, products):
            return [pair_term(*pair, task.variables, products) for pair in new]
    return []


def _as_many(taken: Sequence[Term], new: Sequence[Term], most: int) -> list[Term]:
    """The first of the new pairs that there is room for beside those taken: in number, and in parameters."""
    room = TUNED.pairs * TUNED.products - sum(len(term.roughness) for term in taken)
    sizes = accumulate(len(term.roughness) for term in new)
    return [term for term, size in zip(new, sizes, strict=True) if size <= room][: most - len(taken)]


def _within(task: Task, singles: list[Term], pairs: Sequence[Pair], most: int, among: Among) -> Model:
    """All inputs and the lines of all pairs, of which those of least worth go until there are no more than `most`."""
    terms = singles + [pooled_term(*pair, task.variables) for pair in pairs]
    found = model_of(task, terms, True, None, among)
    while (count := len(found.terms) - len(singles)) > most and found.believed:
        count = max(most, int(TUNED.kept_at_once * count))
        worth = found.posterior.worth[len(singles) :]
        best = worth.argsort(descending=True)[:count].sort().values + len(singles)
        left = singles + [found.terms[place] for place in best.tolist()]
        found = model_of(task, left, True, carried(found, left), among, found)
    return _or_nothing(found)


def _or_nothing(found: Model) -> Model:
    """The model, or the best constant where noise alone would give as much."""
    return found if found.believed else _nothing(found)


def _nothing(found: Model) -> Model:
    """The best constant. It is no more likely than a model which is believed, however much this one was charged for its
    choices."""
    return replace(found, posterior=found.posterior.nothing(), score=min(found.score, 0.0), believed=False)


def stands(task: Task, found: Model, fit: Try) -> bool:
    """Whether a model stands as it is: a constant, or more than noise by its likelihood, or by rows that have not seen
    it. fit: how it was found."""
    if not found.believed or is_clear(task, found):
        return True
    (losses,), constant, weight = unseen_losses(task, [fit], found)
    return is_confirmed(task, found, losses, constant, weight)


def how_of(found: Model | Structure) -> How:
    """The way in which a model was found."""
    return straight if found.straight else dense if found.common else sparse


def _better(task: Task, singles: list[Term], among: Among) -> tuple[How, Model]:
    """Whether few inputs or all of them predict rows better that were not fitted to, or lines of all inputs alone:
    `sparse`, `dense` or `straight`, and its model of all rows. Lines alone are asked where they are more likely, and
    where there are many more functions than rows, so that scores tell little."""
    whole = model_of(task, singles, True, None, among)
    every = _or_nothing(thinned(task, whole, among))
    few = _or_nothing(sparse(task, singles, None, among, whole))
    found: dict[How, Model] = {sparse: few} if len(singles) == 1 else {sparse: few, dense: every}
    crowded = sum(len(term.roughness) for term in singles) > TUNED.crowded * len(task.x)
    if len(singles) > 1:
        lines = _or_nothing(straight(task, singles, None, among))
        if crowded or (lines.believed and lines.score > max(few.score, every.score)):
            found[straight] = lines
    if not any(model.believed for model in found.values()) or (len(found) == 1 and is_clear(task, few)):
        return sparse, few
    tries: list[Try] = [lambda part, how=how: how(part, singles, None, among) for how in found]
    losses, constant, weight = unseen_losses(task, tries, few)
    lost = dict(zip(found, losses, strict=True))
    how = min(found, key=lambda way: float(weight @ lost[way]))
    if how is straight and not crowded:
        how = _unless_curves(found, lost, weight)
    best = found[how]
    clear = not best.believed or is_clear(task, best) or is_confirmed(task, best, lost[how], constant, weight)
    return how, best if clear else _nothing(best)


def _unless_curves(found: Mapping[How, Model], lost: Mapping[How, Tensor], weight: Tensor) -> How:
    """`straight`, or the best way with curves where that is believed and about as near to unseen rows: what lines lose
    there, no other part of a search brings back. lost (n,): the losses of these rows by each way."""
    others = [how for how, model in found.items() if how is not straight and model.believed]
    if not others:
        return straight
    best = min(others, key=lambda how: float(weight @ lost[how]))
    mean, error = mean_and_error(lost[best] - lost[straight], weight)
    return straight if mean > TUNED.simpler * error else best


def _again(found: Model, among: Among) -> Try:
    """The fit of the same terms to other rows."""
    return lambda part: model_of(part, found.terms, found.common, found.posterior.strength, among)

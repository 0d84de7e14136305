"""From a table to the network that is kept. A network of functions of single inputs and of products for pairs is fitted
in closed form. The sum alone is kept where products are clearly worse, and a function of a sum where that is clearly
better, or simpler and as good. Where the network leaves something that hidden layers could find, one with them is
fitted with sparsity, pruned and fitted again. That is kept where it is clearly better, or as good and simpler. A broad
hidden layer under a ridge penalty is kept where it is clearly better, and a mixture with it where that is better. Then
come closed forms, where they are as good (`last_fits`).

Three kinds of rows. The training rows fit every stage; a part of them stops fits by steps. The rows that choose say
whether a stage is better than the one before it, and nothing else: no fit has seen them. The rows that judge are no
part of this file: what they say is taken after it, and nothing here sees them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..data import Table
from ..losses import Location, Loss
from ..model import KAN
from ..train.choose import EVIDENCE
from ..train.evidence.by_evidence import Again
from ..train.fit import fit
from ..train.mixed import Mixed
from ..train.refit import refit
from ..train.result import FitResult, measure
from ..train.resuming.journal import Journal, Part
from ..train.solvers.status import Status
from .beginnings import fresh, parts, with_room
from .broad import broad
from .by_log import by_log
from .choosing import as_good, clearly_better
from .closed_forms import skipped
from .course import Course
from .layered import layered, light, preferred, promising, shape_given
from .outer_function import with_outer
from .study_settings import StudySettings
from .trained import Trained, of_targets
from .tuning import TUNED

ADDITIVE, WITH_PAIRS, LAYERED = "additive network", "network of pairs", "network with hidden layers"
BY_STEPS, BROAD = "additive network by steps", "network with a broad hidden layer"
MIXED = "mixture with a broad hidden layer"
OUTER = "function of a sum"
OF_MEAN = "network of the mean"


@dataclass(frozen=True)
class Ingredients:
    """What every stage is given.

    `training`, `choosing`: the rows of fits, and those that choose between them (None where rows are few). `how`: what
    fits are told. `loss`: that compares, in one unit. `room`, `sums`: the networks that fits in closed form begin
    with, with room for products and without. `plain`: the first fit.
    """

    settings: StudySettings
    training: Table
    choosing: Table | None
    how: dict[str, Any]
    loss: Loss
    room: KAN
    sums: KAN
    plain: FitResult
    journal: Journal | Part | None

    @property
    def many(self) -> Table | None:
        """The rows that choose, where they are not too few to choose between kinds of networks."""
        return self.choosing if self.choosing is not None and self.choosing.count >= TUNED.fewest_choosing else None


def chosen_network(
    rest: Table, settings: StudySettings, progress: bool, journal: Journal | Part | None = None
) -> Trained:
    """The stages up to the choice of a network; closed forms, and means of fits to parts of the rows, come after it."""
    fresh(rest, replace(settings, grids=settings.grids[-1:] if isinstance(settings.grids, tuple) else "auto"))  # fits?
    training, choosing = parts(rest, settings.seed)
    loss = settings.loss_of(rest)
    how: dict[str, Any] = {
        "loss": loss,
        "seed": settings.seed,
        "progress": progress,
        **training.row_settings,
        "validation": None if choosing is None else (choosing.X, choosing.y, choosing.weight),
    }
    room, sums = with_room(rest, settings), with_room(rest, replace(settings, interactions=0))
    plain = in_closed_form(room, training, settings, how)
    if isinstance(loss, Location) and plain.seen is not None:  # all stages are compared in one unit
        loss = plain.seen.loss
    name = kind_of(plain.model)
    course = Course(rest, plain, name, plain, plain).told(name, plain, "additive")
    given = Ingredients(settings, training, choosing, how, loss, room, sums, plain, journal)
    try:
        for following in (_as_sum, _outer, _layered, _broad, _of_log):
            course = course if course.interrupted else following(course, given)
    except KeyboardInterrupt:  # outside fit, which catches its own: what there is is kept
        course = replace(course, interrupted=True)
    return _trained(course, training)


def in_closed_form(start: KAN, training: Table, settings: StudySettings, how: dict[str, Any]) -> FitResult:
    """A fit by its evidence, held to the shapes that the settings ask for."""
    return fit(start, training.X, training.y, optimizer=EVIDENCE, constraints=settings.held, **how)


def kind_of(plain: KAN) -> str:
    """What a network in closed form is called."""
    return WITH_PAIRS if any(plain.topology.has_products(layer) for layer in range(plain.topology.depth)) else ADDITIVE


def _as_sum(course: Course, given: Ingredients) -> Course:
    """The sum alone where products are clearly worse."""
    many = given.many
    if many is None or given.training.classes is not None or course.called != WITH_PAIRS:
        return course
    added = _alone(given, many)
    if added.status is Status.INTERRUPTED:
        return replace(course, interrupted=True)
    course = replace(course, added=added)
    if as_good(given.plain.model, added.model, many, loss=given.loss):
        return course
    return course.told(ADDITIVE, added).keeping(ADDITIVE, added)


def _alone(given: Ingredients, many: Table) -> FitResult:
    """The fit of the sum alone, with what the search for pairs decided of single columns. Where it decided that by
    pairs, with one strength for all of them, there is a search of its own. many: the rows that choose."""
    plain, training = given.plain, given.training
    ending = plain.ending
    if not isinstance(ending, Again) or any(structure.pooled for structure in ending.structures):
        return in_closed_form(given.sums, training, given.settings, given.how)
    alone = [replace(structure, pairs=[], finer={}, tame=()) for structure in ending.structures]
    before = replace(plain, ending=replace(ending, structures=alone), history=[])
    found = refit(before, training.X, training.y, **training.row_settings, progress=False)
    loss = given.how["loss"] if found.seen is None else found.seen.loss  # with the scale that was found
    judged, metrics = measure(found.model, many.X, many.y, loss, many.weight)
    named = {f"validation_{name}": value for name, value in metrics.items()}
    return replace(found, validation_loss=judged, metrics={**found.metrics, **named})


def _outer(course: Course, given: Ingredients) -> Course:
    """A function of a sum, where that is better."""
    many = given.many
    if many is None or not of_any_shape(given.settings):
        return course
    outer = with_outer(course.chosen, course.added, given.room, given.sums, given.training, many, given.loss)
    return course if outer is None else course.told(OUTER, outer).keeping(OUTER, outer)


def _layered(course: Course, given: Ingredients) -> Course:
    """A network with hidden layers, where it is preferred."""
    choosing, settings = given.choosing, given.settings
    if choosing is None or not promising(course.chosen.model, given.training, settings, given.loss):
        return course
    deep = layered(light(given.training), choosing, settings, given.how, given.journal, given.loss)
    course = course.told("fit", deep.first, "fit")
    if deep.second is not None:
        course = course.told("refit after pruning", deep.second, "refit")
    called = LAYERED if settings.hidden else BY_STEPS
    if preferred(deep.chosen.model, course.chosen.model, choosing, given.loss):
        return course.keeping(called, deep.chosen, deep.first)
    return course.leaving(called, deep.chosen)


def _broad(course: Course, given: Ingredients) -> Course:
    """A broad hidden layer, or a mixture with it, where these are better."""
    choosing, loss = given.choosing, given.loss
    if choosing is None or not of_any_shape(given.settings):
        return course
    wide = broad(given.training, choosing, course.chosen, given.settings.seed, given.how, loss)
    if wide is None:
        return course
    called = MIXED if isinstance(wide.ending, Mixed) else BROAD
    course = course.told(called, wide, "broad")
    if called == MIXED or clearly_better(wide.model, course.chosen.model, choosing, loss):
        return course.keeping(called, wide)
    return course.leaving(called, wide)


def _of_log(course: Course, given: Ingredients) -> Course:
    """The network of the logarithm of the mean, where that is better."""
    settings = given.settings
    if not settings.automatic or not log_keeps(settings) or len(course.rest) > TUNED.log_most:
        return course
    held = {**given.how, "constraints": settings.held}
    found = by_log(course.chosen, given.room, given.sums, given.training, given.choosing, held)
    if found is None:
        return course
    course = course.told(f"{kind_of(found.fit.model)}, of the logarithm", found.fit, "logarithm")
    course = replace(course, called=OF_MEAN).keeping(OF_MEAN, found.fit)
    return replace(course, of_log=found.ratio)


def _trained(course: Course, training: Table) -> Trained:
    """What the stages came to."""
    chosen, first = course.chosen, course.first
    why = "the fit was interrupted" if course.interrupted else "closed forms were not asked for"
    splines = of_targets(chosen.model, course.of_log, course.rest)
    unpruned = splines if first is chosen else of_targets(first.model, course.of_log, course.rest)
    if training.classes is not None and isinstance(chosen.ending, Again):
        chosen = replace(chosen, ending=replace(chosen.ending, parts=True))  # its refits are means
    found = course.rows, course.stages, course.interrupted, course.beside, course.added.model, course.of_log
    return Trained(splines, unpruned, splines, chosen, skipped(why), *found)


def of_any_shape(settings: StudySettings) -> bool:
    """Whether the network may have hidden layers of any shape: none was asked for, nor are there constraints."""
    return settings.effort != "quick" and not settings.constraints and not shape_given(settings)


def log_keeps(settings: StudySettings) -> bool:
    """Whether the mean has every shape that its logarithm has: an exponential makes concave functions convex, and its
    bound bends convex ones."""
    return not any(bent in words for words in settings.held.values() for bent in ("concave", "convex"))

"""From a table to the network that is kept. A network of functions of single inputs and of products for pairs is fitted
in closed form. The sum alone is kept where products are clearly worse, and a function of a sum where that is clearly
better, or simpler and as good. Where the network leaves something that hidden layers could find, one with them is
fitted with sparsity, pruned and fitted again. That is kept where it is clearly better, or as good and simpler. A broad
hidden layer under a ridge penalty is kept where it is clearly better, and a mixture with it where that is better. Then
come closed forms, where they are as good.

Three kinds of rows. The training rows fit every stage; a part of them stops fits by steps. The rows that choose say
whether a stage is better than the one before it, and nothing else: no fit has seen them. The rows that judge are no
part of this file: what they say is taken after it, and nothing here sees them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..data import Table, split
from ..errors import DataError, shown
from ..limits import refuse_too_large, training_bytes
from ..losses import CrossEntropy, Location, Loss
from ..metadata import Metadata
from ..model import KAN
from ..size import summary
from ..symbolic.symbolify import symbolify
from ..train.choose import EVIDENCE
from ..train.evidence.by_evidence import Again
from ..train.fit import fit
from ..train.held_out import FEWEST, FEWEST_GROUPS
from ..train.mixed import Mixed
from ..train.outer import Outer
from ..train.refit import refit
from ..train.result import FitResult
from ..train.resuming.journal import Journal, Part
from ..train.solvers.status import Status
from ..transforms import prune
from ..transforms.means import as_means
from .broad import FEWEST as FEWEST_CHOOSING
from .broad import broad
from .by_log import MOST, by_log, means_of
from .choosing import as_good, clearly_better, clearly_worse
from .closed_forms import TOLERANCE, Closed, close, skipped, symbolic_edges, thin
from .kept_shapes import keeps, shapes_of
from .leftover import something_left
from .outer_function import with_outer
from .study_settings import EFFORTS, StudySettings

ADDITIVE, WITH_PAIRS, LAYERED = "additive network", "network of pairs", "network with hidden layers"
BY_STEPS, BROAD = "additive network by steps", "network with a broad hidden layer"
MIXED = "mixture with a broad hidden layer"
OUTER = "function of a sum"
PRODUCTS = 80  # of the functions of two inputs, for each output, at most: 14 inputs two by two
LEARNT = 100_000  # rows that say what the network is made of, at most; in the end all rows fit it
LAYERED_CELLS = 200_000  # rows times inputs that hidden layers are fitted to, at most: a step takes more than these
FEWEST_LAYERED = 2000  # rows of them, whatever the inputs
LAYERED_PARAMETERS = 3000  # of such a network, unless its shape was given: with 4800 a step took four seconds
CHOOSING = 0.125  # part of the rows that do not judge: a tenth of all, where a fifth of them judges


@dataclass(frozen=True)
class Trained:
    """The network that is kept and how it came about.

    `first`: the network before pruning; `splines`: the one whose edges are all splines, which `model` is unless closed
    forms took their places. `chosen`: the fit that `splines` is from. `beside`: networks of other kinds, which were
    not kept, by their names.

    `of_log`: the squared error of a network of the logarithm of the mean, in parts of that of a network of the mean,
    where the first was taken. `chosen` and `closed` are of the logarithm then; `model`, `first` and `splines` end in a
    layer that takes it back. In `first` and `splines`, an edge before that bends beyond the rows.
    """

    model: KAN
    first: KAN
    splines: KAN
    chosen: FitResult
    closed: Closed
    rows: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    interrupted: bool
    beside: dict[str, KAN]
    of_log: float | None = None

    @property
    def tame(self) -> list[str]:
        """The inputs of whose values a few are taken for mistakes: splines make nothing of them."""
        ending = self.chosen.ending
        ending = ending.one.ending if isinstance(ending, Mixed) else ending
        ending = ending.inner.ending if isinstance(ending, Outer) else ending
        return ending.tame if isinstance(ending, Again) and self.closed.model is None else []


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
    room = with_room(rest, settings)
    plain = fit(room, training.X, training.y, optimizer=EVIDENCE, constraints=settings.held, **how)
    called = name = kind_of(plain.model)
    rows, stages = [{"part": "additive", **row} for row in plain.history], [stage(name, plain)]
    first = chosen = plain
    if isinstance(loss, Location) and plain.seen is not None:  # all stages are compared in one unit
        loss = plain.seen.loss
    beside: dict[str, KAN] = {}
    of_log = None
    interrupted = plain.status is Status.INTERRUPTED
    sums = with_room(rest, replace(settings, interactions=0))

    def aside() -> dict[str, KAN]:
        """The networks that are not kept, with the one that was kept so far."""
        return beside | {called: named(chosen.model, rest)}

    try:
        added, many = plain, choosing if choosing is not None and choosing.count >= FEWEST_CHOOSING else None
        if not interrupted and many is not None and training.classes is None and name == WITH_PAIRS:
            added = fit(sums, training.X, training.y, optimizer=EVIDENCE, constraints=settings.held, **how)
            interrupted = added.status is Status.INTERRUPTED
            if not interrupted and not as_good(plain.model, added.model, many, loss=loss):
                beside, called, first, chosen = aside(), ADDITIVE, added, added
                stages.append(stage(ADDITIVE, added))
        if not interrupted and many is not None and may_be_broad(settings):
            outer = with_outer(chosen, added, room, sums, training, many, loss)
            if outer is not None:
                beside, called, first, chosen = aside(), OUTER, outer, outer
                stages.append(stage(OUTER, outer))
        if not interrupted and choosing is not None and promising(chosen.model, training, settings, loss):
            deep = layered(_light(training), choosing, settings, how, journal, loss)
            rows, stages = rows + deep.rows, stages + deep.stages
            interrupted = deep.chosen.status is Status.INTERRUPTED
            by_steps = LAYERED if settings.hidden else BY_STEPS
            if preferred(deep.chosen.model, chosen.model, choosing, loss):
                beside, called, first, chosen = aside(), by_steps, deep.first, deep.chosen
            else:
                beside |= {by_steps: named(deep.chosen.model, rest)}
        if not interrupted and choosing is not None and may_be_broad(settings):
            wide = broad(training, choosing, chosen, settings.seed, how, loss)
            if wide is not None:
                kind = MIXED if isinstance(wide.ending, Mixed) else BROAD
                rows, stages = rows + [{"part": "broad", **row} for row in wide.history], [*stages, stage(kind, wide)]
                interrupted = wide.status is Status.INTERRUPTED
                if kind == MIXED or clearly_better(wide.model, chosen.model, choosing, loss):
                    beside, first, chosen = aside(), wide, wide
                else:
                    beside |= {kind: named(wide.model, rest)}
        by_gamma = not interrupted and settings.automatic and log_keeps(settings) and len(rest) <= MOST
        held = {**how, "constraints": settings.held}
        if by_gamma and (found := by_log(chosen, room, sums, training, choosing, held)) is not None:
            beside |= {"network of the mean": named(chosen.model, rest)}
            first = chosen = found.fit
            of_log = found.ratio
            rows += [{"part": "logarithm", **row} for row in chosen.history]
            stages.append(stage(f"{kind_of(chosen.model)}, of the logarithm", chosen))
    except KeyboardInterrupt:  # outside fit, which catches its own: what there is is kept
        interrupted = True
    why = "the fit was interrupted" if interrupted else "closed forms were not asked for"
    splines = _of_targets(chosen.model, of_log, rest)
    unpruned = splines if first is chosen else _of_targets(first.model, of_log, rest)
    if training.classes is not None and isinstance(chosen.ending, Again):
        chosen = replace(chosen, ending=replace(chosen.ending, parts=True))  # its refits are means
    return Trained(splines, unpruned, splines, chosen, skipped(why), rows, stages, interrupted, beside, of_log)


def completed(trained: Trained, rest: Table, settings: StudySettings, progress: bool) -> Trained:
    """The chosen network as the mean of fits to parts of the training rows, where it is one, and with closed forms,
    where these are asked for and as good. `rest`: what it was chosen by."""
    if trained.interrupted:
        return trained
    training, choosing = parts(rest, settings.seed)
    chosen, loss, closed, interrupted = trained.chosen, settings.loss_of(rest), trained.closed, False
    try:
        if isinstance(chosen.ending, Again) and chosen.ending.parts:
            chosen = refit(chosen, training.X, training.y, **training.row_settings, progress=False)
        if settings.formula:
            closed = (
                close(chosen.model, training, choosing, progress, shapes_of(chosen))
                if not isinstance(loss, Location)
                else skipped(f"they are fitted by squares, not by the loss {loss.name}")
            )
    except KeyboardInterrupt:  # outside fit, which catches its own: what there is is kept
        closed, interrupted = skipped("the search for closed forms was interrupted"), True
    splines = _of_targets(chosen.model, trained.of_log, rest)
    return replace(
        trained,
        model=splines if closed.model is None else _of_law(closed.model, trained.of_log, rest),
        first=splines if trained.first is trained.splines else trained.first,
        splines=splines,
        chosen=chosen,
        closed=closed,
        interrupted=interrupted,
    )


def _of_targets(model: KAN, of_log: float | None, rest: Table) -> KAN:
    """The network of the targets, where a fit was of the logarithm of their mean, with the names of the rows."""
    return named(model if of_log is None else means_of(model, rest), rest)


def _of_law(model: KAN, of_log: float | None, rest: Table) -> KAN:
    """The same of closed forms, which go on beyond the rows as they are written."""
    return named(model if of_log is None else as_means(model), rest)


def kind_of(plain: KAN) -> str:
    """What a network in closed form is called."""
    return WITH_PAIRS if any(plain.topology.has_products(layer) for layer in range(plain.topology.depth)) else ADDITIVE


@dataclass(frozen=True)
class Layered:
    """A network with hidden layers: `first`, the fit before pruning, and the one `chosen` of it and the fit after."""

    first: FitResult
    chosen: FitResult
    rows: list[dict[str, Any]]
    stages: list[dict[str, Any]]


def layered(
    training: Table,
    choosing: Table,
    settings: StudySettings,
    how: dict[str, Any],
    journal: Journal | Part | None,
    loss: Loss,
) -> Layered:
    """Fit with sparsity, prune, fit again. `how`: what both fits are told. `loss`: that compares them.

    The rows that choose between stages stop neither fit: the best of many states is better on the rows that it was
    picked by than on others.
    """
    try:
        rest, stopping = split(training, CHOOSING, (settings.seed + 2) % 2**64)
    except DataError:  # each group has the only rows of a class
        rest, stopping = split(replace(training, groups=None), CHOOSING, (settings.seed + 2) % 2**64)
    validation = stopping.X, stopping.y, stopping.weight
    how = {**how, **rest.row_settings, "grids": settings.grids, "validation": validation}
    if isinstance(how["loss"], CrossEntropy) and rest.classes is not None:
        how["loss"] = how["loss"].bounded(rest.count, len(rest.classes))
    first = fit(
        fresh(rest, settings),
        rest.X,
        rest.y,
        sparsity=settings.sparsity,
        restarts=EFFORTS[settings.effort],
        resume=journal and journal.part("fit"),
        **how,
    )
    rows, stages = [{"part": "fit", **row} for row in first.history], [stage("fit", first)]
    if settings.sparsity == 0 or first.status is Status.INTERRUPTED:
        return Layered(first, first, rows, stages)
    pruned, part = prune(first.model, rest.X), journal and journal.part("refit after pruning")
    second = fit(pruned, rest.X, rest.y, resume=part, **how)
    rows += [{"part": "refit", **row} for row in second.history]
    stages.append(stage("refit after pruning", second))
    nothing = second.status is Status.NOTHING and first.status is not Status.NOTHING
    worse = nothing or clearly_worse(second.model, first.model, choosing, loss)
    chosen = first if worse and second.status is not Status.INTERRUPTED else second
    return Layered(first, chosen, rows, stages)


def final(trained: Trained, table: Table, progress: bool, journal: Journal | None = None) -> KAN:
    """The network that is kept, its parameters fitted once more to all rows of the table, those that judged included.

    Shape, grid and closed forms stay. Where the fit was by a gradient method without a penalty, or was interrupted, it
    stays as it is.
    """
    if trained.interrupted or summary(trained.model).edges == 0 and trained.chosen.ending is None:
        return trained.model
    if trained.of_log is not None and not bool((table.y > 0).all()):  # a row that judges has no logarithm
        return trained.model
    if (forms := trained.closed.model) is not None:
        how: dict[str, Any] = {"sample_weight": table.weight, "tolerance": TOLERANCE, "progress": progress}
        again = symbolify(forms, table.X, table.y, **how)
        kept = keeps(again, shapes_of(trained.chosen), table)
        again = again if symbolic_edges(again) == symbolic_edges(forms) and kept else forms
        return _of_law(again, trained.of_log, table)
    if trained.chosen.ending is None:
        return trained.model
    how = {**table.row_settings, "progress": progress, "resume": journal and journal.part("all rows")}
    return _of_targets(refit(trained.chosen, table.X, table.y, **how).model, trained.of_log, table)


def promising(plain: KAN, training: Table, settings: StudySettings, loss: Loss) -> bool:
    """Whether a fit by steps is worth a try. Much effort tries it in any case. Else it must be small, unless its shape
    was given. And something must be left to find, or a formula may take fewer edges with hidden layers."""
    if settings.effort == "quick" or settings.constraints:  # which hidden layers would not keep
        return False
    if settings.effort == "thorough":
        return True
    if not shape_given(settings) and summary(fresh(training, settings)).parameters > LAYERED_PARAMETERS:
        return False
    if something_left(plain, training, settings.seed, loss):
        return True
    return settings.formula and bool(settings.hidden) and plain.topology.depth > 1


def may_be_broad(settings: StudySettings) -> bool:
    """Whether a broad hidden layer may be tried: it keeps no constraints, and has a shape of its own."""
    return settings.effort != "quick" and not settings.constraints and not shape_given(settings)


def shape_given(settings: StudySettings) -> bool:
    """Whether the caller said what networks with hidden layers look like."""
    return (settings.hidden, settings.grids) != (StudySettings.hidden, StudySettings.grids)


def log_keeps(settings: StudySettings) -> bool:
    """Whether the mean has every shape that its logarithm has: an exponential makes concave functions convex, and its
    bound bends convex ones."""
    return not any(bent in words for words in settings.held.values() for bent in ("concave", "convex"))


def preferred(deep: KAN, plain: KAN, choosing: Table, loss: Loss) -> bool:
    """Whether the network with hidden layers is clearly better, or as good with fewer edges. A constant is never
    preferred for its fewer edges: where few rows with far targets choose, it looks as good."""
    if clearly_better(deep, plain, choosing, loss):
        return True
    return 0 < summary(deep).edges < summary(plain).edges and as_good(deep, plain, choosing, loss=loss)


def with_room(rest: Table, settings: StudySettings) -> KAN:
    """A network of sums, with room for products, which its evidence will fill or leave out."""
    outputs = rest.y.shape[1] if rest.classes is None else len(rest.classes)
    room = PRODUCTS * outputs if settings.interactions == "auto" else int(settings.interactions)
    widths = (len(rest.inputs), (outputs, room), outputs) if room else (len(rest.inputs), outputs)
    columns = Metadata(rest.inputs, categories=rest.categories, encoding=rest.encoding)  # which inputs are one variable
    return KAN(widths, seed=settings.seed).build(metadata=columns)


def fresh(rest: Table, settings: StudySettings) -> KAN:
    """The network that the first fit starts from."""
    outputs = rest.y.shape[1] if rest.classes is None else len(rest.classes)
    grid_size = settings.grids[0] if isinstance(settings.grids, tuple) else 5
    widths = len(rest.inputs), *settings.hidden, outputs
    needed = training_bytes(widths, grid_size, 3, len(rest.X))
    refuse_too_large(f"hidden={shown(settings.hidden)} on {len(rest.X)} rows", needed, "take fewer nodes")
    return KAN(widths, grid_size=grid_size, seed=settings.seed)


def parts(rest: Table, seed: int) -> tuple[Table, Table | None]:
    """The rows to train on, and those to choose by; None where rows are few. Of very many, a part does."""
    if rest.count < FEWEST or (rest.groups is not None and len(rest.groups.unique()) < FEWEST_GROUPS):
        return rest, None
    try:
        return split(thin(rest, LEARNT), CHOOSING, (seed + 1) % 2**64)  # another draw than that which set `rest` apart
    except DataError:
        if rest.groups is None:
            raise
        return rest, None  # each group has the only rows of a class


def _light(training: Table) -> Table:
    """The rows that networks with hidden layers are fitted to."""
    return thin(training, max(FEWEST_LAYERED, LAYERED_CELLS // len(training.inputs)))


def named(model: KAN, rest: Table) -> KAN:
    """The model with the names, classes and ranges of the rows that it was fitted to."""
    low, high = rest.X.amin(dim=0).tolist(), rest.X.amax(dim=0).tolist()
    found = replace(rest, ranges=tuple(zip(low, high, strict=True))).metadata()
    return model.build(metadata=replace(found, split=model.metadata.split, loss=model.metadata.loss))


def stage(name: str, result: FitResult) -> dict[str, Any]:
    """One training run in words and figures."""
    return {
        "name": name,
        "status": result.status.name,
        "message": result.message,
        "train_loss": result.train_loss,
        "validation_loss": result.validation_loss,
        "seconds": round(result.seconds, 2),
        "edges": summary(result.model).edges,
    }

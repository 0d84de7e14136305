"""Restarts: how many, from what initial functions, and which of them are worth going on with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ...model import KAN
from ..solvers.status import Status
from .candidate import Candidate, Interrupted, best_first
from .costs import coarse_parameters
from .knots import halved
from .stage import first_roughness, stage
from .training import Training
from .tuning import TUNED


def number_of_starts(model: KAN, asked: str | int) -> int:
    """How many starts at most: fewer for large networks, which rarely get stuck; more for three layers and up, which
    often do; one for a network that was changed or fitted before."""
    if model.edits:
        return 1
    if not isinstance(asked, str):
        return asked + 1
    parameters = coarse_parameters(model)
    if model.topology.depth > 2 and parameters < TUNED.medium:
        return TUNED.starts_deep
    if parameters < TUNED.small:
        return TUNED.starts_small
    if parameters < TUNED.medium:
        return TUNED.starts_medium
    return TUNED.starts_large if parameters < TUNED.large else 1


def fresh(model: KAN, number: int) -> KAN:
    """The same shape and scaling with other initial functions, from the stream of this number, on the grid that a fit
    begins with."""
    return anew(model, number, [halved(layer.grid_size)[0] for layer in model.edge_layers])


def anew(model: KAN, number: int, sizes: Sequence[int]) -> KAN:
    """The same shape and scaling with other initial functions, from the stream of this number, on grids of these sizes.

    >>> anew(KAN((2, 3, 1)), 1, [4, 8]).edge_layers[1].grid_size
    8
    """
    config = model.config
    other = KAN(
        [width if width[1] else width[0] for width in config.widths],
        grid_size=tuple(sizes),
        degree=config.degree,
        base=config.base,
        domain=config.domain,
        seed=(config.seed + TUNED.stream * number) % 2**31,
        dtype=model.dtype,
        device=model.device,
    )
    return model.build(layers=other.edge_layers)


def choose_start(training: Training, starts: Sequence[KAN], size: int, least: float = math.inf) -> list[Candidate]:
    """The best few of several starts on a grid of this size, best first; none where no loss falls below `least`.

    Raises:
        Interrupted: where no start is usable, or by Ctrl-C or a callback.
    """
    if training.plan.sparsity > 0:
        _first_good(training, starts, size)
        return _ranked(training, [])
    field = _halved(training, [Candidate.unjudged(start) for start in starts], size)
    if training.best is not None and not training.best.judged < least:
        return []
    rounds, most = training.plan.rounds[0], training.plan.field[0]
    return _ranked(training, [stage(training, start, size, rounds, "start") for start in field[:most]])


def _first_good(training: Training, starts: Sequence[KAN], size: int) -> None:
    """Try starts until one explains most of the spread: a sparse run needs no more, as its own steps come after."""
    for start in starts:
        training.keep(stage(training, Candidate.unjudged(start), size, 1, "start"))
        if training.best is not None and training.best.judged < TUNED.explained * training.constant:
            break


def _halved(training: Training, field: list[Candidate], size: int) -> list[Candidate]:
    """Successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943): all get a few steps, the better ones some more,
    the best the most."""
    survivors = len(field), training.plan.field[0] + 1, training.plan.field[0]
    for part, most in zip(TUNED.halvings, survivors, strict=True) if len(field) > 1 else ():
        steps = max(1, part * training.plan.steps // TUNED.halvings[-1])
        found = [stage(training, start, size, 1, "start", steps=steps) for start in field[:most]]
        field = best_first(candidate for candidate in found if candidate.usable)
        for candidate in field[:1]:  # with what its edges show: on a finer grid it would follow the noise without
            training.keep(replace(candidate, roughness=first_roughness(candidate, training.job)))
    return field


def _ranked(training: Training, field: list[Candidate]) -> list[Candidate]:
    """The field, best first, with the best state so far at its head where that is no part of it. Raises `Interrupted`
    where there is none."""
    field = best_first(candidate for candidate in field if candidate.usable)
    for candidate in field[:1]:
        training.keep(candidate)
    if training.best is None:
        raise Interrupted(None, Status.FAILED)
    return field if field and field[0] is training.best else [training.best, *field]

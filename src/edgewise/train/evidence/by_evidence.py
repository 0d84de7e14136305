"""A fit of an additive KAN, with or without products, by its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch

from ...errors import ConfigError
from ...losses import CrossEntropy, Linked, Loss
from ...model import KAN
from ...threads import threads_for
from ..closing import finish
from ..job import Job, Rows
from ..monitor import Monitor
from ..refitting import Refitted
from ..result import FitResult
from ..resuming.journal import Part
from ..schedule.null_model import constant
from ..solvers.status import Status
from .additive import Found, additive, check
from .chosen_terms import Structure
from .shapes import Constraints, Shapes, shapes_of
from .tuning import TUNED
from .uncertainty import Doubt

HOW = "highest marginal likelihood"


@dataclass(frozen=True)
class Again:
    """What `refit` goes on from: the scaled network that the fit began with, its loss, what was decided for each
    target, the shapes that functions are held to, how sure the fit is of each function, and whether logits are the
    mean of fits to parts of the rows."""

    start: KAN
    loss: Loss
    structures: list[Structure]
    shapes: Shapes
    doubts: list[Doubt]
    parts: bool = False
    how: ClassVar[str] = HOW  # in words

    @property
    def tied(self) -> bool:
        """Whether the fit found offsets of groups, whose reach is kept."""
        return any(structure.tied for structure in self.structures)

    @property
    def tame(self) -> list[str]:
        """The inputs of whose values a few lie farther out than tails reach, and say nothing."""
        places = sorted({place for structure in self.structures for place in structure.tame})
        ids, names = self.start.topology.node_ids[0], self.start.metadata.inputs
        return [names[ids[place]] if names else f"x{ids[place] + 1}" for place in places]

    def again(self, job: Job, monitor: Monitor, part: Part | None) -> Refitted:
        """The same fit to the rows of a job; it is too short to be kept. Raises `KeyboardInterrupt` by Ctrl-C."""
        rows = job.x, job.y, job.weight
        with threads_for(operations(*job.x.shape)), _as_tensors():
            found = additive(self.start, job, rows, monitor, self.structures, self.shapes, self.parts, job.groups)
        return Refitted(found.model, found.status, found.loss, replace(self, doubts=found.doubts))


def _as_tensors() -> np.errstate:
    """Arrays leave the range of floats without a warning, as tensors do. Not finite numbers are found where used."""
    return np.errstate(all="ignore")


def operations(rows: int, features: int) -> float:
    """Floating-point operations of the products of all smooth functions, or of all rows where there are fewer.

    >>> operations(400, 100), operations(60_000, 20)
    (208000000.0, 4056000000.0)
    """
    functions = features * (1 + TUNED.curves)
    return float(rows * functions * min(rows, functions))


def structures_of(result: FitResult) -> list[Structure]:
    """What a fit by evidence decided for each target."""
    assert isinstance(result.ending, Again)
    return result.ending.structures


def fit_kan(
    model: KAN, start: KAN, job: Job, everything: Rows, monitor: Monitor, constraints: Constraints | None = None
) -> FitResult:
    """Fit `start`, the prepared copy of the model. No row has to choose anything, so only those that judge are left
    out. Ctrl-C gives back the best constant.

    Raises:
        ConfigError: for a network of another shape or with closed forms, for other losses, and for constraints of
            inputs that it does not have.
    """
    check(model, job)
    rows = everything if job.own_split else (job.x, job.y, job.weight)
    groups = job.groups_of_all if job.own_split else job.groups
    given = torch.cat([everything[0], job.x, *(part[0] for part in (job.unseen,) if part is not None)])
    shapes = shapes_of(constraints, model.metadata, model.features, model.dtype, given)
    if isinstance(job.loss, (CrossEntropy, Linked)):
        shapes = shapes.above()
    bent = any(shape.slope or shape.bend for shape in shapes.each.values())
    if bent and len(job.classes or range(model.outputs)) > 2 and isinstance(job.loss, CrossEntropy):
        raise ConfigError(
            "constraints other than 'periodic' hold the log odds of two classes, or numbers; the targets have"
            f" {model.outputs} classes"
        )
    try:
        with threads_for(operations(*rows[0].shape)), _as_tensors():
            found = additive(start, job, rows, monitor, shapes=shapes, groups=groups)
    except KeyboardInterrupt:
        found = Found(constant(start, job), Status.INTERRUPTED, [], job.loss, [])
    if job.own_split:
        job = replace(job, xv=None, yv=None, wv=None)
    again = Again(start, job.loss, found.structures, shapes, found.doubts)
    job = replace(job, loss=found.loss)
    words = shapes.words(model.metadata.inputs)
    how = f"{HOW}, held: {words}" if words else HOW
    result = finish(model, found.model, found.model, job, rows, found.status, monitor, how)
    return replace(result, ending=None if found.status is Status.INTERRUPTED else again)

"""The unit of a solution: where a network of ordinary size is far from what is asked for, its outputs are scaled.

Letters: a multi-index, b point, k residual, o output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..model import KAN
from .boundary_problem import BoundaryProblem
from .collocation import Jets
from .placing import stretched
from .residual_terms import ResidualTerm
from .tuning import TUNED


def in_units(module: KAN, task: BoundaryProblem, terms: Sequence[ResidualTerm]) -> KAN:
    """A fresh network in hundreds, or hundredths, of itself, as the terms ask for; any other as it is.

    Steps, weights and doubts compare a solution with the network at the start. So pascals and micrometres are found as
    well as values of about one.
    """
    scaled = not bool((module.output_scale == 1).all() and (module.output_shift == 0).all())
    if module.edits or scaled:
        return module
    there = stretched(module, terms[0].x)  # as large as it will be at the start
    still = there.build(scaling={"output_scale": torch.zeros_like(there.output_scale)})
    constants = {unknown.name: torch.tensor(unknown.value, dtype=torch.float64) for unknown in task.unknowns}
    power = power_of(max(asked_of(task.jets(there), task.jets(still), term, constants) for term in terms))
    return module.build(scaling={"output_scale": module.output_scale * TUNED.unit**power}) if power else module


def power_of(asked: float) -> int:
    """How many units a network that should be so many times as large gets, towards none.

    >>> power_of(0.0), power_of(99.0), power_of(3e4), power_of(1e-7)
    (0, 0, 2, -3)
    """
    return int(math.log(asked, TUNED.unit)) if asked > 0 else 0


def asked_of(jets: Jets, still: Jets, term: ResidualTerm, constants: Mapping[str, Tensor]) -> float:
    """How large a term asks the network to be, in parts of what it is; 0 where it does not tell.

    A term tells by its slopes at a network that is zero. It does not where zero meets it. Nor does it where slopes are
    others at the size that it asks for, as those of a fourth power are.

    Args:
        jets: the solution with the network as it is.
        still: the solution with a network that is zero.
        term: the equation, or a condition.
        constants: the unknown ones, by name.
    """
    zero = still.derivatives(term.x, term.indices)
    change = jets.derivatives(term.x, term.indices) - zero  # which grows with the outputs
    usual = change.square().mean(1).sqrt()[:, None, None]  # (a, 1, 1, o)
    slopes = term.slopes(zero, constants)
    parts = float((slopes.by_solution * usual).square().sum())
    asked = math.sqrt(float(slopes.value.square().sum()) / parts) if parts > 0 else 0.0
    if not 0 < asked < math.inf:
        return 0.0
    there = term.slopes(zero + TUNED.unit ** power_of(asked) * change, constants)
    ratio = math.sqrt(float((there.by_solution * usual).square().sum()) / parts)
    return asked if 1 / TUNED.unit < ratio < TUNED.unit else 0.0

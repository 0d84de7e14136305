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
    """The network in hundreds, or hundredths, of itself, as the terms ask for; itself where it was scaled before.

    Steps, weights and doubts compare a solution with the network at the start. So pascals and micrometres are found as
    well as values of about one.
    """
    if not bool((module.output_scale == 1).all() and (module.output_shift == 0).all()):
        return module
    there = stretched(module, terms[0].x)  # as large as it will be at the start
    still = there.build(scaling={"output_scale": torch.zeros_like(there.output_scale)})
    constants = {unknown.name: torch.tensor(unknown.value, dtype=torch.float64) for unknown in task.unknowns}
    asked = max(asked_of(task.jets(there), task.jets(still), term, constants) for term in terms)
    power = int(math.log(asked, TUNED.unit)) if asked > 0 else 0  # towards zero: a factor of one unit is no matter
    return module.build(scaling={"output_scale": module.output_scale * TUNED.unit**power}) if power else module


def asked_of(jets: Jets, still: Jets, term: ResidualTerm, constants: Mapping[str, Tensor]) -> float:
    """How large a term asks the network to be, in parts of what it is; 0 where it does not tell, or a network that is
    zero meets it.

    Args:
        jets: the solution with the network as it is.
        still: the solution with a network that is zero.
        term: the equation, or a condition.
        constants: the unknown ones, by name.
    """
    zero = still.derivatives(term.x, term.indices)
    usual = (jets.derivatives(term.x, term.indices) - zero).square().mean(1).sqrt()  # (a, o)
    slopes = term.slopes(zero, constants)
    given, parts = slopes.value.square().sum(), (slopes.by_solution * usual[:, None, None]).square().sum()
    asked = float((given / parts).sqrt())
    return asked if 0 < asked < math.inf else 0.0

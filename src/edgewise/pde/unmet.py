"""Which conditions a solution is far from meeting.

What a condition leaves is measured by what its parts usually are in all of the domain: on the boundary itself they may
well be zero. Letters: a multi-index, b point, c place, k residual, o output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .collocation import Jets
from .domain import Domain
from .indices import Indices
from .residual_terms import ResidualTerm
from .tuning import TUNED


def far_off(
    jets: Jets,
    constants: Mapping[str, Tensor],
    domain: Domain,
    x: Tensor,
    terms: Sequence[ResidualTerm],
    squares: Sequence[float],
    least: float,
) -> dict[str, float]:
    """The conditions that are far from met, and which part of their usual size they leave.

    Args:
        jets: the solution.
        constants: the unknown ones, by name.
        domain: where the equation holds.
        x (b, d): points of it.
        terms, squares: the conditions, and the mean square that each leaves on points of its own.
        least: root mean square of a value that counts as more than zero.
    """
    found = {}
    for term, square in zip(terms, squares, strict=True):
        size = size_of(jets, constants, domain, x, term, least)
        if math.isfinite(square) and square > TUNED.unmet**2 * size > 0:
            found[term.name] = math.sqrt(square / size)
    return found


def usual(jets: Jets, domain: Domain, x: Tensor, indices: Indices, least: float) -> Tensor:
    """The root mean squares (a, o) of derivatives at points x (b, d), at least as large as values of this size give by
    a change over the whole domain."""
    derivatives = jets.derivatives(x, indices)
    found = derivatives.square().mean(1).sqrt()
    values = found[0].clamp_min(least)  # the first index is the value itself
    lengths = [high - low for low, high in domain.box]
    per = [math.prod(length**-order for length, order in zip(lengths, index, strict=True)) for index in indices.entries]
    return torch.maximum(found, values * torch.tensor(per, dtype=found.dtype)[:, None])


def size_of(
    jets: Jets, constants: Mapping[str, Tensor], domain: Domain, x: Tensor, term: ResidualTerm, least: float
) -> float:
    """How large the parts of a condition usually are, as a mean square."""
    here = jets.derivatives(term.x, term.indices)
    slopes = term.slopes(here, constants)
    parts = slopes.by_solution * usual(jets, domain, x, term.indices, least)[:, None, None]
    moved = (slopes.by_solution * here[:, :, None]).sum((0, 3)).unflatten(0, (term.places, term.count)).sum(0)
    given = slopes.value - moved  # what the condition asks for
    return float(parts.square().sum() + given.square().sum()) / term.count


def told(found: Mapping[str, float]) -> str:
    """It in words.

    >>> told({"Dirichlet 1": 0.5, "Dirichlet 2": 0.4})
    'Conditions are far from met (Dirichlet 1 by 50%, Dirichlet 2 by 40%): take more steps, or mend contradictions'
    """
    each = ", ".join(f"{name} by {share:.0%}" for name, share in found.items())
    return f"Conditions are far from met ({each}): take more steps, or mend contradictions"

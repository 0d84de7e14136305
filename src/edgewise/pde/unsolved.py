"""How far a solution is from solving its equation.

What the equation leaves is measured by its parts: by what each derivative adds to it, and by its source. In a solution
that is nearly straight or constant, all of them vanish. So no part counts as less than a derivative that grows, or
falls to nothing, over the whole domain.

Letters: a multi-index, b point, k residual, o output.
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


def parts_of(jets: Jets, constants: Mapping[str, Tensor], domain: Domain, term: ResidualTerm, least: float) -> Tensor:
    """How large the parts of each residual (k,) of an equation are, as mean squares.

    Args:
        jets: the solution.
        constants: the unknown ones, by name.
        domain: whose lengths count.
        term: the equation, at points of the domain.
        least: root mean square of a value that counts as more than zero.
    """
    derivatives = jets.derivatives(term.x, term.indices)
    slopes = term.slopes(derivatives, constants)
    parts = slopes.by_solution * derivatives[:, :, None]
    source = slopes.value - parts.sum((0, 3))
    lengths = [high - low for low, high in domain.box]
    usual = slopes.by_solution.abs().median(1).values  # large coefficients of a few points say nothing of the others
    least_parts = usual * least_sizes(derivatives, term.indices, lengths, least)[:, None]
    found = torch.maximum(parts.square().mean(1), least_parts.square()).sum((0, 2))
    return torch.maximum(found, source.square().mean(0))


def least_sizes(derivatives: Tensor, indices: Indices, lengths: Sequence[float], least: float) -> Tensor:
    """What derivatives (a, b, o) count for at least (a, o): a change over the whole domain of those one order below.

    Of values, their spread is what may change. Where they are all alike, or zero beside another output, a part of the
    largest output's values stands for it.

    >>> indices, x = Indices.closing([(2,)]), torch.linspace(0, 2, 201, dtype=torch.float64)
    >>> line = torch.stack([3 * x, 3 + 0 * x, 0 * x])[:, :, None]
    >>> least_sizes(line, indices, [2.0], 0.0)[2]
    tensor([1.5000], dtype=torch.float64)
    """
    large = derivatives.square().mean(1).sqrt()
    alike = (TUNED.alike * large[0].max()).clamp_min(least).expand_as(large[0])
    large[0] = derivatives[0].std(0, correction=0)
    found = []
    for index in indices.entries:
        below = [alike * math.prod(length**-order for length, order in zip(lengths, index, strict=True))]
        for axis, order in enumerate(index):
            if order:
                lower = (*index[:axis], order - 1, *index[axis + 1 :])
                below.append(large[indices.position[lower]] / lengths[axis])
        found.append(torch.stack(below).amax(0))
    return torch.stack(found)


def told(share: float) -> str:
    """It in words, for the largest residual in parts of its parts.

    >>> told(0.34)
    'This is hardly a solution, as the equation is 34% of its parts: take more steps or a finer grid'
    """
    return f"This is hardly a solution, as the equation is {share:.0%} of its parts: take more steps or a finer grid"

"""How sure a fit by evidence is of the function of each column: the standard deviation of its posterior at each point.

The interval of a smoothing spline under its own prior covers the truth as often as it says in the mean over the rows
(Nychka 1988, doi:10.1080/01621459.1988.10478711).

Letters: n rows, d inputs, m functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...model import KAN
from .chosen_terms import Model
from .variables import Variable


@dataclass(frozen=True)
class Doubt:
    """Of one variable in one output. functions (m,): which of the variable's functions there are; covariance (m, m):
    of their coefficients; scale: of the output, in the user's units."""

    output: int
    variable: Variable
    functions: Tensor
    covariance: Tensor
    scale: float

    def deviation(self, x: Tensor) -> Tensor:
        """The standard deviation of the function at x (n, d), inputs of the network: (n,)."""
        values = self.variable.values(x)[:, self.functions]
        return self.scale * ((values @ self.covariance) * values).sum(1).clamp(min=0).sqrt()


def doubts_of(start: KAN, variables: Sequence[Variable], ends: Sequence[Model]) -> list[Doubt]:
    """For every variable that has a function of its own, in every output. start: the network that the fit began
    with."""
    scales = start.output_scale.tolist()
    apart = len(ends) == start.outputs  # each output by itself, or all logits together
    found: list[Doubt] = []
    for number, end in enumerate(ends):
        sure = end.posterior.spread
        if sure is None:
            continue
        first = torch.tensor([0, *(len(term.roughness) for term in end.terms)]).cumsum(0).tolist()
        for term, places, covariances in zip(sure.terms, sure.places, sure.covariance, strict=True):
            one = end.terms[term].variables
            if len(one) > 1:
                continue
            if not apart and len(covariances) == 1:  # of two classes: half of the log odds is the logit of each
                covariances = [0.25 * covariance for covariance in covariances * 2]
            for output, covariance in enumerate(covariances):
                place = number if apart else output
                functions = places - first[term]
                found.append(Doubt(place, variables[one[0]], functions, covariance, scales[place]))
    return found

"""What a fit by evidence takes and gives: the prior of the functions, and their posterior.

Letters: m functions, k classes, q groups, t terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Prior:
    """groups (m,): the group of every function; roughness (m,): what multiplies the strength of its group; count: how
    many groups there are, of which some may be empty; terms (m,): the term of every function; broad (m,): which are
    products of a pair that has more of them than others."""

    groups: Tensor
    roughness: Tensor
    count: int
    terms: Tensor
    broad: Tensor | None = None

    @property
    def sizes(self) -> Tensor:
        """Functions in each group (q,)."""
        return torch.bincount(self.groups, minlength=self.count).to(self.roughness)

    @property
    def begin(self) -> Tensor:
        """Strengths (q,) to begin with, in units of the targets' precision. Those of `broad` functions give them a
        variance of 1 together: narrower priors would hide the rough ones behind smooth ones that say nothing."""
        each = torch.ones_like(self.roughness)
        if self.broad is not None:
            each = torch.where(self.broad, 1 / self.roughness, each)
        return each.new_zeros(self.count).index_add_(0, self.groups, each)


@dataclass(frozen=True)
class Spread:
    """How sure a posterior is of each of its terms. terms (t,): their numbers; places: of the functions of each (m_t,);
    covariance: of these (m_t, m_t), for each prediction (l)."""

    terms: list[int]
    places: list[Tensor]
    covariance: list[list[Tensor]]


@dataclass(frozen=True)
class Posterior:
    """coef (m,) or (m, k); constant () or (k,); effective (q,): parameters that the data determine in each group;
    strength (q,): of their prior, nan for a group that went; noise: variance that the functions leave, 1 for classes;
    settled: whether the strengths came to rest; gain: how much higher the log marginal likelihood is than that of a
    constant; worth (t,): how much of that goes with each term; flat () or (k,): the best constant
    alone; likelihood: with its own parameters, where the loss is no square; spread: how sure it is of its functions."""

    coef: Tensor
    constant: Tensor
    effective: Tensor
    strength: Tensor
    noise: float
    settled: bool
    gain: float
    worth: Tensor
    flat: Tensor
    likelihood: Any = None
    spread: Spread | None = None

    def nothing(self) -> Posterior:
        """The best constant in place of the functions."""
        zero = {name: torch.zeros_like(getattr(self, name)) for name in ("coef", "effective", "worth")}
        gone = torch.full_like(self.strength, math.nan)
        return replace(self, constant=self.flat, strength=gone, spread=None, **zero)

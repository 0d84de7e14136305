"""A reduced problem together with its surrogate, and the surrogate as a function for tests of structure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...structure import FunctionSample, make_sample
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from ..tables.law_task import LawTask
from .states import ReducedProblem
from .surrogate import SurrogatePair, SurrogateRows, surrogates
from .tuning import REDUCTIONS


@dataclass(frozen=True)
class SurrogatedProblem:
    """A state and its surrogate, where it has one; left: the surrogate's error on the rows that choose, in units of
    y."""

    state: ReducedProblem
    pair: SurrogatePair | None
    left: float

    @staticmethod
    def of(state: ReducedProblem, task: LawTask, *, with_pair: bool = False) -> SurrogatedProblem:
        """The state with a surrogate, or without."""
        if not with_pair:
            return SurrogatedProblem(state, None, math.inf)
        Z, g, factor = state.inner(task.choosing)
        if not state.columns:
            inner = state.inner(task.fitting)
            mean = (inner[1] * inner[2].square()).sum() / inner[2].square().sum()
            return SurrogatedProblem(state, None, float((factor * (mean - g)).square().mean().sqrt()))
        pair = surrogates(SurrogateRows(*state.inner(task.fitting.first(REDUCTIONS.surrogate_rows))[:2], Z, g))
        left = math.inf if pair is None else float((factor * (pair.fine.values(Z) - g)).square().mean().sqrt())
        return SurrogatedProblem(state, pair, left)


@dataclass(frozen=True)
class SurrogateFunction:
    """A surrogate in the words of `edgewise.structure`: values and gradients, each with its standard error."""

    pair: SurrogatePair
    names: tuple[str, ...]
    value_error: float
    slope_errors: tuple[float, ...]

    @staticmethod
    def of(pair: SurrogatePair, Z: Tensor) -> SurrogateFunction:
        """The function, its errors from the difference of the two surrogates on rows Z (n, d)."""
        ease = pair.ease
        apart = float((pair.fine.values(Z) - pair.coarse.values(Z)).square().mean().sqrt())
        slopes = (pair.fine.gradient(Z) - pair.coarse.gradient(Z)).square().mean(0).sqrt()
        size, steep = float(pair.fine.values(Z).abs().mean()), pair.fine.gradient(Z).abs().mean(0)
        floor = LINEAR_ALGEBRA.null_round_off
        return SurrogateFunction(
            pair,
            tuple(f"z{n + 1}" for n in range(Z.shape[1])),
            ease * apart + floor * size,
            tuple((ease * slopes + floor * steep).tolist()),
        )

    def values(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values at rows, and their errors."""
        found = self.pair.fine.values(torch.as_tensor(X)).numpy()
        return found, np.full(len(found), self.value_error)

    def at(self, X: np.ndarray) -> FunctionSample:
        """Values and gradients at rows."""
        rows = torch.as_tensor(X)
        gradient = self.pair.fine.gradient(rows).numpy()
        return make_sample(
            X, self.pair.fine.values(rows).numpy(), gradient, self.value_error, np.array(self.slope_errors), self.names
        )

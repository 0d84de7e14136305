"""The strengths of the groups of a prior, and their updates.

An update sets the strength of a group to its effective parameters, over what the prior charges for them (MacKay 1992,
doi:10.1162/neco.1992.4.3.415; Wood & Fasiolo 2017, doi:10.1111/biom.12666, who show that it raises the marginal
likelihood). A group that the data say nothing for ends with no parameters, and goes.

Letters: m functions, q groups.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .cholesky import Array, Places
from .posterior import Prior
from .tuning import TUNED

Which = NDArray[np.bool_]


class Strengths:
    """The strengths of the groups, and which of them are still there. begin (q,): where they begin; known (q,): from
    where to go on, nan for a group that is new; least: below which none falls.

    value (q,) and there (q,) are NumPy's: an update is a dozen operations on a few numbers.
    """

    def __init__(self, prior: Prior, begin: Tensor, known: Tensor | None = None, least: float = 0.0) -> None:
        self._groups, self._roughness = prior.groups.numpy(), prior.roughness.numpy()
        self.there: Which = prior.sizes.numpy() > 0
        self.value: Array = begin.numpy()
        self.least, self.updates = least, 0
        if known is not None:
            self.value = np.where(np.isnan(known.numpy()), self.value, known.numpy())

    @property
    def places(self) -> Places:
        """Of the functions that are there."""
        return self.there[self._groups].nonzero()[0]

    def precision(self, places: Places) -> Array:
        """Of the prior of the functions at these places."""
        return self.value[self._groups[places]] * self._roughness[places]

    def update(self, determined: Array, square: Array, places: Places) -> tuple[Array, float]:
        """From what the data determine of each parameter, between 0 and 1, and the squares of the parameters; the
        effective parameters of the groups, and the largest relative change."""
        groups, count = self._groups[places], len(self.value)
        effective: Array = np.bincount(groups, determined, count).astype(np.float64)
        charged = np.maximum(np.bincount(groups, square * self._roughness[places], count), 1e-300)
        with np.errstate(all="ignore"):  # groups that are gone have no strength
            factor = (effective / charged / self.value).clip(1 / TUNED.largest_change, TUNED.largest_change)
        moving = self.there & (effective > TUNED.idle)
        change = float(np.abs(np.log(factor[moving])).max()) if moving.any() else 0.0
        self.value = np.where(self.there, (self.value * factor).clip(self.least), self.value)
        self.updates += 1
        if self.updates > TUNED.patience:
            self.there = self.there & (effective > TUNED.idle)
        return effective * self.there, change

    @property
    def state(self) -> tuple[Array, Which, int]:
        """What updates change."""
        return self.value, self.there, self.updates

    @state.setter
    def state(self, state: tuple[Array, Which, int]) -> None:
        self.value, self.there, self.updates = state

    @property
    def left(self) -> Tensor:
        """The strengths (q,), nan for groups that are gone."""
        return torch.from_numpy(np.where(self.there, self.value, np.nan))

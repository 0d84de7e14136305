"""Explicit relations: a column as a function of a few others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import TrainingError
from ...model import KAN
from ...train.fit import fit
from .parts import Parts, told, unexplained
from .tuning import TUNED

# n rows


@dataclass(frozen=True, eq=False)
class Explained:
    """A column as a function of others.

    Attributes:
        column: what is explained.
        parents: by which columns; none where nothing explains it.
        model: the network of these.
        left: the part of the variance that it leaves, on the rows that choose.
    """

    column: int
    parents: tuple[int, ...]
    model: KAN | None
    left: float

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The column (n,) as the others (n, d) tell it."""
        assert self.model is not None
        return told(self.model, X[:, list(self.parents)])


def explained(parts: Parts, column: int, pool: Sequence[int]) -> Explained:
    """The best explanation of a column by others, with as few of them as do."""
    return simplified(parts, first(parts, column, pool))


def first(parts: Parts, column: int, pool: Sequence[int]) -> Explained:
    """A column explained by all others that say something: a network of sums and products, fitted by its evidence."""
    return _fitted(parts, column, [other for other in pool if other != column])


def simplified(parts: Parts, found: Explained) -> Explained:
    """An explanation by fewer columns: they are taken out as long as rows that took no part get no worse."""
    best: Explained = found
    while len(best.parents) > 1:
        without = {
            out: _fitted(parts, best.column, [one for one in best.parents if one != out]) for out in best.parents
        }
        spared = {out: one for out, one in without.items() if not _worse(parts, one, best)}
        if not spared:
            return best
        kept = [one for one in best.parents if one not in spared]
        if len(spared) > 1 and kept:  # most of them are missed no more together than each alone
            fewest = _fitted(parts, best.column, kept)
            if not _worse(parts, fewest, best):
                best = fewest
                continue
        best = min(spared.values(), key=lambda one: one.left)
    return best


def _fitted(parts: Parts, column: int, parents: Sequence[int]) -> Explained:
    """A column as a function of these, or of those among them that say something."""
    nothing = Explained(column, (), None, 1.0)
    if not parents:
        return nothing
    kept = list(parents)
    network = KAN((len(kept), (1, TUNED.products), 1)) if len(kept) > 1 else KAN((1, 1))
    (x, y), (xc, yc) = ((rows[:, kept], rows[:, column]) for rows in (parts.fitting, parts.choosing))
    if not np.ptp(y) or not np.ptp(yc):
        return nothing
    try:
        model = fit(network, x, y, validation=(xc, yc), optimizer="evidence", progress=False).model
    except TrainingError:
        return nothing
    used = sorted(model.used_inputs)
    if used and len(used) < len(kept):
        return _fitted(parts, column, [kept[place] for place in used])
    found = Explained(column, tuple(kept), model, 1.0)
    left = unexplained(found.predict(parts.choosing), yc)
    return Explained(column, tuple(kept), model, left) if used and left < 1 else nothing


def _worse(parts: Parts, one: Explained, than: Explained) -> bool:
    """Whether rows that took no part are clearly further off."""
    if one.model is None:
        return True
    target = parts.choosing[:, than.column]
    more = (one.predict(parts.choosing) - target) ** 2 - (than.predict(parts.choosing) - target) ** 2
    return bool(more.mean() > TUNED.worse * more.std() / len(more) ** 0.5)

"""Which rows a fit leaves out: those that choose among states, and those that only judge the one chosen.

A row that chose a grid, a restart or a stop is spent: the lowest of many losses on it is too low. So the rows that tell
a user the error are others, which no stage of a fit, a prune, a refit sees. The model carries the split, and a later
fit on the same rows leaves the same ones out. n rows.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data import firsts, inputs_alike, together
from ..knots_by_samples import bulk

CHOOSING = 0.1  # part of the rows that choose
JUDGING, ENOUGH, LEAST = (
    0.1,
    50,
    0.05,
)  # part of the rows that judge, but no more than ENOUGH of them or this least part
BLOCK = 1 << 14  # rows that are looked at together
FEWEST = 30  # rows below which none are left out
GROUPED = "/"  # between the digests of values and of groups
FEWEST_GROUPS = 8  # groups from which one in eight can choose
SplitRecord = tuple[int, int, str]  # rows, seed and digest of a table: what finds its split again


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The rows that a fit left out, by their places in its X and y.

    `choosing` (c,): rows that chose grid, restart and stop, and took part in the last steps where these were on all
    rows. `judging` (j,): rows that took part in nothing; `validation_...` metrics come from these. `record`: rows, seed
    and digest of the table, by which a later fit on the same rows, of the same groups, finds the split again.

    >>> rows = torch.rand(200, 3, dtype=torch.float64)
    >>> held = draw(rows, seed=0)
    >>> len(held.choosing), len(held.judging), again(rows, held.record) == held.record[1]
    (20, 20, True)
    """

    choosing: Tensor
    judging: Tensor
    record: SplitRecord

    @property
    def training(self) -> Tensor:
        """(t,): all other rows."""
        out = torch.ones(self.record[0], dtype=torch.bool)
        out[self.choosing] = out[self.judging] = False
        return out.nonzero()[:, 0]


def draw(x: Tensor, seed: int, groups: Tensor | None = None) -> HeldOut | None:
    """The split of the rows x (n, d) by this seed; None where they, or their groups (n,), are too few. Rows of a group
    stay together; without groups, rows of equal inputs do. Rows far from all others stay in the training: nothing can
    be said of them from the others."""
    number = inputs_alike(x) if groups is None else together(groups)
    different = len(firsts(number))
    if x.shape[0] < FEWEST or different < (FEWEST if groups is None else FEWEST_GROUPS):
        return None
    whole = int if groups is None else math.ceil  # one group at least
    choosing = whole(CHOOSING * different)
    judging = min(whole(JUDGING * different), max(ENOUGH, int(LEAST * different)))
    order = torch.randperm(different, generator=torch.Generator().manual_seed(seed))
    alone = torch.isin(order, number[_far_rows(x)])
    order = torch.cat([order[~alone], order[alone]])
    parts = order[:choosing], order[choosing : choosing + judging]
    chosen, judged = (torch.isin(number, part).nonzero()[:, 0] for part in parts)
    return HeldOut(chosen, judged, (x.shape[0], seed, digest(x, groups)))


def is_of(x: Tensor, record: SplitRecord) -> bool:
    """Whether a recorded split is of the rows x (n, d), of whatever groups they are."""
    return record[0] == x.shape[0] and record[2].split(GROUPED)[0] == digest(x)


def again(x: Tensor, record: SplitRecord | None, groups: Tensor | None = None) -> int | None:
    """The seed of a recorded split, if the rows x (n, d) and their groups (n,) are those that it was of; None
    otherwise."""
    return record[1] if record and record[0] == x.shape[0] and record[2] == digest(x, groups) else None


def digest(x: Tensor, groups: Tensor | None = None) -> str:
    """16 hexadecimal digits of the values of x (n, ...), whatever their number format holds; then those of groups
    (n,), where there are any."""
    found = hashlib.blake2b(digest_size=8)
    for part in x.detach().split(BLOCK):  # as float64 all rows at once might be twice what the machine holds
        found.update(part.cpu().double().contiguous().numpy().tobytes())
    values = found.hexdigest()
    return values if groups is None else values + GROUPED + digest(groups)


def _far_rows(x: Tensor) -> Tensor:
    """The rows at both ends of each column of x (n, d) nearly all of which lies in a small part of its range."""
    if x.ndim != 2 or not x.is_floating_point():  # images or tokens, whose columns alone mean little
        return torch.zeros(0, dtype=torch.long)
    columns = x[:, bulk(x)[2]]
    if not columns.shape[1]:
        return torch.zeros(0, dtype=torch.long)
    return torch.cat([columns.argmin(0), columns.argmax(0)]).cpu()

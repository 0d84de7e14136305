"""Rows of a group, such as a patient, are alike: each group has an offset of its own, which no input knows.

Offsets are normal, and `tied` times as wide as the noise of a row, in variances: the random intercept of a mixed model
(Laird & Ware 1982, doi:10.2307/2529876). They are integrated out. What is left of n rows of a group is each of them
without a part 1 - 1 / sqrt(1 + n tied) of their mean (Fuller & Battese 1973, doi:10.1080/01621459.1973.10481396). So a
column that tells groups apart, such as an age, has as many witnesses as there are groups, and not as many as rows.

Letters: n rows, m functions, g groups.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from .gram import Blocks


def apart(rows: Blocks, groups: Tensor, tied: float) -> Blocks:
    """The rows as if each were of a group of its own, by the same noise: their functions, targets and weights.

    Sums over these rows are those of a model with offsets. They do not say how many rows there are. groups (n,): 0, 1,
    ...; each row counts as often as its weight says.

    >>> x, y, one = torch.tensor([[0.0], [2.0]]), torch.tensor([5.0, 7.0]), torch.ones(2)
    >>> functions, targets, weight = next(apart(lambda: iter([(x, y, one)]), torch.tensor([0, 0]), 1.5)())
    >>> functions[:, 0].tolist(), targets.tolist(), weight.tolist()
    ([-1.0, 3.0], [4.0, 8.0], [0.25, 0.25])
    """
    count = int(groups.max()) + 1
    often, means = torch.zeros(count, dtype=torch.float64, device=groups.device), torch.zeros(0)
    for here, (functions, y, weight) in _with_groups(rows, groups):
        both = weight[:, None] * torch.cat([functions, y[:, None]], 1)
        means = means if len(means) else both.new_zeros(count, both.shape[1])
        means.index_add_(0, here, both)
        often.index_add_(0, here, weight.double())
    means /= often.clamp(min=1e-300)[:, None]
    kept = (1 + often * tied).rsqrt()  # of the mean of each group

    def made() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for here, (functions, y, weight) in _with_groups(rows, groups):
            part, mean = kept[here].to(weight), means[here]
            far = (functions - mean[:, :-1]) / part[:, None]
            yield mean[:, :-1] + far, mean[:, -1] + (y - mean[:, -1]) / part, weight * part.square()

    return made


def _with_groups(rows: Blocks, groups: Tensor) -> Iterator[tuple[Tensor, tuple[Tensor, Tensor, Tensor]]]:
    """Each block of rows with the group of each of them (b,)."""
    first = 0
    for block in rows():
        yield groups[first : first + len(block[1])], block
        first += len(block[1])

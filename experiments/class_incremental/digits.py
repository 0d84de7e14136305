"""The 1797 digits of 8 x 8 pixels that come with scikit-learn, in five tasks of two classes each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

TASKS, CLASSES, TESTED = 5, 10, 500
Rows = tuple[Tensor, Tensor]  # x (n, 16), classes (n,)


@dataclass(frozen=True)
class Digits:
    """Rows of each task in their order, and rows of all classes to judge by."""

    tasks: list[Rows]
    test: Rows

    @property
    def together(self) -> Rows:
        """All tasks at once."""
        x, classes = (torch.cat(parts) for parts in zip(*self.tasks, strict=True))
        return x, classes


def load(seed: int) -> Digits:
    """The digits as means over blocks of 2 x 2 pixels, from -1 to 1; the seed says which rows judge.

    >>> digits = load(0)
    >>> [sorted(set(classes.tolist())) for _, classes in digits.tasks], len(digits.test[0])
    ([[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]], 500)
    """
    from sklearn.datasets import load_digits

    pixels, target = load_digits(return_X_y=True)
    x = torch.as_tensor(np.asarray(pixels), dtype=torch.float64).reshape(-1, 4, 2, 4, 2).mean((2, 4)).flatten(1) / 8 - 1
    classes = torch.as_tensor(np.asarray(target)).long()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    test, rest = order[:TESTED], order[TESTED:]
    each = CLASSES // TASKS
    tasks = [rest[classes[rest] // each == task] for task in range(TASKS)]
    return Digits([(x[rows], classes[rows]) for rows in tasks], (x[test], classes[test]))

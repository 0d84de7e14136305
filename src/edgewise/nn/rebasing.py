"""Rebasing: how the functions of a layer look on more basis functions, or on a longer domain.

Letters: i input node, j basis function before, k after, h parameters of the basis itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import GridError
from ..grid import MOST_ADDED

SLACK = 1e-9  # part of an interval by which rows may overrun a domain: round-off


class Rebasing(NamedTuple):
    """What becomes of the parameters of a `BasisLayer`.

    Args:
        num_basis: k, basis functions after.
        domain: (low, high) after.
        coef (k, j) or (i, k, j): c' = coef @ c gives the new coefficients.
        constant (j,) or (i, j): constant @ c goes into the bias; None for nothing.
        own: for a parameter (i, h) of the basis the matrix (h', 1 + h) with p'^2 = own @ (1, p^2). What is not named
            stays as it is.
        direction: as coef, for the state of an optimizer; None where that is coef itself.
    """

    num_basis: int
    domain: tuple[float, float]
    coef: Tensor
    constant: Tensor | None = None
    own: dict[str, Tensor] = {}  # noqa: RUF012 - never written to
    direction: Tensor | None = None


def padded(num_basis: int, before: int) -> Tensor:
    """The matrix (k, j) that puts new coefficients of zero behind the old ones.

    >>> padded(3, 2).tolist()
    [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    """
    return torch.eye(num_basis, before, dtype=torch.float64)


def whole_units(distance: float, unit: float, number: int = 1) -> int:
    """How many whole units cover a distance, 0 where it is none.

    Raises `GridError` where they would add more basis functions, `number` for each, than any grid may.

    >>> whole_units(2.1, 1.0), whole_units(-3.0, 1.0)
    (3, 0)
    """
    units = max(0.0, distance / unit - SLACK)
    if not units * number <= MOST_ADDED:
        raise GridError(
            f"rows lie so far outside that {units * number:.3g} basis functions would be added; use adapt(module, X)"
        )
    return math.ceil(units)

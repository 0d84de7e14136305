"""Least-squares coefficients: a function given by values, put on a grid (float64, rank-aware)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from . import ops
from .grid import breaks_of


def dense_basis(x: Tensor, knots: Tensor, *, degree: int, derivative: int = 0, uniform: bool = False) -> Tensor:
    """All basis functions at x, zeros included: (b, i) -> (b, i, j). For fitting and inspection, not for training."""
    first, values = ops.basis(x, knots, degree=degree, derivative=derivative, uniform=uniform)
    dense = values.new_zeros(*x.shape, knots.shape[1] - degree - 1)
    index = first[..., None] + torch.arange(degree + 1, device=x.device)
    return dense.scatter_(-1, index, values)


def least_squares(design: Tensor, target: Tensor, ridge: float = 1e-10) -> Tensor:
    """argmin_c |design c - target|^2 + ridge |D c|^2 for every input: (i, m, j), (i, m, o) -> (i, j, o).

    A basis function that met no sample has a zero column; the small second-difference term, relative to the largest
    column, gives it the value that continues its neighbours, and QR of the stacked system keeps the digits that normal
    equations would lose.
    """
    basis = design.shape[2]
    penalty = torch.eye(basis, dtype=torch.float64, device=design.device)
    if basis > 2:
        penalty = torch.cat([penalty[2:] - 2 * penalty[1:-1] + penalty[:-2], 1e-3 * penalty])
    design, target = design.double(), target.double()
    scale = design.square().sum(1).amax(-1).clamp(min=torch.finfo(torch.float64).tiny).sqrt()  # (i,)
    stacked = torch.cat([design, (ridge**0.5) * scale[:, None, None] * penalty], dim=1)
    right = torch.cat([target, target.new_zeros(target.shape[0], penalty.shape[0], target.shape[2])], dim=1)
    q, r = torch.linalg.qr(stacked)
    return torch.linalg.solve_triangular(r, q.transpose(1, 2) @ right, upper=True)


def project(
    function: Callable[[Tensor], Tensor], knots: Tensor, degree: int, *, density: int = 4
) -> tuple[Tensor, Tensor]:
    """Coefficients on `knots` of functions given by values, and the largest error at the points used.

    function: (m, i) -> (m, i, o), every input's functions at its own points. Returns coef (i, j, o) and residual (i,
    o). The points are `density` + degree per interval whatever the data, so the result does not depend on where samples
    happen to lie.
    """
    breaks = breaks_of(knots, degree).double()
    per = density + degree
    t = (torch.arange(per, dtype=torch.float64, device=knots.device) + 0.5) / per
    inner = breaks[:, :-1, None] + t * breaks.diff(dim=1)[..., None]
    points = torch.cat([breaks[:, :1], inner.flatten(1), breaks[:, -1:]], dim=1).T  # (m, i)
    points = points.to(knots.dtype)
    target = function(points).double().permute(1, 0, 2)  # (i, m, o)
    design = dense_basis(points.double(), knots.double(), degree=degree).permute(1, 0, 2)  # (i, m, j)
    coef = least_squares(design, target, ridge=1e-20)
    residual = (design @ coef - target).abs().amax(1)
    return coef.to(knots.dtype), residual

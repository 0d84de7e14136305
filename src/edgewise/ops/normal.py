"""Gauss-Newton curvature and gradient of a network from the parts of its Jacobian, which is never held whole.

Letters as in `network_jacobian`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import ShapeError
from . import dispatch
from .network_jacobian import LayerJacobian, check, jacobian

JACOBIAN_BLOCK = 1 << 20  # numbers of the Jacobian that `dense` holds at a time (8 MB)
# lines of the matrix that one of its products makes, from the diagonal on: measured, 0.7 of the time of the whole
# matrix
DENSE_LINES = 96


def dense(layers: Sequence[LayerJacobian], residual: Tensor, curvature: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """J^T C J (P, P) and J^T r (P,) by products of matrices over blocks of the Jacobian: the plain twin of `sparse`, on
    any device."""
    size, (batch, outputs) = sum(layer.size for layer in layers), residual.shape
    matrix, vector = residual.new_zeros(size, size), residual.new_zeros(size)
    step = max(1, JACOBIAN_BLOCK // max(1, size * outputs))
    for start in range(0, batch, step):
        rows = slice(start, start + step)
        block = jacobian(layers, rows)
        if curvature is None:
            bent = block
        elif curvature.dim() == 1:
            bent = block * curvature[rows, None, None]
        else:
            bent = torch.bmm(curvature[rows], block)
        block, bent = block.flatten(0, 1), bent.flatten(0, 1)
        for top in range(0, size, DENSE_LINES):
            matrix[top : top + DENSE_LINES, top:].addmm_(block[:, top : top + DENSE_LINES].t(), bent[:, top:])
        vector.addmv_(block.t(), residual[rows].flatten())
    if size > DENSE_LINES:
        lower = matrix.t().clone(memory_format=torch.contiguous_format).tril_(-1)
        matrix.triu_().add_(lower)
    return matrix, vector


def method_for(layers: Sequence[LayerJacobian], residual: Tensor) -> str:
    """Which of the two ways is faster: "sparse" or "dense", which wins on wide layers with grids of one or two
    intervals.

    Measured on one thread of a Xeon with AVX-512, 24 networks from [1,1] to [30,30,1], grids of 2 to 200 intervals, 150
    to 10000 samples, one to 14 outputs: where the rule is wrong, it costs a quarter at most.
    """
    if not residual.is_cpu or dispatch.backend_for(residual, residual) != "cpu":
        return "dense"
    size, local, outputs = sum(layer.size for layer in layers), sum(layer.local for layer in layers), residual.shape[1]
    sparse_time = 0.045 * local * local + 4 * local + 60  # ns a sample
    dense_time = outputs * (0.025 * size * size + 3 * size) + 100
    return "sparse" if sparse_time < dense_time else "dense"


def normal_equations(
    first: Sequence[Tensor],
    values: Sequence[Tensor],
    base: Sequence[Tensor | None],
    sens: Sequence[Tensor],
    residual: Tensor,
    num_basis: Sequence[int],
    curvature: Tensor | None = None,
    extra: Sequence[Tensor | None] | None = None,
) -> tuple[Tensor, Tensor]:
    """J^T C J and J^T r of a network: what a Gauss-Newton step needs of its Jacobian J (b, k, P) and curvature C.

    J is never held whole. The lists have one entry per layer. The P parameters are, layer by layer: coef (i, j, o),
    base scale (i, o) where there is a base, bias (o,), further columns (m,).

    Args:
        first, values: (b, i) int64 and (b, i, p+1), as `basis` gives them.
        base: (b, i) values of the base function, or None.
        sens: (b, k, o) derivatives of the outputs by the subnodes.
        residual (b, k): r, derivatives of the loss by the outputs.
        num_basis: basis functions per edge.
        curvature: C, second derivatives of the loss by the outputs: (b,), symmetric (b, k, k), or None for ones.
        extra: (b, k, m) further columns of J, or None; None in place of the list for none at all.

    Returns:
        The matrix (P, P) and the vector (P,).

    Raises:
        ShapeError: shapes, dtypes or devices do not fit, or `first` names basis functions that are not there.

    >>> first, values = torch.zeros(5, 1, dtype=torch.int64), torch.full((5, 1, 2), 0.5)
    >>> matrix, vector = normal_equations([first], [values], [None], [torch.ones(5, 1, 1)], torch.ones(5, 1), [2])
    >>> matrix.diagonal().tolist(), vector.tolist()  # two coefficients and a bias
    ([1.25, 1.25, 5.0], [2.5, 2.5, 5.0])
    """
    extra = [None] * len(first) if extra is None else extra
    lists = {"values": values, "base": base, "sens": sens, "num_basis": num_basis, "extra": extra}
    for name, parts in lists.items():
        if len(parts) != len(first):
            raise ShapeError(
                f"{name} must have as many entries as first, one per layer: {len(first)}, got {len(parts)}"
            )
    layers = [LayerJacobian(*parts) for parts in zip(first, values, base, sens, num_basis, extra, strict=True)]
    check(layers, residual, curvature)
    return summed(layers, residual, curvature)


def summed(layers: Sequence[LayerJacobian], residual: Tensor, curvature: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """`normal_equations` of parts that are known to fit: nothing is checked."""
    with torch.no_grad():
        if method_for(layers, residual) == "dense":
            return dense(layers, residual, curvature)
        from .cpu.normal_backend import sparse

        return sparse(layers, residual, curvature)

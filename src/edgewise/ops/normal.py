"""Gauss-Newton curvature and gradient of a network from its local bases and sensitivities, without its whole Jacobian.

b samples, k outputs, i input node, j basis, r local basis 0..p, o subnode, m further columns, P parameters: per layer
coef (i, j, o), base scale (i, o) where there is a base, bias (o,), further columns (m,), one layer after the other. The
Jacobian is d output / d parameters, (b, k, P).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..errors import ShapeError
from . import dispatch
from .cpu import pool

BLOCK = 1 << 20  # numbers of the Jacobian that `dense` holds at a time (8 MB)
# lines of the matrix that one of its products makes, from the diagonal on: measured, 0.7 of the time of the whole
# matrix
TILE = 96


class Layer(NamedTuple):
    """Its part of the Jacobian: first (b, i) int64, values (b, i, r), base (b, i) or None, sens (b, k, o), num_basis,
    extra (b, k, m) or None."""

    first: Tensor
    values: Tensor
    base: Tensor | None
    sens: Tensor
    num_basis: int
    extra: Tensor | None = None

    @property
    def size(self) -> int:
        """Parameters."""
        inputs, outputs = self.first.shape[1], self.sens.shape[2]
        return (
            inputs * outputs * (self.num_basis + (self.base is not None))
            + outputs
            + (0 if self.extra is None else self.extra.shape[2])
        )

    @property
    def local(self) -> int:
        """Entries in a row of the Jacobian that are not zero."""
        inputs, outputs = self.first.shape[1], self.sens.shape[2]
        return (
            inputs * outputs * (self.values.shape[2] + (self.base is not None))
            + outputs
            + (0 if self.extra is None else self.extra.shape[2])
        )


def jacobian(layers: Sequence[Layer], rows: slice = slice(None)) -> Tensor:  # noqa: B008
    """(b, k, P) for some of the samples."""
    blocks = []
    for layer in layers:
        first, values, sens = layer.first[rows], layer.values[rows], layer.sens[rows]
        index = first.unsqueeze(-1) + torch.arange(values.shape[2], device=values.device)
        basis = values.new_zeros(*first.shape, layer.num_basis).scatter_(2, index, values).flatten(1)  # (b, i*j)
        if layer.base is not None:
            basis = torch.cat([basis, layer.base[rows]], 1)
        blocks.append((basis[:, None, :, None] * sens[:, :, None, :]).flatten(2))
        blocks.append(sens)
        if layer.extra is not None:
            blocks.append(layer.extra[rows])
    return torch.cat(blocks, 2)


def dense(layers: Sequence[Layer], residual: Tensor, curvature: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """J^T C J (P, P) and J^T r (P,) by products of matrices over blocks of the Jacobian: the plain twin of `sparse`, on
    any device."""
    size, (batch, outputs) = sum(layer.size for layer in layers), residual.shape
    matrix, vector = residual.new_zeros(size, size), residual.new_zeros(size)
    step = max(1, BLOCK // max(1, size * outputs))
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
        for top in range(0, size, TILE):
            matrix[top : top + TILE, top:].addmm_(block[:, top : top + TILE].t(), bent[:, top:])
        vector.addmv_(block.t(), residual[rows].flatten())
    if size > TILE:
        lower = matrix.t().clone(memory_format=torch.contiguous_format).tril_(-1)
        matrix.triu_().add_(lower)
    return matrix, vector


@lru_cache(maxsize=1)
def _kernels() -> SimpleNamespace:
    from .cpu import normal_kernels, numba_backend

    return numba_backend.built(normal_kernels.build, "micro", "rows", "normal_kernels")


@lru_cache(maxsize=2)
def _task(dtype: torch.dtype) -> Any:
    from .cpu import numba_backend

    return _kernels().task(numba_backend.KINDS[dtype][1])


def sparse(layers: Sequence[Layer], residual: Tensor, curvature: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """J^T C J (P, P) and J^T r (P,) on the CPU, touching only what is not zero: the cost of a sample does not depend on
    the grid.

    Every entry is one sum over the samples in an order that their intervals set, so the result does not depend on the
    number of threads either.
    """
    from .cpu import numba_backend

    size, (batch, outputs), dtype = sum(layer.size for layer in layers), residual.shape, residual.dtype
    matrix, vector = residual.new_zeros(size, size), residual.new_zeros(size)
    if batch == 0 or outputs == 0:
        return matrix, vector
    kept, table, parts, costs, offset = [], [], [], [], 0
    left = sum(layer.local for layer in layers)
    for number, layer in enumerate(layers):
        tensors = [
            None if t is None else t.contiguous()
            for t in (layer.first, layer.values, layer.base, layer.sens, layer.extra)
        ]
        kept += tensors
        (inputs, terms), width = layer.values.shape[1:], layer.sens.shape[2]
        further = 0 if layer.extra is None else layer.extra.shape[2]
        table.append(
            [
                *(0 if t is None else t.data_ptr() for t in tensors),
                inputs,
                layer.num_basis,
                width,
                terms,
                further,
                offset,
                layer.local,
            ]
        )
        offset += layer.size
        tail = layer.local - inputs * terms * width  # entries that do not depend on the intervals
        if outputs == 1:
            parts += [(number, -1, block, block + 1) for block in range(inputs + 1)]
            costs += [(left - block * terms * width) * terms * width for block in range(inputs)] + [
                (left - layer.local + tail) * tail
            ]
        else:
            parts += [(number, column, 0, inputs + 1) for column in range(width)]
            parts += [(number, column, inputs, inputs + 1) for column in range(width, width + further)]
            costs += [left * (2 + (layer.local - further) // max(1, width))] * width + [left * 3] * further
        left -= layer.local
    residual, bend = residual.contiguous(), None if curvature is None else curvature.contiguous()
    layers_, parts_ = np.array(table, dtype=np.int64), np.array(parts, dtype=np.int64)
    work = batch * sum(costs)
    threads = min(numba_backend.threads(work), len(parts))
    edges = [0, len(parts)]
    if threads > 1:
        edges = sorted(
            {*edges, *np.searchsorted(np.cumsum(costs), np.arange(1, threads) * sum(costs) / threads).tolist()}
        )
    kind, bend_ = (0, 0) if bend is None else (min(2, bend.dim()), bend.data_ptr())
    head = (
        layers_.ctypes.data,
        len(layers),
        residual.data_ptr(),
        bend_,
        kind,
        matrix.data_ptr(),
        vector.data_ptr(),
        parts_.ctypes.data,
    )
    heights = [
        max(layer.values.shape[2] * row[7], row[11] - row[5] * row[8] * row[7], row[5] + 1)
        for layer, row in zip(layers, table, strict=True)
    ]
    tail = (
        batch,
        outputs,
        size,
        sum(layer.local for layer in layers),
        max(max(row[7], row[9]) for row in table),
        max(heights),
        sum(layer.first.shape[1] + 1 for layer in layers),
        max(layer.num_basis for layer in layers),
    )
    slices = [(*head, begin, end, *tail) for begin, end in zip(edges, edges[1:], strict=False)]
    if len(slices) == 1:
        _kernels().accumulate(*slices[0], numba_backend.KINDS[dtype][1])
    else:
        pool.run(_task(dtype).address, slices, work * numba_backend.SECONDS)
    _kernels().mirror(matrix.data_ptr(), size, numba_backend.KINDS[dtype][1])
    return matrix, vector


def _check(layers: Sequence[Layer], residual: Tensor, curvature: Tensor | None) -> None:
    if not layers:
        raise ShapeError("normal_equations needs at least one layer")
    if residual.dim() != 2:
        raise ShapeError(f"residual must have shape (samples, outputs), got {tuple(residual.shape)}")
    batch, outputs = residual.shape
    for number, layer in enumerate(layers):
        inputs, terms = layer.values.shape[1:] if layer.values.dim() == 3 else (-1, -1)
        per_output = (batch, outputs, -1)
        wanted = {
            "first": (batch, inputs),
            "values": (batch, inputs, terms),
            "base": (batch, inputs),
            "sens": per_output,
            "extra": per_output,
        }
        for name, shape in wanted.items():
            tensor = getattr(layer, name)
            if tensor is None:
                continue
            if tensor.dim() != len(shape) or any(
                want not in (-1, got) for got, want in zip(tensor.shape, shape, strict=True)
            ):
                raise ShapeError(
                    f"{name} of layer {number} must have shape {shape} (-1: any), got {tuple(tensor.shape)}"
                )
            if tensor.dtype != (torch.int64 if name == "first" else residual.dtype):
                raise ShapeError(
                    f"{name} of layer {number} is {tensor.dtype}; residual is {residual.dtype}, first must be int64"
                )
    if curvature is not None and tuple(curvature.shape) not in ((batch,), (batch, outputs, outputs)):
        raise ShapeError(
            f"curvature must have shape ({batch},) or ({batch}, {outputs}, {outputs}), got {tuple(curvature.shape)}"
        )


def method_for(layers: Sequence[Layer], residual: Tensor) -> str:
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
    """J^T C J (P, P) and J^T r (P,) of a network, J its Jacobian (b, k, P), C its curvature: None (ones), (b,) or
    symmetric (b, k, k).

    Per layer: first (b, i) int64 and values (b, i, p+1) from `basis`, base (b, i) values of the base function or None,
    sens (b, k, o) the derivative of the outputs by the subnodes, num_basis, and `extra` (b, k, m) further columns of
    the Jacobian or None. residual (b, k). Parameters per layer in the order coef (i, j, o), base scale (i, o), bias
    (o,), further columns. Raises `ShapeError`.

    >>> first, values = torch.zeros(5, 1, dtype=torch.int64), torch.full((5, 1, 2), 0.5)
    >>> matrix, vector = normal_equations([first], [values], [None], [torch.ones(5, 1, 1)], torch.ones(5, 1), [2])
    >>> matrix.diagonal().tolist(), vector.tolist()  # two coefficients and a bias
    ([1.25, 1.25, 5.0], [2.5, 2.5, 5.0])
    """
    extra = [None] * len(first) if extra is None else extra
    layers = [Layer(*parts) for parts in zip(first, values, base, sens, num_basis, extra, strict=True)]
    _check(layers, residual, curvature)
    with torch.no_grad():
        return (sparse if method_for(layers, residual) == "sparse" else dense)(layers, residual, curvature)

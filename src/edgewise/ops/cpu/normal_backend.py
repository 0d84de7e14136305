"""The normal equations on the CPU: shapes and addresses for the kernel `accumulate`, and how the work is split among
threads.

Letters as in `network_jacobian`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ..network_jacobian import LayerJacobian
from .spline_backend import run, threads


def _tensors(layer: LayerJacobian) -> list[Tensor | None]:
    parts = layer.first, layer.values, layer.base, layer.sens, layer.extra
    return [None if t is None else t.contiguous() for t in parts]


def layer_line(layer: LayerJacobian, tensors: Sequence[Tensor | None], offset: int) -> list[int]:
    """The layer's line in the table that the kernel reads: addresses and sizes."""
    addresses = [0 if t is None else t.data_ptr() for t in tensors]
    sizes = [layer.inputs, layer.num_basis, layer.width, layer.terms, layer.further]
    return [*addresses, *sizes, offset, layer.local]


def _parts(number: int, layer: LayerJacobian, left: int, outputs: int) -> list[tuple[tuple[int, int, int, int], int]]:
    """The parts of the work for a layer, each with its cost: (layer, column, first block, last block).

    `left`: entries of a row of the Jacobian from this layer on. With a single output all columns share a row: -1.
    """
    inputs, width = layer.inputs, layer.width
    if outputs > 1:
        cost = left * (2 + (layer.local - layer.further) // max(1, width))
        subnodes = [((number, column, 0, inputs + 1), cost) for column in range(width)]
        further = range(width, width + layer.further)
        return subnodes + [((number, column, inputs, inputs + 1), left * 3) for column in further]
    height = layer.terms * width
    tail = layer.local - inputs * height  # entries that do not depend on the intervals
    costs = [(left - block * height) * height for block in range(inputs)] + [(left - layer.local + tail) * tail]
    return [((number, -1, block, block + 1), cost) for block, cost in enumerate(costs)]


def _tallest(layer: LayerJacobian) -> int:
    """Lines of the layer's largest block."""
    height = layer.terms * layer.width
    return max(height, layer.local - layer.inputs * height, layer.inputs + 1)


def _shares(costs: Sequence[int], threads: int) -> list[tuple[int, int]]:
    """The parts in runs of about equal cost, one for each thread."""
    ends = [0, len(costs)]
    if threads > 1:
        goals = np.arange(1, threads) * sum(costs) / threads
        ends = sorted({*ends, *np.searchsorted(np.cumsum(costs), goals).tolist()})
    return list(zip(ends, ends[1:], strict=False))


def sparse(layers: Sequence[LayerJacobian], residual: Tensor, curvature: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """J^T C J (P, P) and J^T r (P,) on the CPU, touching only what is not zero: the cost of a sample does not depend on
    the grid.

    Every entry is one sum over the samples in an order that their intervals set, so the result does not depend on the
    number of threads either.
    """
    size, (batch, outputs) = sum(layer.size for layer in layers), residual.shape
    matrix, vector = residual.new_zeros(size, size), residual.new_zeros(size)
    if batch == 0 or outputs == 0:
        return matrix, vector
    longest = sum(layer.local for layer in layers)
    kept = [_tensors(layer) for layer in layers]  # until the kernel has run: it has their addresses only
    table, parts, costs, offset, left = [], [], [], 0, longest
    for number, layer in enumerate(layers):
        table.append(layer_line(layer, kept[number], offset))
        for part, cost in _parts(number, layer, left, outputs):
            parts.append(part)
            costs.append(cost)
        offset, left = offset + layer.size, left - layer.local
    residual, bend = residual.contiguous(), None if curvature is None else curvature.contiguous()
    layer_table, part_table = np.array(table, dtype=np.int64), np.array(parts, dtype=np.int64)
    work = batch * sum(costs)
    head = (
        layer_table.ctypes.data,
        len(layers),
        residual.data_ptr(),
        *((0, 0) if bend is None else (bend.data_ptr(), min(2, bend.dim()))),
        matrix.data_ptr(),
        vector.data_ptr(),
        part_table.ctypes.data,
    )
    tail = (
        batch,
        outputs,
        size,
        longest,
        max(max(layer.width, layer.further) for layer in layers),
        max(_tallest(layer) for layer in layers),
        sum(layer.inputs + 1 for layer in layers),
        max(layer.num_basis for layer in layers),
    )
    slices = [(*head, a, b, *tail) for a, b in _shares(costs, min(threads(work), len(parts)))]
    run("normal", "accumulate", slices, residual.dtype, work)
    run("normal", "mirror", [(matrix.data_ptr(), size)], residual.dtype, size * size)
    return matrix, vector

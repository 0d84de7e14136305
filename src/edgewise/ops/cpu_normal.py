"""J^T C J and J^T r of a network on the CPU, without J: b samples, k outputs, i input node, r local basis, o subnode, P parameters.

The Jacobian of a layer is a product, d output_k / d coef[i, first+r, o] = values[b, i, r] sens[b, k, o]. So all parameters that feed subnode o
share one vector over the outputs, and their rows of J^T C J differ by a factor only: the row is made once per sample and subnode (it has degree+1
numbers per edge that are not zero, whatever the grid), then added to each of their rows.

Parameters of a layer: coef (i, j, o), base scale (i, o), bias (o,), further columns (m,). A group is one subnode, or one further column.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false
# ruff: noqa: E741

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from numba import cfunc, int64, njit, types

from .cpu_kernels import OPTIONS, fast
from .cpu_micro import make_push, next_number, pointer, real, retype, shift

FIELDS = 12  # of a layer in the table: first, values, base, sens, extra (addresses), I, J, O, terms, M, offset, tail
push1, push2, push3, push4 = make_push(1, False), make_push(2, False), make_push(3, False), make_push(4, False)


@fast
def _bend(group, K, curvature, kind, b, bent, one):
    """bent = C group: the curvature of sample b, kind 0 the identity, 1 a number, 2 a matrix (k, k)."""
    for k in range(K):
        if kind == 0:
            bent[k] = group[k]
        elif kind == 1:
            bent[k] = group[k] * curvature[b]
        else:
            total = real(0, one)
            for m in range(K):
                total += curvature[(b * K + k) * K + m] * group[m]
            bent[k] = total


@fast
def _mix(bent, K, block, width, out, one):
    """out[o] = sum over k of bent[k] block[k, o]."""
    for o in range(width):
        out[o] = bent[0] * block[o]
    for k in range(1, K):
        for o in range(width):
            out[o] += bent[k] * block[k * width + o]


@fast
def _row(layers, l, L, b, K, bent, mixed, row, starts, lengths, one):
    """The row of J^T C J that a group has for sample b, from layer l on: runs of numbers, the column where each begins, and its length."""
    runs, at = 0, 0
    for n in range(l, L):
        layer = shift(layers, n * FIELDS)
        I, J, O, terms, M, offset = layer[5], layer[6], layer[7], layer[8], layer[9], layer[10]
        first, values = pointer(layer[0], int64(1)), pointer(layer[1], one)
        base, sens, extra = pointer(layer[2], one), pointer(layer[3], one), pointer(layer[4], one)
        _mix(bent, K, shift(sens, b * K * O), O, mixed, one)
        for i in range(I):
            starts[runs], lengths[runs] = offset + (i * J + first[b * I + i]) * O, terms * O
            runs += 1
            for r in range(terms):
                value = values[(b * I + i) * terms + r]
                for o in range(O):
                    row[at + o] = value * mixed[o]
                at += O
        begin = at
        if layer[2] != 0:
            for i in range(I):
                value = base[b * I + i]
                for o in range(O):
                    row[at + o] = value * mixed[o]
                at += O
        for o in range(O):
            row[at + o] = mixed[o]
        at += O
        if M > 0:
            _mix(bent, K, shift(extra, b * K * M), M, shift(row, at), one)
            at += M
        starts[runs], lengths[runs] = offset + I * J * O, at - begin
        runs += 1
    return runs


@fast
def _add(lines, distance, factors, count, row, starts, lengths, skip, runs, from_run):
    """count lines, `distance` apart, += their factor times the runs, from run `from_run` on; `skip` numbers of the row lie before it."""
    done = 0
    while done < count:
        line, own = shift(lines, done * distance), shift(factors, done)
        at = skip
        for run in range(from_run, runs):
            source, place, length = shift(row, at), shift(line, starts[run]), lengths[run]
            if count - done >= 4:
                push4(source, place, distance, place, own, 1, length)
            elif count - done == 3:
                push3(source, place, distance, place, own, 1, length)
            elif count - done == 2:
                push2(source, place, distance, place, own, 1, length)
            else:
                push1(source, place, distance, place, own, 1, length)
            at += length
        done += min(4, count - done)


def build(stamp: int, on_disk: bool = True) -> SimpleNamespace:
    """The entry points `accumulate` and its task, and `mirror`; `stamp` as in `cpu_kernels.build`."""
    global _accumulate
    entry = njit(**OPTIONS, cache=on_disk)

    @entry
    def accumulate(layers_, L, residual_, curvature_, kind, matrix_, vector_, groups_, begin, end, B, K, P, longest, widest, most, one):
        """Rows of the groups begin..end: upper blocks of the matrix (P, P), and the vector (P,), both given as zeros."""
        layers, groups = pointer(layers_, int64(1)), pointer(groups_, int64(1))
        residual, curvature, matrix, vector = pointer(residual_, one), pointer(curvature_, one), pointer(matrix_, one), pointer(vector_, one)
        memory = np.empty((longest + widest + 2 * K + 1) * 8 + 64, np.uint8)
        row = pointer((memory.ctypes.data + 63) // 64 * 64, one)
        mixed = shift(row, longest)
        group, bent = shift(mixed, widest), shift(mixed, widest + K)
        factor = shift(mixed, widest + 2 * K)
        factor[0] = one
        ends = np.empty(2 * most, np.int64)
        starts = pointer(ends.ctypes.data, int64(1))
        lengths = shift(starts, most)
        for q in range(begin, end):
            l, column = groups[2 * q], groups[2 * q + 1]
            layer = shift(layers, l * FIELDS)
            I, J, O, terms, M, offset = layer[5], layer[6], layer[7], layer[8], layer[9], layer[10]
            first, values = pointer(layer[0], int64(1)), pointer(layer[1], one)
            base, sens, extra = pointer(layer[2], one), pointer(layer[3], one), pointer(layer[4], one)
            tail = offset + I * J * O  # where base scale, bias and further columns begin
            bias = tail + (I * O if layer[2] != 0 else 0)
            for b in range(B):
                pull = real(0, one)
                for k in range(K):
                    group[k] = sens[(b * K + k) * O + column] if column < O else extra[(b * K + k) * M + column - O]
                    pull += group[k] * residual[b * K + k]
                _bend(group, K, curvature, kind, b, bent, one)
                runs = _row(layers, l, L, b, K, bent, mixed, row, starts, lengths, one)
                spline = terms * O
                if column < O:
                    for i in range(I):
                        at, own = offset + (i * J + first[b * I + i]) * O + column, shift(values, (b * I + i) * terms)
                        _add(shift(matrix, at * P), O * P, own, terms, row, starts, lengths, i * spline, runs, i)
                        for r in range(terms):
                            vector[at + r * O] += own[r] * pull
                    if layer[2] != 0:
                        at, own = tail + column, shift(base, b * I)
                        _add(shift(matrix, at * P), O * P, own, I, row, starts, lengths, I * spline, runs, I)
                        for i in range(I):
                            vector[at + i * O] += own[i] * pull
                _add(shift(matrix, (bias + column) * P), 0, factor, 1, row, starts, lengths, I * spline, runs, I)
                vector[bias + column] += pull
        memory[0] = stamp  # the memory is kept until here
        ends[0] = stamp

    @entry
    def mirror(matrix_, P, one):
        """The lower triangle from the upper one, tile by tile."""
        matrix = pointer(matrix_, one)
        tile = 32
        for top in range(0, P, tile):
            for left in range(0, top + 1, tile):
                for i in range(top, min(top + tile, P)):
                    for j in range(left, min(left + tile, i)):
                        matrix[i * P + j] = matrix[j * P + i]
        if P < 0:
            matrix[0] = real(stamp, one)

    def task(one):
        """For numbers of the type of `one`: `accumulate` as a C function that takes slices from a table (pool.py)."""

        def accumulate_task(data):
            table = retype(data, int64(1))
            k = next_number(table) + 0 * stamp
            while k < table[1]:
                a = shift(table, 3 + k * table[2])
                _accumulate(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15], one)
                k = next_number(table)

        return cfunc(types.void(types.voidptr), cache=on_disk, **OPTIONS)(accumulate_task)

    _accumulate = accumulate
    return SimpleNamespace(accumulate=accumulate, mirror=mirror, task=task)


_accumulate = None

"""J^T C J and J^T r of a network on the CPU, without J: b samples, k outputs, i input node, r local basis, o subnode, P
parameters.

The Jacobian of a layer is a product, d output_k / d coef[i, first+r, o] = values[b, i, r] sens[b, k, o]. So all
parameters that feed subnode o share one vector over the outputs, and their rows of J^T C J differ by a factor only. The
row is made once per sample and subnode, then added to each of their lines. It has degree+1 numbers per edge that are
not zero, whatever the grid. With a single output all rows of a sample are one, up to a factor: it is made once per
layer.

Parameters of a layer: coef (i, j, o), base scale (i, o), bias (o,), further columns (m,). A row is kept as runs of
neighbouring numbers: one for every input, and one for all that follows the coefficients. A group is one subnode, one
further column, or, with a single output, the whole layer. A block is one input of a group; the last block is all that
follows. For a block and a run, two intervals say where in the matrix the products of a sample belong. Samples are
sorted by them, and the products of samples that share a place are summed in registers.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false
# ruff: noqa: E741

from __future__ import annotations

from numba import int64

from .gather import gather_rows
from .instructions import allocate, pointer, real, release, retype, shift
from .rows import fast, fast_apart

LAYER_FIELDS = 12  # of a layer in its table: see `normal_backend.layer_line`
PART_FIELDS = 4  # of a part of the work in its table: layer, column (-1 for all), first block, last block
ROW_NUMBERS = 1 << 17  # numbers in the rows that are made at a time (1 MB in float64)


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
def _row(layers, l, L, b, K, bent, mixed, row, keys, one):
    """The row of J^T C J that a group has for sample b, from layer l on, and the interval of each of its runs."""
    runs, at = 0, 0
    for n in range(l, L):
        layer = shift(layers, n * LAYER_FIELDS)
        I, O, terms, M = layer[5], layer[7], layer[8], layer[9]
        first, values = shift(pointer(layer[0], int64(1)), b * I), shift(pointer(layer[1], one), b * I * terms)
        base, sens, extra = pointer(layer[2], one), pointer(layer[3], one), pointer(layer[4], one)
        if K == 1:
            source = shift(sens, b * O)
        else:
            _mix(bent, K, shift(sens, b * K * O), O, mixed, one)
            source = mixed
        for i in range(I):
            keys[runs] = first[i]
            runs += 1
        for t in range(I * terms):
            value = values[t]
            for o in range(O):
                row[at + o] = value * source[o]
            at += O
        if layer[2] != 0:
            for i in range(I):
                value = base[b * I + i]
                for o in range(O):
                    row[at + o] = value * source[o]
                at += O
        for o in range(O):
            row[at + o] = source[o]
        at += O
        if M > 0:
            if K == 1:
                for m in range(M):
                    row[at + m] = extra[b * M + m]
            else:
                _mix(bent, K, shift(extra, b * K * M), M, shift(row, at), one)
            at += M
        keys[runs] = 0
        runs += 1


@fast
def _runs(layers, l, L, origins, strides, spans, lengths):
    """Of the runs from layer l on: the column of interval 0, columns per interval, how many intervals there are,
    numbers; and how many runs."""
    runs = 0
    for n in range(l, L):
        layer = shift(layers, n * LAYER_FIELDS)
        I, J, O, spline, offset = layer[5], layer[6], layer[7], layer[8] * layer[7], layer[10]
        for i in range(I):
            origins[runs], strides[runs], spans[runs], lengths[runs] = offset + i * J * O, O, J, spline
            runs += 1
        origins[runs], strides[runs], spans[runs], lengths[runs] = offset + I * J * O, 0, 1, layer[11] - I * spline
        runs += 1
    return runs


@fast
def _sort(samples, count, keys, distance, span, ends, order):
    """order: the samples by their keys, which are less than `span`, equal ones as they came; ends: where those of a key
    end."""
    for key in range(span + 1):
        ends[key] = 0
    for n in range(count):
        ends[keys[samples[n] * distance] + 1] += 1
    for key in range(span):
        ends[key + 1] += ends[key]
    for n in range(count):
        b = samples[n]
        key = keys[b * distance]
        order[ends[key]] = b
        ends[key] += 1


@fast_apart
def accumulate(
    layers_,
    L,
    residual_,
    curvature_,
    kind,
    matrix_,
    vector_,
    parts_,
    begin,
    end,
    B,
    K,
    P,
    local,
    widest,
    most,
    runs,
    span,
    one,
):
    """Lines of the parts begin..end: upper blocks of the matrix (P, P), and the vector (P,), both given as zeros.

    local, runs: numbers and runs of the longest row; widest: most subnodes or further columns of a layer; most:
    most lines of a block; span: most basis functions of an edge.
    """
    layers, parts = pointer(layers_, int64(1)), pointer(parts_, int64(1))
    residual, curvature, matrix, vector = (
        pointer(residual_, one),
        pointer(curvature_, one),
        pointer(matrix_, one),
        pointer(vector_, one),
    )
    step = min(
        B, max(256 if K == 1 else 64, ROW_NUMBERS // local)
    )  # measured: fewer share too few places, more leave the cache
    numbers, places = step * (local + most + 2) + widest + 2 * K, step * (runs + 3) + 4 * runs + 2 * span + 2
    memory = allocate((numbers + places) * 8 + 64)
    if memory == 0:
        return False
    rows = pointer((memory + 63) // 64 * 64, one)
    factors = shift(rows, step * local)
    pulls = shift(factors, step * most)  # of the gradient, per sample
    scales = shift(pulls, step)  # curvatures of a single output
    mixed = shift(scales, step)
    group, bent = shift(mixed, widest), shift(mixed, widest + K)
    keys = shift(retype(rows, int64(1)), numbers)
    every = shift(keys, step * runs)
    outer, inner = (
        shift(every, step),
        shift(every, 2 * step),
    )  # samples in the order of the block, of the block and a run
    origins = shift(inner, step)
    strides, spans, lengths = shift(origins, runs), shift(origins, 2 * runs), shift(origins, 3 * runs)
    ends = shift(origins, 4 * runs)
    inner_ends = shift(ends, span + 1)
    for b in range(step):
        every[b] = b
    single = int64(1)  # typed, or numba would make a second `gather_rows` for this very number
    for top in range(0, B, step):
        count = min(step, B - top)
        made, made_column, present = -1, -2, 0
        for q in range(begin, end):
            l, column = parts[PART_FIELDS * q], parts[PART_FIELDS * q + 1]
            layer = shift(layers, l * LAYER_FIELDS)
            I, O, terms, M = layer[5], layer[7], layer[8], layer[9]
            values, base = shift(pointer(layer[1], one), top * I * terms), shift(pointer(layer[2], one), top * I)
            sens, extra = pointer(layer[3], one), pointer(layer[4], one)
            if l != made or column != made_column:
                made, made_column = l, column
                present = _runs(layers, l, L, origins, strides, spans, lengths)
                for b in range(count):
                    at = (top + b) * K
                    if column < 0:
                        pulls[b] = residual[at]
                        scales[b] = one if kind == 0 else curvature[top + b]
                    else:
                        pull = real(0, one)
                        for k in range(K):
                            group[k] = sens[(at + k) * O + column] if column < O else extra[(at + k) * M + column - O]
                            pull += group[k] * residual[at + k]
                        pulls[b] = pull
                        _bend(group, K, curvature, kind, top + b, bent, one)
                    _row(layers, l, L, top + b, K, bent, mixed, shift(rows, b * local), shift(keys, b * runs), one)
            for block in range(parts[PART_FIELDS * q + 2], parts[PART_FIELDS * q + 3]):
                skip, own = min(block, I) * terms * O, shift(keys, block)
                # the block's lines: how many, the first of interval 0, and how far apart
                if column < 0:
                    height, line, apart = lengths[block], origins[block], 1
                    for b in range(count):
                        row, at = shift(rows, b * local + skip), line + own[b * runs] * strides[block]
                        for n in range(height):
                            factors[b * height + n] = row[n] * scales[b]
                            vector[at + n] += row[n] * pulls[b]
                else:
                    apart = O
                    if block < I:
                        height, line = terms, origins[block] + column
                        for b in range(count):
                            for n in range(terms):
                                factors[b * height + n] = values[(b * I + block) * terms + n]
                    elif column < O and layer[2] != 0:
                        height, line = I + 1, origins[block] + column
                        for b in range(count):
                            for n in range(I):
                                factors[b * height + n] = base[b * I + n]
                            factors[b * height + I] = one
                    else:
                        height, line = 1, origins[block] + column + (I * O if layer[2] != 0 else 0)
                        for b in range(count):
                            factors[b] = one
                    for b in range(count):
                        at = line + own[b * runs] * strides[block]
                        for n in range(height):
                            vector[at + n * O] += factors[b * height + n] * pulls[b]
                _sort(every, count, own, runs, spans[block], ends, outer)
                at = skip
                for run in range(block, present):
                    other, length, low = shift(keys, run), lengths[run], 0
                    for key in range(spans[block]):
                        high = ends[key]
                        if high == low:
                            continue
                        samples, found = shift(outer, low), high - low
                        place = shift(matrix, (line + key * strides[block]) * P + origins[run])
                        source = shift(rows, at)
                        if run == block or strides[run] == 0:
                            begun = place if strides[run] == 0 else shift(place, key * strides[run])
                            gather_rows(begun, apart * P, height, length, samples, found, source, local, factors)
                        elif 2 * found < spans[run]:
                            for n in range(found):
                                begun = shift(place, other[samples[n] * runs] * strides[run])
                                gather_rows(
                                    begun, apart * P, height, length, shift(samples, n), single, source, local, factors
                                )
                        else:
                            _sort(samples, found, other, runs, spans[run], inner_ends, inner)
                            done = 0
                            for n in range(spans[run]):
                                if inner_ends[n] > done:
                                    begun, one_place = shift(place, n * strides[run]), shift(inner, done)
                                    gather_rows(
                                        begun,
                                        apart * P,
                                        height,
                                        length,
                                        one_place,
                                        inner_ends[n] - done,
                                        source,
                                        local,
                                        factors,
                                    )
                                    done = inner_ends[n]
                        low = high
                    at += length
    release(memory)
    return True


@fast_apart
def mirror(matrix_, P, one):
    """The lower triangle from the upper one, tile by tile."""
    matrix = pointer(matrix_, one)
    tile = 32
    for top in range(0, P, tile):
        for left in range(0, top + 1, tile):
            for i in range(top, min(top + tile, P)):
                for j in range(left, min(left + tile, i)):
                    matrix[i * P + j] = matrix[j * P + i]
    return True

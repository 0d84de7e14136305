"""One representative of all equal networks of closed forms: scales and shifts of hidden nodes that say nothing are
fixed at 1 and 0.

A hidden node h may be replaced by k h + s when the edges into and out of it make up for it, so the constants of a
network are not unique. Here one edge out of every node (its pivot) gets a = 1 and, at a sum, b = 0. Where the pivot's
form is itself free of scale (a power, the identity, a logarithm) or of shift (exp), one more constant can be set: which
one is a choice, and the choice that gives the simplest constants wins.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from .program import Program, Stage

LARGEST_SHIFT = 30.0  # shifts of exp and logarithm beyond e**30 stay where they are


@dataclass
class Constants:
    """Constants of one stage as lists, and whether each is free to be fitted."""

    stage: Stage
    a: list[float]
    b: list[float]
    c: list[float]
    bias: list[float]
    free_a: list[bool] = field(default_factory=list)
    free_b: list[bool] = field(default_factory=list)
    free_c: list[bool] = field(default_factory=list)
    free_bias: list[bool] = field(default_factory=list)

    def into(self, subnode: int) -> list[int]:
        """Terms that feed a subnode."""
        return [n for n, term in enumerate(self.stage.terms) if term.dst == subnode]

    def out_of(self, node: int) -> list[int]:
        """Terms that a node feeds."""
        return [n for n, term in enumerate(self.stage.terms) if term.src == node]


@dataclass(frozen=True)
class NormalForm:
    """A program in normal form and which of its constants are free: bool (P,)."""

    program: Program
    free: Tensor


def normal_forms(program: Program, limit: int = 64) -> Iterator[NormalForm]:
    """The normal forms of a network, one for every choice of the constants to set; the first choices at most
    `limit`."""
    count = len(_choices(_pivoted(program)))
    for choice in itertools.islice(itertools.product((0, 1), repeat=count), limit):
        yield _normal_form(program, choice)


def _unpack(program: Program) -> list[Constants]:
    stages = []
    for (a, b, c, bias), stage in zip(program.split(), program.stages, strict=True):
        one = Constants(stage, a.tolist(), b.tolist(), c.tolist(), bias.tolist())
        one.free_a = [not term.primitive.scale_free for term in stage.terms]
        one.free_b = [not term.primitive.shift_free for term in stage.terms]
        one.free_c, one.free_bias = [True] * len(one.c), [True] * len(one.bias)
        stages.append(one)
    return stages


def _canonical(layer: Constants, n: int) -> None:
    """Bring one term's own constants to their representative; its d goes into the bias."""
    term = layer.stage.terms[n]
    layer.a[n], layer.b[n], layer.c[n], d = term.primitive.canonical(layer.a[n], layer.b[n], layer.c[n], 0.0)
    layer.bias[term.dst] += d


def _pivoted(program: Program) -> list[Constants]:
    """Constants with every pivot at a = 1 (b = 0 at sums) and every other term in its own canonical form."""
    layers = _unpack(program)
    for number in range(len(layers) - 1, 0, -1):
        below, layer = layers[number - 1], layers[number]
        for node, factors in enumerate(below.stage.factors):
            out = layer.out_of(node)
            if not out:
                continue
            pivot = _pivot(layer, out)
            scale, shift = layer.a[pivot], layer.b[pivot] if len(factors) == 1 else 0.0
            if scale == 0:
                continue
            for n in out:
                ratio = layer.a[n] / scale
                layer.a[n], layer.b[n] = ratio, layer.b[n] - ratio * shift
            _rescale(below, factors[0], scale, shift)
            layer.free_a[pivot] = False
            if len(factors) == 1:
                layer.free_b[pivot] = False
            for n in out:
                if n != pivot:
                    _canonical(layer, n)
    for n in range(len(layers[0].stage.terms)):
        _canonical(layers[0], n)
    return layers


def _pivot(layer: Constants, out: Sequence[int]) -> int:
    return min(
        out, key=lambda n: (layer.stage.terms[n].primitive.scale_free, layer.stage.terms[n].primitive.shift_free, n)
    )


def _rescale(layer: Constants, subnode: int, scale: float, shift: float = 0.0) -> None:
    for n in layer.into(subnode):
        layer.c[n] *= scale
    layer.bias[subnode] = layer.bias[subnode] * scale + shift


# ------------------------------------------------------------------ choices


@dataclass(frozen=True)
class Gauge:
    """A scale that may be chosen: of hidden node `node` of stage `number` - 1 (kind "power", "log"), of factor
    `subnode` of a product ("factor"), or a shift of the node ("exp")."""

    kind: str
    number: int
    node: int
    subnode: int
    pivot: int


def _choices(layers: list[Constants]) -> list[Gauge]:
    """The gauges that leave a choice."""
    return [g for g in _gauges(layers) if g.kind in ("power", "log", "exp")]


def _gauges(layers: list[Constants]) -> list[Gauge]:
    found = []
    for number in range(len(layers) - 1, 0, -1):
        below, layer = layers[number - 1], layers[number]
        for node, factors in enumerate(below.stage.factors):
            found += [
                Gauge("factor", number, node, subnode, -1)
                for subnode in factors[1:]
                if below.into(subnode) and below.into(factors[0])
            ]
            out = layer.out_of(node)
            if not out or not below.into(factors[0]):
                continue
            pivot = _pivot(layer, out)
            p = layer.stage.terms[pivot].primitive
            if p.exponent == 1 and p.either_sign:
                found.append(Gauge("identity", number, node, factors[0], pivot))
            elif p.logarithm:
                found.append(Gauge("log", number, node, factors[0], pivot))
            elif p.exponent is not None and p.exponent != 0:
                found.append(Gauge("power", number, node, factors[0], pivot))
            elif p.exponential and len(factors) == 1:
                found.append(Gauge("exp", number, node, factors[0], pivot))
    return found


def _normal_form(program: Program, choice: Sequence[int]) -> NormalForm:
    layers = _pivoted(program)
    gauges = _gauges(layers)
    chosen = dict(zip(_choices(layers), choice, strict=True))
    for gauge in gauges:  # outermost first: what is moved outwards lands in a layer that is done with
        _set_shift(layers, gauge, chosen.get(gauge, 0))
    _set_scales(layers, [g for g in gauges if not (g.kind == "exp" or g.kind == "log" and chosen[g])], chosen)
    for gauge in gauges:
        if gauge.kind == "exp" and chosen[gauge]:
            _exp_to_bias(layers, gauge)
        _set_sign(layers, gauge)
    _set_other_signs(layers)
    theta = [v for layer in layers for v in (*layer.a, *layer.b, *layer.c, *layer.bias)]
    free = [v for layer in layers for v in (*layer.free_a, *layer.free_b, *layer.free_c, *layer.free_bias)]
    return NormalForm(program.with_theta(torch.tensor(theta, dtype=torch.float64)), torch.tensor(free))


def _set_shift(layers: list[Constants], gauge: Gauge, choice: int) -> None:
    below, layer = layers[gauge.number - 1], layers[gauge.number]
    if gauge.kind not in ("exp", "identity", "log"):
        return
    dst = layer.stage.terms[gauge.pivot].dst
    if gauge.kind == "log":
        if choice and abs(size := layer.bias[dst] / layer.c[gauge.pivot]) < LARGEST_SHIFT:
            _scale_node(layers, gauge, math.exp(size))
            layer.bias[dst], layer.free_bias[dst] = 0.0, False
        return
    single = len(below.stage.factors[gauge.node]) == 1
    shift = below.bias[gauge.subnode] if single else layer.b[gauge.pivot]
    if gauge.kind == "exp" and abs(shift) > LARGEST_SHIFT:
        return
    if gauge.kind == "exp":
        layer.c[gauge.pivot] *= math.exp(shift)
    else:
        layer.bias[dst] += layer.c[gauge.pivot] * shift
    if not single:
        layer.b[gauge.pivot], layer.free_b[gauge.pivot] = 0.0, False
        return
    for n in layer.out_of(gauge.node):
        if n != gauge.pivot:
            layer.b[n] += layer.a[n] * shift
            _canonical(layer, n)
    below.bias[gauge.subnode], below.free_bias[gauge.subnode] = 0.0, False


def _exp_to_bias(layers: list[Constants], gauge: Gauge) -> None:
    """Set c of exp to 1 or -1 and let the node's bias carry it, unless c is set already."""
    below, layer = layers[gauge.number - 1], layers[gauge.number]
    if below.free_bias[gauge.subnode] or not layer.free_c[gauge.pivot] or len(layer.out_of(gauge.node)) > 1:
        return
    below.bias[gauge.subnode] += math.log(abs(layer.c[gauge.pivot]))
    layer.c[gauge.pivot] = math.copysign(1.0, layer.c[gauge.pivot])
    below.free_bias[gauge.subnode], layer.free_c[gauge.pivot] = True, False


def _scale_node(layers: list[Constants], gauge: Gauge, k: float) -> None:
    """Replace node h by k h, k > 0, where every edge out of it is free of scale; or a product's factor by k times it,
    its first factor by 1/k."""
    below, layer = layers[gauge.number - 1], layers[gauge.number]
    _rescale(below, gauge.subnode, k)
    if gauge.kind == "factor":
        _rescale(below, below.stage.factors[gauge.node][0], 1 / k)
        return
    for n in layer.out_of(gauge.node):
        p, dst = layer.stage.terms[n].primitive, layer.stage.terms[n].dst
        if p.logarithm:
            layer.bias[dst] -= layer.c[n] * math.log(k)
        else:
            layer.c[n] *= k ** -(p.exponent or 0.0)
        layer.b[n] *= k


def _set_scales(layers: list[Constants], gauges: list[Gauge], chosen: dict[Gauge, int]) -> None:
    """All scales at once: each gauge sets one c to 1 in size; the logarithms of the scales solve a linear system."""
    picks: list[tuple[int, int]] = []
    for gauge in gauges:
        leading = (gauge.number - 1, layers[gauge.number - 1].into(gauge.subnode)[0])
        outer = (gauge.number, gauge.pivot)
        wanted = (
            (outer, leading)
            if gauge.kind == "identity" or gauge.kind == "power" and not chosen[gauge]
            else (leading, outer)
        )
        if gauge.kind in ("factor", "log"):
            wanted = (leading,)
        picks.append(next((w for w in wanted if w not in picks), (-1, -1)))
    used = [
        (g, pick) for g, pick in zip(gauges, picks, strict=True) if pick[0] >= 0 and layers[pick[0]].c[pick[1]] != 0
    ]
    if not used:
        return
    matrix = np.array([[_exponent(layers, gauge, pick) for gauge, _ in used] for _, pick in used])
    if abs(np.linalg.det(matrix)) < 1e-9:
        return
    sizes = np.array([-math.log(abs(layers[number].c[n])) for _, (number, n) in used])
    logs = np.linalg.solve(matrix, sizes)
    if np.abs(logs).max() > 2 * LARGEST_SHIFT:
        return
    for (gauge, _), log in zip(used, logs, strict=True):
        _scale_node(layers, gauge, math.exp(log))
    for _, (number, n) in used:
        layers[number].c[n] = math.copysign(1.0, layers[number].c[n])
        layers[number].free_c[n] = False


def _exponent(layers: list[Constants], gauge: Gauge, pick: tuple[int, int]) -> float:
    """How c of the picked term goes with the gauge's scale k: as k**this."""
    number, n = pick
    term = layers[number].stage.terms[n]
    total = 0.0
    if number == gauge.number - 1 and term.dst == gauge.subnode:
        total += 1.0
    if gauge.kind == "factor":
        if number == gauge.number - 1 and term.dst == layers[number].stage.factors[gauge.node][0]:
            total -= 1.0
    elif number == gauge.number and term.src == gauge.node:
        total -= term.primitive.exponent or 0.0
    return total


# ------------------------------------------------------------------ signs


def _set_sign(layers: list[Constants], gauge: Gauge) -> None:
    if gauge.kind == "factor":
        below = layers[gauge.number - 1]
        if below.c[below.into(gauge.subnode)[0]] < 0:
            _rescale(below, gauge.subnode, -1.0)
            _rescale(below, below.stage.factors[gauge.node][0], -1.0)


def _set_other_signs(layers: list[Constants]) -> None:
    """Mirrored pivots: the identity gets c > 0 (its c is set), every other one a positive leading term; phases of
    periodic pivots are reduced."""
    for number in range(len(layers) - 1, 0, -1):
        below, layer = layers[number - 1], layers[number]
        for node, factors in enumerate(below.stage.factors):
            out, into = layer.out_of(node), below.into(factors[0])
            if not out or not into:
                continue
            pivot = _pivot(layer, out)
            p, dst = layer.stage.terms[pivot].primitive, layer.stage.terms[pivot].dst
            identity = p.exponent == 1 and p.either_sign
            if (
                p.mirror is not None
                and (layer.c[pivot] if identity or not layer.free_c[pivot] and p.mirror[0] < 0 else below.c[into[0]])
                < 0
            ):
                sign, offset = p.mirror
                _rescale(below, factors[0], -1.0)
                layer.bias[dst] += layer.c[pivot] * offset
                layer.c[pivot] *= sign
                layer.b[pivot] *= -1.0
                for n in out:
                    if n != pivot:
                        layer.a[n] *= -1.0
                        _canonical(layer, n)
            if p.period is not None and len(factors) == 1 and len(out) == 1:
                turns = math.ceil(below.bias[factors[0]] / p.period - 0.5)
                below.bias[factors[0]] -= turns * p.period
                layer.c[pivot] *= p.flip**turns

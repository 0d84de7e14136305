"""One representative of all equal networks of closed forms: scales and shifts of hidden nodes that say nothing are
fixed at 1 and 0.

A hidden node h may be replaced by k h + s when the edges into and out of it make up for it. So the constants of a
network are not unique. Here one edge out of every node (its pivot) gets a = 1 and, at a sum, b = 0. The pivot's form
may itself be free of scale (a power, the identity, a logarithm) or of shift (exp). Then one more constant can be set:
which one is a choice, and the choice that gives the simplest constants wins.
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
from .tuning import TUNED


@dataclass(frozen=True)
class NormalForm:
    """A program in normal form and which of its constants are free: bool (P,)."""

    program: Program
    free: Tensor


def normal_forms(program: Program, limit: int = TUNED.forms_tried) -> Iterator[NormalForm]:
    """The normal forms of a network, one for every choice of the constants to set; the first choices at most
    `limit`."""
    count = len(_choices(_TakenApart.pivoted(program)))
    for choice in itertools.islice(itertools.product((0, 1), repeat=count), limit):
        yield _normal_form(program, choice)


@dataclass(frozen=True)
class Freedom:
    """A scale or a shift that may be chosen.

    The kinds "power", "log" and "identity" mean the scale of hidden node `node` of stage `number` - 1. "exp" means its
    shift. "factor" means the scale of factor `subnode` of a product. pivot: the node's pivot, a term of stage `number`.
    """

    kind: str
    number: int
    node: int
    subnode: int
    pivot: int


def _normal_form(program: Program, choice: Sequence[int]) -> NormalForm:
    apart = _TakenApart.pivoted(program)
    freedoms = _freedoms(apart)
    chosen = dict(zip(_choices(apart), choice, strict=True))
    for freedom in freedoms:  # outermost first: what is moved outwards lands in a layer that is done with
        apart.set_shift(freedom, chosen.get(freedom, 0))
    scales = [f for f in freedoms if not (f.kind == "exp" or f.kind == "log" and chosen[f])]
    apart.set_scales(scales, chosen)
    for freedom in freedoms:
        if freedom.kind == "exp" and chosen[freedom]:
            apart.exp_to_bias(freedom)
        apart.set_sign(freedom)
    apart.set_other_signs()
    return apart.put_together(program)


def _choices(apart: _TakenApart) -> list[Freedom]:
    """The freedoms that leave a choice."""
    return [f for f in _freedoms(apart) if f.kind in ("power", "log", "exp")]


def _freedoms(apart: _TakenApart) -> list[Freedom]:
    found = []
    for number, below, layer in apart.pairs():
        for node, factors in enumerate(below.stage.factors):
            found += [
                Freedom("factor", number, node, subnode, -1)
                for subnode in factors[1:]
                if below.into(subnode) and below.into(factors[0])
            ]
            out = layer.out_of(node)
            if not out or not below.into(factors[0]):
                continue
            pivot = layer.pivot(out)
            p = layer.stage.terms[pivot].primitive
            if p.exponent == 1 and p.either_sign:
                found.append(Freedom("identity", number, node, factors[0], pivot))
            elif p.logarithm:
                found.append(Freedom("log", number, node, factors[0], pivot))
            elif p.exponent is not None and p.exponent != 0:
                found.append(Freedom("power", number, node, factors[0], pivot))
            elif p.exponential and len(factors) == 1:
                found.append(Freedom("exp", number, node, factors[0], pivot))
    return found


# ------------------------------------------------------------------ the working state


@dataclass
class _StageConstants:
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

    def pivot(self, out: Sequence[int]) -> int:
        """The term of these whose constants are determined best."""
        terms = self.stage.terms
        return min(out, key=lambda n: (terms[n].primitive.scale_free, terms[n].primitive.shift_free, n))

    def make_canonical(self, n: int) -> None:
        """Bring one term's own constants to their representative; its d goes into the bias."""
        term = self.stage.terms[n]
        self.a[n], self.b[n], self.c[n], d = term.primitive.canonical(self.a[n], self.b[n], self.c[n], 0.0)
        self.bias[term.dst] += d

    def rescale(self, subnode: int, scale: float, shift: float = 0.0) -> None:
        """Replace a subnode s by scale * s + shift."""
        for n in self.into(subnode):
            self.c[n] *= scale
        self.bias[subnode] = self.bias[subnode] * scale + shift


class _TakenApart:
    """A program's constants as lists that are moved about: every method keeps the function."""

    def __init__(self, program: Program) -> None:
        self.layers = []
        for (a, b, c, bias), stage in zip(program.split(), program.stages, strict=True):
            one = _StageConstants(stage, a.tolist(), b.tolist(), c.tolist(), bias.tolist())
            one.free_a = [not term.primitive.scale_free for term in stage.terms]
            one.free_b = [not term.primitive.shift_free for term in stage.terms]
            one.free_c, one.free_bias = [True] * len(one.c), [True] * len(one.bias)
            self.layers.append(one)

    @staticmethod
    def pivoted(program: Program) -> _TakenApart:
        """Every pivot at a = 1 (b = 0 at sums) and every other term in its own canonical form."""
        apart = _TakenApart(program)
        for _, below, layer in apart.pairs():
            for node, factors in enumerate(below.stage.factors):
                out = layer.out_of(node)
                if not out:
                    continue
                pivot = layer.pivot(out)
                scale, shift = layer.a[pivot], layer.b[pivot] if len(factors) == 1 else 0.0
                if scale == 0:
                    continue
                for n in out:
                    ratio = layer.a[n] / scale
                    layer.a[n], layer.b[n] = ratio, layer.b[n] - ratio * shift
                below.rescale(factors[0], scale, shift)
                layer.free_a[pivot] = False
                if len(factors) == 1:
                    layer.free_b[pivot] = False
                for n in out:
                    if n != pivot:
                        layer.make_canonical(n)
        first = apart.layers[0]
        for n in range(len(first.stage.terms)):
            first.make_canonical(n)
        return apart

    def put_together(self, program: Program) -> NormalForm:
        """The program with these constants."""
        theta = [v for layer in self.layers for v in (*layer.a, *layer.b, *layer.c, *layer.bias)]
        free = [v for layer in self.layers for v in (*layer.free_a, *layer.free_b, *layer.free_c, *layer.free_bias)]
        return NormalForm(program.with_theta(torch.tensor(theta, dtype=torch.float64)), torch.tensor(free))

    def pairs(self) -> Iterator[tuple[int, _StageConstants, _StageConstants]]:
        """(number of a layer, the one before it, itself), from the last to the second."""
        for number in range(len(self.layers) - 1, 0, -1):
            yield number, self.layers[number - 1], self.layers[number]

    # ------------------------------------------------------------------ shifts

    def set_shift(self, freedom: Freedom, choice: int) -> None:
        """Set the shift of a node to 0, where its pivot does not need one."""
        below, layer = self.layers[freedom.number - 1], self.layers[freedom.number]
        if freedom.kind not in ("exp", "identity", "log"):
            return
        dst = layer.stage.terms[freedom.pivot].dst
        if freedom.kind == "log":
            if choice and abs(size := layer.bias[dst] / layer.c[freedom.pivot]) < TUNED.largest_shift:
                self.scale_node(freedom, math.exp(size))
                layer.bias[dst], layer.free_bias[dst] = 0.0, False
            return
        single = len(below.stage.factors[freedom.node]) == 1
        shift = below.bias[freedom.subnode] if single else layer.b[freedom.pivot]
        if freedom.kind == "exp" and abs(shift) > TUNED.largest_shift:
            return
        if freedom.kind == "exp":
            layer.c[freedom.pivot] *= math.exp(shift)
        else:
            layer.bias[dst] += layer.c[freedom.pivot] * shift
        if not single:
            layer.b[freedom.pivot], layer.free_b[freedom.pivot] = 0.0, False
            return
        for n in layer.out_of(freedom.node):
            if n != freedom.pivot:
                layer.b[n] += layer.a[n] * shift
                layer.make_canonical(n)
        below.bias[freedom.subnode], below.free_bias[freedom.subnode] = 0.0, False

    def exp_to_bias(self, freedom: Freedom) -> None:
        """Set c of exp to 1 or -1 and let the node's bias carry it, unless c is set already."""
        below, layer = self.layers[freedom.number - 1], self.layers[freedom.number]
        alone = len(layer.out_of(freedom.node)) == 1
        if below.free_bias[freedom.subnode] or not layer.free_c[freedom.pivot] or not alone:
            return
        below.bias[freedom.subnode] += math.log(abs(layer.c[freedom.pivot]))
        layer.c[freedom.pivot] = math.copysign(1.0, layer.c[freedom.pivot])
        below.free_bias[freedom.subnode], layer.free_c[freedom.pivot] = True, False

    # ------------------------------------------------------------------ scales

    def scale_node(self, freedom: Freedom, k: float) -> None:
        """Replace node h by k h, k > 0, where every edge out of it is free of scale.

        For a product, replace a factor by k times it, and the first factor by 1/k times it.
        """
        below, layer = self.layers[freedom.number - 1], self.layers[freedom.number]
        below.rescale(freedom.subnode, k)
        if freedom.kind == "factor":
            below.rescale(below.stage.factors[freedom.node][0], 1 / k)
            return
        for n in layer.out_of(freedom.node):
            p, dst = layer.stage.terms[n].primitive, layer.stage.terms[n].dst
            if p.logarithm:
                layer.bias[dst] -= layer.c[n] * math.log(k)
            else:
                layer.c[n] *= k ** -(p.exponent or 0.0)
            layer.b[n] *= k

    def set_scales(self, freedoms: list[Freedom], chosen: dict[Freedom, int]) -> None:
        """All scales at once: each freedom sets one c to 1 in size; the logarithms of the scales solve a linear
        system."""
        picks: list[tuple[int, int]] = []
        for freedom in freedoms:
            wanted = self._wanted(freedom, chosen)
            picks.append(next((w for w in wanted if w not in picks), (-1, -1)))
        pairs = zip(freedoms, picks, strict=True)
        used = [(f, pick) for f, pick in pairs if pick[0] >= 0 and self.layers[pick[0]].c[pick[1]] != 0]
        if not used:
            return
        matrix = np.array([[self._exponent(freedom, pick) for freedom, _ in used] for _, pick in used])
        if abs(np.linalg.det(matrix)) < TUNED.singular:
            return
        sizes = np.array([-math.log(abs(self.layers[number].c[n])) for _, (number, n) in used])
        logs = np.linalg.solve(matrix, sizes)
        if np.abs(logs).max() > 2 * TUNED.largest_shift:
            return
        for (freedom, _), log in zip(used, logs, strict=True):
            self.scale_node(freedom, math.exp(log))
        for _, (number, n) in used:
            self.layers[number].c[n] = math.copysign(1.0, self.layers[number].c[n])
            self.layers[number].free_c[n] = False

    def _wanted(self, freedom: Freedom, chosen: dict[Freedom, int]) -> tuple[tuple[int, int], ...]:
        """(layer, term) whose c may be set to 1, the one to take first."""
        leading = (freedom.number - 1, self.layers[freedom.number - 1].into(freedom.subnode)[0])
        outer = (freedom.number, freedom.pivot)
        if freedom.kind in ("factor", "log"):
            return (leading,)
        outer_first = freedom.kind == "identity" or freedom.kind == "power" and not chosen[freedom]
        return (outer, leading) if outer_first else (leading, outer)

    def _exponent(self, freedom: Freedom, pick: tuple[int, int]) -> float:
        """How c of the picked term goes with the freedom's scale k: as k**this."""
        number, n = pick
        stage, total = self.layers[number].stage, 0.0
        term = stage.terms[n]
        if number == freedom.number - 1 and term.dst == freedom.subnode:
            total += 1.0
        if freedom.kind == "factor":
            if number == freedom.number - 1 and term.dst == stage.factors[freedom.node][0]:
                total -= 1.0
        elif number == freedom.number and term.src == freedom.node:
            total -= term.primitive.exponent or 0.0
        return total

    # ------------------------------------------------------------------ signs

    def set_sign(self, freedom: Freedom) -> None:
        """A positive leading term in every factor of a product but the first."""
        if freedom.kind == "factor":
            below = self.layers[freedom.number - 1]
            if below.c[below.into(freedom.subnode)[0]] < 0:
                below.rescale(freedom.subnode, -1.0)
                below.rescale(below.stage.factors[freedom.node][0], -1.0)

    def set_other_signs(self) -> None:
        """Mirrored pivots: the identity gets c > 0 (its c is set), every other one a positive leading term; phases of
        periodic pivots are reduced."""
        for _, below, layer in self.pairs():
            for node, factors in enumerate(below.stage.factors):
                out, into = layer.out_of(node), below.into(factors[0])
                if not out or not into:
                    continue
                pivot = layer.pivot(out)
                p = layer.stage.terms[pivot].primitive
                if p.mirror is not None and self._backward(below, layer, pivot, into[0]):
                    sign, offset = p.mirror
                    below.rescale(factors[0], -1.0)
                    layer.bias[layer.stage.terms[pivot].dst] += layer.c[pivot] * offset
                    layer.c[pivot] *= sign
                    layer.b[pivot] *= -1.0
                    for n in out:
                        if n != pivot:
                            layer.a[n] *= -1.0
                            layer.make_canonical(n)
                if p.period is not None and len(factors) == 1 and len(out) == 1:
                    turns = math.ceil(below.bias[factors[0]] / p.period - 0.5)
                    below.bias[factors[0]] -= turns * p.period
                    layer.c[pivot] *= p.flip**turns

    @staticmethod
    def _backward(below: _StageConstants, layer: _StageConstants, pivot: int, leading: int) -> bool:
        """Whether a pivot's mirror image is the one to write down."""
        p = layer.stage.terms[pivot].primitive
        assert p.mirror is not None
        identity = p.exponent == 1 and p.either_sign
        by_own = identity or not layer.free_c[pivot] and p.mirror[0] < 0
        return (layer.c[pivot] if by_own else below.c[leading]) < 0

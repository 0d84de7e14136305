"""The KAN that a posterior is: edges into sums, and for each pair of variables that act together a few products.

The products of a pair are a matrix: functions of one variable by functions of the other. Its singular vectors are the
factors of a product node, with edges from all inputs of a variable; small singular values go (Eckart & Young 1936,
doi:10.1007/BF02288367).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...layers import OFF, SPLINE, SYMBOLIC, KANLayer, SymbolicEdge
from ...model import KAN
from ...topology import Topology
from .edge_basis import EdgeBasis
from .harmonics import Harmonics
from .posterior import Posterior
from .shapes import Shape
from .terms import Term
from .variables import Variable

Column = tuple[Sequence[Term], Posterior]  # the terms of one output, and their coefficients


@dataclass(frozen=True)
class Factor:
    """One product node: two variables, the coefficients (m,) of the functions of each, what it explains of the
    variance, and what it counts in each output (k,)."""

    variables: tuple[int, ...]
    left: Tensor
    right: Tensor
    explained: float
    counts: Tensor


def factors_of(
    variables: Sequence[Variable], terms: Sequence[Term], coef: Tensor, counts: Tensor, least: float
) -> list[Factor]:
    """The product nodes that the pairs among these terms with coefficients (m,) come to. `least`: the part of the
    variance of the predictions that may go."""
    found: list[Factor] = []
    for term, mine in zip(terms, coef.split([len(term.roughness) for term in terms]), strict=True):
        if len(term.variables) == 1 or not bool((mine != 0).any()):
            continue
        matrix = mine.new_zeros(*(int(picks.max()) + 1 for picks in term.picks))
        matrix[term.picks[0], term.picks[1]] = mine
        spreads = [variables[number].spread[:size] for number, size in zip(term.variables, matrix.shape, strict=True)]
        one, other = (torch.where(spread > 0, spread, 1.0) for spread in spreads)
        matrix = one[:, None] * matrix * other  # a singular value is a standard deviation
        left, values, right = torch.linalg.svd(matrix, full_matrices=False)
        tail = values.square().flip(0).cumsum(0).flip(0)  # what is lost with this one and all smaller ones
        for k in range(int((tail > least).sum())):
            root = values[k].sqrt()
            edges = root * left[:, k] / one, root * right[k] / other
            found.append(Factor(term.variables, *edges, float(values[k] ** 2), counts))
    return found


def network(
    start: KAN,
    variables: Sequence[Variable],
    columns: Sequence[Column],
    factors: Sequence[Factor],
    shapes: Sequence[Mapping[int, Shape]],
) -> KAN:
    """The network, with as many products as there are factors. Edges that the data say nothing for are off.

    Args:
        start: a scaled network without hidden layers, or with one of sums and products.
        variables: the functions of each.
        columns: what was found for each output.
        factors: the products, no more than `start` has room for.
        shapes: for each output, what the functions of some inputs, by position, are held to: without round-off.
    """
    layer, outputs = start.edge_layers[0], len(columns)
    effects = dict(pair for variable in variables for pair in zip(variable.inputs, variable.effects, strict=True))
    waves = list(_waves(variables, columns))
    sums = outputs + len(waves)
    knots, width = torch.stack([effects[number].knots for number in range(len(effects))]), sums + 2 * len(factors)
    coef = torch.zeros(len(effects), knots.shape[1] - layer.degree - 1, width, dtype=knots.dtype)
    kind = torch.full((len(effects), width), OFF, dtype=torch.uint8)
    bias = torch.zeros(width, dtype=knots.dtype)

    def edges(variable: int, place: int, coefs: Tensor) -> None:
        for number, effect, mine in variables[variable].parts(coefs):
            if bool((mine != 0).any()) and isinstance(effect, EdgeBasis):
                spline = effect.coef[:, : len(mine)] @ mine
                if place < outputs and number in shapes[place]:
                    spline = shapes[place][number].repaired(spline, effect.knots, effect.degree)
                coef[number, :, place] = spline
                bias[place] -= effect.mean[: len(mine)] @ mine
                kind[number, place] = SPLINE

    constants = torch.stack([posterior.constant for _, posterior in columns])
    for wave in waves:
        constants[wave.output] += wave.constant
    for output, (terms, posterior) in enumerate(columns):
        sizes = [len(term.roughness) for term in terms]
        for term, mine in zip(terms, posterior.coef.split(sizes), strict=True):
            if len(term.variables) == 1:
                edges(term.variables[0], output, mine)
    for number, factor in enumerate(factors):
        for part, (source, mine) in enumerate(zip(factor.variables, (factor.left, factor.right), strict=True)):
            edges(source, sums + 2 * number + part, mine)
    if not factors and not waves:
        bias += constants
    for place, wave in enumerate(waves, start=outputs):
        kind[wave.input, place] = SYMBOLIC
    scale = None if layer.base_scale is None else knots.new_zeros(len(effects), width)
    parts = {"knots": knots, "coef": coef, "bias": bias, "kind": kind, "base_scale": scale}
    if waves:
        parts["symbolic"] = [SymbolicEdge("sin", wave.input, place) for place, wave in enumerate(waves, start=outputs)]
        parts["affine"] = knots.new_tensor([[wave.factor, wave.phase, wave.size, 0.0] for wave in waves])
    layers = [KANLayer.build(degree=layer.degree, base=layer.base, **parts)]
    if factors or waves:
        there = [output for output in range(outputs) if bool((kind[:, output] != OFF).any())]
        layers.append(_through(start.edge_layers[-1], there, waves, factors, constants))
    return start.build(layers=layers, topology=_shape(start.topology, len(waves), len(factors)))


@dataclass(frozen=True)
class Wave:
    """size * sin(factor * input + phase), a part of an output. constant: what is added to the output beside."""

    input: int
    output: int
    factor: float
    phase: float
    size: float
    constant: float


def _waves(variables: Sequence[Variable], columns: Sequence[Column]) -> Iterator[Wave]:
    """The waves that periodic functions consist of."""
    for output, (terms, posterior) in enumerate(columns):
        sizes = [len(term.roughness) for term in terms]
        for term, coefs in zip(terms, posterior.coef.split(sizes), strict=True):
            if len(term.variables) > 1:
                continue
            for number, effect, mine in variables[term.variables[0]].parts(coefs):
                if not isinstance(effect, Harmonics) or not bool((mine != 0).any()):
                    continue
                sines, constant = effect.sines(mine)
                for factor, phase, size in sines:
                    yield Wave(number, output, factor, phase, size, constant)
                    constant = 0.0  # once


def _through(
    layer: KANLayer, sums: Sequence[int], waves: Sequence[Wave], factors: Sequence[Factor], constants: Tensor
) -> KANLayer:
    """The layer that hands these sums to their outputs, and adds waves, products and constants (k,) to theirs. layer:
    of whose kind it is."""
    outputs = len(constants)
    edges = [(output, output, 1.0) for output in sums]
    edges += [(place, wave.output, 1.0) for place, wave in enumerate(waves, start=outputs)]
    for number, factor in enumerate(factors, start=outputs + len(waves)):
        edges += [(number, output, c) for output, c in enumerate(factor.counts.tolist()) if c]
    knots = layer.knots[torch.arange(outputs + len(waves) + len(factors)).clamp(max=len(layer.knots) - 1)]
    kind = torch.full((len(knots), outputs), OFF, dtype=torch.uint8)
    for src, dst, _ in edges:
        kind[src, dst] = SYMBOLIC
    return KANLayer.build(
        degree=layer.degree,
        base=layer.base,
        knots=knots,
        coef=torch.zeros(len(knots), layer.num_basis, outputs, dtype=knots.dtype),
        base_scale=None if layer.base_scale is None else knots.new_zeros(len(knots), outputs),
        bias=constants,
        kind=kind,
        symbolic=[SymbolicEdge("x", src, dst) for src, dst, _ in edges],
        affine=torch.tensor([[1.0, 0.0, slope, 0.0] for _, _, slope in edges], dtype=knots.dtype),
    )


def _shape(topology: Topology, waves: int, products: int) -> Topology:
    """The topology with so many of its products, and with new sums for the waves; without a hidden layer where there
    are none of both."""
    ids, factors, outputs = topology.node_ids, topology.factors, len(topology.node_ids[-1])
    if not waves and not products:
        return topology if topology.depth == 1 else Topology(topology.features, ids[::2], factors[::2])
    nodes, subnodes = list(range(outputs)), [(place,) for place in range(outputs)]
    of_products = 0
    if topology.depth > 1:
        nodes, subnodes = list(ids[1]), list(factors[1])
        of_products = sum(len(one) > 1 for one in subnodes)
    sums = len(nodes) - of_products
    kept, fresh = slice(sums, sums + products), (max(nodes) + 1, max(max(one) for one in subnodes) + 1)
    new = range(waves)
    nodes = [*nodes[:sums], *(fresh[0] + place for place in new), *nodes[kept]]
    subnodes = [*subnodes[:sums], *((fresh[1] + place,) for place in new), *subnodes[kept]]
    return Topology(topology.features, (ids[0], tuple(nodes), ids[-1]), ((), tuple(subnodes), factors[-1]))


def room_of(start: KAN) -> int:
    """How many products `start` has room for."""
    return sum(len(arities) for _, arities in start.topology.widths[1:])

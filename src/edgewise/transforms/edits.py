"""widen, deepen, swap, perturb: a network with more room, another order, or a little noise. The first three keep the
function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import Any

import torch
from torch import Tensor

from .. import grid
from ..config import is_int, is_number, is_seed, is_sequence, refuse_widths
from ..errors import CheckpointError, ConfigError, StructureError, knows_keywords, shown
from ..layers import BOTH, SPLINE
from ..metadata import Edit
from ..model import KAN, Fitted, as_kan
from ..spec.overflow import refuse_overflow
from ..topology import Topology
from .draft import Draft, Parts, as_node, sums_first


@knows_keywords
def widen(model: KAN | Fitted, layer: int, nodes: int = 1, *, products: int | Sequence[int] = (), seed: int = 0) -> KAN:
    """The same function with more nodes in a hidden layer.

    The new nodes have small random incoming functions and outgoing functions of zero, so they change nothing until
    trained. New ids count on from the largest present; new sums stand after the old sums, new products last.

    Args:
        model: the KAN, or the result of its fit.
        layer (1 to depth-1): the hidden layer.
        nodes: how many sums to add.
        products: the number of factors of each product to add, or how many products of two factors.
        seed: of the random functions.

    Returns:
        The new model.

    Raises:
        StructureError: a layer that is not hidden.
        ConfigError: unusable numbers, or nothing to add.

    >>> import edgewise as ew
    >>> ew.widen(ew.KAN((2, 3, 1)), 1, 2, products=(3,)).topology.widths
    ((2, ()), (5, (3,)), (1, ()))
    """
    model = as_kan(model, "widen")
    layer = _hidden(model, layer, "widen")
    if not is_int(nodes) or nodes < 0:
        raise ConfigError(f"nodes must be an integer >= 0, got {shown(nodes)}")
    count = max(index(products), -1) if is_int(products) else 0  # type: ignore[arg-type]
    _room(model, layer, index(nodes) + 2 * max(count, 0))
    arities = products if is_sequence(products) else (2,) * count if is_int(products) else None
    if not isinstance(arities, Sequence) or count < 0 or not all(is_int(a) and index(a) >= 2 for a in arities):
        raise ConfigError(f"products must be a number or arities of at least 2 such as (2, 3), got {shown(products)}")
    if nodes + len(arities) == 0:
        raise ConfigError("widen needs at least one node or product to add")
    _room(model, layer, index(nodes) + sum(index(a) for a in arities))
    sizes = [1] * index(nodes) + [index(a) for a in arities]
    draft, old = Draft.of(model), model.topology
    ids, subs = max(old.node_ids[layer]) + 1, max(old.subnode_ids(layer)) + 1
    new_ids = tuple(range(ids, ids + len(sizes)))
    new_factors, start = [], subs
    for size in sizes:
        new_factors.append(tuple(range(start, start + size)))
        start += size
    generator = torch.Generator().manual_seed(_seed(seed))
    draft.layers[layer - 1] = _more_targets(draft.layers[layer - 1], sum(sizes), generator)
    draft.layers[layer] = _more_sources(draft.layers[layer], len(sizes), model.config.domain)
    node_ids, factors = list(old.node_ids), list(old.factors)
    node_ids[layer], factors[layer] = old.node_ids[layer] + new_ids, old.factors[layer] + tuple(new_factors)
    draft.topology = Topology(old.features, tuple(node_ids), tuple(factors))
    order = sums_first(list(factors[layer]))
    node_ids[layer], factors[layer] = tuple(node_ids[layer][n] for n in order), tuple(factors[layer][n] for n in order)
    draft.arrange(Topology(old.features, tuple(node_ids), tuple(factors)))
    return draft.build(Edit("widen", f"layer {layer}: nodes {', '.join(map(str, new_ids))}"))


def _room(model: KAN, layer: int, subnodes: int) -> None:
    """Raise `ConfigError` where this machine cannot hold so many subnodes more in a layer of nodes."""
    widths = list(model.config.widths)
    widths[layer] = (widths[layer][0] + subnodes, widths[layer][1])
    refuse_widths(widths, model.config.grid_size, model.config.degree)


def _more_targets(parts: Parts, count: int, generator: torch.Generator) -> Parts:
    """`count` subnodes added behind the others, fed by small random functions."""
    coef, scale = parts["coef"], parts["base_scale"]
    sources, basis = coef.shape[:2]
    noise = torch.randn(sources, basis, count, dtype=torch.float64, generator=generator) * (0.3 / math.sqrt(sources))
    weights = (2 * torch.rand(sources, count, dtype=torch.float64, generator=generator) - 1) * math.sqrt(3.0 / sources)
    kind = torch.full((sources, count), SPLINE, dtype=parts["kind"].dtype, device=coef.device)
    return parts | {
        "coef": torch.cat([coef, noise.to(coef)], dim=2),
        "base_scale": None if scale is None else torch.cat([scale, weights.to(scale)], dim=1),
        "bias": torch.cat([parts["bias"], parts["bias"].new_zeros(count)]),
        "kind": torch.cat([parts["kind"], kind], dim=1),
    }


def _more_sources(parts: Parts, count: int, domain: tuple[float, float]) -> Parts:
    """`count` source nodes added behind the others, on uniform grids over `domain`, giving zero to every target."""
    coef, knots, scale = parts["coef"], parts["knots"], parts["base_scale"]
    degree, targets = parts["degree"], coef.shape[2]
    low, high = (torch.full((count,), end, dtype=torch.float64) for end in domain)
    rows = grid.uniform(low, high, knots.shape[1] - 1 - 2 * degree, degree)
    kind = torch.full((count, targets), SPLINE, dtype=parts["kind"].dtype, device=coef.device)
    return parts | {
        "knots": torch.cat([knots, rows.to(knots)]),
        "coef": torch.cat([coef, coef.new_zeros(count, coef.shape[1], targets)]),
        "base_scale": None if scale is None else torch.cat([scale, scale.new_zeros(count, targets)]),
        "kind": torch.cat([parts["kind"], kind]),
    }


@knows_keywords
def deepen(model: KAN | Fitted, layer: int) -> KAN:
    """The same function with one layer of edges more, in which every node goes on to a copy of itself.

    The new diagonal edges are the identity, which a spline of degree >= 1 holds exactly, also outside its grid. The
    other new edges are zero, there to be trained. Later layers move up by one.

    Args:
        model: the KAN, or the result of its fit.
        layer (0 to depth): the layer of nodes behind which the new edges stand. The new layer of nodes has its ids.

    Returns:
        The new model.

    Raises:
        StructureError: an unknown layer, or degree 0 without an identity base, which holds no straight line.

    >>> import edgewise as ew
    >>> ew.deepen(ew.KAN((2, 3, 1)), 1).topology.widths
    ((2, ()), (3, ()), (3, ()), (1, ()))
    """
    model = as_kan(model, "deepen")
    topology = model.topology
    if not is_int(layer) or not 0 <= index(layer) <= topology.depth:
        raise StructureError(f"deepen takes a layer of nodes from 0 to {topology.depth}, got {shown(layer)}")
    layer = index(layer)
    widths = [*model.config.widths[: layer + 1], *model.config.widths[layer:]]
    sizes = list(model.config.grid_size)
    sizes.insert(layer, sizes[min(layer, topology.depth - 1)])
    refuse_widths(widths, sizes, model.config.degree)
    draft = Draft.of(model)
    near = draft.layers[min(layer, topology.depth - 1)]
    degree, base, count = near["degree"], near["base"], len(topology.node_ids[layer])
    if degree == 0 and base != "identity":
        raise StructureError(
            "deepen cannot write the identity with splines of degree 0; use a model with degree >= 1 or base='identity'"
        )
    if layer < topology.depth:
        knots, uniform = near["knots"], near["uniform"]
    else:  # nobody has laid a grid on the outputs yet
        low, high = (torch.full((count,), end, dtype=torch.float64) for end in model.config.domain)
        knots, uniform = (
            grid.uniform(low, high, near["knots"].shape[1] - 1 - 2 * degree, degree).to(near["knots"]),
            True,
        )
    diagonal = torch.eye(count, dtype=knots.dtype, device=knots.device)
    line = grid.greville(knots, degree) if degree else torch.zeros_like(knots[:, 1:])
    fresh: Parts = {
        "degree": degree,
        "base": base,
        "knots": knots,
        "uniform": uniform,
        "coef": line[:, :, None] * diagonal[:, None, :],
        "base_scale": None if base == "none" else diagonal * (degree == 0),
        "bias": knots.new_zeros(count),
        "kind": torch.full((count, count), SPLINE, dtype=torch.uint8, device=knots.device),
        "symbolic": (),
        "affine": None,
    }
    draft.layers.insert(layer, fresh)
    ids = topology.node_ids[layer]
    node_ids = (*topology.node_ids[: layer + 1], ids, *topology.node_ids[layer + 1 :])
    copies = tuple((n,) for n in ids)
    factors = (*topology.factors[: layer + 1], copies, *topology.factors[layer + 1 :])
    draft.topology = Topology(topology.features, node_ids, factors)
    return draft.build(Edit("deepen", f"layer {layer}"))


@knows_keywords
def swap(model: KAN | Fitted, layer: int, a: int, b: int) -> KAN:
    """The same function with two hidden nodes in each other's place; ids move with their nodes.

    Args:
        model: the KAN, or the result of its fit.
        layer (1 to depth-1): the hidden layer.
        a: the id of one node.
        b: the id of the other.

    Returns:
        The new model.

    Raises:
        StructureError: an unknown node, a layer that is not hidden, or a sum against a product: sums stand first.

    >>> import edgewise as ew
    >>> ew.swap(ew.KAN((2, 3, 1)), 1, 0, 2).topology.node_ids[1]
    (2, 1, 0)
    """
    model = as_kan(model, "swap")
    layer = _hidden(model, layer, "swap")
    old = model.topology
    one, other = (old.node_position(as_node((layer, n))) for n in (a, b))
    order = list(range(len(old.node_ids[layer])))
    order[one], order[other] = other, one
    sizes = [len(old.factors[layer][n]) > 1 for n in (one, other)]
    if sizes[0] != sizes[1]:
        raise StructureError(
            f"nodes {(layer, a)} and {(layer, b)} cannot be swapped: one is a sum, the other a product, and sums stand"
            " first"
        )
    node_ids, factors = list(old.node_ids), list(old.factors)
    node_ids[layer], factors[layer] = (
        tuple(old.node_ids[layer][n] for n in order),
        tuple(old.factors[layer][n] for n in order),
    )
    draft = Draft.of(model)
    draft.arrange(Topology(old.features, tuple(node_ids), tuple(factors)))
    return draft.build(Edit("swap", f"layer {layer}: nodes {a} and {b}"))


@knows_keywords
def perturb(model: KAN | Fitted, scale: float = 0.1, *, seed: int = 0) -> KAN:
    """The model with normal noise on its splines.

    Coefficients and base scales of edges that carry a spline move. Closed forms and biases stay.

    Args:
        model: the KAN, or the result of its fit.
        scale: the standard deviation, in units of the root mean square of the layer's own values.
        seed: of the noise.

    Returns:
        The new model.

    Raises:
        ConfigError: a scale that is negative, not finite, or too large.

    >>> import edgewise as ew
    >>> ew.perturb(ew.KAN((2, 3, 1)), 0.01, seed=1).edits[-1].detail
    'scale=0.01, seed=1'
    """
    model = as_kan(model, "perturb")
    if not is_number(scale) or scale < 0:
        raise ConfigError(f"scale must be a finite number >= 0, got {shown(scale)}")
    draft, generator, scale = Draft.of(model), torch.Generator().manual_seed(_seed(seed)), float(scale)
    for parts in draft.layers:
        on = (parts["kind"] == SPLINE) | (parts["kind"] == BOTH)
        parts["coef"] = _noisy(parts["coef"], on[:, None, :].expand_as(parts["coef"]), scale, generator)
        if parts["base_scale"] is not None:
            parts["base_scale"] = _noisy(parts["base_scale"], on, scale, generator)
    done = draft.build(Edit("perturb", f"scale={scale:g}, seed={seed}"))
    try:
        refuse_overflow(done)
    except CheckpointError as error:
        raise ConfigError(f"scale={scale:g} leads beyond what {model.dtype} can hold; take a smaller one") from error
    return done


def _noisy(values: Tensor, on: Tensor, scale: float, generator: torch.Generator) -> Tensor:
    noise = torch.randn(values.shape, dtype=torch.float64, generator=generator).to(values)
    size = values[on].square().mean().sqrt() if bool(on.any()) else values.new_zeros(())
    size = torch.where(size > 0, size, torch.ones_like(size))  # a layer of zeros has no size of its own
    return torch.where(on, values + scale * size * noise, values)


def _hidden(model: KAN, layer: Any, verb: str) -> int:
    depth = model.topology.depth
    if not is_int(layer) or not 1 <= index(layer) < depth:
        known = (
            f"hidden layers run from 1 to {depth - 1}"
            if depth > 1
            else "this model has no hidden layer; deepen(model, 0) adds one"
        )
        raise StructureError(f"{verb} takes a hidden layer, got {shown(layer)}: {known}")
    return index(layer)


def _seed(seed: Any) -> int:
    if not is_seed(seed):
        raise ConfigError(f"seed must be an integer >= 0 and below 2^64, got {shown(seed)}")
    return index(seed)

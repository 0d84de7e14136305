"""merge: hidden nodes that carry the same function, up to scale and shift, become one."""

from __future__ import annotations

import logging
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import ops
from ..attribution import Activity, activity
from ..errors import ConfigError, knows_keywords, shown
from ..fitting import dense_basis, least_squares
from ..grid import breaks_of
from ..layers import BOTH, OFF, SPLINE, SYMBOLIC, KANLayer, SymbolicEdge
from ..metadata import Edit
from ..model import KAN, Fitted, as_kan
from ..topology import Node
from .draft import Draft, Parts, keep_symbolic, select

log = logging.getLogger("edgewise")


class Pair(NamedTuple):
    """Node `drop` is slope * `keep` + shift, up to `deviation` times its spread. Positions within the layer."""

    deviation: float
    layer: int
    keep: int
    drop: int
    slope: float
    shift: float


@knows_keywords
def merge(model: KAN | Fitted, X: Any, *, tolerance: float = 0.03) -> KAN:
    """The model with proportional hidden nodes made one: where v = s u + t on X, what v gave to others u gives too.

    Node v is proportional to u when it departs little from that line. The two are merged only if no output then departs
    much from that of the model as given. The edge functions of v are put on the grid of u by least squares. That is
    exact where the splines of u hold them, as when one grid maps onto the other. Where the grid is too coarse the pair
    stays: `refine` first.

    What was merged stands in the last record of `.edits` and in the log (logger "edgewise", level INFO).

    Args:
        model: the KAN, or the result of its fit.
        X (b, features): the rows that judge, of any kind that `KAN.predict` takes.
        tolerance (above 0, below 1): how much v, and then an output, may depart: a root mean square in units of its
            spread.

    Returns:
        The new model.

    Raises:
        ConfigError: a tolerance outside its range.
        DataError: no row, or numbers that are not finite.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(50, 2, dtype=torch.float64)
    >>> ew.merge(ew.KAN((2, 3, 1)), X).edits[-1].detail
    'tolerance=0.03: nothing'
    """
    model = as_kan(model, "merge")
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 < tolerance < 1:
        raise ConfigError(f"tolerance must be a number between 0 and 1, such as 0.03, got {shown(tolerance)}")
    x = model.finite_input(X, "merge")
    current, done, tried = model, [], set()
    with torch.no_grad():
        before = model(x)
        spread = before.std(0, unbiased=False)
        progress = True
        while progress:
            progress = False
            seen = activity(current, x)
            for pair in proportional(current, seen, tolerance):
                ids = [(pair.layer, current.topology.node_ids[pair.layer][p]) for p in (pair.keep, pair.drop)]
                if tuple(ids) in tried:
                    continue
                tried.add(tuple(ids))
                merged = _merged(current, pair)
                change = None if merged is None else (merged(x) - before).square().mean(0).sqrt()
                if merged is not None and change is not None and bool((change <= tolerance * spread).all()):
                    done.append(_words(ids[0], ids[1], pair))
                    current, progress = merged, True
                    break
    text = ", ".join(done) or "nothing"
    log.info("merge: %s", text)
    return Draft.of(current).build(Edit("merge", f"tolerance={tolerance:g}: {text}"))


def _words(keep: Node, drop: Node, pair: Pair) -> str:
    return f"node {drop} = {pair.slope:.4g} * node {keep} {'-' if pair.shift < 0 else '+'} {abs(pair.shift):.4g}"


def proportional(model: KAN, seen: Activity, tolerance: float) -> list[Pair]:
    """Pairs of hidden nodes of one layer that lie on a line, closest first; of each pair, first to keep the one that
    carries more."""
    found = []
    for layer in range(1, model.topology.depth):
        values = seen.nodes[layer].double()
        centred = values - values.mean(0)
        spread = centred.square().mean(0).sqrt()
        size = values.abs().amax(0)
        varies = spread > 1e-10 * size
        unit = torch.where(
            varies, centred / spread.clamp(min=torch.finfo(torch.float64).tiny), torch.zeros_like(centred)
        )
        correlation = unit.T @ unit / len(values)
        close = (correlation.square() >= 1 - tolerance**2).triu(1)
        target = seen.subnodes[layer].std(0, unbiased=False).clamp(min=torch.finfo(values.dtype).tiny)
        carried = (seen.edge_spread[layer] / target).sum(1)
        for one, other in close.nonzero().tolist():
            first = (one, other) if float(carried[one]) >= float(carried[other]) else (other, one)
            r = float(correlation[one, other])
            for keep, drop in (first, first[::-1]):
                slope = r * float(spread[drop] / spread[keep])
                shift = float(values[:, drop].mean()) - slope * float(values[:, keep].mean())
                found.append(Pair(math.sqrt(max(0.0, 1 - r * r)), layer, keep, drop, slope, shift))
    return sorted(found, key=lambda pair: pair.deviation)  # stable: the one that carries more stays first


def _merged(model: KAN, pair: Pair) -> KAN | None:
    """The model without node `drop`, or None when its edges have no finite value on the grid of `keep`."""
    draft = Draft.of(model)
    parts = draft.layers[pair.layer]
    moved = _moved(parts, pair)
    if moved is None:
        return None
    draft.layers[pair.layer] = moved
    draft.drop([(pair.layer, model.topology.node_ids[pair.layer][pair.drop])])
    return draft.build()


def _moved(parts: Parts, pair: Pair) -> Parts | None:
    """The layer with phi_drop(slope * x + shift) added to phi_keep(x) for every target."""
    keep, drop, kind = pair.keep, pair.drop, parts["kind"].clone()
    exact = (
        (kind[drop] == SYMBOLIC) & (kind[keep] == OFF)
    ).tolist()  # a closed form of s x + t is the same closed form
    on = ((kind[drop] != OFF) & ~torch.tensor(exact, device=kind.device)).nonzero().flatten()
    coef, base_scale, affine = parts["coef"].clone(), parts["base_scale"], parts["affine"]
    if len(on):
        added, weight = composed(
            select(parts, [drop], on.tolist()), parts["knots"][keep : keep + 1], pair.slope, pair.shift
        )
        if not bool(torch.isfinite(added).all()):
            return None
        coef[keep, :, on] += added
        if base_scale is not None:
            base_scale = base_scale.clone()
            base_scale[keep, on] += weight
        kind[keep, on] = torch.where((kind[keep, on] == SYMBOLIC) | (kind[keep, on] == BOTH), BOTH, SPLINE).to(
            kind.dtype
        )
    if any(exact):
        affine = affine.clone()
        for n, edge in enumerate(parts["symbolic"]):
            if edge.src == drop and exact[edge.dst]:
                kind[keep, edge.dst] = SYMBOLIC
                affine[n, 1] += affine[n, 0] * pair.shift
                affine[n, 0] *= pair.slope
    changed = parts | {"kind": kind, "coef": coef, "base_scale": base_scale, "affine": affine}

    def place(edge: SymbolicEdge) -> SymbolicEdge | None:
        if edge.src != drop:
            return edge
        return SymbolicEdge(edge.primitive, keep, edge.dst) if exact[edge.dst] else None

    return keep_symbolic(changed, place) if parts["symbolic"] else changed


def composed(parts: Parts, knots: Tensor, slope: float, shift: float) -> tuple[Tensor, Tensor]:
    """Edges of one node (1, j, o) as functions of x where the node is slope * x + shift, on other knots (1, G+2p+1):
    coef (j, o), base_scale (o,).

    Least squares over the interval of `knots`. The base function's weight is fitted to what the splines leave over, so
    equal functions stay equal.
    """
    layer = KANLayer.build(**parts)
    breaks = breaks_of(knots, layer.degree).double()
    t = (torch.arange(8 + layer.degree, dtype=torch.float64, device=knots.device) + 0.5) / (8 + layer.degree)
    x = (breaks[:, :-1, None] + t * breaks.diff(dim=1)[..., None]).flatten(1).T  # (m, 1)
    target = layer.edge_values((slope * x + shift).to(knots.dtype))[:, 0].double()  # (m, o)
    with_base = layer.base_scale is not None
    if with_base:
        target = torch.cat([target, ops.base_value(layer.base, x)], dim=1)
    design = dense_basis(x, knots.double(), degree=layer.degree)[:, 0]  # (m, j)
    coef = least_squares(design[None], target[None], ridge=1e-20)[0]
    if not with_base:
        return coef.to(knots.dtype), coef.new_zeros(coef.shape[1]).to(knots.dtype)
    left = target - design @ coef
    coef, base_coef, left, base_left = coef[:, :-1], coef[:, -1:], left[:, :-1], left[:, -1:]
    fits_alone = (
        base_left.norm() <= 1e-9 * target[:, -1].norm()
    )  # the splines hold the base function: its weight is free, take none
    weight = torch.zeros_like(left[0]) if bool(fits_alone) else (base_left * left).sum(0) / base_left.square().sum()
    return (coef - base_coef * weight).to(knots.dtype), weight.to(knots.dtype)

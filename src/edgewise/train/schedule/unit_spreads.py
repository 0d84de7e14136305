"""Hidden nodes brought back to ordinary sizes: their scale and their mean are nothing that the data determine, and a
sparse fit shrinks them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ... import knots_by_samples, ops
from ...errors import GridError
from ...fitting import project
from ...layers import KANLayer
from ...model import KAN
from .tuning import TUNED


def ordinary(model: KAN, X: Tensor) -> KAN:
    """The model by `unit_spreads`, on grids fine enough to be the same function on the rows X (b, features); the model
    itself where none is."""
    with torch.no_grad():
        before = model(X)
        spread = before.std(0, unbiased=False)
        for factor in TUNED.finer if model.topology.depth > 1 else ():
            try:
                done = unit_spreads(model, X, factor)
            except GridError:  # activations too close together for float64, or no numbers
                break
            if bool(((done(X) - before).square().mean(0).sqrt() <= TUNED.alike * spread).all()):
                return done
    return model


def unit_spreads(model: KAN, X: Tensor, finer: int = 1) -> KAN:
    """The same function with hidden subnodes whose values over the rows X (b, features) have standard deviation 1, the
    largest of each layer (what is small beside it stays so), and, where they are nodes of their own, mean 0.

    Base functions of later layers do not scale, so they become part of splines on `finer` times as many intervals over
    the activations.
    """
    with torch.no_grad():
        trace, layers = model.trace(X)[1], []
        shift = torch.zeros_like(
            model.edge_layers[0].knots[:, 0]
        )  # the inputs of a layer become (input - shift) * longer: (i,)
        longer = torch.ones_like(shift)
        for number, layer in enumerate(model.edge_layers, start=1):
            values, owner = trace.subnodes[number - 1], model.subnode_owner(number)
            nodes = len(model.topology.factors[number])
            spread, mean = values.std(0, unbiased=False), values.mean(0)
            alone = torch.bincount(owner, minlength=nodes)[owner] == 1
            last = number == model.topology.depth
            largest = float(spread.max())
            factor = torch.full_like(spread, 1.0 if last or largest == 0 else 1 / largest)
            taken = torch.zeros_like(mean) if last else torch.where(alone, mean, 0.0)
            layer = layer if number == 1 else _without_base(layer, trace.nodes[number - 1], finer * layer.grid_size)
            layer = _centred(layer, trace.edges[number - 1].mean(0))
            layers.append(_scaled(layer, shift, longer, taken, factor))
            longer = factor.new_zeros(nodes).index_add_(0, owner, factor.log()).exp()
            shift = factor.new_zeros(nodes).index_add_(0, owner, taken)
    return model.build(layers=layers)


def _centred(layer: KANLayer, mean: Tensor) -> KANLayer:
    """The layer with the constants `mean` (i, o) of its splines in the biases: large ones that cancel would cost
    digits."""
    mean = torch.where(layer.spline_edges(), mean, 0.0)
    return KANLayer.build(
        **{**layer.parts(), "coef": layer.coef.detach() - mean[:, None, :], "bias": layer.bias.detach() + mean.sum(0)}
    )


def _without_base(layer: KANLayer, a: Tensor, size: int) -> KANLayer:
    """The layer with its base functions in splines of `size` intervals over its inputs a (b, i)."""
    scale = layer.base_scale
    if scale is None:
        return layer
    knots = knots_by_samples.over_samples(a, size, layer.degree)

    def functions(x: Tensor) -> Tensor:
        splines = ops.edge_values(x, layer.coef, layer.knots, degree=layer.degree, uniform=layer.uniform)
        return splines + ops.base_value(layer.base, x)[..., None] * scale

    coef = project(functions, knots, layer.degree)[0]
    return KANLayer.build(
        **{**layer.parts(), "knots": knots, "coef": coef, "base_scale": torch.zeros_like(scale), "uniform": None}
    )


def _scaled(layer: KANLayer, shift: Tensor, longer: Tensor, taken: Tensor, factor: Tensor) -> KANLayer:
    """The layer for inputs (a - shift) * longer (i,) in place of a, with outputs (y - taken) * factor (o,) in place of
    y. Base functions are right only where the inputs stay as they are."""
    affine = None if layer.affine is None else layer.affine.detach().clone()
    if affine is not None:
        src, dst = [edge.src for edge in layer.symbolic], [edge.dst for edge in layer.symbolic]
        affine[:, 1] += affine[:, 0] * shift[src]
        affine[:, 0] /= longer[src]
        affine[:, 2:] *= factor[dst, None]
    parts: dict[str, Any] = layer.parts() | {
        "knots": (layer.knots - shift[:, None]) * longer[:, None],
        "uniform": None,
        "coef": layer.coef.detach() * factor,
        "base_scale": None if layer.base_scale is None else layer.base_scale.detach() * factor,
        "bias": (layer.bias.detach() - taken) * factor,
        "affine": affine,
    }
    return KANLayer.build(**parts)

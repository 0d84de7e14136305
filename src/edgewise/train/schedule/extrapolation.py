"""How far the edges of hidden nodes go on as polynomials beyond the samples that they were fitted to, before the
tangent takes over.

New rows drive hidden nodes beyond the activations of the training rows, where these are sparse by far: there the last
polynomial of an edge is a better guess than its tangent as long as it can be believed. Under the prior of `smoothness`
(the p-th derivative is a random walk of intensity tau^2, as the jumps at the nearest knots show it) its error after a
distance d has variance

    tau^2 d^(2p+1) / ((2p+1) p!^2),

and it is believed while the deviation is below a hundredth of what it says beyond the tangent, sum over k = 2..p of
phi^(k) d^k / k!. Moving the end of an interval to there changes nothing at the samples.

Letters: i input node, o subnode, p degree.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ... import grid
from ...layers import KANLayer
from ...model import KAN
from ..priors.smoothness import jumps
from .tuning import TUNED


def carried_on(model: KAN, x: Tensor) -> KAN:
    """The same function at the rows x (b, features), its hidden edges carried on as far as their polynomials can be
    believed.

    Inputs keep their ends: beyond the data that a user gave, tangents are the safer guess. An end that samples lie
    beyond stays, too.
    """
    a, layers = model.scale_inputs(x), []
    with torch.no_grad():
        for number, layer in enumerate(model.edge_layers, start=1):
            movable = number > 1 and layer.grid_size >= TUNED.end_knots and bool(layer.spline_edges().any())
            layers.append(_moved(layer, a) if movable else layer)
            a = model.multiply(number, layer(a))
    return model.build(layers=layers)


def believed(layer: KANLayer, a: Tensor) -> tuple[Tensor, Tensor]:
    """How far beyond the outermost of the samples a (b, i) the edges of each node can be carried on, below and above:
    two tensors (i,)."""
    p, low, high = layer.degree, a.amin(0), a.amax(0)
    found = torch.bmm(jumps(layer), layer.coef) * layer.spline_edges()[:, None, :]  # (i, k, o)
    steps = torch.logspace(-3, 0, TUNED.distances, dtype=a.dtype, device=a.device) * TUNED.farthest
    distance = steps[:, None, None] * (high - low)[:, None]  # (d, i, 1)
    reaches = []
    for at, near, sign in ((low, found[:, : TUNED.end_knots], -1), (high, found[:, -TUNED.end_knots :], 1)):
        unsure = near.square().mean(1) * distance ** (2 * p + 1) / ((2 * p + 1) * math.factorial(p) ** 2)
        said = torch.zeros_like(unsure)
        for k in range(2, p + 1):
            said += layer.edge_values(at[None], derivative=k)[0] * (sign * distance) ** k / math.factorial(k)
        good = (
            (unsure.sum(2) <= TUNED.sure**2 * said.square().sum(2)).long().cumprod(0).sum(0)
        )  # how many distances, the shortest first
        reaches.append(torch.where(good > 0, steps[(good - 1).clamp(min=0)], 0.0) * (high - low))
    return reaches[0], reaches[1]


def _moved(layer: KANLayer, a: Tensor) -> KANLayer:
    """The layer with ends that lie as far beyond the samples a (b, i) as can be believed, never closer than before."""
    below, above = believed(layer, a)
    breaks = grid.breaks_of(layer.knots, layer.degree).clone()
    low, high = a.amin(0), a.amax(0)
    first = torch.where(low < breaks[:, 0], breaks[:, 0], torch.minimum(breaks[:, 0], low - below))
    last = torch.where(high > breaks[:, -1], breaks[:, -1], torch.maximum(breaks[:, -1], high + above))
    if torch.equal(first, breaks[:, 0]) and torch.equal(last, breaks[:, -1]):
        return layer
    breaks[:, 0], breaks[:, -1] = first, last
    knots = grid.from_breaks(breaks, layer.degree)
    coef = grid.insert(layer.knots, layer.coef, knots, layer.degree)  # blossoms do not mind where the ends are
    return KANLayer.build(**{**layer.parts(), "knots": knots, "coef": coef, "uniform": None})

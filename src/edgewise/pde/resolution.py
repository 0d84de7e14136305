"""How much of an equation's residual comes from splines that are too coarse, interval by interval.

A spline of degree p on intervals of length h misses the k-th derivative of a smooth function f by about
2 (h / 2 pi)^(p+1-k) |f^(p+1)|. Jumps of the spline's own p-th derivative tell f^(p+1).

Source: de Boor, "A Practical Guide to Splines" (2001), chapter XII.

Letters: a multi-index, b point, k residual, i input node, o subnode, G intervals.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .. import grid
from ..layers import KANLayer
from .kan_jets import KanJets, KanPass
from .layer_jets import LayerJets


def spline_errors(jets: KanJets, done: KanPass, slopes: Tensor) -> list[Tensor]:
    """For each layer (i, G): the sum over the points of a pass of the squared residual that is due to each interval.

    slopes (a, b, k, o): derivatives of the residuals by those of the outputs.
    """
    found = []
    for number, cotangent in jets.cotangents(done, slopes):
        found.insert(0, _of_layer(done.layers[number - 1], cotangent))
    return found


def _of_layer(jets: LayerJets, cotangent: Tensor) -> Tensor:
    """(i, G), from the cotangent (a, b, k, o) of the subnodes."""
    layer, indices, x = jets.layer, jets.indices, jets.inner[0]
    breaks = grid.breaks_of(layer.knots, layer.degree)
    widths, rough = breaks.diff(dim=1), roughness(layer)
    place = torch.stack(
        [
            (torch.searchsorted(row, column, right=True) - 1).clamp(0, len(row) - 2)
            for row, column in zip(breaks.contiguous(), x.T.contiguous(), strict=True)
        ]
    )  # (i, b)
    total = torch.zeros_like(widths)
    for k in range(min(indices.order, layer.degree) + 1):
        start = indices.starts[k] if k else 0
        raised = jets.raised[k] if k else torch.cat([torch.ones_like(x)[None], torch.zeros_like(jets.inner[1:])])
        # what the residuals are to the k-th derivative of each edge
        answer = torch.einsum("abko,abi->bkio", cotangent[start:], raised).square().sum(1)  # (b, i, o)
        for i, row in enumerate(place):
            weight = torch.zeros_like(rough[i]).index_add_(0, row, answer[:, i])
            share = (weight * rough[i].square()).sum(1)
            total[i] += share * 4 * (widths[i] / (2 * math.pi)) ** (2 * (layer.degree + 1 - k))
    return total


def roughness(layer: KANLayer) -> Tensor:
    """|f^(p+1)| of the functions for which the layer's splines stand, (i, G, o): the larger one of the slopes of the
    p-th derivative on both sides of an interval."""
    p = layer.degree
    breaks = grid.breaks_of(layer.knots, p)
    middle = 0.5 * (breaks[:, 1:] + breaks[:, :-1])
    with torch.no_grad():
        top = layer.edge_values(middle.T.contiguous(), derivative=p).permute(1, 0, 2)
        top = top * layer.spline_edges()[:, None, :]
    if top.shape[1] == 1:
        return top.abs() / breaks.diff(dim=1)[..., None]
    slope = (top.diff(dim=1) / middle.diff(dim=1)[..., None]).abs()
    return torch.maximum(torch.cat([slope[:, :1], slope], 1), torch.cat([slope, slope[:, -1:]], 1))

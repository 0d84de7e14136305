"""A network placed on a domain: inputs scaled to its box, hidden grids over the activations, knots where the residual
is.

Letters: n point, d dimension, i input node, G intervals.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .. import grid
from ..layers import KANLayer
from ..metadata import Edit
from ..model import KAN
from ..train.schedule.starts import anew
from ..transforms import extend
from ..transforms.grids import regrid
from .domain import Domain
from .tuning import TUNED


def placed(model: KAN, domain: Domain) -> KAN:
    """A copy in float64 whose first grids lie on the domain's box.

    A network that has a scaling keeps it, and so its function: it has been on a domain before.
    """
    model = model.build().double()
    if model.scaled or not model.edge_layers:
        return model
    low, high = torch.tensor(domain.box, dtype=torch.float64, device=model.device).unbind(1)
    first, last = torch.zeros_like(low), torch.ones_like(low)
    used = list(model.topology.node_ids[0])
    first[used], last[used] = model.edge_layers[0].interval
    scale = (high - low) / (last - first)
    return model.build(scaling={"input_scale": scale, "input_shift": low - first * scale})


def drawn(model: KAN, number: int, sizes: Sequence[int]) -> KAN:
    """The network on grids of these sizes, with other initial functions, from the stream of this number; 0 for its
    own."""
    if number == 0 and list(sizes) == [layer.grid_size for layer in model.edge_layers]:
        return model
    return anew(model, number, sizes)


def stretched(model: KAN, x: Tensor) -> KAN:
    """A new network whose hidden grids lie on the activations of x (n, d): the same random functions, stretched."""
    a, layers = model.scale_inputs(x), []
    with torch.no_grad():
        for number, layer in enumerate(model.edge_layers, start=1):
            if number > 1:
                low, high = a.amin(0), a.amax(0)
                room = TUNED.room * (high - low) + TUNED.thinnest
                knots = grid.uniform(low - room, high + room, layer.grid_size, layer.degree)
                layer = KANLayer.build(**{**layer.parts(), "knots": knots, "uniform": None})
            layers.append(layer)
            a = model.multiply(number, layer(a))
    return model.build(layers=layers)


def regridded(model: KAN, x: Tensor) -> KAN:
    """The network with hidden grids that suit the activations of x (n, d); itself where all of them do.

    Beyond a grid a spline is straight: its second derivative jumps at the end, and no residual vanishes there. Grids
    far longer than the activations waste intervals: training may shrink activations, as the next layer can undo it.
    Such splines are projected onto as many intervals over the activations, with a margin.
    """
    a, layers, changed = model.scale_inputs(x), [], False
    with torch.no_grad():
        for number, layer in enumerate(model.edge_layers, start=1):
            first, last = layer.interval
            low, high = a.amin(0), a.amax(0)
            spread = high - low
            loose = (spread < TUNED.filled * (last - first)) & (spread > TUNED.narrowest * (last - first))
            off = (low < first) | (high > last) | loose
            if number > 1 and bool(off.any()):
                margin = TUNED.margin * spread + TUNED.narrowest * (last - first)
                fresh = grid.uniform(low - margin, high + margin, layer.grid_size, layer.degree)
                layer, _ = regrid(layer, torch.where(off[:, None], fresh, layer.knots))
                changed = True
            layers.append(layer)
            a = model.multiply(number, layer(a))
    return model.build(layers=layers) if changed else model


def sharpened(model: KAN, sizes: Sequence[int], x: Tensor, load: Tensor) -> KAN:
    """The same function on more intervals: hidden grids over all activations of x (n, d), then intervals split where
    most of the load is.

    load (n,): what each point weighs, such as its squared residual. Half of an interval's weight is its part of the
    load, half its part of the length, so that no region is forgotten.
    """
    model = extend(model, x)
    share = load / load.sum() if float(load.sum()) > 0 else torch.full_like(load, 1.0 / len(load))
    a, layers = model.scale_inputs(x), []
    with torch.no_grad():
        for number, (layer, size) in enumerate(zip(model.edge_layers, sizes, strict=True), start=1):
            layers.append(_split(layer, max(size, layer.grid_size), a, share))
            a = model.multiply(number, layer(a))
    sizes = [layer.grid_size for layer in layers]
    return model.build(layers=layers, edit=Edit("refine", f"grid_size={sizes}, where the residual is"))


def _split(layer: KANLayer, size: int, a: Tensor, share: Tensor) -> KANLayer:
    """The layer on `size` intervals, from the shares (n,) of the load at its inputs a (n, i)."""
    if size == layer.grid_size:
        return layer
    rows = []
    for column, breaks in enumerate(grid.breaks_of(layer.knots, layer.degree)):
        place = (torch.searchsorted(breaks, a[:, column].contiguous(), right=True) - 1).clamp(0, len(breaks) - 2)
        mass = torch.zeros(len(breaks) - 1, dtype=share.dtype, device=share.device).index_add_(0, place, share)
        width = breaks.diff() / (breaks[-1] - breaks[0])
        rows.append(_halving(breaks, 0.5 * (mass + width), size, layer.degree))
    knots = grid.from_breaks(torch.stack(rows), layer.degree)
    coef = grid.insert(layer.knots, layer.coef.detach(), knots, layer.degree)
    return KANLayer.build(**{**layer.parts(), "knots": knots, "coef": coef, "uniform": None})


def _halving(breaks: Tensor, weight: Tensor, size: int, degree: int) -> Tensor:
    """`size` intervals from those between breaks (G+1,): the heaviest is halved next, the first of equals.

    A half has the error of the whole, times 2^-(degree - 1) for second derivatives, on half the length.
    """
    ends, weights = breaks.tolist(), weight.tolist()
    least = TUNED.narrowest * (ends[-1] - ends[0])
    while len(weights) < size:
        allowed = [w if ends[k + 1] - ends[k] > 2 * least else 0.0 for k, w in enumerate(weights)]
        k = max(range(len(allowed)), key=allowed.__getitem__)
        ends.insert(k + 1, 0.5 * (ends[k] + ends[k + 1]))
        weights[k : k + 1] = [weights[k] * 2.0**-degree] * 2
    return torch.tensor(ends, dtype=breaks.dtype, device=breaks.device)

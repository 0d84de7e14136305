"""A network placed on a domain: inputs scaled to its box, hidden grids over the activations, knots where the residual
is.

Letters: n point, d dimension, i input node, G intervals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .. import grid
from ..layers import KANLayer
from ..metadata import Edit
from ..model import KAN
from ..train.schedule.starts import anew
from ..transforms.layer_grids import regrid
from .domain import Domain
from .indices import Indices
from .kan_jets import KanJets
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
            if number > 1 and bool(layer.spline_edges().any()):
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
            if number > 1 and bool(off.any()) and bool(layer.spline_edges().any()):
                margin = TUNED.margin * spread + TUNED.narrowest * (last - first)
                fresh = grid.uniform(low - margin, high + margin, layer.grid_size, layer.degree)
                layer, _ = regrid(layer, torch.where(off[:, None], fresh, layer.knots))
                changed = True
            layers.append(layer)
            a = model.multiply(number, layer(a))
    return model.build(layers=layers) if changed else model


def finer(model: KAN, sizes: Sequence[int], errors: Sequence[Tensor], order: int) -> KAN:
    """The same function on more intervals, `sizes` for each layer: those with the largest errors are halved.

    errors: of each layer (i, G), squared residuals due to each interval. order: of the equation.
    """
    layers = [
        _split(layer, size, part, order) if size > layer.grid_size else layer
        for layer, size, part in zip(model.edge_layers, sizes, errors, strict=True)
    ]
    sizes = [layer.grid_size for layer in layers]
    return model.build(layers=layers, edit=Edit("refine", f"grid_size={sizes}, where the residual is"))


def bends(jets: KanJets, x: Tensor) -> Tensor:
    """Squares of the solution's derivatives by each input, of the order `TUNED.bend`, at x (n, d): (n, d)."""
    dims = x.shape[1]
    tops = [tuple(TUNED.bend * (other == axis) for other in range(dims)) for axis in range(dims)]
    indices = Indices.closing(tops)
    return jets.derivatives(x, indices)[[indices.position[top] for top in tops]].square().sum(2).T


def shifted(model: KAN, x: Tensor, bends: Tensor) -> KAN:
    """As many intervals of the first grids between the same ends, where the solution bends at x (n, d). The splines are
    projected.

    bends (n, d): what the function of this name gives. A function that varies over a length l has derivatives of order
    m that grow as l^-m. So knots are as dense as their m-th root, whatever m.
    """
    layer, a = model.edge_layers[0], model.scale_inputs(x)
    columns = list(range(x.shape[1])) if model.columns is None else model.columns.tolist()
    rows = [
        _dense(breaks, a[:, node].contiguous(), bends[:, column])
        for node, (breaks, column) in enumerate(zip(grid.breaks_of(layer.knots, layer.degree), columns, strict=True))
    ]
    first, _ = regrid(layer, grid.from_breaks(torch.stack(rows), layer.degree))
    return model.build(
        layers=[first, *model.edge_layers[1:]], edit=Edit("refine", "intervals moved to where the solution bends")
    )


def _dense(breaks: Tensor, a: Tensor, bends: Tensor) -> Tensor:
    """Breaks (G+1,) as dense as the roots of what is seen at a (n,). Bins finer than intervals show what is narrow."""
    bins = torch.linspace(0, 1, TUNED.bins * (len(breaks) - 1) + 1, dtype=a.dtype, device=a.device)
    fine = _through(torch.linspace(0, 1, len(breaks), dtype=a.dtype, device=a.device), breaks, bins)
    place = (torch.searchsorted(fine, a, right=True) - 1).clamp(0, len(fine) - 2)
    widths, many = fine.diff(), torch.zeros(len(fine) - 1, dtype=a.dtype, device=a.device)
    many = many.index_add(0, place, torch.ones_like(a))
    mean = torch.zeros_like(many).index_add(0, place, bends) / many.clamp_min(1.0)
    mean = torch.where(many > 0, mean, torch.nn.functional.max_pool1d(mean[None], 3, 1, 1)[0])  # empty: as beside it
    density = mean ** (0.5 / TUNED.bend)
    whole, length = float((density * widths).sum()), float(breaks[-1] - breaks[0])
    if not (math.isfinite(whole) and whole > 0):
        return breaks
    density = (1 - TUNED.spread) * density / whole + TUNED.spread / length
    passed = torch.cat([breaks.new_zeros(1), (density * widths).cumsum(0)])
    wanted = torch.linspace(0, 1, len(breaks), dtype=a.dtype, device=a.device) * passed[-1]
    moved = _through(passed, fine, wanted)
    moved[0], moved[-1] = breaks[0], breaks[-1]
    return moved


def _through(x: Tensor, y: Tensor, at: Tensor) -> Tensor:
    """The broken line through points (x, y), x increasing, at other places."""
    place = (torch.searchsorted(x, at, right=True) - 1).clamp(0, len(x) - 2)
    return torch.lerp(y[place], y[place + 1], (at - x[place]) / (x[place + 1] - x[place]))


def _split(layer: KANLayer, size: int, errors: Tensor, order: int) -> KANLayer:
    """The layer on `size` intervals, from the errors (i, G) of those it has."""
    rows = [
        _halving(breaks, part, size, layer.degree + 1 - order)
        for breaks, part in zip(grid.breaks_of(layer.knots, layer.degree), errors, strict=True)
    ]
    knots = grid.from_breaks(torch.stack(rows), layer.degree)
    coef = grid.insert(layer.knots, layer.coef.detach(), knots, layer.degree)
    return KANLayer.build(**{**layer.parts(), "knots": knots, "coef": coef, "uniform": None})


def _halving(breaks: Tensor, errors: Tensor, size: int, power: int) -> Tensor:
    """`size` intervals from those between breaks (G+1,): the one with the largest error is halved next, the first of
    equals. A half has half of its squared error, times 4^-power. Where no interval has an error, the longest one is."""
    ends = breaks.tolist()
    width = (breaks.diff() / (breaks[-1] - breaks[0])).tolist()
    weights = [(float(error), part) for error, part in zip(errors, width, strict=True)]
    least = TUNED.narrowest * (ends[-1] - ends[0])
    while len(weights) < size:
        allowed = [w if ends[k + 1] - ends[k] > 2 * least else (-1.0, 0.0) for k, w in enumerate(weights)]
        k = max(range(len(allowed)), key=allowed.__getitem__)
        ends.insert(k + 1, 0.5 * (ends[k] + ends[k + 1]))
        error, part = weights[k]
        weights[k : k + 1] = [(0.5 * error * 4.0**-power, 0.5 * part)] * 2
    return torch.tensor(ends, dtype=breaks.dtype, device=breaks.device)


def following(model: KAN, domain: Domain) -> Callable[[Tensor], Tensor]:
    """A map of points (n, d) into the domain's box that carries evenly spread ones to as many in each interval of the
    first layer's grids. Points that it would carry out of the domain stay."""
    layer = model.edge_layers[0]
    columns = range(domain.dims) if model.columns is None else model.columns.tolist()
    breaks = grid.breaks_of(layer.knots, layer.degree)

    def carried(x: Tensor) -> Tensor:
        moved = x.clone()
        for node, column in enumerate(columns):
            low, high = domain.box[column]
            part = ((x[:, column] - low) / (high - low)).clamp(0, 1) * (breaks.shape[1] - 1)
            place = part.floor().long().clamp(max=breaks.shape[1] - 2)
            scaled = torch.lerp(breaks[node, place], breaks[node, place + 1], part - place)
            real = scaled * model.input_scale[column] + model.input_shift[column]
            moved[:, column] = real.clamp(low, high)
        return torch.where(domain.inside(moved)[:, None], moved, x)

    return carried

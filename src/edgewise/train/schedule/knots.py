"""Where the knots of a fit lie, and how many: over the activations that the rows cause, closer together where an edge
is hard to follow."""

from __future__ import annotations

import torch

from ... import knots_by_samples
from ...layers import KANLayer
from ...model import KAN
from ...transforms.adapt import adapt
from ...transforms.grids import extend, grown
from ...transforms.layer_grids import regrid
from ..job import Job
from ..priors.smoothness import Roughness
from .tuning import TUNED


def halved(size: int) -> list[int]:
    """Grids from a coarse one to this one, each about twice the one before.

    >>> halved(5), halved(50)
    ([5], [3, 6, 12, 25, 50])
    """
    sizes = [size]
    while sizes[0] > TUNED.coarse:
        sizes.insert(0, sizes[0] // 2)
    return sizes


def on_data(model: KAN, job: Job, size: int, known: Roughness | None = None, *, keep_ranges: bool = False) -> KAN:
    """Grids of `size` intervals laid over the activations that the job's rows cause, with more of them where the
    roughness `known` says that an edge turns sharply. With `keep_ranges` a layer gets no fewer, and over no less, than
    it has, a hidden one apart from stretches beyond old samples; beside a quadratic of earlier rows grids only grow: it
    is about the splines that are there. Raises `GridError` where activations are no numbers."""
    if job.exact:
        return grown(model, job.x, size)
    a, layers, tails = model.scale_inputs(job.x), [], False
    with torch.no_grad():
        for number, layer in enumerate(model.edge_layers, start=1):
            fresh, p = layer, layer.degree
            if bool(layer.spline_edges().any()):
                within = (
                    (layer.interval if number == 1 else knots_by_samples.plain_interval(layer.knots, p))
                    if keep_ranges
                    else None
                )
                dense = knots_by_samples.bulk(a, within) if number == 1 or tails else None
                tails = tails or bool(
                    dense and dense[2].any()
                )  # of inputs; where these have none, those of activations are left to roughness
                knots = knots_by_samples.over_samples(
                    a, max(size, layer.grid_size) if keep_ranges else size, p, within=within, dense=dense
                )
                intensity = known.layers[number - 1] if known else None
                if intensity is not None:
                    knots = knots_by_samples.crowded(knots, p, intensity.demand(knots, p), a)
                if knots.shape != layer.knots.shape or float((knots - layer.knots).abs().max()) > TUNED.same * float(
                    knots.diff(dim=1).min()
                ):
                    fresh = regrid(layer, knots)[0]
            layers.append(fresh)
            a = model.multiply(number, fresh(a))
    return model.build(layers=layers)


def reaching_rows(model: KAN, job: Job) -> KAN:
    """The model with grids that reach the job's rows: extended as they are, or laid anew over old and new rows where
    new ones are farther away than `TUNED.reach`."""
    first = model.edge_layers[0]
    low, high = first.interval
    a = model.scale_inputs(job.x)
    beyond = float((torch.maximum(low - a.amin(0), a.amax(0) - high) / (high - low)).max())
    if beyond <= TUNED.reach or job.exact:
        return extend(model, job.x) if beyond > 0 else model
    return on_data(model, job, max(layer.grid_size for layer in model.edge_layers), keep_ranges=True)


def over_range(model: KAN, job: Job, size: int) -> KAN:
    """Grids of `size` equal intervals over the rows and the activations that they cause; denser where nearly all rows
    lie."""
    narrow = knots_by_samples.bulk(model.scale_inputs(job.x))[2]
    return (
        on_data(model, job, size)
        if bool(narrow.any())
        else adapt(model, job.x, grid_size=size, margin=TUNED.margin / (size - 2 * TUNED.margin))
    )


def too_large(model: KAN, size: int, job: Job) -> bool:
    """Whether a finer grid would have more parameters than data, where only the model's own grid is let pass."""
    if size <= max(layer.grid_size for layer in model.edge_layers):
        return False
    outputs = job.y.shape[1] if job.y.ndim == 2 else 1
    return sum(spline_edges(layer) for layer in model.edge_layers) * size > job.x.shape[0] * outputs


def spline_edges(layer: KANLayer) -> int:
    """How many edges of a layer carry a spline."""
    return int(layer.spline_edges().sum())

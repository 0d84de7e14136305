"""How large a network is, and what a step on it costs."""

from __future__ import annotations

from ...model import KAN
from ..job import Job
from ..problems.flat import free_masks
from .knots import halved, spline_edges


def count_parameters(model: KAN) -> int:
    """Parameters that training can move."""
    return sum(int(mask.sum()) for layer in model.edge_layers for mask in free_masks(layer))


def coarse_parameters(model: KAN) -> int:
    """How many it has on the grid that a fit begins with."""
    return sum(
        spline_edges(layer) * (halved(layer.grid_size)[0] + layer.degree + (layer.base_scale is not None))
        + layer.bias.numel()
        for layer in model.edge_layers
    )


def grid_size(model: KAN) -> int:
    """The intervals of its finest layer."""
    return max(layer.grid_size for layer in model.edge_layers)


def step_cost(model: KAN, job: Job, size: int) -> float:
    """Floating-point operations of one step on a grid of this size: products of a sample's non-zero derivatives,
    factors of the matrix."""
    edges = sum(layer.kind.numel() for layer in model.edge_layers)
    outputs = job.y.shape[1] if job.y.ndim == 2 else len(model.topology.node_ids[-1])
    products = job.x.shape[0] * outputs * (edges * (model.config.degree + 2)) ** 2
    return products + (edges * (size + model.config.degree + 1)) ** 3 / 3

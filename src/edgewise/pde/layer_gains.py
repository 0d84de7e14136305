"""Which layer of a network needs finer splines: what halving all of its intervals would lower the sum of squares by.

A finer spline contains the coarse one. So its columns of the Jacobian tell what it can add to the best linear step,
before anything is trained. In finite elements such estimates of error are called hierarchical.

Source: Bank & Smith 1993 (SIAM Journal on Numerical Analysis 30, 921-935).

Letters: i input node, G intervals, P parameters, m rows of the Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..model import KAN
from ..train.schedule.knots import spline_edges
from ..train.solvers.orthogonal import triangle
from .collocation import Collocation
from .placing import finer
from .tuning import TUNED


def gains(model: KAN, problem_of: Callable[[KAN], tuple[Collocation, Tensor]], order: int) -> list[float]:
    """Of each layer: how much less the best linear step leaves of the sum of squares when all its intervals are halved.

    problem_of: the sum of squares of a network, and its parameters (P,) as they are. order: of the equation.
    """
    sizes, nowhere = [layer.grid_size for layer in model.edge_layers], _no_errors(model)
    before, found = left_over(*problem_of(model.build())), []
    for number, layer in enumerate(model.edge_layers):
        if not spline_edges(layer):
            found.append(0.0)
            continue
        halved = [*sizes[:number], 2 * sizes[number], *sizes[number + 1 :]]
        found.append(max(0.0, before - left_over(*problem_of(finer(model, halved, nowhere, order)))))
    return found


def left_over(problem: Collocation, theta: Tensor) -> float:
    """What the best linear step from theta (P,) leaves of the sum of squares, with a damping near rounding.

    The last entry of a triangular factor of rows [J, r] is the distance of r from the columns of J.
    """
    found = theta.new_zeros(0, len(theta) + 1)
    for block in problem.rows(theta):
        found = triangle(torch.cat([found, torch.cat([block.jacobian, block.residual[:, None]], 1)]))
    lengths = found.square().sum(0).sqrt()
    damping = TUNED.gain_damping * torch.where(lengths > 0, lengths, 1.0)  # else a column of zeros takes a part of r
    damping[-1] = 0.0
    damped = triangle(torch.cat([found, torch.diag(damping)]))
    return float(damped[-1, -1].square())


def sizes_within(model: KAN, most: int, gains: Sequence[float], order: int) -> list[int]:
    """Intervals of each layer, at most so many over all splines of the network.

    They come one at a time, to the layer where one more lowers the sum of squares most for each parameter.

    gains: of each layer, what is lowered by halving. Squared errors of splines fall with a power of the spacing.
    """
    layers = model.edge_layers
    edges = list(map(spline_edges, layers))
    sizes = [layer.grid_size for layer in layers]
    powers = [2 * max(layer.degree + 1 - order, 1) for layer in layers]
    errors = [gain / (1 - 0.5**power) for gain, power in zip(gains, powers, strict=True)]

    def worth(number: int) -> float:
        first, now = layers[number].grid_size, sizes[number]
        falls = (first / now) ** powers[number] - (first / (now + 1)) ** powers[number]
        return errors[number] * falls / edges[number]

    while True:
        left = most - sum(size * edge for size, edge in zip(sizes, edges, strict=True))
        fitting = [number for number, edge in enumerate(edges) if 0 < edge <= left]
        if not fitting:
            return sizes
        sizes[max(fitting, key=worth)] += 1


def _no_errors(model: KAN) -> list[Tensor]:
    """Of each layer (i, G): no errors, so that the longest intervals are halved first."""
    return [layer.knots.new_zeros(len(layer.knots), layer.grid_size) for layer in model.edge_layers]

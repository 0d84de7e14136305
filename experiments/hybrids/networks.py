"""Four networks of about as many parameters: an MLP, a KAN, an MLP with a few KAN edges, a KAN with an MLP block."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

import edgewise as ew

GRID = 5  # intervals of the splines
FINE = 20  # intervals of the few edges in an MLP
EDGES = 2  # functions of each chosen coordinate there


class FewEdges(nn.Module):
    """An MLP that also gets a few spline functions of some coordinates.

    Args:
        network: of all coordinates, then the functions.
        coordinates: those that get functions of their own, one layer of edges for each.
    """

    def __init__(self, network: nn.Module, coordinates: tuple[int, ...]) -> None:
        super().__init__()
        self.network, self.coordinates = network, coordinates
        self.edges = nn.ModuleList(ew.KANLayer(1, EDGES, grid_size=FINE) for _ in coordinates)

    def forward(self, x: Tensor) -> Tensor:
        """x (b, i) -> (b, o)."""
        made = [edge(x[:, [place]]) for edge, place in zip(self.edges, self.coordinates, strict=True)]
        return self.network(torch.cat([x, *made], 1))


def perceptron(i: int, width: int, o: int) -> nn.Sequential:
    """Two hidden layers."""
    return nn.Sequential(nn.Linear(i, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, o))


def kan(i: int, width: int, o: int) -> nn.Sequential:
    """One hidden layer; its edges see values between -2 and 2."""
    return nn.Sequential(
        ew.KANLayer(i, width, grid_size=GRID), ew.KANLayer(width, o, grid_size=GRID, domain=(-2.0, 2.0))
    )


def perceptron_with_edges(i: int, width: int, o: int) -> nn.Module:
    """An MLP with edges on the first coordinate. Of images, which have no first one, edges lead to the classes."""
    if o == 1:
        return FewEdges(perceptron(i + EDGES, width, o), (0,))
    return nn.Sequential(nn.Linear(i, width), nn.Tanh(), ew.KANLayer(width, o, grid_size=GRID))


def kan_with_block(i: int, width: int, o: int) -> nn.Sequential:
    """Edges on every input; behind them an MLP."""
    return nn.Sequential(ew.KANLayer(i, width, grid_size=GRID), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, o))


NETWORKS: dict[str, Callable[[int, int, int], nn.Module]] = {
    "mlp": perceptron,
    "kan": kan,
    "mlp_with_edges": perceptron_with_edges,
    "kan_with_block": kan_with_block,
}


def parameters(network: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(p.numel() for p in network.parameters())


def width_for(name: str, i: int, o: int, wanted: int) -> int:
    """The width with which a network comes closest to so many parameters; nothing is built."""
    with torch.device("meta"):
        counts = {width: parameters(NETWORKS[name](i, width, o)) for width in range(1, 80)}
    return min(counts, key=lambda width: abs(counts[width] - wanted))


def build(name: str, i: int, o: int, wanted: int, seed: int) -> nn.Module:
    """A network in float64, its initial values from the seed alone."""
    width = width_for(name, i, o, wanted)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[name](i, width, o).double()

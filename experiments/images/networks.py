"""The networks that compete: one hidden layer, a normalisation behind it, and about as many parameters."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

import edgewise as ew

DOMAIN = (-3.0, 3.0)  # of the grids: pixels and normalised nodes lie there
Builder = Callable[[int, int, int], list[nn.Module]]


def _kan(i: int, hidden: int, o: int) -> list[nn.Module]:
    def edges(a: int, b: int) -> nn.Module:
        return ew.KANLayer(a, b, grid_size=3, domain=DOMAIN)

    return [edges(i, hidden), nn.LayerNorm(hidden), edges(hidden, o)]


def _mlp(i: int, hidden: int, o: int) -> list[nn.Module]:
    return [nn.Linear(i, hidden), nn.LayerNorm(hidden), nn.SiLU(), nn.Linear(hidden, o)]


def _splines(i: int, hidden: int, o: int) -> list[nn.Module]:
    return [nn.Linear(i, hidden), nn.LayerNorm(hidden), ew.nn.ActivationLinear(hidden, o)]


def _hybrid(i: int, hidden: int, o: int) -> list[nn.Module]:
    return [nn.Linear(i, hidden), nn.LayerNorm(hidden), ew.KANLayer(hidden, o, domain=DOMAIN)]


# name on the page -> how to build it from (inputs, hidden nodes, classes)
NETWORKS: dict[str, Builder] = {
    "KAN": _kan,
    "MLP": _mlp,
    "MLP with spline activations": _splines,
    "hybrid": _hybrid,
}


def count(name: str, i: int, hidden: int, o: int) -> int:
    """Parameters of a network; nothing is built.

    >>> count("MLP", 784, 128, 10)
    102026
    """
    with torch.device("meta"):
        return sum(p.numel() for part in NETWORKS[name](i, hidden, o) for p in part.parameters())


def hidden_for(name: str, i: int, o: int, parameters: int) -> int:
    """The hidden nodes with which a network comes closest to so many parameters; every one of these networks grows
    linearly with them.

    >>> hidden_for("MLP", 784, 10, 100_000)
    125
    """
    one, two = count(name, i, 1, o), count(name, i, 2, o)
    return max(1, round((parameters - one) / (two - one)) + 1)


def build(name: str, i: int, hidden: int, o: int, seed: int) -> nn.Sequential:
    """The network with its initial functions from a seed."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), *NETWORKS[name](i, hidden, o))

"""The networks that compete, each of about as many parameters as the others beside it: flat ones have one hidden layer
and a normalisation behind it, convolutional ones three stages that halve the image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

import edgewise as ew

DOMAIN = (-3.0, 3.0)  # of the grids: pixels and normalised nodes lie there
SHORT: dict[str, Any] = {"grid_size": 3, "domain": DOMAIN}
Builder = Callable[[tuple[int, int, int], int, int], list[nn.Module]]  # of (channels, rows, columns), width, classes


def _flat(build: Callable[[int, int, int], list[nn.Module]]) -> Builder:
    """A network on all pixels at once."""

    def made(image: tuple[int, int, int], width: int, classes: int) -> list[nn.Module]:
        return [nn.Flatten(), *build(image[0] * image[1] * image[2], width, classes)]

    return made


def _kan(i: int, hidden: int, o: int) -> list[nn.Module]:
    return [ew.KANLayer(i, hidden, **SHORT), nn.LayerNorm(hidden), ew.KANLayer(hidden, o, **SHORT)]


def _mlp(i: int, hidden: int, o: int) -> list[nn.Module]:
    return [nn.Linear(i, hidden), nn.LayerNorm(hidden), nn.SiLU(), nn.Linear(hidden, o)]


def _splines(i: int, hidden: int, o: int) -> list[nn.Module]:
    return [nn.Linear(i, hidden), nn.LayerNorm(hidden), ew.nn.ActivationLinear(hidden, o)]


def _hybrid(i: int, hidden: int, o: int) -> list[nn.Module]:
    return [nn.Linear(i, hidden), nn.LayerNorm(hidden), ew.KANLayer(hidden, o, domain=DOMAIN)]


class ChannelSplines(nn.Module):
    """A learned function for every channel of images (n, channels, rows, columns)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.functions = ew.nn.SplineActivation(channels, **SHORT)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.functions(x.movedim(1, -1)).movedim(-1, 1)


def _stages(stage: Callable[[int, int], list[nn.Module]]) -> Builder:
    """Three stages of growing width, each of which halves the image, then a linear layer."""

    def made(image: tuple[int, int, int], width: int, classes: int) -> list[nn.Module]:
        sizes = [image[0], width, 2 * width, 4 * width]
        stages = [part for a, b in zip(sizes, sizes[1:], strict=False) for part in (*stage(a, b), nn.MaxPool2d(2))]
        return [*stages, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16 * width, classes)]

    return made


def _convolution(a: int, b: int) -> list[nn.Module]:
    return [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b)]


def _kan_convolution(a: int, b: int) -> list[nn.Module]:
    return [ew.nn.KANConv2d(a, b, 3, padding=1, **SHORT), nn.BatchNorm2d(b)]


def _mixed(a: int, b: int) -> list[nn.Module]:
    """A plain convolution, then KAN edges between the channels of each pixel."""
    return [*_convolution(a, b), ew.nn.KANConv2d(b, b, 1, **SHORT), nn.BatchNorm2d(b)]


# name on the page -> how to build it
FLAT: dict[str, Builder] = {
    "KAN": _flat(_kan),
    "MLP": _flat(_mlp),
    "MLP with spline activations": _flat(_splines),
    "hybrid": _flat(_hybrid),
}
CONVOLUTIONAL: dict[str, Builder] = {
    "CNN": _stages(lambda a, b: [*_convolution(a, b), nn.ReLU()]),
    "CNN with spline activations": _stages(lambda a, b: [*_convolution(a, b), ChannelSplines(b)]),
    "CNN with KAN edges between channels": _stages(_mixed),
    "KANConv": _stages(_kan_convolution),
}
NETWORKS = {**FLAT, **CONVOLUTIONAL}


def count(name: str, image: tuple[int, int, int], width: int, classes: int) -> int:
    """Parameters of a network; nothing is built.

    >>> count("MLP", (1, 28, 28), 128, 10)
    102026
    """
    with torch.device("meta"):
        return sum(p.numel() for part in NETWORKS[name](image, width, classes) for p in part.parameters())


def width_for(name: str, image: tuple[int, int, int], classes: int, parameters: int) -> int:
    """The width with which a network comes closest to so many parameters.

    >>> width_for("MLP", (1, 28, 28), 10, 100_000)
    125
    """
    width = 1
    while count(name, image, 2 * width, classes) < parameters:
        width *= 2
    sizes = {n: abs(count(name, image, n, classes) - parameters) for n in range(width, 2 * width + 1)}
    return min(sizes, key=lambda n: sizes[n])


def build(name: str, image: tuple[int, int, int], width: int, classes: int, seed: int) -> nn.Sequential:
    """The network with its initial functions from a seed."""
    torch.manual_seed(seed)
    return nn.Sequential(*NETWORKS[name](image, width, classes))

"""Solutions that are known in closed form, and functions that no spline can follow, (n, d) -> (n, outputs)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

pi = math.pi
PEAKS = ((0.3, 0.2, 0.6, 8.0, 2.0), (-0.4, -0.3, -0.4, 3.0, 9.0), (0.1, -0.5, 1.1, 6.0, 4.0))
REYNOLDS = 20.0
ALLEN_CAHN = 1e-4  # the diffusion of that equation


def paper(x: Tensor) -> Tensor:
    """The paper's solution, of rank one."""
    return torch.sin(pi * x[:, :1]) * torch.sin(pi * x[:, 1:] ** 2)


def peaks(x: Tensor) -> Tensor:
    """Three Gaussian peaks, each turned by an angle of its own."""
    total = torch.zeros_like(x[:, :1])
    for a, b, angle, along, across in PEAKS:
        dx, dy = x[:, :1] - a, x[:, 1:] - b
        u, v = dx * math.cos(angle) + dy * math.sin(angle), dy * math.cos(angle) - dx * math.sin(angle)
        total = total + torch.exp(-along * u**2 - across * v**2)
    return total


def waves(x: Tensor) -> Tensor:
    """sin(pi x) sin(4 pi y)."""
    return torch.sin(pi * x[:, :1]) * torch.sin(4 * pi * x[:, 1:])


def warmth(x: Tensor) -> Tensor:
    """Two modes of a rod, of which the second fades nine times as fast."""
    rates = 0.1 * pi**2 * x[:, 1:]
    return torch.exp(-rates) * torch.sin(pi * x[:, :1]) + 0.5 * torch.exp(-9 * rates) * torch.sin(3 * pi * x[:, :1])


def kovasznay(x: Tensor) -> Tensor:
    """Velocity and pressure behind a grid (Kovasznay 1948)."""
    rate = REYNOLDS / 2 - math.sqrt(REYNOLDS**2 / 4 + 4 * pi**2)
    fade, angle = torch.exp(rate * x[:, :1]), 2 * pi * x[:, 1:]
    across = rate / (2 * pi) * fade * torch.sin(angle)
    return torch.cat([1 - fade * torch.cos(angle), across, 0.5 * (1 - fade**2)], 1)


def singular(x: Tensor) -> Tensor:
    """r^(2/3) sin(2 angle / 3), harmonic, with a singular point in the corner of the L."""
    angle = torch.atan2(x[:, 1:], x[:, :1]) % (2 * pi)
    return x.square().sum(1, keepdim=True) ** (1 / 3) * torch.sin(2 * angle / 3)


def corner(x: Tensor) -> Tensor:
    """That function, the next one of its kind, which is smoother, and a smooth one."""
    angle = torch.atan2(x[:, 1:], x[:, :1]) % (2 * pi)
    second = x.square().sum(1, keepdim=True) ** (2 / 3) * torch.sin(4 * angle / 3)
    return singular(x) + second + torch.exp(x[:, :1]) * torch.sin(x[:, 1:])


def many(x: Tensor) -> Tensor:
    """A function of any number of inputs that is no sum of functions of one."""
    return torch.exp(-x.square().mean(1, keepdim=True)) + torch.sin(x[:, :1] * x[:, 1:2])


def string(x: Tensor) -> Tensor:
    """Two modes of a string."""
    first = torch.sin(pi * x[:, :1]) * torch.cos(2 * pi * x[:, 1:])
    return first + 0.5 * torch.sin(4 * pi * x[:, :1]) * torch.cos(8 * pi * x[:, 1:])

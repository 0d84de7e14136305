"""What is shown, part by part: rows of each part, and rows of all of it that judge."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Rows = tuple[Tensor, Tensor]  # x (n, d), y (n,)


@dataclass(frozen=True)
class Task:
    """A function that is shown in parts.

    about: in words. shape: of the KAN. hidden: of the MLP. parts: the rows of each part, from a seed. judges: rows of
    everything that was shown, without noise. options: of `ew.KAN`; settings: of `ew.fit`.
    """

    about: str
    shape: tuple[int, ...]
    hidden: tuple[int, ...]
    parts: Callable[[int], list[Rows]]
    judges: Callable[[], Rows]
    options: dict[str, Any]
    settings: dict[str, Any]


CENTRES = 0.4 * (torch.arange(5, dtype=torch.float64) - 2)


def drawn(count: int, columns: int, seed: int) -> Tensor:
    """Rows (count, columns), even between -1 and 1."""
    return 2 * torch.rand(count, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1


def peaks(x: Tensor) -> Tensor:
    """Five Gaussian peaks over x (n, 1)."""
    return torch.exp(-300 * (x - CENTRES).square()).sum(1)


def hills(x: Tensor) -> Tensor:
    """The paper's first example over x (n, 2)."""
    return torch.exp(torch.sin(math.pi * x[:, 0]) + x[:, 1].square())


def ripple(x: Tensor) -> Tensor:
    """A wave that turns faster and faster, over x (n, 1) from 0 on."""
    return torch.sin(0.5 * x[:, 0].square())


def one_peak_each(seed: int) -> list[Rows]:
    """100 rows around each centre, those of the paper: no seed changes them."""
    grids = [torch.linspace(-0.2, 0.2, 100, dtype=torch.float64)[:, None] + centre for centre in CENTRES]
    return [(x, peaks(x)) for x in grids]


def quarters(seed: int) -> list[Rows]:
    """300 rows of each quarter of the square."""
    found = []
    for number, (a, b) in enumerate(((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))):
        x = 0.5 * drawn(300, 2, 10 * seed + number) + torch.tensor([a, b], dtype=torch.float64)
        found.append((x, hills(x)))
    return found


def noisy_quarters(seed: int) -> list[Rows]:
    """The same, with noise of a tenth of the spread."""
    noise = torch.Generator().manual_seed(1000 + seed)
    return [(x, y + 0.1 * 1.8 * torch.randn(len(y), generator=noise, dtype=y.dtype)) for x, y in quarters(seed)]


def onward(seed: int) -> list[Rows]:
    """100 rows of each of five stretches, each beyond all before it."""
    found = []
    for number in range(5):
        x = 0.5 * (drawn(100, 1, 10 * seed + number) + 1) + number
        found.append((x, ripple(x)))
    return found


def drifting(seed: int) -> list[Rows]:
    """A function that rises by one from part to part, at the same places. The last part is what holds now."""
    found = []
    for number in range(3):
        x = drawn(100, 1, 10 * seed + number)
        found.append((x, torch.sin(3 * x[:, 0]) + number))
    return found


def judged(function: Callable[[Tensor], Tensor], x: Tensor) -> Rows:
    """Rows x (n, d) with their values."""
    return x, function(x)


LINE = torch.linspace(-1, 1, 2001, dtype=torch.float64)[:, None]
FIXED: dict[str, Any] = {"grids": (5,)}
TASKS = {
    "peaks": Task(
        "five Gaussian peaks, one after the other (the paper's section 3.5)",
        (1, 1),
        (12, 12),
        one_peak_each,
        lambda: judged(peaks, LINE),
        {"grid_size": 200},
        {},
    ),
    "plane": Task(
        "`exp(sin(pi x) + y^2)`, a quarter of the square at a time",
        (2, 5, 1),
        (10, 10),
        quarters,
        lambda: judged(hills, drawn(4000, 2, 99)),
        {"grid_size": 5},
        FIXED,
    ),
    "noisy_plane": Task(
        "the same under noise of 10 % of its spread",
        (2, 5, 1),
        (10, 10),
        noisy_quarters,
        lambda: judged(hills, drawn(4000, 2, 99)),
        {"grid_size": 5},
        FIXED,
    ),
    "onward": Task(
        "`sin(x^2/2)` on [0, 5], each part beyond all before it",
        (1, 1),
        (12, 12),
        onward,
        lambda: judged(ripple, 2.5 * (LINE + 1)),
        {"grid_size": 10},
        {},
    ),
    "drift": Task(
        "`sin(3 x)`, which rises by one from part to part at the same places; the last part is what holds",
        (1, 1),
        (12, 12),
        drifting,
        lambda: judged(lambda x: torch.sin(3 * x[:, 0]) + 2, LINE),
        {"grid_size": 5},
        {},
    ),
}

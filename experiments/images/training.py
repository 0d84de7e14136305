"""One recipe for all: AdamW with a warm start and a cosine over so many steps; images are shifted by a pixel."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..learning_curves import unwatched


@dataclass(frozen=True)
class Recipe:
    """What training depends on beside the rate, which is tuned."""

    batch: int = 256
    """Images in a step."""
    weight_decay: float = 0.01
    """AdamW's own default."""
    warm: float = 0.03
    """Part of the time in which the rate rises."""
    shift: int = 1
    """Pixels by which the images of a batch are moved, at most: digits are centred to about that."""
    judged: int = 1000
    """Images that are judged at once: convolutions need memory for each."""


RECIPE = Recipe()


def trained(
    network: nn.Sequential,
    images: Tensor,
    classes: Tensor,
    rate: float,
    steps: int,
    seed: int,
    watch: Callable[[int], None] = unwatched,
) -> float:
    """Train a network in place; the epochs that were done. `watch` is told the number of steps after each."""
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=RECIPE.weight_decay)
    network.train()
    seen = 0
    for step, rows in enumerate(itertools.islice(batches(len(images)), steps)):
        part = step / steps
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (part + 1e-3) / RECIPE.warm) * 0.5 * (1 + math.cos(math.pi * part))
        moves = torch.randint(-RECIPE.shift, RECIPE.shift + 1, (2,)).tolist()
        x = torch.roll(images[rows], moves, (2, 3))
        loss = functional.cross_entropy(network(x), classes[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += len(rows)
        watch(step + 1)
    return seen / len(images)


def batches(count: int) -> Iterator[Tensor]:
    """Places of the images of each step, in a new order in every epoch, without end."""
    while True:
        yield from torch.randperm(count).split(RECIPE.batch)


@torch.no_grad()
def accuracy(network: nn.Sequential, images: Tensor, classes: Tensor) -> float:
    """The part of the images whose class is found, in per cent."""
    network.eval()
    pairs = zip(images.split(RECIPE.judged), classes.split(RECIPE.judged), strict=True)
    return 100 * sum(int((network(x).argmax(1) == y).sum()) for x, y in pairs) / len(images)

"""One recipe for all: AdamW with a warm start, a cosine and clipped gradients, over so many steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..learning_curves import unwatched
from .networks import CONTEXT


@dataclass(frozen=True)
class Recipe:
    """What training depends on beside the rate, which is tuned."""

    batch: int = 16
    """Pieces of the text in a step."""
    weight_decay: float = 0.01
    """AdamW's own default."""
    warm: float = 0.05
    """Part of the time in which the rate rises."""
    clip: float = 1.0
    """Norm that a gradient is cut to."""


RECIPE = Recipe()


def trained(
    network: nn.Module,
    text: Tensor,
    rate: float,
    steps: int,
    seed: int,
    watch: Callable[[int], None] = unwatched,
) -> None:
    """Train a network in place on pieces drawn from a text. `watch` is told the number of steps after each."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=RECIPE.weight_decay)
    network.train()
    for step in range(steps):
        part = step / steps
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (part + 1e-3) / RECIPE.warm) * 0.5 * (1 + math.cos(math.pi * part))
        starts = torch.randint(len(text) - CONTEXT - 1, (RECIPE.batch, 1), generator=generator)
        pieces = text[starts + torch.arange(CONTEXT + 1)]
        loss = functional.cross_entropy(network(pieces[:, :-1]).flatten(0, 1), pieces[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), RECIPE.clip)
        optimizer.step()
        watch(step + 1)


@torch.no_grad()
def bits(network: nn.Module, text: Tensor) -> float:
    """Bits that a character of a text needs, in pieces that each begin without knowledge."""
    network.eval()
    count = (len(text) - 1) // CONTEXT
    pieces, following = (text[at : at + count * CONTEXT].reshape(count, CONTEXT) for at in (0, 1))
    total = sum(
        float(functional.cross_entropy(network(x).flatten(0, 1), y.flatten(), reduction="sum"))
        for x, y in zip(pieces.split(64), following.split(64), strict=True)
    )
    return total / (count * CONTEXT) / math.log(2)

"""A small transformer with one of several feed-forward parts, all of about as many parameters.

Letters: b batch, t place in the text, d features, h hidden nodes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

import edgewise as ew

FEATURES, HEADS, BLOCKS, CONTEXT, HIDDEN = 48, 4, 2, 64, 192  # HIDDEN: nodes of the perceptron's feed-forward part


def _mlp(d: int, h: int) -> nn.Module:
    return nn.Sequential(nn.Linear(d, h), nn.SiLU(), nn.Linear(h, d))


def _kan(d: int, h: int) -> nn.Module:
    return ew.nn.KANFeedForward(d, h)


def _splines(d: int, h: int) -> nn.Module:
    return nn.Sequential(nn.Linear(d, h), ew.nn.ActivationLinear(h, d))


# name on the page -> its feed-forward part of d features and h hidden nodes
PARTS: dict[str, Callable[[int, int], nn.Module]] = {
    "MLP": _mlp,
    "KAN": _kan,
    "MLP with spline activations": _splines,
}


def size(module: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in module.parameters())


def hidden_for(name: str) -> int:
    """The hidden nodes with which a part comes closest to the parameters of the MLP's; all grow linearly with them.

    >>> hidden_for("MLP"), hidden_for("KAN")
    (192, 22)
    """
    with torch.device("meta"):
        wanted = size(_mlp(FEATURES, HIDDEN))
        one, two = (size(PARTS[name](FEATURES, h)) for h in (1, 2))
    return round((wanted - one) / (two - one)) + 1


class Block(nn.Module):
    """Attention to earlier places, then the feed-forward part, each behind a normalisation and beside a short cut."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.first, self.second, self.part = nn.LayerNorm(FEATURES), nn.LayerNorm(FEATURES), part
        self.into, self.out = nn.Linear(FEATURES, 3 * FEATURES), nn.Linear(FEATURES, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        b, t, d = x.shape
        q, k, v = self.into(self.first(x)).reshape(b, t, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(b, t, d))
        return x + self.part(self.second(x))


class Reader(nn.Module):
    """Characters (b, t) to the logits of the next one at every place, (b, t, alphabet)."""

    def __init__(self, name: str, alphabet: int, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        hidden = hidden_for(name)
        self.characters, self.places = nn.Embedding(alphabet, FEATURES), nn.Embedding(CONTEXT, FEATURES)
        self.blocks = nn.Sequential(*(Block(PARTS[name](FEATURES, hidden)) for _ in range(BLOCKS)))
        self.norm, self.head = nn.LayerNorm(FEATURES), nn.Linear(FEATURES, alphabet)

    def forward(self, x: Tensor) -> Tensor:
        places = self.places(torch.arange(x.shape[1], device=x.device))
        return self.head(self.norm(self.blocks(self.characters(x) + places)))

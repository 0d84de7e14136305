"""A novel as numbers: chapters 1 to 28 of Jane Austen's Northanger Abbey (1817), which is in the public domain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

FILE = Path(__file__).with_name("northanger_abbey.txt")
TESTED = 0.1  # of the text, its end, which no training sees
HELD_OUT = 0.1  # of the rest, its end, on which rates are chosen


@dataclass(frozen=True)
class Text:
    """Characters as their places in the alphabet of the text: one long tensor for each part."""

    alphabet: str
    train: Tensor
    held_out: Tensor
    test: Tensor


def load() -> Text:
    """The novel in three parts.

    >>> text = load()
    >>> len(text.alphabet), "".join(text.alphabet[c] for c in text.train[:9])
    (74, 'CHAPTER 1')
    """
    content = FILE.read_text(encoding="ascii")
    alphabet = "".join(sorted(set(content)))
    codes = torch.tensor([alphabet.index(c) for c in content])
    tested = round((1 - TESTED) * len(codes))
    held = round((1 - HELD_OUT) * tested)
    return Text(alphabet, codes[:held], codes[held:tested], codes[tested:])

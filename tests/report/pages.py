"""What the tests of the report share: a page read back, data for a model, and the history of a fit."""

from __future__ import annotations

import math
from html.parser import HTMLParser
from typing import Any

import torch

from edgewise.model import KAN
from plotting.pictures import HOSTILE

VOID = {"meta", "link", "br", "img", "input", "hr"}
INJECTED = (*HOSTILE[:-1], "</style></script><img src=x onerror=alert(1)>")


class ParsedPage(HTMLParser):
    """Tags, attributes and text of a page; raises when a tag is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def data(model: KAN, rows: int = 60) -> tuple[torch.Tensor, torch.Tensor]:
    """X, uniform in [-1, 1], and what the model makes of it."""
    generator = torch.Generator().manual_seed(3)
    X = 2 * torch.rand(rows, model.topology.features, dtype=torch.float64, generator=generator) - 1
    with torch.no_grad():
        return X, model(X.to(model.dtype)).double()


def history(steps: int = 30) -> list[dict[str, Any]]:
    """Rows as a fit leaves them: two grids, the second without held-out rows and with a loss that is no number."""
    fitted = [
        {"stage": "fit", "grid_size": 3, "step": k, "train_loss": 0.5**k, "validation_loss": 0.6**k, "seconds": 0.1 * k}
        for k in range(steps)
    ]
    last = {
        "stage": "all rows",
        "grid_size": 6,
        "step": steps,
        "train_loss": math.nan,
        "validation_loss": None,
        "seconds": 9.0,
    }
    return [*fitted, *[last] * 10]

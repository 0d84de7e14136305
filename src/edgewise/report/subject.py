"""What a report is about: a checked model, the rows it is shown on, and the names of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..data import as_codes, as_target, holds_classes
from ..model import KAN
from ..plotting.content import Content, describe, names_of
from ..plotting.selection import MOST_READABLE, select

CLASS_TASKS = ("classification",)
MOST_CARDS = 120  # edges shown in all: a page of more cards takes long to open, and nobody reads it


@dataclass(frozen=True)
class Sample:
    """Checked rows: X (n, d) and y, which holds numbers (n, k), or class codes (n,) where `classes` names them."""

    X: Tensor
    y: Tensor
    classes: tuple[str, ...]

    @staticmethod
    def of(model: KAN, X: Any, y: Any, classes: tuple[str, ...]) -> Sample:
        """The rows as the model takes them. Raises `ShapeError` and `DataError` where X, y and the model do not fit."""
        x, outputs = model.finite_input(X, "report"), len(model.topology.node_ids[-1])
        if not classes:
            return Sample(x, as_target(y, rows=len(x), width=outputs, dtype=model.dtype, device=model.device), ())
        labels = (model.metadata.classes or classes) if holds_classes(y) else None
        codes, _ = as_codes(y, rows=len(x), classes=labels, width=outputs, device=model.device)
        return Sample(x, codes, classes)

    def thin(self, rows: int) -> Sample:
        """At most so many rows, at equal distances."""
        if len(self.X) <= rows:
            return self
        chosen = torch.linspace(0, len(self.X) - 1, rows, dtype=torch.float64).round().long().to(self.X.device)
        return Sample(self.X[chosen], self.y[chosen], self.classes)


def _drawn(content: Content) -> Content:
    """What a page can show of a network, each edge on its card."""
    return select(content, top=max(1, min(MOST_READABLE, MOST_CARDS // len(content.edges))))


@dataclass(frozen=True)
class Subject:
    """What every part of a report looks at.

    fitted: the rows the model was fitted to. judged: the rows it is judged on, the same ones unless some were held out.
    inputs names all features by their original position. shown and before: what is drawn of the network and of the one
    before pruning. edges: how many edges the network has.
    """

    model: KAN
    original: KAN | None
    fitted: Sample
    judged: Sample
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shown: Content
    before: Content | None
    edges: int

    @staticmethod
    def of(
        model: KAN,
        X: Any,
        y: Any,
        *,
        test: tuple[Any, Any] | None = None,
        original: KAN | None = None,
        inputs: Sequence[object] | None = None,
        outputs: Sequence[object] | None = None,
    ) -> Subject:
        """The subject, checked. Raises as `report` does."""
        content = describe(model, X, inputs=inputs, outputs=outputs)
        before = None if original is None else _drawn(describe(original, X, inputs=inputs, outputs=outputs))
        names, ends = names_of(model, inputs, outputs)
        labelled = model.metadata.task in CLASS_TASKS or bool(model.metadata.classes)
        classes = ends if labelled and len(ends) > 1 else ()
        fitted = Sample.of(model, X, y, classes)
        judged = fitted if test is None else Sample.of(model, *test, classes)
        edges = sum(map(len, content.edges))
        return Subject(model, original, fitted, judged, names, ends, _drawn(content), before, edges)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, none for a regression."""
        return self.fitted.classes

    @property
    def used(self) -> list[int]:
        """The features that the network still reads."""
        return list(self.model.topology.node_ids[0])

    @property
    def judged_on(self) -> str:
        """Which rows judge the model, in words."""
        if self.judged is self.fitted:
            rows = len(self.fitted.X)
            return f"The model is judged on the {rows} rows it was fitted to. Expect larger errors on new rows."
        return f"The model is judged on {len(self.judged.X)} held-out rows."

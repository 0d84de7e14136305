"""suggest: the closed forms that one edge might have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import torch

from ..errors import knows_keywords
from ..model import KAN, Fitted, as_kan
from ..primitives import Primitive
from ..topology import Edge
from ..transforms import edge as edge_function
from ..transforms.draft import as_edge
from .rank import FittedForm, rank
from .tuning import TUNED

SUGGESTIONS_SHOWN = 8  # rows of the printed table


class Suggestions(Sequence[FittedForm]):
    """Candidates for one edge, best first; printed as a table."""

    def __init__(self, edge: Edge, candidates: Sequence[FittedForm]) -> None:
        self.edge, self._candidates = edge, tuple(candidates)

    @overload
    def __getitem__(self, place: int) -> FittedForm: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[FittedForm, ...]: ...
    def __getitem__(self, place: int | slice) -> FittedForm | tuple[FittedForm, ...]:
        return self._candidates[place]

    def __len__(self) -> int:
        return len(self._candidates)

    def __iter__(self) -> Iterator[FittedForm]:
        return iter(self._candidates)

    def __repr__(self) -> str:
        rows = [("form", "R2", "error", "complexity", "score", "c*f(a*x + b) + d")]
        rows += [
            (c.primitive, f"{c.r2:.6f}", f"{c.error:.2g}", str(c.complexity), f"{c.score:.1f}", str(c))
            for c in self._candidates[:SUGGESTIONS_SHOWN]
        ]
        widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        more = len(self) - SUGGESTIONS_SHOWN
        return "\n".join(
            [f"closed forms for edge {self.edge}, best first", *lines, *([f"... and {more} more"] if more > 0 else [])]
        )


@knows_keywords
def suggest(
    model: KAN | Fitted, X: Any, edge: Edge, *, primitives: Iterable[str | Primitive] | None = None
) -> Suggestions:
    """The closed forms that one edge might have, ranked by error and complexity; the model stays as it is.

    Args:
        model: a KAN, or the result of a fit.
        X (n, features): rows on which the edge is looked at; a tensor, an array or a DataFrame.
        edge: (layer, source node, target subnode), by the original ids.
        primitives: names or objects to choose from. Default: all that `edgewise.primitives.ranked` lists.

    Returns:
        The fitted forms, best first, as a sequence that prints as a table. Their x is what `ew.edge(model, edge)`
        takes: the user's units in layer 0, else the value of the source node.

    Raises:
        StructureError: an unknown edge, or anything but a KAN.
        DataError, ShapeError: rows that do not fit the model.
        SymbolicError: unknown primitives.

    >>> import edgewise as ew
    >>> model = ew.set_symbolic(ew.KAN((2, 1)), {(0, 1, 0): ("x^2", 2.0, 0.0, 1.0, 0.5)})
    >>> X = torch.rand(100, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    >>> suggest(model, X, (0, 1, 0))[0].primitive
    'x^2'
    """
    model = as_kan(model, "suggest")
    which = as_edge(edge)
    number, src, _ = model.topology.edge_position(which)
    rows = model.finite_input(X, "suggest")
    with torch.no_grad():
        x = rows[:, which[1]] if number == 0 else model.trace(rows)[1].nodes[number][:, src]
        y = edge_function(model, which)(x)
    return Suggestions(which, rank(x, y, primitives, tolerance=TUNED.edge_accuracy))

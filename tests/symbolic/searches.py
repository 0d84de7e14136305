"""Small searches whose outcome and whose work are recorded, so that a changed number of the tuning shows."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

import edgewise as ew
from edgewise import symbolic
from edgewise.symbolic.tuning import TUNED
from edgewise.symbolic.work import Work
from symbolic.laws import F, network, uniform

PLAIN = (1.0, 0.0, 1.0, 0.0)
FILES = [room.name for room in pkgutil.iter_modules(symbolic.__path__)]
ROOMS: list[Any] = [importlib.import_module(f"edgewise.symbolic.{name}") for name in FILES]


@dataclass(frozen=True)
class Outcome:
    """Forms of the result, edges that stay splines, root mean squared error, units of work spent: none on record where
    round-off decides them, as for two equal nodes, of which either may go first."""

    forms: tuple[str, ...]
    splines: int
    error: float
    units: float | None

    def like(self, recorded: Outcome) -> bool:
        """Whether the forms are the same, the error at most twice, and the work within a quarter of what is recorded.

        Round-off may end a descent a step earlier or later; a changed number of the tuning shows in more than that.
        """
        same = (self.forms, self.splines) == (recorded.forms, recorded.splines)
        free = self.units is None or recorded.units is None
        close = free or abs(math.log((self.units or 1.0) / (recorded.units or 1.0))) < math.log(1.25)
        return same and close and self.error <= 2 * recorded.error + 1e-9


def noise(amount: float, rows: int) -> Tensor:
    return amount * torch.randn(rows, 1, dtype=F, generator=torch.Generator().manual_seed(5))


def spline_network(widths: tuple, forms: dict, X: Tensor) -> ew.KAN:
    """A network of splines that hold these forms: no training, so that only the search is looked at."""
    return ew.unset_symbolic(ew.refine(network(widths, forms), grid_size=20), X=X)


def hello(X: Tensor) -> tuple[ew.KAN, Tensor]:
    forms = {(0, 0, 0): ("sin", math.pi, 0.0, 1.0, 0.0), (0, 1, 0): ("x^2", *PLAIN), (1, 0, 0): ("exp", *PLAIN)}
    return spline_network((2, 1, 1), forms, X), torch.exp(torch.sin(math.pi * X[:, :1]) + X[:, 1:] ** 2)


def exact() -> dict[str, Any]:
    X = uniform((-1, 1), (-1, 1), rows=400)
    model, y = hello(X)
    return {"model": model, "X": X, "y": y}


def noisy() -> dict[str, Any]:
    X = uniform((-1, 1), (-1, 1), rows=400)
    model, y = hello(X)
    return {"model": model, "X": X, "y": y + noise(0.1, 400)}


def own_outputs() -> dict[str, Any]:
    X = uniform((-1, 1), (-1, 1), rows=400)
    return {"model": hello(X)[0], "X": X}


def some_edges() -> dict[str, Any]:
    X = uniform((-1, 1), (-1, 1), rows=400)
    model, y = hello(X)
    return {"model": model, "X": X, "y": y + noise(0.01, 400), "primitives": ["sin", "x", "x^3"]}


def addition_theorem() -> dict[str, Any]:
    X = uniform((-0.95, 0.95), (-0.95, 0.95), rows=400)
    forms = {(0, 0, 0): ("arctanh", *PLAIN), (0, 1, 0): ("arctanh", *PLAIN), (1, 0, 0): ("tanh", *PLAIN)}
    y = (X[:, :1] + X[:, 1:]) / (1 + X[:, :1] * X[:, 1:])
    return {"model": spline_network((2, 1, 1), forms, X), "X": X, "y": y}


def two_copies() -> dict[str, Any]:
    X = uniform((-1, 1), (-1, 1), rows=400)
    forms = {(0, 0, o): ("sin", 2.0, 0.0, 1.0, 0.0) for o in (0, 1)} | {(0, 1, o): ("x^2", *PLAIN) for o in (0, 1)}
    forms |= {(1, 0, 0): ("exp", 1.0, 0.0, 0.4, 0.0), (1, 1, 0): ("exp", 1.0, 0.0, 0.6, 0.0)}
    y = torch.exp(torch.sin(2 * X[:, :1]) + X[:, 1:] ** 2)
    return {"model": spline_network((2, 2, 1), forms, X), "X": X, "y": y}


def noise_alone() -> dict[str, Any]:
    X = uniform((-1, 1), (-1, 1), rows=400)
    return {"model": ew.KAN((2, 2, 1), seed=1), "X": X, "y": noise(1.0, 400)}


SEARCHES: dict[str, Callable[[], dict[str, Any]]] = {
    "exact": exact,
    "noisy": noisy,
    "own_outputs": own_outputs,
    "some_edges": some_edges,
    "addition_theorem": addition_theorem,
    "two_copies": two_copies,
    "noise_alone": noise_alone,
}


def outcome(search: str) -> Outcome:
    """Run one search, and say what came of it."""
    settings, spent = SEARCHES[search](), []
    module: Any = importlib.import_module("edgewise.symbolic.symbolify")

    class Noted(Work):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            spent.append(self)

    before, module.Work = module.Work, Noted
    try:
        done = ew.symbolify(settings.pop("model"), settings.pop("X"), settings.pop("y", None), **settings)
    finally:
        module.Work = before
    settings = SEARCHES[search]()
    X, y = settings["X"], settings.get("y")
    with torch.no_grad():
        y = settings["model"](X) if y is None else y
        error = float((done(X) - y).square().mean().sqrt())
    forms = tuple(sorted(edge.primitive for layer in done.edge_layers for edge in layer.symbolic))
    return Outcome(forms, sum(int(layer.spline_edges().sum()) for layer in done.edge_layers), error, spent[0].spent)


@contextmanager
def tuned(**changes: Any) -> Iterator[None]:
    """The searches in this block run with these fields of the tuning changed."""
    rank = importlib.import_module("edgewise.symbolic.rank")
    users = [room for room in ROOMS if hasattr(room, "TUNED")]
    changed = replace(TUNED, **changes)
    try:
        for room in users:
            room.TUNED = changed
        rank._dictionary.cache_clear()
        yield
    finally:
        for room in users:
            room.TUNED = TUNED
        rank._dictionary.cache_clear()

"""How a row is fitted: shapes of the paper and general ones, the same rule for every row, the lowest held-out error
wins."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

import edgewise as ew

from .tables import Row

Width = int | tuple[int, Any]
TRAIN = TEST = 1000
SPARSITIES = (0.1, 0.03, 0.01, 0.003)  # from strong to weak, until what pruning leaves is accurate enough
DRAFT = {"grids": (3, 6), "steps": 30, "restarts": 1}  # the short fit of a general shape
FINALISTS = 1  # general shapes that are trained in full, of every seed
DEGREE = 5  # of their splines: they follow smooth functions more closely than the paper's cubic ones
LIMIT = 1e-2  # the paper's bound on the error of a row's "minimal shape"


@dataclass(frozen=True)
class Sizes:
    """How much is spent on one fit; the small ones only show that everything runs."""

    samples: int = TRAIN
    shapes: int | None = None  # how many candidates, None: all
    settings: tuple[tuple[str, Any], ...] = ()

    @staticmethod
    def of(smoke: bool) -> Sizes:
        """Full sizes, or those of --smoke."""
        return Sizes(200, 2, (("grids", (3, 6)), ("steps", 8), ("restarts", 0))) if smoke else Sizes()


@dataclass(frozen=True)
class Attempt:
    """One trained network: where its shape comes from, its effective parameters, grids, root mean square errors on
    held-out points, as expected of new ones (None: no word of that) and on test points, CPU seconds."""

    origin: str
    shape: str
    degree: int
    parameters: int
    edges: int
    grid: tuple[int, ...]
    held_out: float
    test: float
    seconds: float
    expected: float | None = None

    @property
    def products(self) -> bool:
        """Whether the shape has multiplication nodes."""
        return "x" in self.shape


def general_shapes(inputs: int) -> list[tuple[Width, ...]]:
    """Shapes tried for every function of this many inputs, within the paper's search (width at most 5, depth at most
    6); (2, 1) is two sums and a product of two more.

    >>> general_shapes(2)[:5]
    [(2, 1), (2, 2, 1), (2, 5, 1), (2, 4, 1), (2, 3, 3, 1)]
    """
    n = inputs
    sums = [(n, 1), (n, min(n, 5), 1), (n, 5, 1), (n, 4, 1), (n, 3, 3, 1), (n, 4, 2, 1)]
    products = [
        (n, (0, 1), 1),
        (n, (0, 3), 1),
        (n, (2, 2), 1),
        (n, (2, 2), 2, 1),
        (n, 2, (0, 1), 1),
        (n, 2, (1, 1), 1, 1),
        (n, 4, 2, (0, 1), 1),
    ]
    return [*sums, *products]


def candidates(row: Row) -> dict[tuple[Width, ...], str]:
    """Shape -> where it comes from, in the order of trial: the paper's first, then the general ones."""
    found: dict[tuple[Width, ...], str] = {}
    for kind in ("best", "minimal", "human"):
        if kind in row.shapes:
            found.setdefault(tuple(row.shapes[kind]), f"paper's {kind}")
    for shape in general_shapes(len(row.inputs)):
        found.setdefault(shape, "general")
    return found


def fit(model: torch.nn.Module, X: Any, y: Any, **settings: Any) -> Any:
    """`edgewise.fit`, except that Ctrl-C ends the experiment: a fit that was cut short is no result."""
    result = ew.fit(model, X, y, progress=False, **settings)
    if result.status.name == "INTERRUPTED":
        raise KeyboardInterrupt
    return result


def on_all_rows(result: Any, X: Any, y: Any) -> Any:
    """The end of a chain: the result fitted once more to all rows, those that were held out included."""
    return ew.refit(result, X, y, progress=False) if result.ending is not None else result


def rmse(model: torch.nn.Module, X: np.ndarray, y: np.ndarray) -> float:
    """Root mean square error of a model with one output on X (n, inputs), y (n,)."""
    parameter = next(model.parameters())
    with torch.no_grad():
        predicted = model(torch.as_tensor(X).to(parameter)).double().numpy()[:, 0]
    return float(np.sqrt(np.mean((predicted - y) ** 2)))


def attempt(row: Row, model: Any, origin: str, seed: int, sizes: Sizes, began: float | None = None) -> Attempt:
    """Fit a model to a row's training points; the seed fixes what is held out."""
    began = time.process_time() if began is None else began
    X, y = row.sample(sizes.samples, "train")
    result = on_all_rows(fit(model, X, y, seed=seed, **dict(sizes.settings)), X, y)
    facts = ew.summary(result.model)
    return Attempt(
        origin=origin,
        shape=facts.shape.replace(" ", ""),
        degree=model.config.degree,
        parameters=facts.parameters,
        edges=facts.edges,
        grid=facts.grid_size,
        held_out=result.metrics["validation_rmse"],
        test=rmse(result.model, *row.sample(TEST, "test")),
        seconds=time.process_time() - began,
        expected=result.metrics.get("expected_rmse"),
    )


def attempts(row: Row, seed: int, sizes: Sizes) -> list[Attempt]:
    """The paper's shapes, and of the general ones the best after a short fit on coarse grids, trained from this seed;
    and the network that pruning leaves of a wide one."""
    found, drafts = [], []
    draft = replace(sizes, settings=tuple({**DRAFT, **dict(sizes.settings)}.items()))
    for shape, origin in list(candidates(row).items())[: sizes.shapes]:
        model = ew.KAN(shape, grid_size=3, degree=DEGREE if origin == "general" else 3, seed=seed)
        if origin == "general":
            drafts.append((attempt(row, model, origin, seed, draft), model))
        else:
            found.append(attempt(row, model, origin, seed, sizes))
    spent = sum(tried.seconds for tried, _ in drafts)
    for _, model in sorted(drafts, key=lambda draft: draft[0].held_out)[:FINALISTS]:
        done = attempt(row, model, "general", seed, sizes)
        found.append(replace(done, seconds=done.seconds + spent))
        spent = 0.0
    return [*found, pruned(row, seed, sizes)]


def pruned(row: Row, seed: int, sizes: Sizes) -> Attempt:
    """The smallest network found by pruning: sparsify one of width 5 on a coarse grid, prune it, train what is left;
    with a weaker sparsity if the held-out error then is not below `LIMIT`. The most accurate one where none is."""
    began, found = time.process_time(), []
    X, y = row.sample(sizes.samples, "train")
    settings = {**dict(sizes.settings), "grids": (3,)}
    for sparsity in SPARSITIES:
        sparse = fit(
            ew.KAN((len(row.inputs), 5, 1), grid_size=3, seed=seed), X, y, seed=seed, sparsity=sparsity, **settings
        ).model
        found.append(attempt(row, ew.merge(ew.prune(sparse, X), X), "pruned", seed, sizes, began))
        if found[-1].held_out < LIMIT:
            return found[-1]
    return replace(winner(found), seconds=time.process_time() - began)


def winner(found: Iterable[Attempt]) -> Attempt:
    """The attempt with the lowest held-out error, the earliest of equals. Test points play no part."""
    return min(found, key=lambda attempt: attempt.held_out)

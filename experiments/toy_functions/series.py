"""Errors of one function over growing grids, from one seed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

import edgewise as ew

from ..training import fit, on_all_rows, rmse
from .functions import Toy, find

PAPER_GRIDS = (3, 5, 10, 20, 50, 100, 200, 500, 1000)
PER_PARAMETER = 20  # training points per parameter in the ample series
TEST = 10_000


@dataclass(frozen=True)
class Point:
    """One grid of a series: size, training points, effective parameters, errors, CPU seconds from the start of the
    series."""

    grid: int
    samples: int
    parameters: int
    held_out: float
    test: float
    seconds: float


def ample(name: str, seed: int, smoke: bool) -> list[Point]:
    """At every grid at least `PER_PARAMETER` training points per parameter: what the representation can do."""
    toy = find(name)
    grids = toy.grids[:2] if smoke else toy.grids
    return _series(toy, seed, [(size, max(1000, PER_PARAMETER * toy.parameters(size))) for size in grids], smoke)


def paper(name: str, seed: int, smoke: bool) -> list[Point]:
    """The paper's grids on 1000 training points, however few that is."""
    toy = find(name)
    sizes = [size for size in PAPER_GRIDS if toy.parameters(size) <= 4000]
    return _series(toy, seed, [(size, 1000) for size in (sizes[:2] if smoke else sizes)], smoke)


def single(name: str, seed: int, smoke: bool) -> list[Point]:
    """One fit as a user makes it: all settings automatic."""
    toy, began = find(name), time.process_time()
    samples = 300 if smoke else toy.samples
    settings: dict[str, Any] = {"grids": (3, 6), "restarts": 0, "steps": 8} if smoke else {}
    X, y = toy.row.sample(samples, "train")
    result = on_all_rows(fit(ew.KAN(toy.shape, grid_size=3, seed=seed), X, y, seed=seed, **settings), X, y)
    return [_point(toy, result, samples, began)]


SERIES = {"ample": ample, "paper": paper, "single": single}


def _series(toy: Toy, seed: int, plan: list[tuple[int, int]], smoke: bool) -> list[Point]:
    model, began, found = ew.KAN(toy.shape, grid_size=plan[0][0], seed=seed), time.process_time(), []
    for size, samples in plan:
        X, y = toy.row.sample(samples, "train")
        steps = {"steps": 5, "restarts": 0} if smoke else {}
        result = fit(model, X, y, seed=seed, grids=(size,), **steps)
        model = result.model
        found.append(_point(toy, result, samples, began))
    return found


def _point(toy: Toy, result: Any, samples: int, began: float) -> Point:
    facts = ew.summary(result.model)
    test = rmse(result.model, *toy.row.sample(TEST, "test"))
    return Point(
        max(facts.grid_size),
        samples,
        facts.parameters,
        result.metrics["validation_rmse"],
        test,
        time.process_time() - began,
    )


def exponent(grids: list[int], errors: list[float]) -> float:
    """a of the law error = c grid^-a, by regression of the logarithms.

    >>> round(exponent([10, 20, 40], [1e-4, 6.25e-6, 3.90625e-7]), 6)
    4.0
    """
    return -float(np.polyfit(np.log(grids), np.log(errors), 1)[0])

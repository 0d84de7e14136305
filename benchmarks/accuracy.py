"""Seconds until a test error is reached: `edgewise.fit` against pykan's L-BFGS with growing grids, on the same points,
both in float64."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from time import perf_counter

import torch
from experiments.peers import alone
from torch import Tensor, nn

import edgewise as ew

from .clock import Spread
from .contestants import OWN, named
from .layers import failure
from .records import Place, Record, record
from .shapes import DEGREE
from .steps import points

FUNCTION, WIDTHS, SAMPLES = "exp(sin(pi x) + y^2)", (2, 5, 1), 1000
ROW = "exp-sin-square"
TARGETS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
OWN_GRIDS = (3, 6, 12, 24, 48)
PYKAN_GRIDS, PYKAN_STEPS = (3, 5, 10, 20, 50), 50
Curve = list[tuple[float, float]]  # seconds, test error


def measured(seeds: int, limit: float, smoke: bool = False) -> Iterator[Record]:
    """One line for each contestant and target: seconds, over the seeds (of points and start); `limit` seconds for each
    run of pykan."""
    pykan = named("pykan")
    yield from lines(OWN, [own_curve(seed, OWN_GRIDS[:1] if smoke else OWN_GRIDS) for seed in range(seeds)])
    if pykan.missing:
        yield from (record(place(target), pykan, note=pykan.missing) for target in TARGETS)
        return
    try:
        curves = [
            pykan_curve(seed, limit, 2 if smoke else PYKAN_STEPS, PYKAN_GRIDS[:1] if smoke else PYKAN_GRIDS)
            for seed in range(seeds)
        ]
    except Exception as problem:  # whatever pykan trips over here
        yield from (record(place(target), pykan, note=failure(problem)) for target in TARGETS)
        return
    yield from lines(pykan.name, curves)


def place(target: float) -> Place:
    """Where a target's line belongs."""
    return Place("accuracy", ROW, f"test RMSE {target:.0e}".replace("e-0", "e-"), "s")


def reached(curve: Curve, target: float) -> float:
    """Seconds until the error was at most the target; infinite where it never was.

    >>> reached([(1.0, 1e-1), (2.0, 1e-3)], 1e-2), reached([(1.0, 1e-1)], 1e-2)
    (2.0, inf)
    """
    return min((seconds for seconds, error in curve if error <= target), default=math.inf)


def lines(name: str, curves: Sequence[Curve]) -> Iterator[Record]:
    """The spread over the curves for each target, or the best error where most of them did not get there."""
    best = Spread.of([min((error for _, error in curve), default=math.inf) for curve in curves])
    spent = max((seconds for curve in curves for seconds, _ in curve), default=0.0)
    for target in TARGETS:
        spread = Spread.of([reached(curve, target) for curve in curves])
        if math.isfinite(spread.median):
            yield record(place(target), named(name), spread)
        else:
            yield record(place(target), named(name), note=f"not reached in {spent:.0f} s (best {best.median:.1e})")


def rmse(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Root mean square error of a network on points (b, 2) and targets (b, 1)."""
    with torch.no_grad():
        return float((model(x) - y).square().mean().sqrt())


def own_curve(seed: int, grids: Sequence[int]) -> Curve:
    """One whole fit from nothing for each further grid, so a fit's seconds hold those of its coarser grids too."""
    x, y = points(SAMPLES, 2 * seed)
    test, curve = points(SAMPLES, 2 * seed + 1), []
    for count in range(1, len(grids) + 1):
        began = perf_counter()
        result = ew.fit(
            ew.KAN(WIDTHS, grid_size=grids[0], seed=seed), x, y, grids=tuple(grids[:count]), seed=seed, progress=False
        )
        curve.append((perf_counter() - began, rmse(result.model, *test)))
    return curve


class TimeUp(Exception):
    """The limit has passed."""


def pykan_curve(seed: int, limit: float, steps: int, grids: Sequence[int]) -> Curve:
    """The test error after each step; computing it does not count. Stops when the limit has passed, or pykan fails
    after it has diverged."""
    (x, y), test = points(SAMPLES, 2 * seed), points(SAMPLES, 2 * seed + 1)
    curve: Curve = []
    with alone():
        from kan import MultKAN  # pyright: ignore[reportMissingImports]

        dataset = {"train_input": x, "train_label": y, "test_input": test[0], "test_label": test[1]}
        began = perf_counter()
        model = MultKAN(list(WIDTHS), grid=grids[0], k=DEGREE, seed=seed, auto_save=False)

        def look() -> Tensor:
            nonlocal began
            now = perf_counter()
            curve.append((now - began, rmse(model, *test)))
            if now - began > limit:
                raise TimeUp
            began += perf_counter() - now
            return torch.zeros(())

        try:
            for size in grids:
                if size != grids[0]:
                    model = model.refine(size)
                    model.auto_save = False  # refine does not hand it on
                model.fit(dataset, opt="LBFGS", steps=steps, metrics=[look])
        except TimeUp:
            pass
        except Exception:
            if not curve:
                raise
    return curve

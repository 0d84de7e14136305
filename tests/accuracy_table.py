"""A quick table of what fits reach: six functions and three noisy tables, medians over a few seeds.

`test_accuracy.py` holds every figure within a factor of 2 of `accuracy_table.csv`, so that a constant of the training
does not change unseen. After a change that is meant to move figures, `python tests/accuracy_table.py --record` writes
the file anew. Figures must not hang on the last digits of one processor; `--stir` shows how far they do.
"""

from __future__ import annotations

import csv
import math
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import edgewise as ew

RECORDED = Path(__file__).with_suffix(".csv")
COLUMNS = ("case", "figure", "value", "commit", "torch")
SEEDS = range(3)
FACTOR = 2.0  # between a figure and the recorded one, at most
NEW_ROWS = 2000
STIR = 1e-12  # relative change of the inputs under `--stir`: far more than round-off, far less than any noise
Figures = dict[str, float]
Cases = dict[str, Callable[[int, float], Figures]]


@dataclass(frozen=True)
class Case:
    """A function of inputs in [-1, 1], a table of it with noise (a part of its spread), a network and its fit."""

    function: Callable[..., Tensor]
    shape: tuple[int, ...]
    rows: int
    fit: dict[str, Any]
    noise: float = 0.0
    grid_size: int = 3
    inputs: Callable[[Tensor], Tensor] = field(default=lambda X: X)  # of uniform ones
    kept: Callable[[Tensor], Tensor] = field(
        default=lambda X: torch.ones(len(X), dtype=torch.bool)
    )  # which rows the table keeps

    def sample(self, rows: int, seed: int) -> tuple[Tensor, Tensor]:
        """X (rows, inputs) and y (rows,) without noise."""
        generator = torch.Generator().manual_seed(seed)
        X = self.inputs(2 * torch.rand(rows, self.shape[0], generator=generator, dtype=torch.float64) - 1)
        return X, self.function(*X.T)

    def table(self, seed: int, stir: float) -> tuple[Tensor, Tensor]:
        """The rows to fit."""
        X, y = self.sample(self.rows, seed)
        kept = self.kept(X)
        X, y = X[kept], y[kept]
        noise = torch.randn(y.shape, generator=torch.Generator().manual_seed(seed + 1000), dtype=torch.float64)
        return X * (1 + stir * noise[:, None]), y + self.noise * y.std() * noise

    def model(self, seed: int) -> ew.KAN:
        """Before its fit."""
        return ew.KAN(self.shape, grid_size=self.grid_size, seed=seed)

    def error(self, model: ew.KAN, seed: int) -> float:
        """Root mean square error on new rows without noise, in spreads of y."""
        X, y = self.sample(NEW_ROWS, seed + 100)
        with torch.no_grad():
            return float((model(X)[:, 0] - y).square().mean().sqrt() / y.std())


def fitted(case: Case) -> Callable[[int, float], Figures]:
    """A fit: its error and its steps."""

    def figures(seed: int, stir: float) -> Figures:
        result = ew.fit(case.model(seed), *case.table(seed, stir), seed=seed, progress=False, **case.fit)
        return {"error": case.error(result.model, seed), "steps": len(result.history)}

    return figures


def recipe(case: Case, sparsity: float) -> Callable[[int, float], Figures]:
    """The way to a formula: a sparse fit, prune, fit, symbolify; what each leaves."""

    def figures(seed: int, stir: float) -> Figures:
        X, y = case.table(seed, stir)
        sparse = ew.fit(case.model(seed), X, y, grids=(3,), sparsity=sparsity, seed=seed, progress=False)
        pruned = ew.prune(sparse.model, X)
        result = ew.fit(pruned, X, y, seed=seed, progress=False, **case.fit)
        closed = ew.symbolify(result.model, X, y)
        return {
            "edges": ew.summary(pruned).edges,
            "sparse steps": len(sparse.history),
            "error": case.error(result.model, seed),
            "steps": len(result.history),
            "formula error": case.error(closed, seed),
        }

    return figures


def classes(case: Case) -> Callable[[int, float], Figures]:
    """Two classes, drawn with odds of exp(y): how far the odds of new rows are off, as a divergence in nats."""

    def figures(seed: int, stir: float) -> Figures:
        X, y = case.table(seed, stir)
        drawn = torch.rand(y.shape, generator=torch.Generator().manual_seed(seed + 2000), dtype=torch.float64)
        result = ew.fit(
            case.model(seed),
            X,
            (drawn < y.sigmoid()).long(),
            loss="cross_entropy",
            seed=seed,
            progress=False,
            **case.fit,
        )
        new, odds = case.sample(NEW_ROWS, seed + 100)
        with torch.no_grad():
            found = result.model(new).log_softmax(1)
        true = torch.stack([-odds, odds], 1).sigmoid()
        divergence = (true * (true.log() - found)).sum(1).mean()
        return {"divergence": float(divergence), "steps": len(result.history)}

    return figures


def exp_sin(x: Tensor, y: Tensor) -> Tensor:
    """The paper's first example."""
    return torch.exp(torch.sin(math.pi * x) + y**2)


def odd_numbers(x: Tensor, y: Tensor) -> Tensor:
    """The like, with constants that noise cannot tell exactly."""
    return torch.exp(torch.sin(2.87 * x + 0.43) + 0.83 * y**2)


FUNCTIONS: Cases = {
    "wave": fitted(Case(lambda x: torch.sin(20 * x), (1, 1), 200, {"restarts": 1})),
    "kink": fitted(Case(lambda x: (x - 0.3).abs(), (1, 1), 200, {"restarts": 0})),
    "long tail": fitted(Case(torch.log1p, (1, 1), 200, {"restarts": 0}, inputs=lambda x: torch.exp(4 * x))),
    "hidden node": fitted(Case(exp_sin, (2, 1, 1), 200, {"grids": (3, 6, 12), "restarts": 2})),
    "corner": fitted(
        Case(
            lambda x, y: torch.exp(1.5 * (x + y)),
            (2, 1, 1),
            200,
            {"grids": (3, 6), "restarts": 1},
            kept=lambda X: X.sum(1) < 1.2,  # new rows lie in the corner, too
        )
    ),
    "two sines": fitted(
        Case(
            lambda x, y: torch.sin(math.pi * x) * torch.sin(math.pi * y**2),
            (2, 2, 1),
            300,
            {"grids": (3, 6), "restarts": 4},
        )
    ),
}
NOISY: Cases = {
    "noise on a fine grid": fitted(
        Case(lambda x: torch.sin(6 * x), (1, 1), 300, {"grids": (50,), "restarts": 0}, noise=0.1, grid_size=50)
    ),
    "noise and a formula": recipe(Case(odd_numbers, (2, 3, 1), 300, {"grids": (3, 6)}, noise=0.05), sparsity=1e-2),
    "noisy classes": classes(Case(lambda x, y: 4 * x * y, (2, 2, 2), 300, {"grids": (3, 6), "restarts": 1})),
}
CASES: Cases = {**FUNCTIONS, **NOISY}
QUICK = ("wave", "kink", "long tail", "noise on a fine grid")  # a few seconds each


def measured(name: str, stir: float = 0.0) -> Figures:
    """The medians of a case's figures over the seeds."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # fits this small gain nothing from more
    try:
        runs = [CASES[name](seed, stir) for seed in SEEDS]
    finally:
        torch.set_num_threads(threads)
    return {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}


def recorded() -> dict[str, Figures]:
    """Case -> figure -> value, as the file has them."""
    found: dict[str, Figures] = {}
    with RECORDED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["case"], {})[row["figure"]] = float(row["value"])
    return found


def far_off(figures: Figures, wanted: Figures) -> dict[str, float]:
    """Figure -> how many times it is what was recorded, of those that are off by `FACTOR` or more."""
    ratios = {figure: figures[figure] / value for figure, value in wanted.items()}
    return {figure: ratio for figure, ratio in ratios.items() if not 1 / FACTOR < ratio < FACTOR}


def record() -> None:
    """Write the file from the code as it is."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    rows = [
        (name, figure, f"{value:.4g}", head, torch.__version__)
        for name in CASES
        for figure, value in measured(name).items()
    ]
    with RECORDED.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


def stirred() -> None:
    """Print how many times each figure is the recorded one, for inputs that differ in their last digits."""
    wanted = recorded()
    for name in CASES:
        found = measured(name, STIR)
        print(name, {figure: f"{value / wanted[name][figure]:.2f}" for figure, value in found.items()})


if __name__ == "__main__":
    if sys.argv[1:] not in (["--record"], ["--stir"]):
        raise SystemExit("usage: python tests/accuracy_table.py --record | --stir")
    record() if sys.argv[1] == "--record" else stirred()

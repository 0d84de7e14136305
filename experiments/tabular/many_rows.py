"""python -m experiments.tabular.many_rows [CASE,...]: CPU seconds and memory of fits to many rows, each in a process of
its own with one thread. many_rows.csv holds them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..results import Record, Results
from ..runner import ROOT, THREADS, say, version
from .one import end_after, memory

FILE = Path(__file__).with_name("many_rows.csv")
COLUMNS = ("case", "door", "rows", "columns", "error", "noise", "given", "fit_seconds", "memory", "note", "commit")
NEW = 50_000  # rows that a fit is judged by
NOISE = 2.0  # standard deviation
LIMIT = 1800  # seconds of CPU that a case may take
SEED = 0


@dataclass(frozen=True)
class Case:
    """A table of float32, and through which door it is fitted: "regressor" or "fit", which is without hidden layers."""

    door: str
    rows: int
    columns: int


CASES = {
    "regressor_200000": Case("regressor", 200_000, 20),
    "fit_200000": Case("fit", 200_000, 20),
    "regressor_million": Case("regressor", 1_000_000, 50),
    "fit_million": Case("fit", 1_000_000, 50),
}


def made(rows: int, columns: int, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """X (n, d) in float32, normal, neighbours correlated, and y (n,). With e normal and NOISE:

    y = 3 sin(2 x1) + x3^2 + 2 |x5| + x7 x9 + 2 tanh(3 x11) + x13 / 2 + e
    """
    X = stream.standard_normal((rows, columns), dtype=np.float32)
    X[:, 1:] += X[:, :-1] / 2
    a, b, c, d, e, f, g = (X[:, place].astype(float) for place in range(0, 14, 2))
    y = 3 * np.sin(2 * a) + b**2 + 2 * np.abs(c) + d * e + 2 * np.tanh(3 * f) + g / 2
    return X, (y + NOISE * stream.standard_normal(rows)).astype(np.float32)


def fit_one(case: Case) -> dict[str, Any]:
    """The error on new rows, CPU seconds and peak memory of one case; `given`: memory held before the fit, in MB."""
    import edgewise as ew  # which the page has no need of

    stream = np.random.default_rng(SEED)
    X, y = made(case.rows, case.columns, stream)
    new, truth = made(NEW, case.columns, stream)
    ew.fit(ew.KAN((2, 1)), X[:100, :2], y[:100], optimizer="evidence", progress=False)  # what loads on first use
    given, began = memory(), time.process_time()
    if case.door == "regressor":
        predict = ew.KANRegressor(random_state=SEED).fit(X, y).predict
    else:
        shape = (case.columns, (1, 20), 1)
        found = ew.fit(ew.KAN(shape, seed=SEED), X, y, optimizer="evidence", progress=False)
        predict = found.model.predict
    seconds, most = time.process_time() - began, memory()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some new rows lie outside the range
        predicted = np.asarray(predict(new)).reshape(-1)
    error = float(np.sqrt(np.mean((predicted - truth) ** 2)))
    return {"error": error, "noise": NOISE, "given": given, "fit_seconds": seconds, "memory": most}


def run(names: Sequence[str]) -> None:
    """Measure these cases, one after the other."""
    environment = os.environ | dict.fromkeys(THREADS, "1")
    for name in names:
        command = [sys.executable, "-m", "experiments.tabular.many_rows", "one", name]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        values: dict[str, Any] = {"case": name, **vars(CASES[name]), "commit": version()}
        if done.returncode:
            values["note"] = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][:200]
        else:
            values |= {"note": "", **json.loads(done.stdout.strip().splitlines()[-1])}
        Results(FILE, COLUMNS, list(CASES)).put(values)
        say(f"{name}: {values}")


def records() -> list[Record]:
    """What was measured."""
    return list(Results(FILE, COLUMNS, list(CASES)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        end_after(LIMIT)
        print(json.dumps(fit_one(CASES[sys.argv[2]])))
    else:
        run(sys.argv[1].split(",") if sys.argv[1:] else list(CASES))

"""One choice changed at a time: base, degree, number format, initial functions, optimizer at equal time, penalty."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

import edgewise as ew

from .. import page
from ..paper import find, template
from ..results import Record, Results
from ..runner import Job, Options, rows_done, say, version, work
from ..tables import Row
from ..training import TEST, fit, rmse
from .initial import initialised

PROBLEMS = {
    "exp_sin": ("toy", "exp_sin", (2, 1, 1)),
    "exp_sin_wide": ("toy", "exp_sin", (2, 5, 1)),
    "ellipj": ("special", "ellipj", (2, 3, 2, 1)),
    "jv": ("special", "jv", (2, 5, 1)),
    "I.6.2b": ("feynman", "I.6.2b", (3, 4, 1)),
}
SAMPLES = 1000
EQUAL_TIME = 5.0  # seconds
COLUMNS = ("name", "question", "choice", *PROBLEMS, "geometric_mean", "edges", "seconds", "seeds", "commit")
STARTS = 8  # networks per seed where initial functions are compared: one start says little
SEEDS_APART = 1000  # of starts, so that no two seeds share one
DEEP = (16, 16, 16)  # hidden layers of the networks that are trained by Adam there
Settings = dict[str, Any]


def _model(**settings: Any) -> Settings:
    return {"model": settings}


def _fit(**settings: Any) -> Settings:
    return {"fit": settings}


INITIAL: dict[str, Settings] = {
    "as constructed (default)": {},
    "a third of that": {"scale": 1 / 3},
    "a tenth of that": {"scale": 0.1},
    **{scheme: {"initial": scheme} for scheme in ("pykan", "LeCun", "Glorot", "power law")},
}
# question -> choice -> what differs from `ew.fit(ew.KAN(shape, grid_size=3), X, y)`
CHOICES: dict[str, dict[str, Settings]] = {
    "base": {"silu (default)": {}, "identity": _model(base="identity"), "none": _model(base=None)},
    "degree": {f"{degree}{' (default)' if degree == 3 else ''}": _model(degree=degree) for degree in range(1, 8)},
    "format": {"float64 (default)": {}, "float32": _model(dtype=torch.float32)},
    "restarts": {"auto (default)": {}, "none": _fit(restarts=0)},
    "initial": {name: {**how, "starts": STARTS, **_fit(restarts=0, grids=(3, 6))} for name, how in INITIAL.items()},
    "initial Adam": {
        name: {**how, "starts": STARTS, "hidden": DEEP, **_fit(optimizer="adam", grids=(5,), steps=200)}
        for name, how in INITIAL.items()
    },
    "optimizer": {
        name: {"equal_time": True, **_fit(optimizer=name, grids=(10,), restarts=0, steps=1_000_000)}
        for name in ("lm", "lbfgs", "adam")
    },
    "penalty": {
        "none (default)": {"prune": False},
        "sparsity 0.003": {"prune": True, **_fit(sparsity=0.003)},
        "sparsity 0.03": {"prune": True, **_fit(sparsity=0.03)},
        "L1 of the paper": {"prune": True, "l1": (0.01, 0.0)},
        "L1 and entropy of the paper": {"prune": True, "l1": (0.01, 0.01)},
    },
}
ROWS = {f"{question}: {choice}": (question, choice) for question, choices in CHOICES.items() for choice in choices}


def ablation_job(name: str, seed: int, smoke: bool) -> dict[str, float]:
    """The errors of one choice on every problem, from one seed, and its CPU seconds."""
    question, choice = ROWS[name]
    settings, began = CHOICES[question][choice], time.process_time()
    found: dict[str, float] = {}
    edges = 0
    small: Settings = {"grids": (3, 6), "steps": 5, "restarts": 0} if smoke else {}
    for problem, (table, row_name, shape) in list(PROBLEMS.items())[: 1 if smoke else None]:
        row = find(table, row_name)
        widths = (shape[0], *settings["hidden"], shape[-1]) if "hidden" in settings else shape
        errors = []
        for start in range(1 if smoke else settings.get("starts", 1)):
            trained = _trained(settings, row, widths, seed + SEEDS_APART * start, small)
            errors.append(rmse(trained, *row.sample(TEST, "test")))
            edges += ew.summary(trained).edges
        found[problem] = geometric(errors)
    return found | {"seconds": time.process_time() - began, "edges": edges}


def _trained(settings: Settings, row: Row, shape: Sequence[int], seed: int, small: Settings) -> Any:
    """The network of one problem under one choice; `small` stands over the choice's own settings."""
    X, y = row.sample(200 if small else SAMPLES, "train")
    model = _scaled(
        ew.KAN(shape, **{"grid_size": 3, "seed": seed, **settings.get("model", {})}), settings.get("scale", 1.0)
    )
    if "initial" in settings:
        model = initialised(model, settings["initial"], seed)
    how: Settings = {**settings.get("fit", {}), **small}
    if settings.get("equal_time"):
        fit(model, X, y, seed=seed, **{**how, "steps": 1})  # kernels are compiled before the clock starts
        how["callbacks"] = (_after(0.1 if small else EQUAL_TIME),)
    if settings.get("prune"):
        how = {**how, "grids": (3,)}
    if "l1" in settings:
        trained = paper_penalty(model, X, y, *settings["l1"], steps=5 if small else 200)
    else:
        trained = fit(model, X, y, seed=seed, **how).model
    if settings.get("prune"):
        trained = fit(ew.merge(ew.prune(trained, X), X), X, y, seed=seed, **small).model
    return trained


def paper_penalty(model: Any, X: np.ndarray, y: np.ndarray, l1: float, entropy: float, steps: int) -> Any:
    """The model trained by L-BFGS under the paper's penalty, lambda (mu1 sum of |phi|_1 + mu2 sum of entropies), on
    targets of unit spread.

    The penalty enters as rows of the residual, whose mean square is minimised.
    """
    x, target = torch.as_tensor(X), torch.as_tensor(y / y.std())
    first = fit(model, x, target, grids=(3,), steps=1, restarts=0).model  # scales inputs and outputs to the data

    def residual(network: Any) -> torch.Tensor:
        a, terms = network.scale_inputs(x), []
        for number, layer in enumerate(network.layers, start=1):
            norms = layer.edge_values(a).abs().mean(0).flatten()  # |phi|_1 of every edge
            share = norms / norms.sum()
            terms += [l1 * norms, entropy * (-share * (share + 1e-12).log()).sum().clamp_min(0.0)[None]]
            a = network.multiply(number, layer(a))
        rows = torch.cat([(network(x)[:, 0] - target), (len(target) * torch.cat(terms) + 1e-12).sqrt()])
        return rows * (len(rows) / len(target)) ** 0.5

    return fit(first, None, None, residual=residual, optimizer="lbfgs", steps=steps).model


def _after(seconds: float) -> Callable[[Any], bool]:
    """A callback that ends a run."""
    began = time.process_time()
    return lambda _: time.process_time() - began > seconds


def _scaled(model: Any, factor: float) -> Any:
    """The model with its initial edge functions scaled."""
    with torch.no_grad():
        for layer in model.layers:
            layer.coef.mul_(factor)
            if layer.base_scale is not None:
                layer.base_scale.mul_(factor)
    return model


def geometric(values: Sequence[float]) -> float:
    """The geometric mean.

    >>> round(geometric([1.0, 100.0]), 9)
    10.0
    """
    return math.exp(statistics.mean(math.log(max(value, 1e-300)) for value in values))


def run(options: Options) -> int:
    """Fit every choice and write result.csv and the page. 1 where a choice failed, else 0."""
    names, done = options.chosen(list(ROWS)), 0
    results = Results(options.out / "result.csv", COLUMNS, list(ROWS))
    jobs = [Job(name, ablation_job, (name, seed, options.smoke)) for name in names for seed in range(options.seeds)]
    try:
        for name, found in rows_done(jobs, work(jobs, options.processes, "Ablations")):
            errors = {
                problem: geometric([one[problem] for one in found]) for problem in PROBLEMS if problem in found[0]
            }
            question, choice = ROWS[name]
            overall = geometric(list(errors.values()))
            seconds = statistics.median(one["seconds"] for one in found)
            results.put(
                {
                    "name": name,
                    "question": question,
                    "choice": choice,
                    **errors,
                    "geometric_mean": overall,
                    "seconds": seconds,
                    "edges": statistics.mean(one["edges"] for one in found) if question == "penalty" else None,
                    "seeds": len(found),
                    "commit": version(),
                }
            )
            say(f"{name}: {overall:.2g} in {seconds:.1f} s")
            done += 1
    finally:
        if len(results):
            write_page(options, list(results))
    return 0 if done == len(names) else 1


def write_page(options: Options, records: Sequence[Record]) -> None:
    """README.md: one table per question."""
    heads = {"choice": "", **{problem: f"{problem} {list(PROBLEMS[problem][2])}" for problem in PROBLEMS}}
    heads |= {
        "geometric_mean": "geometric mean",
        "edges": "edges left, all problems",
        "seconds": "CPU seconds, all problems",
    }
    parts = ["# Ablations", template("ablations/about.md", samples=SAMPLES, test=TEST)]
    for question in CHOICES:
        own = [record for record in records if record["question"] == question]
        if own:
            parts += [f"## {TITLES[question]}", page.table(own, heads)]
    page.write(options.out, parts)


TITLES = {
    "base": "The base function: is the silu needed?",
    "degree": "Degree of the splines",
    "format": "Number format",
    "restarts": "Restarts inside `fit`",
    "initial": f"Initial functions, {STARTS} single starts a seed, grids 3 and 6",
    "initial Adam": (
        f"Initial functions, Adam, {STARTS} networks a seed with hidden layers {list(DEEP)}, grid 5, 200 epochs"
    ),
    "optimizer": f"Optimizer, {EQUAL_TIME:g} CPU seconds each, grid 10, one start",
    "penalty": "Sparsity, then pruning and a fit of what is left",
}

"""The critics' case: a grid far finer than 1000 noisy points support."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import edgewise as ew

from .. import page
from ..paper import find, shape_text, template
from ..results import Results, number
from ..rows import by_seed, run_rows
from ..runner import Options, version
from ..training import TEST, fit, on_all_rows, rmse

CASES = {
    "exp_sin": ("toy", "exp_sin", (2, 1, 1)),
    "exp_sin_wide": ("toy", "exp_sin", (2, 5, 1)),
    "ellipj": ("special", "ellipj", (2, 3, 2, 1)),
    "I.6.2b": ("feynman", "I.6.2b", (3, 4, 1)),
}
GRIDS = (5, 10, 20, 50, 100, 200)
NOISE = 0.05
SAMPLES = 1000
COLUMNS = (
    "name",
    "shape",
    "samples",
    "noise",
    *(f"g{size}" for size in GRIDS),
    "auto",
    "auto_grid",
    "ratio_200_to_10",
    "ratio_of_means",
    "noise_rmse",
    "seconds",
    "seeds",
    "commit",
)


def noise_job(case: str, seed: int, smoke: bool) -> dict[str, float]:
    """Errors by grid, of the automatic choice, and the CPU seconds of one case from one seed."""
    table, name, shape = CASES[case]
    row, began = find(table, name), time.process_time()
    X, y = row.sample(200 if smoke else SAMPLES, f"noisy {seed}", noise=NOISE)
    test = row.sample(TEST, "test")
    settings: dict[str, Any] = {"steps": 5, "restarts": 0} if smoke else {}
    found = {}
    for size in (5, 10) if smoke else GRIDS:
        fixed = fit(ew.KAN(shape, grid_size=size, seed=seed), X, y, seed=seed, grids=(size,), **settings)
        found[f"g{size}"] = rmse(on_all_rows(fixed, X, y).model, *test)
    chosen = on_all_rows(fit(ew.KAN(shape, grid_size=3, seed=seed), X, y, seed=seed, **settings), X, y).model
    found |= {"auto": rmse(chosen, *test), "auto_grid": max(ew.summary(chosen).grid_size)}
    return found | {"noise_rmse": NOISE * float(test[1].std()), "seconds": time.process_time() - began}


def summarise(case: str, found: Sequence[dict[str, float]], samples: int) -> dict[str, object]:
    """The record of a case from its seeds."""
    values: dict[str, Any] = {key: statistics.median(run[key] for run in found) for key in found[0]}
    if "g200" in values:
        values["ratio_200_to_10"] = values["g200"] / values["g10"]
        values["ratio_of_means"] = statistics.mean(run["g200"] for run in found) / statistics.mean(
            run["g10"] for run in found
        )
    shape = shape_text(CASES[case][2])
    return {
        "name": case,
        "shape": shape,
        "samples": samples,
        "noise": NOISE,
        "seeds": len(found),
        "commit": version(),
        **values,
    }


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    numbers = {key: value for key, value in record.items() if key in COLUMNS[4:12] and isinstance(value, float)}
    return ", ".join(f"{key} {value:.2g}" for key, value in numbers.items())


def run(options: Options) -> int:
    """Fit every case and write result.csv and the page. 1 where a case failed, else 0."""

    def record_of(name: str, found: list[Any]) -> Mapping[str, Any]:
        return summarise(name, found, 200 if options.smoke else SAMPLES)

    return run_rows(options, "Noise", CASES, COLUMNS, by_seed(noise_job, options), record_of, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    heads = {
        "name": "case",
        "shape": "shape",
        **{f"g{size}": f"G = {size}" for size in GRIDS},
        "auto": "auto",
        "auto_grid": "G of auto",
    }
    heads |= {
        "ratio_200_to_10": "G = 200 / G = 10",
        "ratio_of_means": "of the means",
        "seeds": "seeds",
        "noise_rmse": "the noise itself",
    }
    about = template("noise/about.md", noise=NOISE, samples=SAMPLES, test=TEST)
    page.write(
        options.out,
        ["# Noise and fine grids", about, page.table(results, heads), "![error over grid size](result.png)"],
    )
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    for record in results:
        points = [(size, error) for size in GRIDS if (error := number(record, f"g{size}")) is not None]
        axes.plot(*zip(*points, strict=True), "o-", label=record["name"])
    axes.set(xscale="log", yscale="log", xlabel="grid size G", ylabel="RMSE to the function without noise")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    page.save(figure, options.out / "result.png")

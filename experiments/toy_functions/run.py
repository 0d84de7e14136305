"""Section 3.1 of the paper: errors over grids, and the exponents of the scaling law."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence

from .. import page
from ..paper import COLUMNS as TABLE
from ..paper import PEERS, run_peers, shape_text, template
from ..results import Record, Results, number
from ..runner import Job, Options, rows_done, say, version, work
from .functions import TOYS, Toy
from .series import PER_PARAMETER, SERIES, TEST, Point, exponent

COLUMNS = (
    *TABLE[: TABLE.index("samples")],
    "samples",
    "grid",
    "note",
    "seeds",
    "bar",
    "below_bar",
    "exponent_mean",
    "exponent_median",
    "exponent_over",
    "ample_best",
    "ample_grid",
    "ample_samples",
    "worst_at_large_grids",
    "commit",
    *PEERS,
)
ERRORS = ("key", "name", "series", "grid", "samples", "parameters", "seed", "held_out", "test", "seconds")
LARGE = (200, 500, 1000)


def series_of(toy: Toy) -> tuple[str, ...]:
    """What is run for a function."""
    return ("single",) if toy.samples else ("ample", "paper")


def toy_job(name: str, series: str, seed: int, smoke: bool) -> list[Point]:
    """One series from one seed; found by name, so that it can run in another process."""
    return SERIES[series](name, seed, smoke)


def by_grid(runs: Sequence[Sequence[Point]]) -> dict[int, list[float]]:
    """Grid size -> test errors of the seeds."""
    found: dict[int, list[float]] = {}
    for point in itertools.chain.from_iterable(runs):
        found.setdefault(point.grid, []).append(point.test)
    return found


def summarise(toy: Toy, found: Mapping[str, Sequence[Sequence[Point]]]) -> dict[str, object]:
    """The record of a function from the points of each series and seed."""
    runs = found["single" if toy.samples else "paper"]
    chosen = [min(points, key=lambda point: point.held_out) for points in runs]  # the grid, by held-out error
    best = min(chosen, key=lambda point: point.test)
    values: dict[str, object] = {
        "name": toy.name,
        "shape": shape_text(toy.shape),
        "parameters": best.parameters,
        "edgewise_best": best.test,
        "edgewise_median": statistics.median(point.test for point in chosen),
        "seconds": statistics.median(points[-1].seconds for points in runs),
        "samples": best.samples,
        "grid": best.grid,
        "note": toy.row.expression,
        "seeds": len(runs),
        "commit": version(),
    }
    if toy.bar:
        values |= {"bar": toy.bar, "below_bar": f"{sum(point.test < toy.bar for point in chosen)} of {len(chosen)}"}
    if "paper" in found:
        errors = by_grid(found["paper"])
        large = [error for size in LARGE for error in errors.get(size, ())]
        values["worst_at_large_grids"] = max(large) if large else None
    if "ample" in found:
        errors = by_grid(found["ample"])
        grids = [size for size in toy.measured if size in errors]
        if len(grids) > 1:
            values["exponent_mean"] = exponent(grids, [statistics.mean(errors[size]) for size in grids])
            values["exponent_median"] = exponent(grids, [statistics.median(errors[size]) for size in grids])
            values["exponent_over"] = " ".join(map(str, grids))
        lowest = min(itertools.chain.from_iterable(found["ample"]), key=lambda point: point.test)
        values |= {"ample_best": lowest.test, "ample_grid": lowest.grid, "ample_samples": lowest.samples}
    return values


def run(options: Options) -> int:
    """Run the series and write result.csv, errors.csv, the page. 1 where a function failed, else 0."""
    toys = {toy.name: toy for toy in TOYS}
    names = options.chosen(list(toys))
    results = Results(options.out / "result.csv", COLUMNS, list(toys))
    errors = Results(options.out / "errors.csv", ERRORS)
    kinds = [(name, kind) for name in names for kind in series_of(toys[name])]
    jobs = [
        Job(name, toy_job, (name, kind, seed, options.smoke)) for name, kind in kinds for seed in range(options.seeds)
    ]
    jobs, done = jobs if options.peers in ("no", "too") else [], 0
    try:
        for name, found in rows_done(jobs, work(jobs, options.processes, "Toy functions")):
            own = [job for job in jobs if job.row == name]
            groups: dict[str, list[list[Point]]] = {}
            for job, points in zip(own, found, strict=True):
                groups.setdefault(job.arguments[1], []).append(points)
            values = summarise(toys[name], groups)
            errors.drop("name", name)
            errors.put_all(
                {"key": key(name, kind, point.grid, seed), "name": name, "series": kind, "seed": seed, **vars(point)}
                for kind, runs in groups.items()
                for seed, points in enumerate(runs)
                for point in points
            )
            results.put(values)
            slope = values.get("exponent_mean")
            say(
                f"{name}: {values['edgewise_best']:.2g}, median {values['edgewise_median']:.2g}"
                + (f", exponent {slope:.2f}" if slope else "")
            )
            done += 1
        if options.peers != "no":
            compared = [name for name in names if series_of(toys[name]) != ("single",)]
            if others := [name for name in names if name not in compared]:
                say(
                    f"{', '.join(others)}: fitted once, from more points than the peers take, and not compared with"
                    " them"
                )
            done = len(others) + run_peers("toy", "Toy functions", options, compared, results)
    finally:
        if len(results):
            write_page(options, results, list(errors))
    return 0 if done == len(names) else 1


def key(name: str, series: str, size: int, seed: int) -> str:
    """What tells a point of errors.csv from all others."""
    return f"{name}/{series}/{size}/{seed}"


def write_page(options: Options, results: Results, errors: Sequence[Record]) -> None:
    """README.md and result.png."""
    columns = {
        "name": "function",
        "note": "",
        "shape": "shape",
        "exponent_mean": "exponent of the mean",
        "exponent_median": "of the median",
        "exponent_over": "over G =",
        "ample_best": "lowest error, ample",
        "ample_grid": "at G =",
        "ample_samples": "from points",
        "seeds": "seeds",
    }
    series = [record for record in results if record["ample_best"]]
    plain = [record for record in results if record["below_bar"]]
    fixed = {
        "name": "function",
        "note": "",
        "shape": "shape",
        "samples": "points",
        "edgewise_best": "best",
        "edgewise_median": "median",
        "grid": "grid",
        "bar": "bar",
        "below_bar": "seeds below it",
        "seconds": "seconds",
    }
    thousand = {
        "name": "function",
        "parameters": "parameters",
        "grid": "grid, by held-out error",
        "edgewise_best": "best",
        "edgewise_median": "median",
        "worst_at_large_grids": "worst of all seeds at G = 200, 500, 1000",
        "pykan_same_data": "pykan, same data",
        "mlp_best": "MLP, best",
        "mlp_median": "MLP, median",
        "mlp_10x": "MLP, 10x",
        "mlp_100x": "MLP, 100x",
    }
    parts = ["# Toy functions", template("toy_functions/about.md", per_parameter=PER_PARAMETER, test=TEST)]
    if series:
        parts += [
            "![error over grid size](result.png)",
            "## Ample: at least 20 points per parameter",
            page.table(series, columns),
        ]
        parts += ["## Paper: 1000 points", page.table(series, thousand)]
    if plain:
        parts += ["## Fitted once, all settings automatic", page.table(plain, fixed)]
    page.write(
        options.out,
        [
            *parts,
            "`python -m experiments toy_functions --rows a,b` reruns some functions, `--peers` recomputes the peers.",
        ],
    )
    if series:
        draw(options, [record["name"] for record in series], errors)


def draw(options: Options, names: Sequence[str], errors: Iterable[Record]) -> None:
    """Mean error over grid size for each function, one panel per series, with the predicted slope."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2))
    panels = figure.subplots(1, 2, sharey=True)
    records = list(errors)
    for axes, series in zip(panels, ("ample", "paper"), strict=True):
        for colour, name in enumerate(names):
            own = [record for record in records if record["name"] == name and record["series"] == series]
            sizes = sorted({int(record["grid"]) for record in own})
            tests = [[number(record, "test") or 0.0 for record in own if int(record["grid"]) == size] for size in sizes]
            axes.plot(
                sizes, [statistics.mean(values) for values in tests], "o-", color=f"C{colour}", label=name, markersize=4
            )
            axes.plot(sizes, [statistics.median(values) for values in tests], ":", color=f"C{colour}")
        axes.plot([24, 192], [1e-5, 1e-5 / 8**4], "k--", linewidth=1, label="$G^{-4}$")
        axes.set(xscale="log", yscale="log", xlabel="grid size G", title=series)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("test RMSE (line: mean of seeds, dots: median)")
    panels[1].legend(frameon=False)
    page.save(figure, options.out / "result.png")

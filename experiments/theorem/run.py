"""Any function of two variables with 15 functions of one: errors over the grid, and how smooth the inner ones stay."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

import edgewise as ew

from .. import page
from ..paper import template
from ..results import Results
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .functions import EXAMPLES, Example, drawn

GRIDS = (5, 10, 20, 40)
ROWS, JUDGES, STEPS = 2000, 4000, 60
ERRORS = tuple(f"grid_{size}" for size in GRIDS)
COLUMNS = (
    "name", "about", *ERRORS, "slope", "bend_first", "bend_last", "smooth_inner", "seconds", "seeds", "commit",
)  # fmt: skip


def error(model: Any, X: Tensor, y: Tensor) -> float:
    """Root mean square, in units of the spread."""
    with torch.no_grad():
        return float((model(X)[:, 0] - y).square().mean().sqrt() / y.std())


def bend(model: Any) -> float:
    """The largest curvature of an inner function, in units of its spread."""
    line, found = torch.linspace(-1, 1, 2001, dtype=torch.float64), []
    for source in range(2):
        for target in range(5):
            phi = ew.edge(model, (0, source, target))
            with torch.no_grad():
                spread = float(phi(line).std())
                found.append(float(phi(line, derivative=2).square().mean().sqrt()) / spread if spread else 0.0)
    return max(found)


def chain(example: Example, seed: int, grids: tuple[int, ...], steps: int) -> list[Any]:
    """The network at each grid, each trained from the one before."""
    X = drawn(ROWS, seed)
    y, found = example.values(X), []
    model = ew.KAN((2, 5, 1), grid_size=grids[0], seed=seed)
    for place, size in enumerate(grids):
        start = ew.refine(model, grid_size=size) if place else model
        model = ew.fit(
            start, X, y, grids=(size,), steps=steps, restarts=0 if place else 2, seed=seed, progress=False
        ).model
        found.append(model)
    return found


def inner_kept(model: Any, example: Example, seed: int, steps: int) -> Any:
    """The first network with a fine outer grid alone. As a part of a module it keeps its grids in a fit."""
    X = drawn(ROWS, seed)
    y = example.values(X)
    start = ew.refine(model, grid_size=(GRIDS[0], GRIDS[-1]))
    return ew.fit(torch.nn.Sequential(start), X, y, optimizer="lm", steps=steps, seed=seed, progress=False).model


def job(name: str, seed: int, smoke: bool) -> dict[str, float]:
    """The errors at each grid, and the bends, from one seed."""
    example, began, steps = EXAMPLES[name], time.process_time(), 10 if smoke else STEPS
    grids = GRIDS[:2] if smoke else GRIDS
    models = chain(example, seed, grids, steps)
    X = drawn(JUDGES, 1000 + seed)
    y = example.values(X)
    errors = [error(model, X, y) for model in models]
    sizes, logs = torch.log(torch.tensor(grids, dtype=torch.float64)), torch.tensor(errors, dtype=torch.float64).log()
    centred = sizes - sizes.mean()
    return {
        **dict(zip(ERRORS, errors, strict=False)),
        "slope": float((centred * logs).sum() / centred.square().sum()),
        "bend_first": bend(models[0]),
        "bend_last": bend(models[-1]),
        "smooth_inner": error(inner_kept(models[0], example, seed, steps), X, y),
        "seconds": time.process_time() - began,
    }


def summarise(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """The record of a function from its seeds."""
    values = {key: statistics.median(one[key] for one in found) for key in found[0]}
    return {"name": name, "about": EXAMPLES[name].about, **values, "seeds": len(found), "commit": version()}


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return ", ".join(f"{record[key]:.2g}" for key in ERRORS if key in record)


def run(options: Options) -> int:
    """Run every function and write result.csv and the page. 1 where one failed, else 0."""
    return run_rows(options, "Functions", EXAMPLES, COLUMNS, by_seed(job, options), summarise, told, write_page)


def conclusion(results: Results) -> str:
    """What the rows say, in words."""
    rows = [row for row in results if row[ERRORS[-1]] and row["smooth_inner"]]
    if not rows:
        return ""
    steep = [row["name"] for row in rows if float(row["slope"]) < -3]
    flat = [f"{row['name']} ({float(row['slope']):.2g})" for row in rows if float(row["slope"]) >= -3]
    worth = {row["name"]: float(row["smooth_inner"]) / float(row[ERRORS[-1]]) for row in rows}
    most = max(worth, key=lambda name: worth[name])
    least = min(worth, key=lambda name: worth[name])
    parts = [
        f"The slope is steeper than -3 for {', '.join(steep)}." if steep else "",
        f"It is not for {', '.join(flat)}." if flat else "",
        f"Inner functions that stay smooth cost a factor of {worth[most]:.2g} for {most}.",
        f"For {least} they cost {worth[least]:.2g}." if worth[least] >= 1 else "",
        f"For {least} they are better, by a factor of {1 / worth[least]:.2g}: finer inner grids learn the rows alone."
        if worth[least] < 1
        else "",
    ]
    return " ".join(part for part in parts if part)


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    heads = {
        "name": "function",
        **{key: f"G = {size}" for key, size in zip(ERRORS, GRIDS, strict=True)},
        "slope": "slope",
        "bend_first": f"bend at {GRIDS[0]}",
        "bend_last": f"at {GRIDS[-1]}",
        "smooth_inner": f"inner grid of {GRIDS[0]}, outer {GRIDS[-1]}",
        "seconds": "CPU s",
        "seeds": "seeds",
    }
    about = template(
        "theorem/about.md",
        rows=ROWS,
        judges=JUDGES,
        coarse=GRIDS[0],
        examples="\n".join(f"- **{name}**: {one.about}." for name, one in EXAMPLES.items()),
    )
    images = [] if options.smoke else ["The 15 functions of each network at the first grid, inner ones by their node:"]
    images += [] if options.smoke else ["![the 15 functions](result.png)"]
    again = page.repeat("theorem", results)
    page.write(
        options.out,
        ["# Two variables, fifteen functions", about, page.table(results, heads), conclusion(results), *images, again],
    )
    if not options.smoke:
        page.save(picture(), options.out / "result.png")


def picture() -> Any:
    """For each function: what the network says, its error, and its 15 functions."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 2.1 * len(EXAMPLES)))
    axes = figure.subplots(len(EXAMPLES), 7)
    line = torch.linspace(-1, 1, 200, dtype=torch.float64)
    square = torch.cartesian_prod(line, line)
    for row, (name, example) in zip(axes, EXAMPLES.items(), strict=True):
        model = chain(example, 0, GRIDS[:1], STEPS)[-1]
        with torch.no_grad():
            said, trace = model.trace(square)
            left = (said[:, 0] - example.values(square)).abs().clamp(min=1e-16).log10()
        box: dict[str, Any] = {"extent": (-1, 1, -1, 1), "origin": "lower"}
        row[0].imshow(said[:, 0].reshape(200, 200).T, **box)
        row[0].set_ylabel(name)
        shown = row[1].imshow(left.reshape(200, 200).T, cmap="magma", **box)
        figure.colorbar(shown, ax=row[1], fraction=0.046)
        for node in range(5):
            for source, colour in enumerate(("C0", "C1")):
                with torch.no_grad():
                    row[2 + node].plot(line, ew.edge(model, (0, source, node))(line), colour, linewidth=1)
            low, high = (float(end) for end in torch.aminmax(trace.nodes[1][:, node]))
            inside = torch.linspace(low, high, 200, dtype=torch.float64)
            twin = row[2 + node].twinx().twiny()
            with torch.no_grad():
                twin.plot(inside, ew.edge(model, (1, node, 0))(inside), "0.3", linewidth=1, linestyle="--")
            for ax in (row[2 + node], twin):
                ax.tick_params(labelbottom=False, labeltop=False, labelleft=False, labelright=False, length=0)
    heads = ("network", "log10 of its error", *(f"q = {q}: x, y; outer dashed" for q in range(1, 6)))
    for ax, head in zip(axes[0], heads, strict=True):
        ax.set_title(head, fontsize=8)
    figure.tight_layout()
    return figure

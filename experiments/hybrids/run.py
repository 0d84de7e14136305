"""Where a few KAN edges in an MLP, or an MLP block in a KAN, are worth it, and where not."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import torch

import edgewise as ew

from .. import page
from ..paper import template
from ..results import Record, Results
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .networks import EDGES, FINE, GRID, NETWORKS, build, parameters
from .tasks import JUDGES, TASKS

LABELS = {"mlp": "MLP", "kan": "KAN", "mlp_with_edges": "MLP with edges", "kan_with_block": "KAN with a block"}
COUNTS = tuple(f"{name}_parameters" for name in NETWORKS)
COLUMNS = ("name", "about", *NETWORKS, *COUNTS, "seconds", "seeds", "commit")
TIE = 1.1  # a hybrid wins or loses where the errors differ by more than this factor
STEPS, EPOCHS = 100, 40  # of Levenberg-Marquardt; of Adam


def job(task: str, name: str, seed: int, smoke: bool) -> dict[str, float]:
    """The error of one network on one task."""
    one = TASKS[task]
    X, y, new, truth = one.split(seed)
    network = build(name, X.shape[1], one.classes, one.parameters, seed)
    count, began = parameters(network), time.process_time()
    settings: dict[str, Any] = {"optimizer": "lm", "steps": 5 if smoke else STEPS}
    if one.classes > 1:
        steps = (2 if smoke else EPOCHS) * -(-len(X) // 64)
        settings = {"optimizer": "adam", "loss": "cross_entropy", "batch_size": 64, "steps": steps}
    model = ew.fit(network, X, y, seed=seed, progress=False, **settings).model
    with torch.no_grad():
        said = model(new)
    wrong = (
        (said.argmax(1) != truth).double().mean() if one.classes > 1 else (said[:, 0] - truth).square().mean().sqrt()
    )
    return {"error": float(wrong), "parameters": count, "seconds": time.process_time() - began}


def jobs_of(task: str, seed: int, smoke: bool) -> dict[str, dict[str, float]]:
    """All networks on one task."""
    return {name: job(task, name, seed, smoke) for name in NETWORKS}


def summarise(task: str, found: list[dict[str, dict[str, float]]]) -> dict[str, object]:
    """The record of a task from its seeds."""
    values: dict[str, object] = {"name": task, "about": TASKS[task].about}
    for name in NETWORKS:
        values[name] = statistics.median(one[name]["error"] for one in found)
        values[f"{name}_parameters"] = int(found[0][name]["parameters"])
    seconds = statistics.median(sum(one[name]["seconds"] for name in NETWORKS) for one in found)
    return {**values, "seconds": seconds, "seeds": len(found), "commit": version()}


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return ", ".join(f"{label} {record[key]:.2g}" for key, label in LABELS.items())


def run(options: Options) -> int:
    """Run every task and write result.csv and the page. 1 where one failed, else 0."""
    return run_rows(options, "Tasks", TASKS, COLUMNS, by_seed(jobs_of, options), summarise, told, write_page)


def verdict(row: Record) -> str:
    """Where the better hybrid stands beside the better of the two plain networks, in a sentence.

    >>> verdict({"name": "a", "mlp": "0.4", "kan": "0.3", "mlp_with_edges": "0.1", "kan_with_block": "0.5"})
    '- **a**: the MLP with edges wins by a factor of 3 over the KAN.'
    """
    plain, mixed = (min(pair, key=lambda name: float(row[name])) for pair in (("mlp", "kan"), tuple(LABELS)[2:]))
    factor = float(row[plain]) / max(float(row[mixed]), 1e-300)
    if factor > TIE:
        chance = " It is one seed, so chance may have decided." if row.get("seeds") == "1" else ""
        won = f"the {LABELS[mixed]} wins by a factor of {factor:.2g} over the {LABELS[plain]}."
        return f"- **{row['name']}**: {won}{chance}"
    if factor < 1 / TIE:
        return f"- **{row['name']}**: no hybrid wins; the {LABELS[plain]} is better by a factor of {1 / factor:.2g}."
    return f"- **{row['name']}**: no hybrid wins; the {LABELS[mixed]} and the {LABELS[plain]} are about as good."


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    about = template(
        "hybrids/about.md",
        grid=GRID,
        fine=FINE,
        edges=EDGES,
        judges=JUDGES,
        tasks="\n".join(f"- **{name}**: {task.about}." for name, task in TASKS.items()),
    )
    table = page.table(results, {"name": "task", **LABELS, "seconds": "CPU s of all", "seeds": "seeds"})
    counts = page.table(
        results, {"name": "parameters", **{f"{key}_parameters": label for key, label in LABELS.items()}}
    )
    judged = "\n".join(map(verdict, results))
    image = "" if options.smoke else "![errors](result.png)"
    parts = ["# Hybrids of KANs and MLPs", about, table, judged, counts, image]
    page.write(options.out, [*parts, page.repeat("hybrids", results)])
    if not options.smoke:
        page.save(picture(results), options.out / "result.png")


def picture(results: Results) -> Any:
    """The errors of all networks on each task."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3))
    axes = figure.add_subplot()
    records = list(results)
    for place, (name, label) in enumerate(LABELS.items()):
        where = [row + 0.2 * (place - 1.5) for row in range(len(records))]
        axes.bar(where, [max(float(record[name]), 1e-6) for record in records], 0.2, label=label)
    axes.set_xticks(range(len(records)), [record["name"] for record in records])
    axes.set_yscale("log")
    axes.set_ylabel("error")
    axes.legend(fontsize=8, ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.15), frameon=False)
    return figure

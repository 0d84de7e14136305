"""What is left of the first parts after the last one: a KAN with a memory and without, and MLPs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

import edgewise as ew

from .. import page
from ..paper import template
from ..results import Results
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .perceptron import STEPS, STRENGTHS, shown
from .tasks import TASKS, Rows, Task

METHODS = {
    "all_at_once": "all parts at once",
    "memory": "`memory=`",
    "forgetful": "without",
    "mlp_all": "MLP, all parts at once",
    "mlp_ewc": "MLP, consolidated",
    "mlp_forgetful": "MLP, without",
}
COLUMNS = ("name", "about", "shape", "parts", *METHODS, "rows_kept", "seconds", "mlp_parameters", "seeds", "commit")


def error(predict: Callable[[Tensor], Tensor], judges: Rows) -> float:
    """The root mean square error of what has one output."""
    x, y = judges
    with torch.no_grad():
        return float((predict(x)[:, 0] - y).square().mean().sqrt())


def kan_of(task: Task, parts: list[Rows], memory: bool, seed: int, smoke: bool) -> Any:
    """The fit to the last part, each from the network of the one before."""
    settings: dict[str, Any] = {**task.settings, **({"steps": 5} if smoke else {}), "seed": seed, "progress": False}
    model: ew.KAN = ew.KAN(task.shape, seed=seed, **task.options)
    result = None
    for x, y in parts:
        result = ew.fit(model, x, y, memory=result if memory else None, **settings)
        model = result.model
    assert result is not None
    return result


def job(name: str, seed: int, smoke: bool) -> dict[str, float]:
    """The errors of every method on everything that was shown, from one seed."""
    task = TASKS[name]
    parts, judges = task.parts(seed), task.judges()
    whole = [tuple(torch.cat(columns) for columns in zip(*parts, strict=True))]
    began = time.process_time()
    with_memory = kan_of(task, parts, True, seed, smoke)
    seconds = time.process_time() - began
    steps = 20 if smoke else STEPS
    features = parts[0][0].shape[1]

    def perceptron(rows: list[Rows], strength: float = 0.0) -> float:
        return error(shown(features, task.hidden, rows, strength, seed, steps), judges)

    return {
        "memory": error(with_memory.model, judges),
        "forgetful": error(kan_of(task, parts, False, seed, smoke).model, judges),
        "all_at_once": error(kan_of(task, whole, False, seed, smoke).model, judges),  # type: ignore[arg-type]
        "mlp_all": perceptron(whole),  # type: ignore[arg-type]
        "mlp_ewc": min(perceptron(parts, strength) for strength in STRENGTHS),
        "mlp_forgetful": perceptron(parts),
        "rows_kept": with_memory.memory.kept,
        "seconds": seconds,
    }


def summarise(name: str, found: list[dict[str, float]]) -> dict[str, object]:
    """The record of a task from its seeds."""
    task = TASKS[name]
    sizes = (task.shape[0], *task.hidden, 1)
    return {
        "name": name,
        "about": task.about,
        "shape": str(list(task.shape)),
        "parts": len(task.parts(0)),
        **{key: statistics.median(run[key] for run in found) for key in found[0]},
        "mlp_parameters": sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False)),
        "seeds": len(found),
        "commit": version(),
    }


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return ", ".join(f"{method} {record[method]:.2g}" for method in METHODS)


def run(options: Options) -> int:
    """Run every task and write result.csv and the page. 1 where a task failed, else 0."""
    return run_rows(options, "Parts", TASKS, COLUMNS, by_seed(job, options), summarise, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    heads = {
        "name": "task",
        "shape": "KAN",
        "parts": "parts",
        **METHODS,
        "rows_kept": "inputs kept",
        "seconds": "CPU s",
    }
    about = template(
        "continual_learning/about.md",
        steps=STEPS,
        strengths=", ".join(f"{strength:g}" for strength in STRENGTHS),
        tasks="\n".join(f"- **{name}**: {task.about}." for name, task in TASKS.items()),
    )
    table = page.table(results, heads)
    parts = ["# Learning part by part", about, table, "![after each peak](result.png)"]
    page.write(options.out, [*parts, page.repeat("continual_learning", results)])
    if options.smoke:
        return
    page.save(picture(), options.out / "result.png")


def picture() -> Any:
    """The five peaks after each part, with a memory above and without below."""
    from matplotlib.figure import Figure

    task, figure = TASKS["peaks"], Figure(figsize=(10, 3.2))
    axes = figure.subplots(2, 5, sharex=True, sharey=True)
    x, y = task.judges()
    parts = task.parts(0)
    for row, memory in enumerate((True, False)):
        for count in range(1, len(parts) + 1):
            ax = axes[row, count - 1]
            with torch.no_grad():
                said = kan_of(task, parts[:count], memory, 0, False).model(x)[:, 0]
            ax.plot(x[:, 0], y, color="0.8", linewidth=3)
            ax.plot(x[:, 0], said, color="C0", linewidth=1)
            ax.set_ylim(-0.5, 1.5)
            if row == 0:
                ax.set_title(f"after part {count}", fontsize=9)
        axes[row, 0].set_ylabel("memory=" if memory else "without", fontsize=9)
    figure.tight_layout()
    return figure

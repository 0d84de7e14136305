"""How many of ten classes are told after five tasks of two, and how many of the first two."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from .. import page
from ..paper import template
from ..results import Results
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .digits import Digits, Rows, load
from .heads import GRID, HIDDEN, STEPS, STRENGTHS, Scores, kan, linear, perceptron

# name -> from the digits, a seed and the steps of Adam to the scores, and how many parameters they have
METHODS: dict[str, Callable[[Digits, int, int], tuple[Scores, int]]] = {
    "kan_memory": lambda digits, seed, steps: kan(digits.tasks, True, seed),
    "kan_forgetful": lambda digits, seed, steps: kan(digits.tasks, False, seed),
    "kan_all": lambda digits, seed, steps: kan([digits.together], False, seed),
    "linear": lambda digits, seed, steps: linear(digits.tasks),
    "mlp_ewc": lambda digits, seed, steps: consolidated(digits, seed, steps),
    "mlp_forgetful": lambda digits, seed, steps: perceptron(digits.tasks, 0.0, seed, steps),
    "mlp_all": lambda digits, seed, steps: perceptron([digits.together], 0.0, seed, steps),
}
LABELS = {
    "kan_memory": "KAN, `memory=`",
    "kan_forgetful": "KAN, without",
    "kan_all": "KAN, all at once",
    "linear": "linear, sums kept",
    "mlp_ewc": "MLP, consolidated",
    "mlp_forgetful": "MLP, without",
    "mlp_all": "MLP, all at once",
}
COLUMNS = ("name", "method", "accuracy", "worst", "best", "first_task", "parameters", "seconds", "seeds", "commit")


def accuracy(scores: Scores, rows: Rows) -> float:
    """Rows whose class has the highest score, in per cent."""
    with torch.no_grad():
        return 100 * float((scores(rows[0]).argmax(1) == rows[1]).double().mean())


def consolidated(digits: Digits, seed: int, steps: int) -> tuple[Scores, int]:
    """The best of the strengths on the judging rows."""
    found = [perceptron(digits.tasks, strength, seed, steps) for strength in STRENGTHS]
    return max(found, key=lambda one: accuracy(one[0], digits.test))


def digits_job(name: str, seed: int, smoke: bool) -> dict[str, float]:
    """What one method reaches from one seed."""
    digits = load(seed)
    began = time.process_time()
    scores, parameters = METHODS[name](digits, seed, 20 if smoke else STEPS)
    seconds = time.process_time() - began
    x, classes = digits.test
    first = classes < 2
    return {
        "accuracy": accuracy(scores, digits.test),
        "first_task": accuracy(scores, (x[first], classes[first])),
        "parameters": parameters,
        "seconds": seconds,
    }


def summarise(name: str, found: list[dict[str, float]]) -> dict[str, object]:
    """The record of a method from its seeds."""
    reached = [run["accuracy"] for run in found]
    return {
        "name": name,
        "method": LABELS[name],
        **{key: statistics.median(run[key] for run in found) for key in found[0]},
        "worst": min(reached),
        "best": max(reached),
        "seeds": len(found),
        "commit": version(),
    }


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return f"{record['accuracy']:.1f} %"


def run(options: Options) -> int:
    """Run every method and write result.csv and the page. 1 where a method failed, else 0."""
    jobs = by_seed(digits_job, options)
    return run_rows(options, "Tasks", METHODS, COLUMNS, jobs, summarise, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md."""
    heads = {
        "method": "method",
        "accuracy": "all ten classes, %",
        "worst": "worst seed",
        "best": "best seed",
        "first_task": "0 and 1, %",
        "parameters": "parameters",
        "seconds": "CPU s",
        "seeds": "seeds",
    }
    about = template(
        "class_incremental/about.md",
        grid=GRID,
        hidden=HIDDEN,
        steps=STEPS,
        strengths=", ".join(f"{strength:g}" for strength in STRENGTHS),
    )
    page.write(options.out, ["# New classes, one task after the other", about, page.table(results, heads)])

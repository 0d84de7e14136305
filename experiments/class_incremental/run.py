"""How many of ten classes are told after five tasks of two, and how many of the first two, after each task."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from .. import learning_curves, page
from ..learning_curves import Point
from ..paper import template
from ..results import Results
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .digits import Rows, load
from .heads import GRID, HIDDEN, STEPS, STRENGTHS, Learner, Scores, kan, linear, perceptron


@dataclass(frozen=True)
class Method:
    """One way to learn the tasks.

    Attributes:
        label: on the page.
        learners: from the tasks, a seed and the steps of Adam. Of several, the best on the judging rows counts.
        together: whether it is shown all tasks at once.
    """

    label: str
    learners: Callable[[Sequence[Rows], int, int], list[Learner]]
    together: bool = False


METHODS = {
    "kan_memory": Method("KAN, `memory=`", lambda tasks, seed, steps: [kan(tasks, True, seed)]),
    "kan_forgetful": Method("KAN, without", lambda tasks, seed, steps: [kan(tasks, False, seed)]),
    "kan_all": Method("KAN, all at once", lambda tasks, seed, steps: [kan(tasks, False, seed)], together=True),
    "linear": Method("linear, sums kept", lambda tasks, seed, steps: [linear(tasks)]),
    "mlp_ewc": Method(
        "MLP, consolidated",
        lambda tasks, seed, steps: [perceptron(tasks, strength, seed, steps) for strength in STRENGTHS],
    ),
    "mlp_forgetful": Method("MLP, without", lambda tasks, seed, steps: [perceptron(tasks, 0.0, seed, steps)]),
    "mlp_all": Method(
        "MLP, all at once", lambda tasks, seed, steps: [perceptron(tasks, 0.0, seed, steps)], together=True
    ),
}
COLUMNS = ("name", "method", "accuracy", "worst", "best", "first_task", "parameters", "seconds", "seeds", "commit")
FIRST = 2  # classes of the first task
PANELS = {"seen": "all classes shown so far", "first": "0 and 1"}  # of the picture


def accuracy(scores: Scores, rows: Rows) -> float:
    """Rows whose class has the highest score, in per cent."""
    with torch.no_grad():
        return 100 * float((scores(rows[0]).argmax(1) == rows[1]).double().mean())


@dataclass(frozen=True)
class Course:
    """What one learner reached after each task, in per cent of the judging rows of all classes shown so far and of the
    first two; how many classes these were; its parameters at the end; CPU seconds."""

    shown: list[int]
    seen: list[float]
    first: list[float]
    parameters: int
    seconds: float


def course(learner: Learner, tasks: Sequence[Rows], test: Rows) -> Course:
    """The course of a learner. The clock stands while it is judged."""
    x, classes = test
    known: set[int] = set()
    shown, seen, first, parameters, seconds = [], [], [], 0, 0.0
    for _, new in tasks:
        began = time.process_time()
        scores, parameters = next(learner)
        seconds += time.process_time() - began
        known |= set(new.tolist())
        for found, among in ((seen, sorted(known)), (first, range(FIRST))):
            rows = torch.isin(classes, torch.tensor(list(among)))
            found.append(accuracy(scores, (x[rows], classes[rows])))
        shown.append(len(known))
    return Course(shown, seen, first, parameters, seconds)


def digits_job(name: str, seed: int, smoke: bool) -> Course:
    """The course of one method from one seed; CPU seconds are those of all its learners."""
    digits, method = load(seed), METHODS[name]
    tasks = [digits.together] if method.together else digits.tasks
    courses = [course(learner, tasks, digits.test) for learner in method.learners(tasks, seed, 20 if smoke else STEPS)]
    best = max(courses, key=lambda one: one.seen[-1])
    return replace(best, seconds=sum(one.seconds for one in courses))


def summarise(name: str, found: list[Course]) -> dict[str, object]:
    """The record of a method from its seeds."""
    reached = [run.seen[-1] for run in found]
    return {
        "name": name,
        "method": METHODS[name].label,
        "accuracy": statistics.median(reached),
        "worst": min(reached),
        "best": max(reached),
        "first_task": statistics.median(run.first[-1] for run in found),
        "parameters": statistics.median(run.parameters for run in found),
        "seconds": statistics.median(run.seconds for run in found),
        "seeds": len(found),
        "commit": version(),
    }


def keep(curves: Results, name: str, found: list[Course]) -> None:
    """Put what a method reached after each task into both panels."""
    for key, panel in PANELS.items():
        seeds = [
            [Point(*read) for read in zip(range(1, 1 + len(run.shown)), run.shown, getattr(run, key), strict=True)]
            for run in found
        ]
        learning_curves.keep(curves, name, panel, seeds)


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return f"{record['accuracy']:.1f} %"


def run(options: Options) -> int:
    """Run every method and write result.csv and the page. 1 where a method failed, else 0."""
    curves = learning_curves.kept(options.out)

    def record_of(name: str, found: list[Course]) -> dict[str, object]:
        keep(curves, name, found)
        return summarise(name, found)

    return run_rows(options, "Tasks", METHODS, COLUMNS, by_seed(digits_job, options), record_of, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
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
        trials=len(STRENGTHS),
        strengths=", ".join(f"{strength:g}" for strength in STRENGTHS),
    )
    image = "![accuracy over classes shown](result.png)"
    page.write(options.out, ["# New classes, one task after the other", about, page.table(results, heads), image])
    labels = {name: method.label.replace("`", "") for name, method in METHODS.items()}
    curves, panels = learning_curves.kept(options.out), dict.fromkeys(PANELS.values(), labels)
    figure = learning_curves.picture(curves, panels, "classes shown", "accuracy on new rows, %")
    page.save(figure, options.out / "result.png")

"""KAN, MLP and what lies between on images: equal parameters, equal CPU seconds, as many trials for each."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import learning_curves, page, step_cost
from ..learning_curves import Point, Watch
from ..paper import template
from ..results import Results
from ..rows import RESULT, run_rows
from ..runner import Job, Options, version
from .data import load
from .networks import CONVOLUTIONAL, FLAT, build, count, width_for
from .training import accuracy, trained


@dataclass(frozen=True)
class Contest:
    """What networks on one set of images are given.

    Attributes:
        networks: that compete.
        parameters: of each, about.
        seconds: CPU seconds of each training.
        rates: tried on held-out training images.
        every: so many-th test image is judged while a network trains; all of them at the end.
    """

    networks: tuple[str, ...]
    parameters: int
    seconds: float
    rates: tuple[float, ...]
    every: int = 1


GREY = Contest(tuple(FLAT), 100_000, 8.0, (3e-3, 1e-2, 3e-2))
CONTESTS = {
    "MNIST": GREY,
    "Fashion-MNIST": GREY,
    "CIFAR-10": Contest(tuple(CONVOLUTIONAL), 33_000, 60.0, (3e-3, 1e-2), every=5),
    "digits": Contest((*FLAT, *CONVOLUTIONAL), 10_000, 1.0, (3e-3,)),  # scikit-learn's, for small runs
}
ROWS = {f"{data}: {network}": (data, network) for data, contest in CONTESTS.items() for network in contest.networks}
HELD_OUT = 1 / 6
TICKS = (10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95, 97, 98, 98.5, 99, 99.5)  # of accuracies in the picture
COLUMNS = (
    "row",
    "name",
    "shape",
    "parameters",
    "rate",
    "accuracy",
    "worst",
    "best",
    "epochs",
    "steps",
    "seconds",
    "seeds",
    "data",
    "commit",
)


def set_of(path: Path | None) -> str:
    """The set of images that lies there, by its name: "cifar" and "fashion" say which."""
    if path is None:
        return "digits"
    name = path.resolve().as_posix().lower()
    return "CIFAR-10" if "cifar" in name else "Fashion-MNIST" if "fashion" in name else "MNIST"


def image_job(row: str, path: Path | None, seeds: int, known: float) -> tuple[dict[str, object], list[list[Point]]]:
    """The record of one network, and the curve of every seed: its rate is chosen on held-out images, then it is trained
    on all from every seed. known: CPU seconds of a step in an earlier run."""
    kind, name = ROWS[row]
    contest, data = CONTESTS[kind], load(path)
    images, classes = data.train
    image: Any = tuple(images.shape[1:])
    width, out = width_for(name, image, 10, contest.parameters), int(HELD_OUT * len(images))
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    held, kept = order[:out], order[out:]

    def timed(passed: Callable[[int], None]) -> None:
        trained(build(name, image, width, 10, seed=0), images, classes, contest.rates[0], step_cost.ROUND, 0, passed)

    cost = min(known, step_cost.fastest(timed, contest.seconds / 2))
    steps, tried = step_cost.steps_in(contest.seconds, cost), {}
    for rate in contest.rates:
        network = build(name, image, width, 10, seed=0)
        trained(network, images[kept], classes[kept], rate, steps, seed=0)
        tried[rate] = accuracy(network, images[held], classes[held])
    best = max(tried, key=lambda rate: tried[rate])
    watched: Any = tuple(part[:: contest.every] for part in data.test)
    found, epochs, curves = [], [], []
    for seed in range(1, seeds + 1):
        network = build(name, image, width, 10, seed)
        watch = Watch(network, partial(accuracy, network, *watched), steps, cost)
        epochs.append(trained(network, images, classes, best, steps, seed, watch))
        found.append(accuracy(network, *data.test))
        curves.append(watch.points)
    record = {
        "row": row,
        "name": name,
        "shape": f"[{data.pixels},{width},10]" if name in FLAT else f"{width}, {2 * width}, {4 * width} channels",
        "parameters": count(name, image, width, 10),
        "rate": best,
        "accuracy": statistics.median(found),
        "worst": min(found),
        "best": max(found),
        "epochs": statistics.median(epochs),
        "steps": steps,
        "seconds": steps * cost,
        "seeds": seeds,
        "data": kind,
        "commit": version(),
    }
    return record, curves


def offered(contest: Contest) -> str:
    """What each network of a contest gets, in words."""
    rates = ", ".join(map(str, contest.rates))
    return f"{contest.seconds:g} CPU seconds, the best of {len(contest.rates)} rates ({rates})"


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return f"{record['accuracy']:.2f} % in {record['epochs']:.1f} epochs"


def run(options: Options) -> int:
    """Train every network on the images given, and write result.csv and the page. 1 where one failed, else 0."""
    if options.data is None and not options.smoke:
        raise SystemExit("images needs --data PATH, of MNIST, Fashion-MNIST or CIFAR-10; see its README.md")
    kind = set_of(options.data)
    own = {row.partition(": ")[2]: row for row, (data, _) in ROWS.items() if data == kind}
    rows = tuple(own[name] for name in options.chosen(list(own)))

    before = Results(options.out / RESULT, COLUMNS).records

    def jobs(row: str) -> list[Job]:
        known = step_cost.on_record(before.get(row))
        return [Job(row, image_job, (row, options.data, options.seeds, known))]

    record_of = learning_curves.recorded(learning_curves.kept(options.out), kind)
    return run_rows(replace(options, rows=rows), "Images", ROWS, COLUMNS, jobs, record_of, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    heads = {
        "name": "network",
        "shape": "shape",
        "parameters": "parameters",
        "rate": "rate",
        "accuracy": "accuracy, %",
        "worst": "worst seed",
        "best": "best seed",
        "epochs": "epochs",
        "seeds": "seeds",
    }
    recorded = {record["panel"] for record in learning_curves.kept(options.out)}
    bare = sorted({record["data"] for record in results} - recorded)
    both = " and ".join(bare)
    about = template(
        "images/about.md",
        grey=offered(GREY),
        coloured=offered(CONTESTS["CIFAR-10"]),
        bare=f"Of {both} no curves are recorded, and seconds are the CPU time of all steps." if bare else "",
    )
    tables = []
    for data in CONTESTS:
        told = [record for record in results if record["data"] == data]
        tables += [f"## {data}", page.table(told, heads)] if told else []
    page.write(options.out, ["# KAN edges on images", about, "![accuracy over CPU seconds](result.png)", *tables])
    page.save(picture(options), options.out / "result.png")


def picture(options: Options) -> Any:
    """Accuracy over CPU seconds, on a scale on which halving the errors is the same way everywhere."""
    panels = {data: {row: name for row, (own, name) in ROWS.items() if own == data} for data in CONTESTS}
    curves = learning_curves.kept(options.out)
    figure = learning_curves.picture(curves, panels, "CPU seconds of training", "accuracy on test images, %")
    for axes in figure.axes:
        low, high = axes.get_ylim()
        axes.set_ylim(low, min(high, 100))
        axes.set_yscale("function", functions=(lambda a: -np.log(101 - a), lambda b: 101 - np.exp(-b)))
        axes.set_yticks([tick for tick in TICKS if low <= tick <= high], minor=False)
    return figure

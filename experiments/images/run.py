"""KAN, MLP and what lies between on images: equal parameters, equal CPU seconds, as many trials for each."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import page
from ..paper import template
from ..results import Results
from ..rows import run_rows
from ..runner import Job, Options, version
from .data import load
from .networks import NETWORKS, build, count, hidden_for
from .training import accuracy, trained

PARAMETERS = 100_000
SECONDS = 8.0  # of each training
RATES = (1e-3, 3e-3)  # tried on held-out training images
HELD_OUT = 1 / 6
COLUMNS = (
    "name",
    "shape",
    "parameters",
    "rate",
    "accuracy",
    "worst",
    "best",
    "epochs",
    "seconds",
    "seeds",
    "data",
    "commit",
)


def image_job(name: str, folder: Path | None, seeds: int, smoke: bool) -> dict[str, object]:
    """The record of one network: its rate is chosen on held-out images, then it is trained on all from every seed."""
    data = load(folder)
    (images, classes), parameters = data.train, PARAMETERS if folder else PARAMETERS // 10
    seconds, rates = (1.0, RATES[1:2]) if smoke else (SECONDS, RATES)
    hidden, out = hidden_for(name, data.pixels, 10, parameters), int(HELD_OUT * len(images))
    tried = {}
    for rate in rates:
        network = build(name, data.pixels, hidden, 10, seed=0)
        trained(network, images[out:], classes[out:], rate, seconds, seed=0)
        tried[rate] = accuracy(network, images[:out], classes[:out])
    best = max(tried, key=lambda rate: tried[rate])
    found, epochs, used = [], [], 0.0
    for seed in range(1, seeds + 1):
        network = build(name, data.pixels, hidden, 10, seed)
        spent, seen = trained(network, images, classes, best, seconds, seed)
        found.append(accuracy(network, *data.test))
        epochs.append(seen)
        used += spent / seeds
    return {
        "name": name,
        "shape": f"[{data.pixels},{hidden},10]",
        "parameters": count(name, data.pixels, hidden, 10),
        "rate": best,
        "accuracy": statistics.median(found),
        "worst": min(found),
        "best": max(found),
        "epochs": statistics.median(epochs),
        "seconds": used,
        "seeds": seeds,
        "data": data.name,
        "commit": version(),
    }


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return f"{record['accuracy']:.2f} % in {record['epochs']:.1f} epochs"


def run(options: Options) -> int:
    """Train every network and write result.csv and the page. 1 where a network failed, else 0."""
    if options.data is None and not options.smoke:
        raise SystemExit("images needs --data FOLDER, with the four files of MNIST or Fashion-MNIST; see its README.md")

    def jobs(name: str) -> list[Job]:
        return [Job(name, image_job, (name, options.data, options.seeds, options.smoke))]

    return run_rows(options, "Images", NETWORKS, COLUMNS, jobs, lambda name, found: found[0], told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md."""
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
        "data": "images",
    }
    about = template("images/about.md", seconds=SECONDS, rates=", ".join(map(str, RATES)), trials=len(RATES))
    page.write(options.out, ["# KAN edges on small images", about, page.table(results, heads)])

"""Feed-forward parts of a transformer on a novel: equal parameters, equal CPU seconds, as many trials for each."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from .. import learning_curves, page, step_cost
from ..learning_curves import Point, Watch
from ..paper import template
from ..results import Results
from ..rows import RESULT, run_rows
from ..runner import Job, Options, version
from .networks import BLOCKS, CONTEXT, FEATURES, PARTS, Reader, hidden_for, size
from .text import load
from .training import bits, trained

SECONDS = 8.0  # of each training
RATES = (3e-3, 1e-2, 3e-2, 1e-1)  # tried on held-out text
COLUMNS = ("name", "hidden", "parameters", "rate", "bits", "worst", "best", "steps", "seconds", "seeds", "commit")
PANEL = "Northanger Abbey"  # of the picture


def reader_job(name: str, seeds: int, smoke: bool, known: float) -> tuple[dict[str, object], list[list[Point]]]:
    """The record of one part, and the curve of every seed: its rate is chosen on held-out text, then it is trained on
    all from every seed. known: CPU seconds of a step in an earlier run."""
    text = load()
    seconds, rates = (0.2, RATES[:1]) if smoke else (SECONDS, RATES)
    tested = text.test[:2000] if smoke else text.test

    def timed(passed: Callable[[int], None]) -> None:
        trained(Reader(name, len(text.alphabet), seed=0), text.train, rates[0], step_cost.ROUND, 0, passed)

    cost = min(known, step_cost.fastest(timed, seconds / 2))
    steps, tried = step_cost.steps_in(seconds, cost), {}
    for rate in rates:
        network = Reader(name, len(text.alphabet), seed=0)
        trained(network, text.train, rate, steps, seed=0)
        tried[rate] = bits(network, text.held_out[: len(tested)])
    chosen = min(tried, key=lambda rate: tried[rate])
    everything, found, curves = torch.cat([text.train, text.held_out]), [], []
    for seed in range(1, seeds + 1):
        network = Reader(name, len(text.alphabet), seed)
        watch = Watch(network, partial(bits, network, tested), steps, cost)
        trained(network, everything, chosen, steps, seed, watch)
        found.append(bits(network, tested))
        curves.append(watch.points)
    record = {
        "name": name,
        "hidden": hidden_for(name),
        "parameters": size(Reader(name, len(text.alphabet), 0)),
        "rate": chosen,
        "bits": statistics.median(found),
        "worst": max(found),
        "best": min(found),
        "steps": steps,
        "seconds": steps * cost,
        "seeds": seeds,
        "commit": version(),
    }
    return record, curves


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return f"{record['bits']:.3f} bits a character after {record['steps']:.0f} steps"


def run(options: Options) -> int:
    """Train every network and write result.csv and the page. 1 where a network failed, else 0."""

    before = Results(options.out / RESULT, COLUMNS).records

    def jobs(name: str) -> list[Job]:
        known = step_cost.on_record(before.get(name))
        return [Job(name, reader_job, (name, options.seeds, options.smoke, known))]

    record_of = learning_curves.recorded(learning_curves.kept(options.out), PANEL)
    return run_rows(options, "Texts", PARTS, COLUMNS, jobs, record_of, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    heads = {
        "name": "feed-forward part",
        "hidden": "hidden nodes",
        "parameters": "parameters",
        "rate": "rate",
        "bits": "bits a character",
        "worst": "worst seed",
        "best": "best seed",
        "steps": "steps",
        "seconds": "CPU s",
        "seeds": "seeds",
    }
    about = template(
        "language/about.md",
        seconds=SECONDS,
        rates=", ".join(map(str, RATES)),
        trials=len(RATES),
        blocks=BLOCKS,
        features=FEATURES,
        context=CONTEXT,
    )
    image = "![bits a character over CPU seconds](result.png)"
    page.write(options.out, ["# KAN edges in a transformer", about, page.table(results, heads), image])
    curves, panels = learning_curves.kept(options.out), {PANEL: {name: name for name in PARTS}}
    figure = learning_curves.picture(curves, panels, "CPU seconds of training", "bits a character of unseen text")
    page.save(figure, options.out / "result.png")

"""Feed-forward parts of a transformer on a novel: equal parameters, equal CPU seconds, as many trials for each."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

import torch

from .. import page
from ..paper import template
from ..results import Results
from ..rows import run_rows
from ..runner import Job, Options, version
from .networks import BLOCKS, CONTEXT, FEATURES, PARTS, Reader, hidden_for, size
from .text import load
from .training import bits, trained

SECONDS = 8.0  # of each training
RATES = (1e-2, 3e-2, 1e-1)  # tried on held-out text
COLUMNS = ("name", "hidden", "parameters", "rate", "bits", "worst", "best", "steps", "seconds", "seeds", "commit")


def reader_job(name: str, seeds: int, smoke: bool) -> dict[str, object]:
    """The record of one part: its rate is chosen on held-out text, then it is trained on all from every seed."""
    text = load()
    seconds, rates = (0.2, RATES[:1]) if smoke else (SECONDS, RATES)
    tested = text.test[:2000] if smoke else text.test
    tried = {}
    for rate in rates:
        network = Reader(name, len(text.alphabet), seed=0)
        trained(network, text.train, rate, seconds, seed=0)
        tried[rate] = bits(network, text.held_out[: len(tested)])
    chosen = min(tried, key=lambda rate: tried[rate])
    everything, found, steps, used = torch.cat([text.train, text.held_out]), [], [], 0.0
    for seed in range(1, seeds + 1):
        network = Reader(name, len(text.alphabet), seed)
        spent, count = trained(network, everything, chosen, seconds, seed)
        found.append(bits(network, tested))
        steps.append(count)
        used += spent / seeds
    return {
        "name": name,
        "hidden": hidden_for(name),
        "parameters": size(Reader(name, len(text.alphabet), 0)),
        "rate": chosen,
        "bits": statistics.median(found),
        "worst": max(found),
        "best": min(found),
        "steps": statistics.median(steps),
        "seconds": used,
        "seeds": seeds,
        "commit": version(),
    }


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return f"{record['bits']:.3f} bits a character after {record['steps']:.0f} steps"


def run(options: Options) -> int:
    """Train every network and write result.csv and the page. 1 where a network failed, else 0."""

    def jobs(name: str) -> list[Job]:
        return [Job(name, reader_job, (name, options.seeds, options.smoke))]

    return run_rows(options, "Texts", PARTS, COLUMNS, jobs, lambda name, found: found[0], told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md."""
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
    page.write(options.out, ["# KAN edges in a transformer", about, page.table(results, heads)])

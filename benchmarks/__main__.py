"""python -m benchmarks: speed against the peers."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from experiments.results import Results

from . import accuracy, chart, first_call, layers, memory, page, steps, tables
from .contestants import ALL, ON_GPU, OWN, VARIANTS, is_own, named
from .layers import NETWORK
from .records import FOLDER, Record, opened
from .shapes import (
    GPU,
    GROWTH,
    LAYERS,
    NETWORKS,
    OUTSIDE,
    SMOKE_LAYERS,
    SMOKE_NETWORKS,
    SMOKE_OUTSIDE,
    SMOKE_VARIED,
    VARIED,
    Shape,
)
from .tables import VARIANTS_ROW

STEP = "step"
LAYER, OUTSIDE_LAYER, GPU_LAYER = "layer", "outside", "gpu"  # parts of the tables, beside networks
OTHERS = (VARIANTS_ROW, STEP, accuracy.ROW, first_call.ROW)


@dataclass(frozen=True)
class Plan:
    """What to run: the shapes of each part of the tables, the other rows, seconds per measure."""

    parts: Mapping[str, tuple[Shape, ...]]
    others: tuple[str, ...]
    seconds: float
    smoke: bool

    @property
    def names(self) -> list[str]:
        """The rows."""
        return [*(shape.name for shapes in self.parts.values() for shape in shapes), *self.others]

    def only(self, rows: Sequence[str]) -> Plan:
        """These rows of the plan. Ends the program, with a suggestion, for a name that is no row."""
        for row in rows:
            if row not in self.names:
                near = difflib.get_close_matches(row, self.names, n=1)
                raise SystemExit(
                    f"there is no row {row!r};"
                    f" {f'did you mean {near[0]!r}?' if near else 'the rows are ' + ', '.join(self.names)}"
                )
        kept = {part: tuple(one for one in shapes if one.name in rows) for part, shapes in self.parts.items()}
        return Plan(kept, tuple(row for row in self.others if row in rows), self.seconds, self.smoke)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, write; 1 where edgewise itself is wrong or fails, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Speed against pykan, inkan and flashkan."
    )
    parser.add_argument("--rows", help="run these rows only, joined by commas; the others stay as they are")
    parser.add_argument(
        "--page", action="store_true", help="measure nothing: write README.md and chart.svg again from results.csv"
    )
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, in seconds; results go to a temporary folder")
    parser.add_argument(
        "--seconds",
        type=float,
        default=4.0,
        help="how long to measure forward, and forward + backward, of each shape (default 4)",
    )
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="cuda: layers on a GPU, beside the peers there"
    )
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="threads (default 2)")
    parser.add_argument("--out", type=Path, help="folder of results.csv, README.md and chart.svg (default: benchmarks)")
    given = parser.parse_args(arguments)
    if given.threads < 1 or not given.seconds > 0:
        parser.error("--threads must be at least 1, and --seconds more than 0")
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda needs a CUDA device, and torch finds none here; leave it out to measure on the CPU")
    plan = planned(given.device, given.smoke, given.seconds)
    if given.rows:
        plan = plan.only([row.strip() for row in given.rows.split(",") if row.strip()])
    out = given.out or (Path(tempfile.mkdtemp(prefix="edgewise-benchmarks-")) if given.smoke else FOLDER)
    results, before = opened(out), torch.get_num_threads()
    if given.page:
        write(results, out)
        return 0
    torch.set_num_threads(given.threads)
    try:
        return run(plan, results, out)
    except KeyboardInterrupt:
        print(f"\nstopped; the rows that were finished stand in {results.path}", file=sys.stderr)
        return 130
    finally:
        torch.set_num_threads(before)


def planned(device: str, smoke: bool, seconds: float) -> Plan:
    """All rows of a device."""
    if device == "cuda":
        return Plan({GPU_LAYER: GPU[:1] if smoke else GPU}, (), 0.1 if smoke else seconds, smoke)
    if smoke:
        return Plan({LAYER: SMOKE_LAYERS, OUTSIDE_LAYER: SMOKE_OUTSIDE, NETWORK: SMOKE_NETWORKS}, OTHERS, 0.1, True)
    return Plan({LAYER: (*LAYERS, *GROWTH), OUTSIDE_LAYER: OUTSIDE, NETWORK: NETWORKS}, OTHERS, seconds, False)


def run(plan: Plan, results: Results, out: Path) -> int:
    """Every row of the plan, then the page and the chart."""
    print(busy())
    good = True
    for records in groups(plan):
        results.put_all(records)
        good = good and not any(
            is_own(record["contestant"]) and record["note"] for record in records if record["part"] != "accuracy"
        )
        say(records, results)
    found = write(results, out)
    bars = [tables.bars(found, LAYERS), tables.bars(found, OUTSIDE), tables.variants(found)]
    told = [*bars, page.grown(found), f"results.csv, README.md and chart.svg are in {out}"]
    print("", *(text for text in told if text), sep="\n\n")
    return 0 if good else 1


def write(results: Results, out: Path) -> list[dict[str, str]]:
    """The page and the chart of all records, which come back."""
    found = list(results)
    page.page(found, out)
    chart.draw(found, out / "chart.svg")
    return found


def groups(plan: Plan) -> Iterator[list[Record]]:
    """The records of one row after another; memory comes last, as it needs processes of its own."""
    refused: dict[tuple[str, str], str] = {}
    for part, shapes in plan.parts.items():
        for shape in shapes:
            contestants = ON_GPU if part == GPU_LAYER else ALL
            records = list(layers.measured(part, shape, plan.seconds, contestants))
            refused |= {(record["contestant"], record["row"]): record["note"] for record in records if record["note"]}
            yield records
    if VARIANTS_ROW in plan.others:
        shape = SMOKE_VARIED if plan.smoke else VARIED
        yield list(layers.measured("variant", shape, plan.seconds, VARIANTS, VARIANTS_ROW))
    if STEP in plan.others:
        yield list(steps.measured(plan.seconds))
    if first_call.ROW in plan.others:
        yield list(first_call.measured(1 if plan.smoke else 5))
    if accuracy.ROW in plan.others:
        yield list(accuracy.measured(1, 1.0, smoke=True) if plan.smoke else accuracy.measured(3, 40.0))
    if in_processes := plan.parts.get(LAYER):
        contestants = (named(OWN),) if plan.smoke else ALL
        yield list(memory.measured(in_processes, refused, contestants, torch.get_num_threads()))


def say(records: Sequence[Record], results: Results) -> None:
    """Print what was just measured, as tables."""
    found = list(results)
    for part, row in dict.fromkeys((record["part"], record["row"]) for record in records):
        print(f"\n{part} {row}")
        if part in (LAYER, OUTSIDE_LAYER, NETWORK, GPU_LAYER):
            print(tables.timings(found, row))
        elif row == VARIANTS_ROW:
            print(tables.variants(found))
        elif part == "accuracy":
            print(tables.accuracies(found))
        else:
            rows = [
                [r["contestant"], r["measure"], tables.shown(r), r["unit"]]
                for r in tables.of(found, row=row, part=part)
            ]
            print(tables.markdown(["", "what", "median (quartiles)", "unit"], rows))
    sys.stdout.flush()


def busy() -> str:
    """How busy the machine is before anything starts."""
    load, cores = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0, os.cpu_count() or 1
    quiet = "quiet enough" if load < 0.3 else "NOT quiet: the times will be too long, and spread"
    return f"load of the last minute before the start: {load:.1f} on {cores} cores, {quiet}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

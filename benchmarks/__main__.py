"""python -m benchmarks: speed against the peers."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from experiments.results import Results

from . import accuracy, chart, first_call, layers, memory, page, steps, tables
from .contestants import ALL, OWN, named
from .records import FOLDER, Record, opened
from .shapes import GROWTH, LAYERS, NETWORKS, SMOKE_LAYERS, SMOKE_NETWORKS, Shape

STEP = "step"
OTHERS = (STEP, accuracy.ROW, first_call.ROW)


@dataclass(frozen=True)
class Plan:
    """What to run: shapes of layers and networks, the other rows, seconds per measure, seeds, seconds per run of pykan,
    repeats of processes."""

    layers: tuple[Shape, ...]
    networks: tuple[Shape, ...]
    others: tuple[str, ...]
    seconds: float
    smoke: bool

    @property
    def names(self) -> list[str]:
        """The rows."""
        return [*(shape.name for shape in (*self.layers, *self.networks)), *self.others]

    def only(self, rows: Sequence[str]) -> Plan:
        """These rows of the plan. Ends the program, with a suggestion, for a name that is no row."""
        for row in rows:
            if row not in self.names:
                near = difflib.get_close_matches(row, self.names, n=1)
                raise SystemExit(
                    f"there is no row {row!r};"
                    f" {f'did you mean {near[0]!r}?' if near else 'the rows are ' + ', '.join(self.names)}"
                )
        kept = [tuple(shape for shape in shapes if shape.name in rows) for shapes in (self.layers, self.networks)]
        return Plan(kept[0], kept[1], tuple(row for row in self.others if row in rows), self.seconds, self.smoke)


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
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="threads (default 2)")
    parser.add_argument("--out", type=Path, help="folder of results.csv, README.md and chart.svg (default: benchmarks)")
    given = parser.parse_args(arguments)
    if given.threads < 1 or not given.seconds > 0:
        parser.error("--threads must be at least 1, and --seconds more than 0")
    plan = (
        Plan(SMOKE_LAYERS, SMOKE_NETWORKS, OTHERS, 0.1, True)
        if given.smoke
        else Plan((*LAYERS, *GROWTH), NETWORKS, OTHERS, given.seconds, False)
    )
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


def run(plan: Plan, results: Results, out: Path) -> int:
    """Every row of the plan, then the page and the chart."""
    print(busy())
    good = True
    for records in groups(plan):
        results.put_all(records)
        good = good and not any(
            record["contestant"] == OWN and record["note"] for record in records if record["part"] != "accuracy"
        )
        say(records, results)
    found = write(results, out)
    print("\n".join(["", tables.bars(found), page.grown(found), f"results.csv, README.md and chart.svg are in {out}"]))
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
    for part, shapes in (("layer", plan.layers), ("network", plan.networks)):
        for shape in shapes:
            records = list(layers.measured(part, shape, plan.seconds))
            refused |= {(record["contestant"], record["row"]): record["note"] for record in records if record["note"]}
            yield records
    if STEP in plan.others:
        yield list(steps.measured(plan.seconds))
    if first_call.ROW in plan.others:
        yield list(first_call.measured(1 if plan.smoke else 5))
    if accuracy.ROW in plan.others:
        yield list(accuracy.measured(1, 1.0, smoke=True) if plan.smoke else accuracy.measured(3, 40.0))
    if plan.layers:
        contestants = (named(OWN),) if plan.smoke else ALL
        yield list(memory.measured(plan.layers, refused, contestants, torch.get_num_threads()))


def say(records: Sequence[Record], results: Results) -> None:
    """Print what was just measured, as tables."""
    found = list(results)
    for part, row in dict.fromkeys((record["part"], record["row"]) for record in records):
        print(f"\n{part} {row}")
        if part in ("layer", "network"):
            print(tables.timings(found, row))
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

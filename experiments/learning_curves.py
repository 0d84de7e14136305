"""What networks reach while they train: read at moments of their CPU time, kept beside result.csv, drawn as lines."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from .results import Record, Results

FILE = "curves.csv"
COLUMNS = ("key", "name", "panel", "seed", "moment", "at", "value")
MOMENTS = 10  # of a training, evenly spaced: enough to see where lines cross, and cheap beside the training


class Point(NamedTuple):
    """What was reached (`value`) after so much (`at`: CPU seconds, say), at which moment, counted from 1."""

    moment: int
    at: float
    value: float


class Watch:
    """Reads what a network reaches at `MOMENTS` evenly spaced moments of its training.

    It is called after every step, while the clock of the training stands. The network's mode and the random stream are
    afterwards as they were, so that the training goes on as if no one had looked. A step that is longer than the space
    between two moments is read once.

    Args:
        network: that is trained.
        measure: what it reaches; may leave the network in any mode.
        steps: of the whole training.
        cost: CPU seconds of a step.
    """

    def __init__(self, network: nn.Module, measure: Callable[[], float], steps: int, cost: float) -> None:
        self.network, self.measure, self.steps, self.cost = network, measure, steps, cost
        self.points: list[Point] = []

    def __call__(self, done: int) -> None:
        """Read where a moment has come since the last point. done: steps so far."""
        moment = MOMENTS * done // self.steps
        if moment <= (self.points[-1].moment if self.points else 0):
            return
        mode = self.network.training
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            value = self.measure()
        self.network.train(mode)
        self.points.append(Point(moment, done * self.cost, value))


def unwatched(done: int) -> None:
    """In the place of a `Watch` where no one looks."""


def kept(folder: Path) -> Results:
    """The curves that stand in a folder, or none yet."""
    return Results(folder / FILE, COLUMNS)


def keep(curves: Results, name: str, panel: str, seeds: Iterable[Sequence[Point]]) -> None:
    """Put the points of all seeds of a row of result.csv into a panel, in the place of those that were there."""
    curves.records = {
        key: record for key, record in curves.records.items() if (record["name"], record["panel"]) != (name, panel)
    }
    curves.put_all(
        {
            "key": f"{panel}/{name}/{seed}/{point.moment}",
            "name": name,
            "panel": panel,
            "seed": seed,
            **point._asdict(),
        }
        for seed, points in enumerate(seeds, 1)
        for point in points
    )


def recorded(curves: Results, panel: str) -> Callable[[str, list[Any]], Mapping[str, Any]]:
    """What makes the record of a row for `run_rows` where its one job gives the record and the points of every seed: it
    keeps the points in this panel."""

    def record_of(name: str, found: list[Any]) -> Mapping[str, Any]:
        ((record, seeds),) = found
        keep(curves, name, panel, seeds)
        return record

    return record_of


class Line(NamedTuple):
    """Medians over the seeds at every moment, and the lowest and highest value there."""

    at: list[float]
    value: list[float]
    low: list[float]
    high: list[float]


def line(records: Iterable[Record], name: str, panel: str) -> Line:
    """The line of a row in a panel; empty where nothing is known of it.

    >>> seeds = [{"name": "a", "panel": "p", "moment": "1", "at": "2", "value": value} for value in "597"]
    >>> line(seeds, "a", "p")
    Line(at=[2.0], value=[7.0], low=[5.0], high=[9.0])
    """
    own = [record for record in records if (record["name"], record["panel"]) == (name, panel)]
    drawn = Line([], [], [], [])
    for moment in sorted({int(record["moment"]) for record in own}):
        there = [record for record in own if int(record["moment"]) == moment]
        values = [float(record["value"]) for record in there]
        drawn.at.append(statistics.median(float(record["at"]) for record in there))
        drawn.value.append(statistics.median(values))
        drawn.low.append(min(values))
        drawn.high.append(max(values))
    return drawn


def picture(curves: Results, panels: Mapping[str, Mapping[str, str]], across: str, upwards: str) -> Any:
    """One panel for each set, one line for each row, in a band from the lowest seed to the highest.

    A row that was read once is a dashed line across its panel.

    Args:
        curves: as `kept` gives them.
        panels: title of a panel -> its rows of result.csv, each with its label.
        across: what `at` is.
        upwards: what `value` is.
    """
    from matplotlib.figure import Figure

    records = list(curves)
    shown = {panel: rows for panel, rows in panels.items() if any(record["panel"] == panel for record in records)}
    figure = Figure(figsize=(1 + 4.3 * len(shown), 4.3))
    for column, (panel, rows) in enumerate(shown.items(), 1):
        axes = figure.add_subplot(1, len(shown), column)
        for place, (name, label) in enumerate(rows.items()):
            drawn = line(records, name, panel)
            colour = f"C{place}"
            if len(drawn.at) == 1:
                axes.axhline(drawn.value[0], linestyle="--", color=colour, label=label)
            elif drawn.at:
                axes.plot(drawn.at, drawn.value, "o-", color=colour, markersize=3, label=label)
                axes.fill_between(drawn.at, drawn.low, drawn.high, color=colour, alpha=0.15, linewidth=0)
        axes.set(title=panel, xlabel=across, ylabel=upwards)
        axes.grid(alpha=0.3)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False, fontsize=7)
    figure.tight_layout()
    return figure

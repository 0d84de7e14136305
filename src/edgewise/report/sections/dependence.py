"""How the prediction moves with one input while the others stay as they are: partial dependence."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...attribution import attribute
from ...model import KAN
from ..figures import predict
from ..subject import Sample, Subject

MOST_INPUTS = 12  # charts: four lines of three; behind them are mostly level lines
MOST_OUTPUTS = 4  # lines in one chart that can be told apart by colour
AVERAGED_ROWS, STEPS_ALONG, SINGLE_ROWS = 200, 41, 15  # rows of the mean, points of a line, single rows drawn beside it
WEIGHED_ROWS = 2000  # rows on which inputs are ranked


@dataclass(frozen=True)
class Dependence:
    """Mean prediction as one input moves: x (s,), mean (s, k); and single rows (r, s) where there is one output."""

    feature: int
    x: list[float]
    mean: list[list[float]]
    rows: list[list[float]]


@dataclass(frozen=True)
class DependenceCharts:
    """One chart per input with one line per output shown; all share the `values` of the vertical axis."""

    charts: tuple[tuple[str, Dependence], ...]  # with the input's name
    outputs: tuple[str, ...]
    shown: int  # outputs
    values: tuple[float, ...]

    @property
    def legend(self) -> list[tuple[str, str]]:
        """The style of each output's line, and its name."""
        return [(f"s{k + 1}", name) for k, name in enumerate(self.outputs[: self.shown])]


def dependence(model: KAN, sample: Sample, feature: int) -> Dependence:
    """Partial dependence on one input, between its least and largest value in the sample.

    Sources: Friedman 2001, doi:10.1214/aos/1013203451, section 8.2. Single rows: Goldstein et al. 2015, arXiv
    1309.6392.
    """
    low, high = float(sample.X[:, feature].min()), float(sample.X[:, feature].max())
    x = sample.thin(AVERAGED_ROWS).X
    places = torch.linspace(low, high, STEPS_ALONG, dtype=x.dtype, device=x.device)
    moved = x.repeat(STEPS_ALONG, 1)
    moved[:, feature] = places.repeat_interleave(len(x))
    y = predict(model, moved, sample.classes).reshape(STEPS_ALONG, len(x), -1)
    single = torch.linspace(0, len(x) - 1, min(SINGLE_ROWS, len(x)), dtype=torch.float64).round().long()
    rows = y[:, single, 0].T.tolist() if y.shape[2] == 1 else []
    return Dependence(feature, places.tolist(), y.mean(1).tolist(), rows)


def dependence_charts(subject: Subject) -> DependenceCharts:
    """The charts of the most important inputs."""
    weight = attribute(subject.model, subject.fitted.thin(WEIGHED_ROWS).X).features.nan_to_num()
    order = sorted(subject.used, key=lambda n: -float(weight[n]))[:MOST_INPUTS]
    found = [dependence(subject.model, subject.fitted, n) for n in order]
    shown = min(len(subject.outputs), MOST_OUTPUTS)
    values = tuple(v for d in found for line in [*(m[:shown] for m in d.mean), *d.rows] for v in line)
    return DependenceCharts(tuple((subject.inputs[d.feature], d) for d in found), subject.outputs, shown, values)


def lead(subject: Subject, charts: DependenceCharts) -> str:
    """What the charts show, and which inputs have none."""
    of = "probability" if subject.classes else "prediction"
    single = " Thin lines are single rows." if len(subject.outputs) == 1 else ""
    hidden = len(subject.used) - len(charts.charts)
    rest = f" The {hidden} least important inputs are left out." if hidden else ""
    return f"The mean {of} as one input moves and the others stay as they are in the data.{single}{rest}"

"""The charts of the page, one function each, from the numbers of a section to SVG. The templates call them."""

from __future__ import annotations

import math

from . import charts
from .axis import Axis
from .charts import BOTTOM, CHART_HEIGHT, CHART_WIDTH, LEFT, RIGHT, TOP
from .drawing import EDGE_STYLES
from .drawing import network as network
from .markup import Markup, element, join
from .sections.dependence import Dependence, DependenceCharts
from .sections.edge_cards import EdgeCard
from .sections.law_front import LawFront
from .sections.losses_over_steps import StepLosses
from .sections.residuals import Residuals

STAGE_TOP = 24.0  # pixels above the losses for the words of the stages
LINE_POINTS = 800  # of a line of losses: about one per pixel
LEAST = 1e-17  # an error of zero is drawn here, since it has no place on an axis of logarithms
SPARK_STEP, SPARK_HEIGHT = 5, 22  # pixels from bar to bar of a histogram in a table, and its height


def edge_curve(card: EdgeCard) -> Markup:
    """The function of an edge, and the closed form that fits it."""
    x, y = charts.frame(card.x, [*card.y, *card.form_y])
    parts = [charts.axes(x, y, card.axis), charts.line(x, y, card.x, card.y, EDGE_STYLES[card.kind])]
    if card.form_y:
        parts.append(charts.line(x, y, card.x, card.form_y, "fit"))
    return charts.svg(*parts, label=card.where)


def dependence(part: DependenceCharts, name: str, curve: Dependence) -> Markup:
    """One line per output over the values of one input, and single rows."""
    x, y = charts.frame(curve.x, part.values)
    parts = [charts.axes(x, y, name, part.outputs[0] if len(part.outputs) == 1 else "")]
    parts += [charts.line(x, y, curve.x, row, "faint") for row in curve.rows]
    parts += [charts.line(x, y, curve.x, [m[k] for m in curve.mean], f"s{k + 1}") for k in range(part.shown)]
    return charts.svg(*parts, label=f"partial dependence on {name}")


def predicted_against_measured(part: Residuals) -> Markup:
    """A dot per row, on the diagonal where the prediction is right."""
    both = [*part.predicted, *part.measured]
    x, y = charts.frame(both, both)
    ends = [x.low, x.high]
    return charts.svg(
        charts.axes(x, y, f"measured {part.name}", "predicted"),
        charts.line(x, y, ends, ends, "rule"),
        charts.dots(x, y, part.measured, part.predicted),
        label=f"{part.name}: predicted against measured",
    )


def residuals_against_predicted(part: Residuals) -> Markup:
    """A dot per row, on the level line where the prediction is right."""
    x, y = charts.frame(part.predicted, [*part.residual, 0.0])
    return charts.svg(
        charts.axes(x, y, f"predicted {part.name}", "predicted − measured"),
        charts.line(x, y, [x.low, x.high], [0.0, 0.0], "rule"),
        charts.dots(x, y, part.predicted, part.residual),
        label=f"{part.name}: residuals against predicted",
    )


def residual_distribution(part: Residuals) -> Markup:
    """How many rows have which residual."""
    x = Axis.of(part.bins, LEFT, CHART_WIDTH - RIGHT)
    y = Axis(0.0, 1.06 * max(part.counts) or 1.0, CHART_HEIGHT - BOTTOM, TOP, counts=True)
    return charts.svg(
        charts.axes(x, y, "predicted − measured", "rows"),
        charts.bars(x, y, part.bins, part.counts),
        label=f"{part.name}: distribution of residuals",
    )


def law_front(part: LawFront) -> Markup:
    """The error of each formula over its length; the best one stands out."""
    errors = [max(error, LEAST) for error in part.errors]
    x = Axis.of(part.complexities, LEFT, CHART_WIDTH - RIGHT)
    y = Axis.of(errors, CHART_HEIGHT - BOTTOM, TOP, log=True, pad=0.06)
    best = [(a, b) for a, b, row in zip(part.complexities, errors, part.rows, strict=True) if row.best]
    return charts.svg(
        charts.axes(x, y, "symbols of the formula", f"RMSE of {part.target}"),
        charts.line(x, y, part.complexities, errors),
        charts.dots(x, y, part.complexities, errors),
        charts.dots(x, y, [a for a, _ in best], [b for _, b in best], "s2"),
        label="error of each formula over its length; the best one in another colour",
    )


def losses(part: StepLosses, width: float, height: float, style: str) -> Markup:
    """Both losses over the steps, on a logarithmic axis; each stage begins at a thin line."""
    foot = height - BOTTOM
    steps = [float(k + 1) for k in range(len(part.train))]
    x = Axis.of(steps, LEFT, width - RIGHT, pad=0.01)
    y = Axis.of([*part.train, *part.held_out], foot, STAGE_TOP, log=any(v > 0 for v in part.train), pad=0.06)
    marks, told = [], -math.inf
    for step, words in part.stages:
        at = x(step)
        marks.append(element("line", class_="stage", x1=at, x2=at, y1=STAGE_TOP, y2=foot))
        end = at + charts.DIGIT_WIDTH * len(words)
        if words and at > told + 6 and end < width:
            marks.append(element("text", words, class_="tick", x=at + 3, y=STAGE_TOP - 6))
            told = end
    return charts.svg(
        charts.axes(x, y, "step", "loss", width=width),
        *marks,
        _thinned(x, y, steps, part.train, "s1"),
        _thinned(x, y, steps, part.held_out, "s2"),
        label="loss over the steps of the fit",
        width=width,
        height=height,
        style=f"chart {style}",
    )


def _thinned(x: Axis, y: Axis, xs: list[float], ys: list[float], style: str) -> Markup:
    """The line with at most about LINE_POINTS points: of every run of steps, the least and the largest value."""
    size = max(1, math.ceil(2 * len(xs) / LINE_POINTS))
    if size == 1:
        return charts.line(x, y, xs, ys, style)
    keep: list[int] = []
    for start in range(0, len(xs), size):
        block = [k for k in range(start, min(start + size, len(xs))) if math.isfinite(ys[k])] or [start]
        keep += sorted({min(block, key=lambda k: ys[k]), max(block, key=lambda k: ys[k])})
    return charts.line(x, y, [xs[k] for k in keep], [ys[k] for k in keep], style)


def spark(counts: list[int]) -> Markup:
    """A histogram that fits into a line of a table."""
    top = max(*counts, 1)
    bars = [
        element(
            "rect",
            class_="bar s1",
            x=SPARK_STEP * k,
            y=SPARK_HEIGHT * (1 - count / top),
            width=SPARK_STEP - 1,
            height=SPARK_HEIGHT * count / top,
        )
        for k, count in enumerate(counts)
        if count
    ]
    box = f"0 0 {SPARK_STEP * len(counts)} {SPARK_HEIGHT}"
    return element("svg", join(bars), class_="spark", viewBox=box, aria_hidden="true")

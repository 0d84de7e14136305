"""The parts of the report, each a function from data to HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..model import KAN
from ..plotting.content import Content, EdgeContent
from ..plotting.layout import EdgeMark, arrange
from ..topology import Edge
from . import charts, drawing
from .charts import HEIGHT, LEFT, RIGHT, WIDTH, Axis
from .figures import ClosedForm, Data, Dependence, predict
from .markup import code, escape, figure, share, table
from .typesetting import typeset

CARDS, INPUTS, OUTPUTS, DOTS, POINTS = 120, 24, 4, 600, 800
KINDS = {1: "spline", 2: "closed form", 3: "spline and closed form"}


def formula_section(formulas: Sequence[Any] | None, names: Sequence[str]) -> str:
    """Every output's formula, typeset and as text to copy."""
    if not formulas:
        return ""
    body = ""
    for name, expression in zip(names, formulas, strict=False):
        body += f'<div class="panel math">{typeset(expression, name)}</div>' + code(
            f"{name} = {expression}", f"the formula of {name}"
        )
        latex = getattr(expression, "_repr_latex_", None)
        if callable(latex):
            try:
                text = str(latex()).removeprefix("$\\displaystyle ").removesuffix("$")
            except Exception:  # what cannot be written in LaTeX is still there as text
                continue
            body += f"<details><summary>LaTeX</summary>{code(text, f'the LaTeX of {name}')}</details>"
    return body


# ------------------------------------------------------------------ network and edges


def address(edge: EdgeContent | EdgeMark, names: Sequence[str]) -> str:
    """From where to where an edge runs, in words."""
    layer, src, dst = edge.edge
    source = names[src] if layer == 0 else f"node ({layer}, {src})"
    return f"{source} → ({layer + 1}, {dst})"


def network_figure(
    content: Content, title: str, names: Sequence[str], forms: Mapping[Edge, ClosedForm], *, live: bool
) -> str:
    """One network with its title."""
    layout = arrange(content)
    edges = {edge.edge: edge for layer in content.edges for edge in layer}

    def tell(mark: EdgeMark) -> str:
        form = forms.get(mark.edge)
        words = f", {'=' if form.exact else '≈'} {form.words}" if form else ""
        r2 = f", R² {share(form.r2)}" if form and math.isfinite(form.r2) else ""
        return f"{address(mark, names)}: {KINDS[mark.kind]}{words}{r2}, importance {edges[mark.edge].score:.2f}"

    wide = " wide" if layout.width > 6.7 else ""
    return (
        "<figure"
        f' class="panel{wide}"><figcaption>{title}</figcaption>{drawing.draw(layout, title, tell, live=live)}</figure>'
    )


def edge_cards(content: Content, names: Sequence[str], forms: Mapping[Edge, ClosedForm]) -> str:
    """Every edge's function with its closed form, the most important ones first."""
    edges = sorted((edge for layer in content.edges for edge in layer), key=lambda e: -e.score)
    cards = "".join(_card(edge, names, forms.get(edge.edge)) for edge in edges[:CARDS])
    rest = f'<p class="lead">{len(edges) - CARDS} less important edges are not shown.</p>' if len(edges) > CARDS else ""
    return f'<div class="cards">{cards}</div>{rest}'


def _card(edge: EdgeContent, names: Sequence[str], form: ClosedForm | None) -> str:
    x, y = charts.frame(edge.x, [*edge.y, *(form.y if form else ())])
    variable = names[edge.edge[1]] if edge.edge[0] == 0 else "u"
    body = charts.axes(x, y, variable) + charts.line(x, y, edge.x, edge.y, drawing.KINDS[edge.kind])
    if form and form.y:
        body += charts.line(x, y, edge.x, form.y, "fit")
    where = escape(address(edge, names))
    told = "no closed form was looked for" if edge.kind == 1 else escape(edge.formula)
    if form:
        told = f'<span class="eq">{"" if form.exact else "≈ "}{escape(form.words)}</span>'
        if math.isfinite(form.r2):
            told += f' <span class="badge">R² {share(form.r2)}</span>'
    return (
        '<figure class="panel card-edge"'
        f' id="{drawing.edge_id(edge.edge)}"><figcaption>{where}<small>{KINDS[edge.kind]}, importance'
        f" {edge.score:.2f}</small></figcaption>{charts.svg(body, address(edge, names))}<p"
        f' class="told">{told}</p></figure>'
    )


# ------------------------------------------------------------------ training


def training_curve(history: Sequence[Mapping[str, Any]]) -> str:
    """Training and held-out loss over all steps, on a logarithmic axis; each stage and grid begins at a thin line."""
    rows = [row for row in history if isinstance(row.get("train_loss", row.get("loss")), int | float)]
    if len(rows) < 2:
        return ""
    train = [float(row.get("train_loss", row.get("loss"))) for row in rows]
    held = [float(v) if isinstance(v := row.get("validation_loss"), int | float) else math.nan for row in rows]
    pictures = "".join(
        _losses(rows, train, held, wide, 300 if wide > 400 else 260, style)
        for wide, style in ((760, "big"), (360, "small"))
    )
    keys = [("s1", "training rows"), *([("s2", "held-out rows")] if any(map(math.isfinite, held)) else [])]
    seconds = max((float(v) for row in rows if isinstance(v := row.get("seconds"), int | float)), default=math.nan)
    took = f", {figure(seconds, 3)} s" if math.isfinite(seconds) else ""
    return charts.chart(pictures, f"Loss, {len(rows)} steps{took}", charts.legend(keys))


def _losses(
    rows: Sequence[Mapping[str, Any]], train: list[float], held: list[float], wide: int, tall: int, style: str
) -> str:
    """The curves in a picture of this size; the page shows the one that fits the screen."""
    steps = [float(k + 1) for k in range(len(rows))]
    x = Axis.of(steps, LEFT, wide - RIGHT, pad=0.01)
    y = Axis.of([*train, *held], tall - charts.BOTTOM, 24, log=any(v > 0 for v in train), pad=0.06)
    marks, last, told = [], None, -math.inf
    for step, row in zip(steps, rows, strict=True):
        now = tuple(str(row[key]) for key in ("part", "stage", "grid_size") if row.get(key) is not None)
        if now != last:
            at = x(step)
            marks.append(f'<line class="stage" x1="{at:.1f}" x2="{at:.1f}" y1="24" y2="{tall - charts.BOTTOM}"/>')
            words = f"grid {row['grid_size']}" if row.get("grid_size") is not None else str(row.get("stage", ""))
            if words and at > told + 6 and at + 6.2 * len(words) < wide:
                marks.append(f'<text class="tick" x="{at + 3:.1f}" y="18">{escape(words)}</text>')
                told = at + 6.2 * len(words)
            last = now
    lines = _thin_line(x, y, steps, train, "s1") + _thin_line(x, y, steps, held, "s2")
    parts = charts.axes(x, y, "step", "loss", wide=wide) + "".join(marks) + lines
    return charts.svg(parts, "loss over the steps of training", width=wide, height=tall, style=f"chart {style}")


def _thin_line(x: Axis, y: Axis, xs: list[float], ys: list[float], style: str) -> str:
    """The line with at most about POINTS points: of every run of steps, the least and the largest value."""
    size = max(1, math.ceil(2 * len(xs) / POINTS))
    if size == 1:
        return charts.line(x, y, xs, ys, style)
    keep: list[int] = []
    for start in range(0, len(xs), size):
        block = [k for k in range(start, min(start + size, len(xs))) if math.isfinite(ys[k])] or [start]
        keep += sorted({min(block, key=lambda k: ys[k]), max(block, key=lambda k: ys[k])})
    return charts.line(x, y, [xs[k] for k in keep], [ys[k] for k in keep], style)


# ------------------------------------------------------------------ what the model does


def dependence_charts(found: Sequence[Dependence], names: Sequence[str], outputs: Sequence[str]) -> str:
    """One chart per input, all on one vertical scale, so that they can be compared."""
    shown = min(len(outputs), OUTPUTS)
    values = [v for d in found for row in [*([m[:shown] for m in d.mean]), *d.rows] for v in row]
    out = ""
    for d in found:
        x, y = charts.frame(d.x, values)
        body = charts.axes(x, y, names[d.feature], outputs[0] if len(outputs) == 1 else "")
        body += "".join(charts.line(x, y, d.x, row, "faint") for row in d.rows)
        for k in range(shown):
            body += charts.line(x, y, d.x, [m[k] for m in d.mean], f"s{k + 1}")
        out += charts.chart(charts.svg(body, f"partial dependence on {names[d.feature]}"), escape(names[d.feature]))
    keys = charts.legend([(f"s{k + 1}", outputs[k]) for k in range(shown)]) if len(outputs) > 1 else ""
    more = f'<p class="lead">The first {shown} of {len(outputs)} outputs are shown.</p>' if len(outputs) > shown else ""
    return keys + f'<div class="grid3">{out}</div>' + more


def residual_charts(model: KAN, data: Data, outputs: Sequence[str]) -> str:
    """Predicted against measured, residuals against predicted, and their distribution; a table of confusions for
    classes."""
    got = predict(model, data.X, data.classes)
    if data.classes:
        return confusion(got.argmax(1), data.y.cpu(), data.classes)
    want = data.y.double().cpu()
    chosen = torch.linspace(0, len(got) - 1, min(DOTS, len(got))).round().long()
    out = ""
    for k, name in enumerate(outputs[:OUTPUTS]):
        p, t = got[:, k], want[:, k]
        r = p - t
        out += _triptych(p[chosen].tolist(), t[chosen].tolist(), r[chosen].tolist(), r, name)
    more = (
        f'<p class="lead">The first {OUTPUTS} of {len(outputs)} outputs are shown.</p>'
        if len(outputs) > OUTPUTS
        else ""
    )
    return out + more


def _triptych(p: list[float], t: list[float], few: list[float], r: Tensor, name: str) -> str:
    both = [*p, *t]
    x, y = charts.frame(both, both)
    ends = [x.low, x.high]
    first = (
        charts.axes(x, y, f"measured {name}", "predicted")
        + charts.line(x, y, ends, ends, "rule")
        + charts.dots(x, y, t, p)
    )
    x, y = charts.frame(p, [*few, 0.0])
    second = charts.axes(x, y, f"predicted {name}", "predicted − measured") + charts.line(
        x, y, [x.low, x.high], [0.0, 0.0], "rule"
    )
    second += charts.dots(x, y, p, few)
    low, high = float(r.min()), float(r.max())
    if not high > low:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    counts = charts.histogram(r.tolist(), 24, low, high)
    edges = [low + (high - low) * k / 24 for k in range(25)]
    x, y = Axis.of(edges, LEFT, WIDTH - RIGHT), Axis(0.0, 1.06 * max(counts), HEIGHT - charts.BOTTOM, charts.TOP)
    third = charts.axes(x, y, "predicted − measured", "rows") + charts.bars(x, y, edges, counts)
    shown = escape(name)
    parts = [
        (first, f"{shown}: predicted against measured"),
        (second, f"{shown}: residuals"),
        (third, f"{shown}: distribution of residuals"),
    ]
    return (
        '<div class="grid3">'
        + "".join(charts.chart(charts.svg(body, f"residuals of {name}"), title) for body, title in parts)
        + "</div>"
    )


def confusion(got: Tensor, want: Tensor, classes: Sequence[str]) -> str:
    """How many rows of each class were given which name."""
    k = len(classes)
    counts = torch.bincount(want * k + got, minlength=k * k).reshape(k, k).tolist()
    rows = []
    for n, row in enumerate(counts):
        total = sum(row)
        cells = [f'<span class="{"hit" if n == m else "miss" if c else "none"}">{c}</span>' for m, c in enumerate(row)]
        rows.append([escape(classes[n]), *cells, figure(row[n] / total, 3) if total else "–"])
    return table(
        ["true class", *map(escape, classes), "share right"],
        rows,
        caption="Rows of each class (down) by the class predicted (across)",
    )


# ------------------------------------------------------------------ data and use


def data_table(data: Data, names: Sequence[str], outputs: Sequence[str], used: set[int]) -> str:
    """Least, mean, largest value and spread of every column, with a small histogram."""
    columns = [(name, data.X[:, n], n in used) for n, name in enumerate(names)]
    if not data.classes:
        columns += [(name, data.y[:, k], True) for k, name in enumerate(outputs)]
    rows = []
    for place, (name, values, on) in enumerate(columns):
        v = values.double().cpu()
        low, high = float(v.min()), float(v.max())
        role = "output" if place >= len(names) else "input" if on else "input, not used"
        rows.append(
            [
                escape(name),
                role,
                figure(low),
                figure(v.mean()),
                figure(high),
                figure(v.std(unbiased=False)),
                _spark(v, low, high),
            ]
        )
    body = table(["column", "role", "least", "mean", "largest", "std", "distribution"], rows, style="stack")
    if data.classes:
        counts = torch.bincount(data.y.cpu(), minlength=len(data.classes)).tolist()
        body += table(
            ["class", "rows"], [[escape(name), str(c)] for name, c in zip(data.classes, counts, strict=False)]
        )
    return body


def _spark(values: Tensor, low: float, high: float) -> str:
    counts = charts.histogram(values.tolist(), 20, low, high)
    top = max(counts)
    bars = "".join(
        f'<rect class="bar s1" x="{5 * k}" y="{22 - 22 * c / top:.1f}" width="4" height="{22 * c / top:.1f}"/>'
        for k, c in enumerate(counts)
        if c
    )
    return f'<svg class="spark" viewBox="0 0 100 22" aria-hidden="true">{bars}</svg>'


def usage(model: KAN, data: Data, names: Sequence[str], outputs: Sequence[str], file: str) -> str:
    """Python that loads the model and predicts the first row, with the numbers that come out here."""
    row = data.X[:1]
    values = ", ".join(repr(float(v)) for v in row[0])
    result = ", ".join(f"{v:.6g}" for v in predict(model, row, data.classes)[0].tolist())
    dtype = str(model.dtype)
    call = "model(X).softmax(dim=1)" if data.classes else "model(X)"
    columns = ", ".join(map(repr, names))
    text = "\n".join(
        [
            "import torch",
            "import edgewise as ew",
            "",
            f"model = ew.load({file!r})",
            f"# columns: {columns}",
            f"X = torch.tensor([[{values}]], dtype={dtype})",
            "with torch.no_grad():",
            f"    y = {call}  # {', '.join(map(repr, outputs))}: {result}",
            "",
            "ew.plot(model).savefig('kan.svg')",
            "print(ew.summary(model))",
        ]
    )
    return code(text, "the code")

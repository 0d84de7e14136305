"""report.html: one page that shows a model, what it learned, how good it is and how to use it. It needs no network and
holds everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import __version__
from ..attribution import attribute
from ..errors import ConfigError
from ..model import KAN
from ..plotting.content import describe, names_of
from ..plotting.wording import clean
from ..size import summary
from ..topology import Edge
from . import figures, sections
from .markup import SHARES, escape, figure, score_table, section, share
from .style import CSS, SCRIPT, policy

__all__ = ["report"]

TOGGLE = '<button type="button" id="theme" aria-label="Switch between light and dark">◐</button>'
LIVE = 600  # edges up to which the network before pruning is drawn


def report(
    model: KAN,
    X: Any,
    y: Any,
    *,
    original: KAN | None = None,
    test: tuple[Any, Any] | None = None,
    history: Sequence[Mapping[str, Any]] = (),
    baselines: Mapping[str, Any] | None = None,
    errors: Mapping[str, Any] | None = None,
    formulas: Sequence[Any] | None = None,
    closed_forms: Mapping[Edge, tuple[str, float]] | None = None,
    inputs: Sequence[object] | None = None,
    outputs: Sequence[object] | None = None,
    title: str | None = None,
    verdict: str = "",
    notes: Sequence[str] = (),
    model_file: str = "model.safetensors",
) -> str:
    """The report on a model as one HTML page, complete in itself: no network, no other file, no script but its own.

    X (n, d), y (n, k) or (n,), class codes for a classifier: the data it was fitted to; `test` (X, y): rows it has not
    seen, on which it is judged and residuals are shown (else X, y). original: the network before pruning. history: rows
    of the fit. errors: scores of 'model', 'formula', ... (computed for the model where missing) and baselines: scores
    by name; a score is a number, a mapping such as {'rmse': 0.1, 'r2': 0.9}, or a sentence that says why there is none.
    formulas: one sympy expression per output; closed_forms: edge -> (words, R2), else the best forms are looked for
    here. inputs, outputs: names instead of those the model carries. verdict: a sentence for the head; notes: remarks on
    the data.

    Raises `StructureError` for what is no KAN, `ShapeError` and `DataError` for unusable data, `ConfigError` for names
    or formulas that do not fit.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(40, 2, dtype=torch.float64)
    >>> report(ew.KAN((2, 1)), X, X.sum(1))[:15]
    '<!DOCTYPE html>'
    """
    after = describe(model, X, inputs=inputs, outputs=outputs)
    names, ends = names_of(model, inputs, outputs)
    if formulas is not None and len(formulas) != len(ends):
        raise ConfigError(f"formulas needs one expression per output ({len(ends)}), got {len(formulas)}")
    known = model.metadata
    classes = (ends if known.task == "classification" or known.classes else ()) if len(ends) > 1 else ()
    data = figures.Data.of(model, X, y, classes)
    unseen = figures.Data.of(model, *test, classes) if test is not None else data
    before = describe(original, X, inputs=inputs, outputs=outputs) if original is not None else None

    judged = dict(errors or {})
    if "model" not in judged:
        judged = {"model": figures.scores(model, unseen), **judged}
    target = ", ".join([clean(name) for name in known.outputs] or ends) if classes else ", ".join(ends)
    heading = clean(title) if title else f"{target} from {', '.join(names)}"
    heading = (
        heading if len(heading) <= 140 else f"{target if len(target) <= 80 else 'The outputs'} from {len(names)} inputs"
    )
    rows = (
        f"{len(unseen.X)} rows that were held out" if test is not None else f"the {len(data.X)} rows it was fitted to"
    )
    forms = figures.closed_forms(after, before, closed_forms)

    columns = sections.data_table(data, names, ends, set(model.topology.node_ids[0]))
    rest = "Confusions" if classes else "Residuals"
    parts = {
        "formula": (
            "Formula",
            section("formula", "Formula", sections.formula_section(formulas, ends), "In the units of the data."),
        ),
        "accuracy": (
            "Accuracy",
            section("accuracy", "Accuracy", score_table({**judged, **(baselines or {})}), f"On {rows}."),
        ),
        "network": ("Network", section("network", "Network", _networks(after, before, names, forms), _legend(after))),
        "edges": ("Edges", section("edges", "Edge functions", sections.edge_cards(after, names, forms), _edge_lead())),
        "inputs": ("Inputs", section("inputs", "Partial dependence", *_dependence(model, data, names, ends))),
        "residuals": (rest, section("residuals", rest, sections.residual_charts(model, unseen, ends), f"On {rows}.")),
        "training": ("Training", section("training", "Training", sections.training_curve(history))),
        "data": (
            "Data",
            section("data", "Data", columns + _notes(notes), f"{len(data.X)} rows the model was fitted to."),
        ),
        "use": ("Use", section("use", "Use it in Python", sections.usage(model, data, names, ends, model_file))),
    }
    links = "".join(f'<a href="#{ident}">{word}</a>' for ident, (word, body) in parts.items() if body)
    head = (
        f'<header><div class="top"><h1>{escape(heading)}</h1>{TOGGLE}</div>'
        + (f'<p class="sub">{escape(verdict)}</p>' if verdict else "")
        + f'<ul class="facts">{_facts(model, original, judged, len(data.X))}</ul><nav aria-label="Parts of the'
        f' report">{links}</nav></header>'
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy"'
        f' content="{policy()}"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon"'
        f' href="data:,"><title>{escape(heading)}</title><style>{CSS}</style></head><body><div'
        f' class="page">{head}<main>{"".join(body for _, body in parts.values())}</main><footer>Made with edgewise'
        f" {escape(__version__)}.</footer></div><script>{SCRIPT}</script></body></html>\n"
    )


def _facts(model: KAN, original: KAN | None, judged: Mapping[str, Any], rows: int) -> str:
    """The head's figures."""
    found = []
    for name, row in judged.items():
        if isinstance(row, Mapping) and row:
            key = next((k for k in ("r2", "accuracy", "rmse") if k in row), next(iter(row)))
            for k in dict.fromkeys((_error(row, key), key)):
                words = {"rmse": "RMSE", "r2": "R²"}.get(k, k)
                found.append(((share if k in SHARES else figure)(row[k]), f"{escape(words)} of the {escape(name)}"))
        elif isinstance(row, int | float):
            found.append((figure(row), f"error of the {escape(name)}"))
    before = "" if original is None else f", was {escape(original.topology.shape_text())}"
    found.append((escape(model.topology.shape_text()), f"shape{before}"))
    size = summary(model)
    left = f"{size.edges} of {summary(original).edges}" if original is not None else str(size.edges)
    found.append((left, "edges" + (f", {size.symbolic_edges} in closed form" if size.symbolic_edges else "")))
    found.append((str(rows), "rows"))
    return "".join(f"<li><b>{value}</b><span>{words}</span></li>" for value, words in found)


def _error(row: Mapping[str, Any], otherwise: str) -> str:
    return "rmse" if "rmse" in row else otherwise


def _networks(after: Any, before: Any, names: Sequence[str], forms: Mapping[Edge, figures.ClosedForm]) -> str:
    """Before and after pruning, and the place where an edge shows its card."""
    drawn = ""
    if before is not None and sum(map(len, before.edges)) <= LIVE:
        drawn = sections.network_figure(before, "Before pruning", names, {}, live=False)
    peek = '<div id="peek" aria-live="polite"></div>'
    title = "After pruning" if before is not None else "The network"
    return f'{peek}<div class="grid2">{drawn}{sections.network_figure(after, title, names, forms, live=True)}</div>'


def _legend(content: Any) -> str:
    kinds = {edge.kind for layer in content.edges for edge in layer}
    words = "Inputs below, outputs above. A line is as dark as its edge is important."
    colors = " Red: closed forms. Dark: splines." if kinds != {1} else ""
    return f"{words}{colors} ⊕ adds, ⊗ multiplies. Point at an edge to see its function; click to keep it."


def _edge_lead() -> str:
    return (
        "The most important first. x and u stand for the value at the edge's source. The dashed line is the closed form"
        " that describes a spline best, with its R². (layer, number) are the addresses by which edgewise knows nodes."
    )


def _dependence(model: KAN, data: figures.Data, names: Sequence[str], ends: Sequence[str]) -> tuple[str, str]:
    """The charts of the most important inputs, and what they show."""
    weight = attribute(model, data.thin(2000).X).features.nan_to_num()
    order = sorted(model.topology.node_ids[0], key=lambda n: -float(weight[n]))[: sections.INPUTS]
    found = [figures.dependence(model, data, n) for n in order]
    of = "probability" if data.classes else "prediction"
    single = "; thin lines: single rows." if len(ends) == 1 else "."
    lead = f"The mean {of} when one input moves and all others stay as they are in the data{single}"
    more = len(model.topology.node_ids[0]) - len(order)
    return sections.dependence_charts(found, names, ends), lead + (
        f" The {more} least important inputs are left out." if more else ""
    )


def _notes(notes: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>" if notes else ""

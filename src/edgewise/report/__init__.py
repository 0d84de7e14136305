"""report.html: one page that shows a model, what it learned, how good it is and how to use it.

`subject` holds what is looked at, `sections` reads the numbers off it, `page` puts them together as a value.
`rendering` fills the templates, for which `pictures` draws the charts, `drawing` the network and `typesetting` the
formulas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..discovery.by_level import LevelDiscovery
from ..discovery.discover import Discovery
from ..model import KAN, as_kan
from ..topology import Edge
from .law_page import law_page
from .level_page import level_page
from .page import page
from .rendering import render
from .subject import Subject

__all__ = ["law_report", "report"]


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
    formula_notes: Sequence[str] = (),
    closed_forms: Mapping[Edge, tuple[str, float]] | None = None,
    inputs: Sequence[object] | None = None,
    outputs: Sequence[object] | None = None,
    title: str | None = None,
    verdict: str = "",
    notes: Sequence[str] = (),
    model_file: str = "model.safetensors",
    saved: KAN | None = None,
) -> str:
    """The report on a model as one HTML page that needs no network, no other file and no script but its own.

    A score is a number, a mapping such as `{'rmse': 0.1, 'r2': 0.9}`, or a sentence that says why there is none.

    Args:
        model: the network to show.
        X (n, d): the rows it was fitted to.
        y (n, k) or (n,): their targets; class codes or labels (n,) for a classifier.
        original: the network before pruning. It is drawn beside the pruned one.
        test ((m, d), (m, k)): rows the model has not seen. Scores and residuals are shown on them, else on X and y.
        history: the rows of the fit (`FitResult.history`), for the curve of the losses.
        baselines: scores of other models by name, shown below the model's.
        errors: scores of 'model', 'formula' and others by name. Those of 'model' are computed where they are missing.
        formulas (k): one sympy expression per output.
        formula_notes: remarks below the formulas, one line each, such as which column a name stands for.
        closed_forms: the formula and R2 of edges, by (layer, src, dst). Without it the best forms are looked for.
        inputs (d): names of all features, pruned ones too, instead of those the model carries.
        outputs (k): names of the outputs (of the classes) instead of those the model carries.
        title: the headline. Without it, which outputs come from which inputs.
        verdict: a sentence or two below the headline.
        notes: remarks on the data, one line each.
        model_file: the file that the shown Python code loads.
        saved: the network in this file, where it is not `model`, such as the same one fitted to more rows.

    Returns:
        The page as text. Nothing is written.

    Raises:
        StructureError: `model`, or what is saved, is no KAN.
        ShapeError: X, y or test do not fit the model.
        DataError: X, y or test is empty or not finite, or y holds unknown classes.
        ConfigError: names or formulas are not one per input or output.
        MissingExtra: jinja2 is not installed.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(40, 2, dtype=torch.float64)
    >>> report(ew.KAN((2, 1)), X, X.sum(1))[:15]
    '<!DOCTYPE html>'
    """
    subject = Subject.of(model, X, y, test=test, original=original, inputs=inputs, outputs=outputs)
    return render(
        page(
            subject,
            history=history,
            baselines=baselines or {},
            errors=errors or {},
            formulas=formulas,
            formula_notes=formula_notes,
            forms=closed_forms,
            title=title,
            verdict=verdict,
            notes=notes,
            model_file=model_file,
            saved=subject.model if saved is None else as_kan(saved, "report"),
        )
    )


def law_report(found: Discovery | LevelDiscovery, X: Any, y: Any) -> str:
    """The report on what `ew.discover` found, as one HTML page: the formula, the front, the trail, residuals.

    Args:
        found: what `ew.discover` gave.
        X (n, d): the rows that it was given; where columns of levels split them, a DataFrame or a mapping of columns.
        y (n,): their targets.

    Returns:
        The page as text. Nothing is written.

    Raises:
        ShapeError, DataError: X and y do not fit, or are not finite.
        MissingExtra: jinja2 is not installed.

    >>> import torch, edgewise as ew
    >>> X = 1 + torch.rand(100, 2, dtype=torch.float64)
    >>> law_report(ew.discover(X, X[:, 0] * X[:, 1], progress=False), X, X[:, 0] * X[:, 1])[:15]
    '<!DOCTYPE html>'
    """
    return render(level_page(found, X, y) if isinstance(found, LevelDiscovery) else law_page(found, X, y))

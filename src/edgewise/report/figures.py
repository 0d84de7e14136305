"""What a report says of a model in numbers: predictions, scores, and closed forms of edges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import SymbolicError
from ..layers import SPLINE, SYMBOLIC
from ..model import KAN
from ..plotting.content import Content, EdgeContent
from ..plotting.wording import closed_form
from ..prediction import as_mean
from ..symbolic import rank_many
from ..topology import Edge
from .subject import Sample

RANKED_EDGES = 16  # edges whose closed forms are looked for: 16 take about half a second
FORM_TOLERANCE = 1e-3  # relative errors below this count as equal: then the simpler form is the better one
PREDICTED_AT_ONCE = 50_000  # rows in one forward pass


def predict(model: KAN, x: Tensor, classes: Sequence[str]) -> Tensor:
    """Outputs (n, k) on the CPU in double precision: numbers, or class probabilities."""
    with torch.no_grad():
        y = torch.cat([model(part) for part in x.split(PREDICTED_AT_ONCE)])
    y = y.softmax(1) if classes else as_mean(y, model.metadata.link)
    return y.double().cpu()


def scores(model: KAN, sample: Sample) -> dict[str, float]:
    """RMSE, MAE and R2 of a regression; accuracy and cross-entropy of a classification."""
    got, want = predict(model, sample.X, sample.classes), sample.y.cpu()
    if sample.classes:
        chosen = got.gather(1, want[:, None])[:, 0]
        return {
            "accuracy": float((got.argmax(1) == want).double().mean()),
            "cross_entropy": float(-chosen.clamp(min=1e-15).log().mean()),
        }
    gap = got - want.double()
    spread = (want.double() - want.double().mean(0)).square().sum()
    return {
        "rmse": float(gap.square().mean().sqrt()),
        "mae": float(gap.abs().mean()),
        "r2": float(1 - gap.square().sum() / spread) if spread > 0 else math.nan,
    }


@dataclass(frozen=True)
class ClosedForm:
    """What is known of an edge as a formula.

    words: the formula. r2: of the formula on samples of the spline it describes (nan: unknown). y: samples of the
    formula. exact: whether the edge is that formula.
    """

    words: str
    r2: float = math.nan
    y: tuple[float, ...] = ()
    exact: bool = False


def closed_forms(
    content: Content, before: Content | None, given: Mapping[Edge, tuple[str, float]] | None
) -> dict[Edge, ClosedForm]:
    """The closed form of every edge that has one: given by the caller, its own, or the one that fits its spline best.

    Forms are looked for on the most important splines, unless forms are given. An edge that is a closed form is
    compared with the spline that stood there in the network `before`. Its R2 is that of the same primitive fitted to
    this spline, so that a later refit of all constants does not lower it.
    """
    edges = [edge for layer in content.edges for edge in layer]
    old = {edge.edge: edge for layer in before.edges for edge in layer if edge.kind == SPLINE} if before else {}
    found = {}
    splines = []
    for edge in edges:
        if given is not None and edge.edge in given:
            words, r2 = given[edge.edge]
            found[edge.edge] = ClosedForm(words, float(r2), exact=edge.kind == SYMBOLIC)
        elif edge.kind == SYMBOLIC:
            found[edge.edge] = ClosedForm(edge.formula, _r2_of(edge, old.get(edge.edge)), exact=True)
        elif edge.kind == SPLINE and given is None:
            splines.append(edge)
    return found | _ranked(sorted(splines, key=lambda edge: -edge.score)[:RANKED_EDGES])


def _ranked(splines: Sequence[EdgeContent]) -> dict[Edge, ClosedForm]:
    """The best closed form of each spline whose samples are finite."""
    splines = [edge for edge in splines if _finite(edge)]
    if not splines:
        return {}
    x = torch.tensor([edge.x for edge in splines], dtype=torch.float64)
    y = torch.tensor([edge.y for edge in splines], dtype=torch.float64)
    found = {}
    for edge, ranked in zip(splines, rank_many(x, y, tolerance=FORM_TOLERANCE), strict=True):
        best = ranked[0]
        words = closed_form(best.primitive, best.constants, variable_of(edge))
        samples = best(torch.tensor(edge.x, dtype=torch.float64)).tolist()
        found[edge.edge] = ClosedForm(words, best.r2, tuple(samples))
    return found


def variable_of(edge: EdgeContent) -> str:
    """The letter for an edge's argument: x for inputs (their names stand beside the formula), u behind them."""
    return "u" if edge.edge[0] else "x"


def _r2_of(edge: EdgeContent, spline: EdgeContent | None) -> float:
    if spline is None or not edge.primitive or not _finite(spline):
        return math.nan
    try:
        x, y = (torch.tensor([values], dtype=torch.float64) for values in (spline.x, spline.y))
        ranked = rank_many(x, y, [edge.primitive])[0]
    except SymbolicError:
        return math.nan
    fits = [candidate.r2 for candidate in ranked if candidate.primitive == edge.primitive]
    return fits[0] if fits else math.nan


def _finite(edge: EdgeContent) -> bool:
    return all(map(math.isfinite, (*edge.x, *edge.y)))

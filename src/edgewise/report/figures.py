"""What the report shows of a model on data, as numbers: predictions, errors, partial dependence, closed forms of
edges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import ShapeError, SymbolicError
from ..model import KAN
from ..plotting.content import Content, EdgeContent
from ..plotting.wording import closed_form
from ..symbolic import rank_many
from ..topology import Edge

RANKED = 16  # edges whose closed forms are looked for
AVERAGED, STEPS, SINGLE = 200, 41, 15  # rows of a partial dependence, its points, lines of single rows


@dataclass(frozen=True)
class Data:
    """Checked data: X (n, d) and y, (n, k) numbers or (n,) class codes; `classes` names the outputs of a classifier."""

    X: Tensor
    y: Tensor
    classes: tuple[str, ...]

    @staticmethod
    def of(model: KAN, X: Any, y: Any, classes: tuple[str, ...]) -> Data:
        """The data as the model takes it. Raises `ShapeError` and `DataError` where the two do not fit together."""
        x = model.finite_input(X, "report")
        try:
            target = torch.as_tensor(y.to_numpy() if hasattr(y, "to_numpy") else y).detach().to(model.device)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ShapeError(f"y must hold numbers (class codes for a classifier): {error}") from error
        outputs = len(model.topology.node_ids[-1])
        if classes:
            if (
                target.shape not in ((len(x),), (len(x), 1))
                or (target != target.long()).any()
                or target.min() < 0
                or target.max() >= outputs
            ):
                raise ShapeError(
                    f"y must hold {len(x)} class codes from 0 to {outputs - 1}, got shape {tuple(target.shape)}"
                )
            return Data(x, target.long().reshape(-1), classes)
        target = target[:, None] if target.ndim == 1 else target
        if target.shape != (len(x), outputs):
            raise ShapeError(
                f"y must have shape ({len(x)}, {outputs}) to fit X and the model's outputs, got {tuple(target.shape)}"
            )
        return Data(x, target.to(model.dtype), ())

    def thin(self, rows: int) -> Data:
        """At most so many rows, evenly taken."""
        if len(self.X) <= rows:
            return self
        chosen = torch.linspace(0, len(self.X) - 1, rows).round().long().to(self.X.device)
        return Data(self.X[chosen], self.y[chosen], self.classes)


def predict(model: KAN, x: Tensor, classes: Sequence[str]) -> Tensor:
    """Outputs (n, k) on the CPU in double precision: numbers, or class probabilities."""
    with torch.no_grad():
        y = torch.cat([model(part) for part in x.split(50_000)])
    y = y.softmax(1) if classes else y
    return y.double().cpu()


def scores(model: KAN, data: Data) -> dict[str, float]:
    """RMSE, MAE and R2, or accuracy and cross entropy."""
    got, want = predict(model, data.X, data.classes), data.y.cpu()
    if data.classes:
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
class Dependence:
    """Mean prediction over the data as one input moves: x (s,), mean (s, k), and single rows (r, s) of a model with one
    output."""

    feature: int
    x: list[float]
    mean: list[list[float]]
    rows: list[list[float]]


def dependence(model: KAN, data: Data, feature: int) -> Dependence:
    """Partial dependence on one input, between its least and largest value in the data.

    Source: Friedman 2001, doi:10.1214/aos/1013203451, section 8.2; the single lines are Goldstein et al. 2015, arXiv
    1309.6392.
    """
    low, high = float(data.X[:, feature].min()), float(data.X[:, feature].max())
    x = data.thin(AVERAGED).X
    places = torch.linspace(low, high, STEPS, dtype=x.dtype, device=x.device)
    moved = x.repeat(STEPS, 1)
    moved[:, feature] = places.repeat_interleave(len(x))
    y = predict(model, moved, data.classes).reshape(STEPS, len(x), -1)
    single = torch.linspace(0, len(x) - 1, min(SINGLE, len(x))).round().long()
    rows = y[:, single, 0].T.tolist() if y.shape[2] == 1 else []
    return Dependence(feature, places.tolist(), y.mean(1).tolist(), rows)


@dataclass(frozen=True)
class ClosedForm:
    """What is known of an edge as a formula: words, R2 to the spline it describes (nan: unknown), samples, whether the
    edge is that form."""

    words: str
    r2: float = math.nan
    y: tuple[float, ...] = ()
    exact: bool = False


def closed_forms(
    content: Content, before: Content | None, given: Mapping[Edge, tuple[str, float]] | None
) -> dict[Edge, ClosedForm]:
    """For every edge: the form given by the caller, the one it has, or the best one found (for the most important
    splines).

    A form that an edge has is held against the spline that stood at its place in the network `before`, on standardised
    samples: its R2 is that of the same primitive, fitted to this spline, so that a later refit of all constants does
    not count against it.
    """
    edges = [edge for layer in content.edges for edge in layer]
    old = {edge.edge: edge for layer in before.edges for edge in layer if edge.kind == 1} if before else {}
    found = {}
    splines = []
    for edge in edges:
        if given is not None and edge.edge in given:
            words, r2 = given[edge.edge]
            found[edge.edge] = ClosedForm(words, float(r2), exact=edge.kind == 2)
        elif edge.kind == 2:
            found[edge.edge] = ClosedForm(edge.formula, _r2_of(edge, old.get(edge.edge)), exact=True)
        elif edge.kind == 1 and given is None:
            splines.append(edge)
    splines = [
        edge for edge in sorted(splines, key=lambda e: -e.score)[:RANKED] if all(map(math.isfinite, (*edge.x, *edge.y)))
    ]
    if splines:
        x = torch.tensor([edge.x for edge in splines], dtype=torch.float64)
        y = torch.tensor([edge.y for edge in splines], dtype=torch.float64)
        for edge, ranked in zip(splines, rank_many(x, y, tolerance=1e-3), strict=True):
            best = ranked[0]
            words = closed_form(best.primitive, best.constants, variable_of(edge))
            found[edge.edge] = ClosedForm(
                words, best.r2, tuple(best(torch.tensor(edge.x, dtype=torch.float64)).tolist())
            )
    return found


def variable_of(edge: EdgeContent) -> str:
    """The letter for an edge's argument: x for inputs (their names stand beside the formula), u behind them."""
    return "u" if edge.edge[0] else "x"


def _r2_of(edge: EdgeContent, spline: EdgeContent | None) -> float:
    if spline is None or not edge.primitive or not all(map(math.isfinite, (*spline.x, *spline.y))):
        return math.nan
    try:
        ranked = rank_many(torch.tensor([spline.x]).double(), torch.tensor([spline.y]).double(), [edge.primitive])[0]
    except SymbolicError:
        return math.nan
    fits = [candidate.r2 for candidate in ranked if candidate.primitive == edge.primitive]
    return fits[0] if fits else math.nan

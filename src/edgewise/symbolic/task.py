"""Between a KAN and a program of closed forms: units, edges, samples of every edge, and back.

Letters: n sample, i node, o subnode, k output. A program works in the units of X and y, so the model's scaling is
folded into its constants.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..data import as_codes, as_matrix, as_target
from ..errors import DataError
from ..layers import OFF, SYMBOLIC, KANLayer, SymbolicEdge
from ..metadata import Edit
from ..model import KAN
from ..primitives import get
from ..size import summary
from ..train.job import choose_loss
from ..train.problems.losses import CrossEntropy, Loss
from ..transforms import tidy
from .program import Program, ProgramTerm
from .tuning import TUNED

EdgePlace = tuple[int, int, int]  # layer, position of the source node, position of the target subnode
EdgeForm = tuple[str, float, float, float, float]  # primitive name, a, b, c, d


@dataclass(frozen=True)
class RelativeSquares:
    """Mean of squared errors, each output in units of its own spread `scale` (k,)."""

    scale: Tensor
    name: str = "squared_error"

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b,): mean squared relative error of each row."""
        return ((prediction - target) / self.scale).square().mean(-1)

    def gradient(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b, k)."""
        return (2.0 / prediction.shape[-1]) * (prediction - target) / self.scale.square()

    def curvature(self, prediction: Tensor, target: Tensor) -> Tensor | float:
        """A number for one output, (b, k, k) for several."""
        bend = 2.0 / prediction.shape[-1] / self.scale.square()
        return float(bend) if len(bend) == 1 else torch.diag(bend).expand(prediction.shape[0], -1, -1)


@dataclass(frozen=True)
class Task:
    """A model and the data its closed forms are judged by.

    x (n, inputs in use) raw; y (n, k) raw less `offset`, or class codes (n,); loss in relative units; error: the
    model's own loss.
    """

    model: KAN
    X: Tensor
    x: Tensor
    y: Tensor
    loss: Loss
    weight: Tensor | None
    offset: Tensor
    error: float
    parameters: int
    own: bool = False  # whether y is the model's own output

    @staticmethod
    def create(model: KAN, X: Any, y: Any = None, sample_weight: Any = None) -> Task:
        """Check the data; without y the forms must reproduce the model's own outputs, to `TUNED.own_outputs`.

        Raises `DataError` and `ShapeError`.
        """
        double = model.build().to(dtype=torch.float64, device="cpu")
        X = as_matrix(X, width=model.topology.features, dtype=torch.float64, device="cpu")
        if X.shape[0] < 2:
            raise DataError(
                f"closed forms are judged on data, and X has {X.shape[0]} rows; give at least 2, better hundreds"
            )
        weight = None
        if sample_weight is not None:
            weight = as_target(
                sample_weight, rows=X.shape[0], width=1, what="sample_weight", dtype=torch.float64, device="cpu"
            )[:, 0]
        outputs = len(model.topology.node_ids[-1])
        with torch.no_grad():
            prediction = double(X)
        offset = torch.zeros(outputs, dtype=torch.float64)
        loss: Any
        if y is not None and (
            model.metadata.task == "classification" or isinstance(choose_loss("auto", y), CrossEntropy)
        ):
            known = model.metadata.classes or None
            target = as_codes(y, rows=X.shape[0], classes=known, width=outputs, device="cpu")[0]
            loss = CrossEntropy()
        else:
            target = (
                prediction
                if y is None
                else as_target(y, rows=X.shape[0], width=outputs, dtype=torch.float64, device="cpu")
            )
            spread = target.std(0, unbiased=False)
            loss = RelativeSquares(torch.where(spread > 0, spread, 1.0))
            products = torch.tensor([len(node) > 1 for node in model.topology.factors[-1]])
            offset = torch.where(products, double.output_shift, 0.0)
            target = target - offset
        rows = loss.rows(prediction - offset, target)
        error = float(rows.mean() if weight is None else weight @ rows / weight.sum())
        x = X[:, list(model.topology.node_ids[0])]
        error = TUNED.own_outputs**2 if y is None else error
        return Task(
            double,
            X,
            x,
            target,
            loss,
            weight,
            offset,
            error,
            min(summary(model).parameters, X.shape[0] // TUNED.rows_per_parameter),
            y is None,
        )

    def thinned(self, count: int) -> Task:
        """The same on at most `count` rows, evenly taken."""
        if self.x.shape[0] <= count:
            return self
        rows = torch.linspace(0, self.x.shape[0] - 1, count, dtype=torch.float64).round().long()
        weight = None if self.weight is None else self.weight[rows]
        few = min(self.parameters, count // TUNED.rows_per_parameter)
        return replace(self, X=self.X[rows], x=self.x[rows], y=self.y[rows], weight=weight, parameters=few)

    def allowed(self, error: float, free: int, tolerance: float) -> bool:
        """Whether a network with `free` constants and this loss is as good as the model, both corrected for what they
        could fit by chance."""
        rows = self.x.shape[0]
        own = self.error * rows / max(rows - self.parameters, 1)
        other = error * rows / max(rows - free, 1)
        return other <= own * (1 + tolerance) ** 2 + TUNED.exact_loss


class Samples(NamedTuple):
    """Input and value of one edge (n,), and how far the edge moves the output: in spreads of y, root mean square, to
    first order."""

    x: Tensor
    y: Tensor
    influence: float


def edge_samples(task: Task, model: KAN | None = None, *, raw: bool = True) -> dict[EdgePlace, Samples]:
    """Samples of every edge that is on, in the task's model or another one of its shape.

    raw: layer 0 in the units of X, the last layer in the units of y (where the outputs are sums); otherwise all in the
    network's own units.
    """
    model, samples = model or task.model, {}
    with torch.no_grad():
        _, trace = model.trace(task.X)
        spread = model.unscale(trace.nodes[-1]).std(0, unbiased=False)
        outputs = spread.shape[0]
        pull = torch.diag(model.output_scale / torch.where(spread > 0, spread, 1.0)).expand(
            task.X.shape[0], -1, -1
        )  # (n, k, node)
        for number in reversed(range(model.topology.depth)):
            layer = model.edge_layers[number]
            pull = _to_subnodes(pull, trace.subnodes[number], positions(model, number + 1))
            values = trace.edges[number]
            moved = pull[:, :, None, :] * (values - values.mean(0))[:, None]  # (n, k, i, o)
            influence = moved.square().sum(1).mean(0).div(outputs).sqrt()
            for src, dst in (layer.kind != OFF).nonzero().tolist():
                inputs = task.x[:, src] if raw and number == 0 else trace.nodes[number][:, src]
                shown = values[:, src, dst] * (output_scale(model, number, dst) if raw else 1.0)
                samples[number, src, dst] = Samples(inputs, shown, float(influence[src, dst]))
            pull = torch.einsum("nko,nio->nki", pull, layer.edge_values(trace.nodes[number], derivative=1))
    return dict(sorted(samples.items()))


def _to_subnodes(pull: Tensor, subnodes: Tensor, factors: Sequence[Sequence[int]]) -> Tensor:
    """Sensitivity to subnodes (n, k, o) from that to nodes."""
    result = pull.new_zeros(*pull.shape[:2], subnodes.shape[1])
    for node, members in enumerate(factors):
        for one in members:
            result[:, :, one] = (
                pull[:, :, node] * subnodes[:, [other for other in members if other != one]].prod(1)[:, None]
            )
    return result


def present_forms(model: KAN) -> dict[EdgePlace, EdgeForm]:
    """Closed forms of the edges that have one (and no spline), in the units of X and y."""
    forms: dict[EdgePlace, EdgeForm] = {}
    for number, layer in enumerate(model.edge_layers):
        for edge, constants in zip(layer.symbolic, [] if layer.affine is None else layer.affine.tolist(), strict=True):
            if int(layer.kind[edge.src, edge.dst]) != SYMBOLIC:
                continue
            a, b, c, d = constants
            if number == 0:
                column = model.topology.node_ids[0][edge.src]
                a, b = (
                    a / float(model.input_scale[column]),
                    b - a * float(model.input_shift[column] / model.input_scale[column]),
                )
            scale = output_scale(model, number, edge.dst)
            forms[number, edge.src, edge.dst] = edge.primitive, a, b, c * scale, d * scale
    return forms


def output_scale(model: KAN, number: int, dst: int) -> float:
    """What an edge of the last layer must be multiplied by to count in the units of y: once per product."""
    if number < model.topology.depth - 1:
        return 1.0
    owner = int(model.subnode_owner(number + 1)[dst])
    first = sum(len(node) for node in model.topology.factors[-1][:owner])
    return float(model.output_scale[owner]) if dst == first else 1.0


def to_program(model: KAN, forms: Mapping[EdgePlace, EdgeForm]) -> Program:
    """The network of closed forms that has these on its edges, and the model's biases; forms "0" only shift."""
    stages = []
    for number, layer in enumerate(model.edge_layers):
        entries: list[tuple[ProgramTerm, Sequence[float]]] = []
        bias = [float(v) * output_scale(model, number, o) for o, v in enumerate(layer.bias.tolist())]
        if number == model.topology.depth - 1:
            for owner, node in enumerate(model.topology.factors[-1]):
                if len(node) == 1:
                    bias[sum(len(other) for other in model.topology.factors[-1][:owner])] += float(
                        model.output_shift[owner]
                    )
        for (where, src, dst), (name, a, b, c, d) in forms.items():
            if where == number and get(name).name == "0":
                bias[dst] += d
            elif where == number:
                entries.append((ProgramTerm(get(name), src, dst), (a, b, c, d)))
        stages.append((entries, bias, positions(model, number + 1)))
    return Program.create(stages)


def positions(model: KAN, layer: int) -> tuple[tuple[int, ...], ...]:
    """Positions of the subnodes that every node of a layer multiplies."""
    found, start = [], 0
    for node in model.topology.factors[layer]:
        found.append(tuple(range(start, start + len(node))))
        start += len(node)
    return tuple(found)


def to_model(task: Task, model: KAN, program: Program, edit: Edit) -> KAN:
    """The model with all its edges replaced by the program's terms, without scaling; terms with c = 0 vanish with what
    they fed."""
    layers = []
    for layer, stage, (a, b, c, bias) in zip(model.edge_layers, program.stages, program.split(), strict=True):
        kind = torch.full_like(layer.kind, OFF)
        kept = [n for n in range(len(stage.terms)) if float(c[n]) != 0.0]
        table = [SymbolicEdge(stage.terms[n].primitive.name, stage.terms[n].src, stage.terms[n].dst) for n in kept]
        for edge in table:
            kind[edge.src, edge.dst] = SYMBOLIC
        affine = torch.stack([a, b, c, torch.zeros_like(a)], dim=1)[kept] if kept else None
        target = layer.bias
        parts = layer.parts() | {
            "kind": kind,
            "bias": bias.to(target),
            "symbolic": table,
            "affine": None if affine is None else affine.to(target),
        }
        layers.append(KANLayer.build(**parts))
    scaling = {
        "input_shift": torch.zeros_like(model.input_shift),
        "input_scale": torch.ones_like(model.input_scale),
        "output_shift": task.offset.to(model.output_shift),
        "output_scale": torch.ones_like(model.output_scale),
    }
    return tidy(model.build(layers=layers, scaling=scaling, edit=edit))


def relative_error(loss: float) -> float:
    """The root of a loss in relative squares."""
    return math.sqrt(max(loss, 0.0))

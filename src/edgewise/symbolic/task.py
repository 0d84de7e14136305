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

from ..layers import OFF, SYMBOLIC, KANLayer, SymbolicEdge
from ..losses import LOSSES, CrossEntropy, Loss
from ..metadata import Edit
from ..model import KAN
from ..primitives import get
from ..size import summary
from ..transforms import tidy
from ..transforms.symbolic import with_forms
from .given_rows import GivenRows
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
class Judge:
    """Rows that no form is fitted to, which accept a network or refuse it.

    X (m, features); y as in the task; weight (m,); bar: the lowest loss on them of all networks that the forms are to
    replace.
    """

    X: Tensor
    y: Tensor
    weight: Tensor | None
    bar: float = math.inf


@dataclass(frozen=True)
class SymbolicTask:
    """A model and the data its closed forms are judged by.

    x (n, inputs in use), raw. y (n, k), raw less `offset`, or class codes (n,). loss: in relative units. error: the
    model's own loss. parameters: how many of them can have followed the rows. own: whether y is the model's own output.
    eps: relative round-off of the number format that the result will have.
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
    own: bool = False
    judge: Judge | None = None
    eps: float = torch.finfo(torch.float64).eps

    @property
    def exact(self) -> float:
        """The loss up to which nothing is left to explain."""
        return max(TUNED.exact_loss, (TUNED.roundings * self.eps) ** 2)

    @property
    def most_cancelled(self) -> float:
        """By how much the mean of a term may exceed its spread: its round-off must stay below the model's error."""
        few, most = TUNED.cancelled
        return min(max(math.sqrt(max(self.error, 0.0)) / self.eps, few), most)

    @staticmethod
    def create(model: KAN, rows: GivenRows, judging: GivenRows | None = None) -> SymbolicTask:
        """The task of these rows. Without y the forms must reproduce the model's own outputs, to
        `TUNED.own_outputs`."""
        double = model.build().to(dtype=torch.float64, device="cpu")
        with torch.no_grad():
            prediction = double(rows.X)
        offset = torch.zeros(prediction.shape[1], dtype=torch.float64)
        target = prediction if rows.y is None else rows.y
        count = len(rows.X) if rows.weight is None else float(rows.weight.sum())
        loss: Any = CrossEntropy().bounded(max(count, 1.0), prediction.shape[1])
        link = model.metadata.loss if rows.y is not None else ""
        if link:
            loss = LOSSES[link]
            loss.check(target)
        elif target.is_floating_point():
            spread = target.std(0, unbiased=False)
            loss = RelativeSquares(torch.where(spread > 0, spread, 1.0))
            products = torch.tensor([len(node) > 1 for node in model.topology.factors[-1]])
            offset = torch.where(products, double.output_shift, 0.0)
            target = target - offset
        own = rows.y is None
        error = TUNED.own_outputs**2 if own else mean_loss(loss, prediction - offset, target, rows.weight)
        x = rows.X[:, list(model.topology.node_ids[0])]
        few = min(summary(model).parameters, rows.X.shape[0] // TUNED.rows_per_parameter)
        eps = torch.finfo(model.dtype).eps
        task = SymbolicTask(double, rows.X, x, target, loss, rows.weight, offset, error, few, own, eps=eps)
        if judging is None or judging.y is None:
            return task
        if link:
            loss.check(judging.y, "validation y")
        y = judging.y - offset if judging.y.is_floating_point() else judging.y
        return replace(task, judge=Judge(judging.X, y, judging.weight)).with_model(double, error, few)

    def with_model(self, model: KAN, error: float, parameters: int) -> SymbolicTask:
        """The task with its model fitted further, or on finer splines: held-out rows ask for the best of all."""
        task = replace(self, model=model, error=error, parameters=parameters)
        if self.judge is None:
            return task
        bar = min(self.judge.bar, self.held_out_loss(model))
        return replace(task, judge=replace(self.judge, bar=bar))

    def lines_placed(self) -> SymbolicTask:
        """The task with form "x" on every spline that is exactly a line on its rows. Training said so, and no form that
        suits the noise of few rows better may bend it again."""
        placed = []
        for place, (x, y, _) in edge_samples(self, raw=False).items():
            number, src, dst = place
            if not bool(self.model.edge_layers[number].spline_edges()[src, dst]) or not float(x.var()) > 0:
                continue
            slope = float(((x - x.mean()) @ (y - y.mean())) / (x - x.mean()).square().sum())
            intercept = float(y.mean() - slope * x.mean())
            off = float((y - slope * x - intercept).square().mean())
            if slope != 0 and off <= self.exact * float(y.var()):
                placed.append((*place, "x", (1.0, 0.0, slope, intercept)))
        return replace(self, model=with_forms(self.model, placed)) if placed else self

    def thinned(self, count: int) -> SymbolicTask:
        """The same on at most `count` rows, evenly taken."""
        if self.x.shape[0] <= count:
            return self
        rows = torch.linspace(0, self.x.shape[0] - 1, count, dtype=torch.float64).round().long()
        weight = None if self.weight is None else self.weight[rows]
        few = min(self.parameters, count // TUNED.rows_per_parameter)
        return replace(self, X=self.X[rows], x=self.x[rows], y=self.y[rows], weight=weight, parameters=few)

    def allowed(self, network: Program | KAN, loss: float, free: int, tolerance: float) -> bool:
        """Whether a network with `free` constants and this loss on the rows it was fitted to is as good as the model.

        Held-out rows decide where there are any. Otherwise the rows of the fit do, both losses corrected for what the
        networks could fit by chance.
        """
        if self.judge is not None:
            return self.stands(network, tolerance)
        rows = self.x.shape[0]
        own = self.error * rows / max(rows - self.parameters, 1)
        other = loss * rows / max(rows - free, 1)
        return other <= own * (1 + tolerance) ** 2 + self.exact

    def stands(self, network: Program | KAN, tolerance: float) -> bool:
        """Whether the held-out rows accept a network: always, where there are none."""
        if self.judge is None:
            return True
        return self.held_out_loss(network) <= self.judge.bar * (1 + tolerance) ** 2 + self.exact

    def held_out_loss(self, network: Program | KAN) -> float:
        """The loss of a network on the held-out rows."""
        assert self.judge is not None
        with torch.no_grad():
            if isinstance(network, KAN):
                prediction = network(self.judge.X) - self.offset
            else:
                prediction = network(self.judge.X[:, list(self.model.topology.node_ids[0])])
        return mean_loss(self.loss, prediction, self.judge.y, self.judge.weight)


def mean_loss(loss: Loss, prediction: Tensor, target: Tensor, weight: Tensor | None) -> float:
    """The (weighted) mean of a loss over the rows."""
    rows = loss.rows(prediction, target)
    return float(rows.mean() if weight is None else weight @ rows / weight.sum())


class Samples(NamedTuple):
    """Input and value of one edge (n,), and how far the edge moves the output: in spreads of y, root mean square, to
    first order."""

    x: Tensor
    y: Tensor
    influence: float


def edge_samples(task: SymbolicTask, model: KAN | None = None, *, raw: bool = True) -> dict[EdgePlace, Samples]:
    """Samples of every edge that is on, in the task's model or another one of its shape.

    raw: layer 0 in the units of X, and the last layer in those of y where the outputs are sums. Otherwise all are in
    the network's own units.
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


def to_model(task: SymbolicTask, model: KAN, program: Program, edit: Edit) -> KAN:
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

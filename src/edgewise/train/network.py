"""A network on data as a problem for second-order minimisers: objective, gradient and Gauss-Newton curvature in its parameters.

The Jacobian block of a layer is the sensitivity of the outputs to the layer's subnodes times the basis values, so one pass of activations and
one pass of sensitivities give everything; no autograd. Letters: b batch, k outputs, i input node, j basis, o subnode, P parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor

from .. import primitives
from ..layers import KANLayer
from ..model import KAN
from .local import Local
from .objective import Loss

BLOCK = 1 << 23  # numbers in one block of the Jacobian (64 MB)


class Term(Protocol):
    """A further part of the objective, with a quadratic model in the parameters."""

    def value(self, bases: list[Local]) -> float:
        """The term at the present parameters, from the layers' bases at their inputs."""
        ...

    def add_quadratic(self, bases: list[Local], gradient: Tensor, curvature: Tensor) -> float:
        """Add its gradient and curvature at fixed inputs of each layer in place; returns its value."""
        ...

    def pulls(self, bases: list[Local], inputs: list[Tensor]) -> list[Tensor | None]:
        """Its gradient with respect to the inputs (b, i) of each layer, None where there is none: what it asks of the layers before."""
        ...


class Flat:
    """The parameters of a private model as one vector (P,): per layer coef, base_scale, bias, affine; the parameters are views of it."""

    def __init__(self, model: KAN) -> None:
        self.model = model
        present = [p for layer in model.edge_layers for p in parameters_of(layer)]
        self.theta = torch.cat([p.detach().reshape(-1) for p in present])
        start = 0
        for p in present:
            p.requires_grad_(False)
            p.data = self.theta[start : start + p.numel()].view(p.shape)
            start += p.numel()
        self.free = torch.cat([mask.reshape(-1) for layer in model.edge_layers for mask in free_masks(layer)])
        self.fixed = not bool(self.free.all())

    def load(self, theta: Tensor) -> None:
        """Set all parameters; theta (P_free,) holds only those that training may move."""
        if self.fixed:
            self.theta[self.free] = theta
        else:
            self.theta.copy_(theta)

    def read(self) -> Tensor:
        """A copy of the parameters that training may move."""
        return self.theta[self.free] if self.fixed else self.theta.clone()


def parameters_of(layer: KANLayer) -> list[Tensor]:
    """A layer's parameters in their order in the vector."""
    return [p for p in (layer.coef, layer.base_scale, layer.bias, layer.affine) if p is not None]


def free_masks(layer: KANLayer) -> list[Tensor]:
    """Which parameters of a layer training may move: none of the edges that carry no spline."""
    on = layer.spline_edges()
    masks = [on[:, None, :].expand(layer.coef.shape)]
    if layer.base_scale is not None:
        masks.append(on)
    masks.append(torch.ones_like(layer.bias, dtype=torch.bool))
    if layer.affine is not None:
        masks.append(torch.ones_like(layer.affine, dtype=torch.bool))
    return masks


@dataclass(frozen=True)
class Pass:
    """One forward pass: outputs, and per layer its inputs, its basis there, and the subnodes it feeds."""

    output: Tensor
    inputs: list[Tensor]
    bases: list[Local]
    subnodes: list[Tensor]

    def part(self, rows: slice) -> Pass:
        """The pass of some of the rows."""
        bases = [Local(b.layer, b.first[rows], b.values[rows], None if b.base is None else b.base[rows]) for b in self.bases]
        return Pass(self.output[rows], [a[rows] for a in self.inputs], bases, [s[rows] for s in self.subnodes])


class NetworkProblem:
    """loss(network(x), y) + penalty in the network's scaled units. x (n, inputs in use), y (n, k) or class numbers (n,), weight (n,) or None.

    The model is private to the problem: its parameters are moved by every call.
    """

    def __init__(self, model: KAN, x: Tensor, y: Tensor, loss: Loss, weight: Tensor | None = None, terms: Sequence[Term] = ()) -> None:
        self.flat, self.model, self.loss, self.terms = Flat(model), model, loss, tuple(terms)
        self.layers = model.edge_layers
        self.x, self.y = x, y
        self.last_loss = float("nan")  # the plain loss at the point where `quadratic` was last taken
        self.weight = torch.full((x.shape[0],), 1.0 / x.shape[0], dtype=x.dtype, device=x.device) if weight is None else weight / weight.sum()

    def start(self) -> Tensor:
        """The parameters as they are now (P,)."""
        return self.flat.read()

    def predict(self, x: Tensor) -> Pass:
        """Activations for scaled inputs x (b, i), with the parameters last loaded."""
        a, inputs, bases, subnodes = x, [], [], []
        for number, layer in enumerate(self.layers, start=1):
            basis = Local.at(layer, a)
            s = basis.output().add_(layer.bias)
            if layer.symbolic:
                s = s + layer.sum_symbolic(a)
            inputs.append(a)
            bases.append(basis)
            subnodes.append(s)
            a = self.model.multiply(number, s)
        return Pass(a, inputs, bases, subnodes)

    def loss_value(self, theta: Tensor, x: Tensor, y: Tensor, weight: Tensor | None = None) -> float:
        """The plain (weighted) mean loss on other data."""
        self.flat.load(theta)
        with torch.no_grad():
            rows = self.loss.rows(self.predict(x).output, y)
            return float(rows.mean() if weight is None else weight @ rows / weight.sum())

    def value(self, theta: Tensor) -> float:
        """Loss plus penalty."""
        self.flat.load(theta)
        with torch.no_grad():
            done = self.predict(self.x)
            value = float(self.weight @ self.loss.rows(done.output, self.y))
            return value + sum(term.value(done.bases) for term in self.terms)

    def quadratic(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """Loss plus penalty, gradient (P,), curvature (P, P) over the parameters that may move."""
        self.flat.load(theta)
        with torch.no_grad():
            total = self.flat.theta.numel()
            gradient = self.flat.theta.new_zeros(total)
            curvature = self.flat.theta.new_zeros(total, total)
            done = self.predict(self.x)
            value = self.last_loss = float(self.weight @ self.loss.rows(done.output, self.y))
            outputs = done.output.shape[1]
            step = max(1, BLOCK // max(1, total * outputs))
            for start in range(0, self.x.shape[0], step):
                rows = slice(start, start + step)
                jacobian = self.jacobian(done if step >= self.x.shape[0] else done.part(rows))  # (b, k, P)
                weight, prediction, target = self.weight[rows], done.output[rows], self.y[rows]
                pull = weight[:, None] * self.loss.gradient(prediction, target)
                bend = self.loss.curvature(prediction, target)
                if isinstance(bend, Tensor):
                    bent = torch.bmm(bend * weight[:, None, None], jacobian)
                    curvature.addmm_(jacobian.flatten(0, 1).T, bent.flatten(0, 1))
                    gradient.addmv_(jacobian.flatten(0, 1).T, pull.flatten())
                else:
                    root = (bend * weight).sqrt()
                    scaled = jacobian.mul_(root[:, None, None]).flatten(0, 1)
                    curvature.addmm_(scaled.T, scaled)
                    gradient.addmv_(scaled.T, (pull / root.clamp(min=1e-300)[:, None]).flatten())
            for term in self.terms:
                value += term.add_quadratic(done.bases, gradient, curvature)
                self.pull_back(done, term.pulls(done.bases, done.inputs), gradient)
            if self.flat.fixed:
                gradient, curvature = gradient[self.flat.free], curvature[self.flat.free][:, self.flat.free]
            return value, gradient, curvature

    def jacobian(self, done: Pass) -> Tensor:
        """d output / d parameters: (b, k, P), assembled layer by layer from the last."""
        batch, outputs = done.output.shape
        nodes = torch.eye(outputs, dtype=done.output.dtype, device=done.output.device).expand(batch, -1, -1)  # (b, k, n)
        blocks: list[Tensor] = []
        for number in range(len(self.layers), 0, -1):
            layer, a = self.layers[number - 1], done.inputs[number - 1]
            sub = self.through_products(number, nodes, done.subnodes[number - 1])  # (b, k, o)
            blocks[:0] = layer_blocks(layer, a, done.bases[number - 1], sub)
            if number > 1:
                nodes = torch.bmm(sub, layer.edge_values(a, derivative=1).transpose(1, 2))
        return torch.cat(blocks, dim=2)

    def pull_back(self, done: Pass, pulls: list[Tensor | None], gradient: Tensor) -> None:
        """Carry gradients with respect to the layers' inputs (b, i) on to the parameters of the layers before, in place."""
        ends = list(accumulate(sum(p.numel() for p in parameters_of(layer)) for layer in self.layers))
        nodes: Tensor | None = None
        for number in range(len(self.layers), 0, -1):
            layer, a, pull = self.layers[number - 1], done.inputs[number - 1], pulls[number - 1]
            if nodes is not None:
                sub = self.through_products(number, nodes[:, None], done.subnodes[number - 1])  # (b, 1, o)
                gradient[ends[number - 2] if number > 1 else 0 : ends[number - 1]] += torch.cat(
                    [block.sum((0, 1)) for block in layer_blocks(layer, a, done.bases[number - 1], sub)]
                )
                nodes = torch.bmm(layer.edge_values(a, derivative=1), sub.transpose(1, 2))[..., 0] if number > 1 else None
            nodes = pull if nodes is None else nodes if pull is None else nodes + pull

    def through_products(self, layer: int, nodes: Tensor, subnodes: Tensor) -> Tensor:
        """Sensitivity to subnodes (b, k, s) from that to nodes (b, k, n): a factor's share is the product of its siblings."""
        if not self.model.topology.has_products(layer):
            return nodes
        sub = nodes[:, :, self.model.subnode_owner(layer)].clone()
        position = 0
        for node in self.model.topology.factors[layer]:
            arity = len(node)
            if arity > 1:
                for factor in range(arity):
                    siblings = [position + other for other in range(arity) if other != factor]
                    sub[:, :, position + factor] *= subnodes[:, siblings].prod(1)[:, None]
            position += arity
        return sub


def layer_blocks(layer: KANLayer, a: Tensor, basis: Local, sub: Tensor) -> list[Tensor]:
    """Jacobian blocks (b, k, .) of a layer's coef, base_scale, bias and affine, from its inputs a (b, i) and sensitivities sub (b, k, o)."""
    batch, outputs = a.shape[0], sub.shape[1]
    blocks = [(basis.dense().flatten(1)[:, None, :, None] * sub[:, :, None, :]).reshape(batch, outputs, -1)]
    if basis.base is not None:
        blocks.append((basis.base[:, None, :, None] * sub[:, :, None, :]).reshape(batch, outputs, -1))
    blocks.append(sub)
    if layer.affine is not None:
        dst = [edge.dst for edge in layer.symbolic]
        columns = []
        for n, edge in enumerate(layer.symbolic):
            scale, shift, height, _ = layer.affine[n]
            x = a[:, edge.src]
            u = scale * x + shift
            value, slope = primitives.evaluate(edge.primitive, u), height * primitives.evaluate(edge.primitive, u, 1)
            columns.append(torch.stack([slope * x, slope, value, torch.ones_like(x)], dim=1))
        affine = torch.stack(columns, dim=1)  # (b, n, 4)
        blocks.append((sub[:, :, dst, None] * affine[:, None]).reshape(batch, outputs, -1))
    return blocks

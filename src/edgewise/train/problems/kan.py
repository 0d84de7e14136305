"""A network on data as a problem for second-order minimisers: objective, gradient and Gauss-Newton curvature in its
parameters.

The Jacobian block of a layer is the sensitivity of the outputs to the layer's subnodes times the basis values, so one
pass of activations and one pass of sensitivities give everything; no autograd. Letters: b batch, k outputs, i input
node, o subnode, n closed form, P parameters, M of them that may move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor

from ...losses import Loss
from ...model import KAN
from ...ops.normal import summed
from .edge_blocks import EdgeBlocks
from .flat import Curvature, Flat, size_of
from .layer_basis import Local
from .products import either_side, slices
from .quadratic import Quadratic
from .tuning import TUNED


class ObjectiveTerm(Protocol):
    """A further part of the objective, with a quadratic model in the parameters."""

    stiff: bool  # its curvature may exceed that of the data by far, so that steps are not to be damped by it

    def value(self, bases: list[Local]) -> float:
        """The term at the present parameters, from the layers' bases at their inputs."""
        ...

    def add_quadratic(self, bases: list[Local], gradient: Tensor, curvature: Curvature) -> float:
        """Add its gradient (P,) and curvature (M, M) at fixed inputs of each layer in place; returns its value."""
        ...

    def pulls(self, bases: list[Local], inputs: list[Tensor]) -> list[Tensor | None]:
        """Its gradient with respect to the inputs (b, i) of each layer, None where there is none: what it asks of the
        layers before."""
        ...


@dataclass(frozen=True)
class Pass:
    """One forward pass: outputs, and per layer what it is at its inputs and the subnodes that it feeds."""

    output: Tensor
    bases: list[Local]
    subnodes: list[Tensor]


class NetworkProblem:
    """loss(network(x), y) + penalty in the network's scaled units. x (n, inputs in use), y (n, k) or class numbers
    (n,), weight (n,) or None.

    `earlier` stands for rows that are gone: the loss is the mean over these and the n rows. The model is private to the
    problem: its parameters are moved by every call.
    """

    def __init__(
        self,
        model: KAN,
        x: Tensor,
        y: Tensor,
        loss: Loss,
        weight: Tensor | None = None,
        terms: Sequence[ObjectiveTerm] = (),
        earlier: Quadratic | None = None,
    ) -> None:
        self.flat, self.model, self.loss, self.terms = (
            Flat(model),
            model,
            loss,
            sorted(terms, key=lambda term: term.stiff),
        )
        self.layers = model.edge_layers
        self.blocks = EdgeBlocks(self.layers, self.flat.places)
        self.x, self.y = x, y
        self.last_loss = float("nan")  # the plain loss at the point where `quadratic` was last taken
        self.last_diagonal: Tensor | None = None  # the curvature's diagonal there without the stiff terms, (M,)
        self.weight = (
            torch.full((x.shape[0],), 1.0 / x.shape[0], dtype=x.dtype, device=x.device)
            if weight is None
            else weight / weight.sum()
        )
        here = x.shape[0] if weight is None else float(weight.sum())
        self.earlier, self.rows = earlier, here + (earlier.rows if earlier else 0)
        self.share = here / self.rows  # of the rows that are here
        self.weight = self.weight * self.share
        self.owners = [
            model.subnode_owner(n) if model.topology.has_products(n) else None for n in range(1, len(self.layers) + 1)
        ]
        self.kept: tuple[Tensor, Pass] | None = (
            None  # parameters and the pass of x with them: a minimiser asks for both models of a good step
        )

    def start(self) -> Tensor:
        """The parameters that may move as they are now (M,)."""
        return self.flat.read()

    def predict(self, x: Tensor) -> Pass:
        """Activations for scaled inputs x (b, i), with the parameters last loaded."""
        a, bases, subnodes = x, [], []
        for number, layer in enumerate(self.layers, start=1):
            bases.append(Local(layer, a))
            subnodes.append(bases[-1].output())
            a = self.model.multiply(number, subnodes[-1])
        return Pass(a, bases, subnodes)

    def at(self, theta: Tensor) -> Pass:
        """The pass of the problem's own x with these parameters, which are loaded."""
        self.flat.load(theta)
        if self.kept is None or not torch.equal(self.kept[0], theta):
            self.kept = theta.clone(), self.predict(self.x)
        return self.kept[1]

    def loss_value(self, theta: Tensor, x: Tensor, y: Tensor, weight: Tensor | None = None) -> float:
        """The plain (weighted) mean loss on other data, which stand in for the rows that are here."""
        rows = self.row_losses(theta, x, y)
        return self.share * float(rows.mean() if weight is None else weight @ rows / weight.sum()) + self.remembered()

    def row_losses(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """The plain loss of every row of other data (n,); the parameters are loaded."""
        self.flat.load(theta)
        with torch.no_grad():
            return self.loss.rows(self.predict(x).output, y)

    def remembered(self) -> float:
        """What the rows that are gone add to the mean loss, with the parameters last loaded."""
        return self.earlier.at(self.flat.theta) / self.rows if self.earlier else 0.0

    def value(self, theta: Tensor) -> float:
        """Loss plus penalty."""
        with torch.no_grad():
            done = self.at(theta)
            value = float(self.weight @ self.loss.rows(done.output, self.y)) + self.remembered()
            return value + sum(term.value(done.bases) for term in self.terms)

    def loss_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """The loss of the rows that are here, without penalty, and its gradient (M,). Rows go through in blocks."""
        value, gradient = 0.0, torch.zeros_like(self.flat.theta)
        self.flat.load(theta)
        with torch.no_grad():
            for rows in slices(len(self.x), TUNED.rows):
                done, y, weight = self.predict(self.x[rows]), self.y[rows], self.weight[rows]
                value += float(weight @ self.loss.rows(done.output, y))
                columns = [basis.affine_columns() for basis in done.bases]
                pull = weight[:, None] * self.loss.gradient(done.output, y)
                self.pull_back(done, columns, [None] * len(done.bases), gradient, pull)
        return value, self.flat.moving(gradient)

    def quadratic(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """Loss plus penalty, gradient (M,), curvature (M, M) over the parameters that may move."""
        with torch.no_grad():
            done = self.at(theta)
            value = self.last_loss = float(self.weight @ self.loss.rows(done.output, self.y)) + self.remembered()
            pull = self.weight[:, None] * self.loss.gradient(done.output, self.y)
            bend = self.loss.curvature(done.output, self.y)
            bend = bend * (self.weight[:, None, None] if isinstance(bend, Tensor) else self.weight)
            columns = [basis.affine_columns() for basis in done.bases]
            sens = self.sensitivities(done, columns)
            matrix, gradient = self._normal_equations(done, columns, sens, pull, bend)
            curvature, diagonal = self.flat.over_moving(matrix), None
            for term in self.terms:  # the stiff ones last
                if term.stiff and diagonal is None:
                    diagonal = matrix.diagonal().clone()
                value += term.add_quadratic(done.bases, gradient, curvature)
                self.pull_back(done, columns, term.pulls(done.bases, [basis.a for basis in done.bases]), gradient)
            self.last_diagonal = diagonal
            return value, self.flat.moving(gradient), matrix

    def _normal_equations(
        self, done: Pass, columns: Sequence[Tensor | None], sens: list[Tensor], pull: Tensor, bend: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Curvature (M, M) and gradient (P,) of the loss, from its derivatives by the outputs, pull (b, k) and bend.
        sens (b, k, o): of each layer."""
        matrix, gradient = summed(self.blocks.jacobian(done.bases, sens, columns), pull, bend)
        places, order = self.flat.places, self.blocks.order
        if places is not None and order is not None:  # both or none
            matrix = matrix[order[:, None], order]
            gradient = torch.zeros_like(self.flat.theta).index_copy_(0, places, gradient[order])
        if self.earlier:
            gradient += self.earlier.slope(self.flat.theta) / self.rows
            earlier = self.earlier.curvature
            matrix += (earlier if places is None else earlier[places[:, None], places]) / self.rows
        return matrix, gradient

    def turning(self, theta: Tensor, step: Tensor) -> Tensor:
        """J^T C o'' (M,) at theta, with o'' the outputs' second derivative along the step, by differences: what bends a
        Levenberg-Marquardt step."""
        with torch.no_grad():
            ahead, behind = either_side(self._outputs, theta, step)
            done = self.at(theta)
            # `second_derivative`, in the order of sums that every committed table was made with
            second = (ahead - done.output + behind - done.output) / TUNED.bend**2
            bend = self.loss.curvature(done.output, self.y)
            bent = torch.bmm(bend, second[..., None])[..., 0] if isinstance(bend, Tensor) else bend * second
            gradient = torch.zeros_like(self.flat.theta)
            columns = [basis.affine_columns() for basis in done.bases]
            self.pull_back(done, columns, [None] * len(done.bases), gradient, self.weight[:, None] * bent)
            return self.flat.moving(gradient)

    def _outputs(self, theta: Tensor) -> Tensor:
        """The outputs of the problem's own x (n, k) at theta (M,), which is loaded."""
        self.flat.load(theta)
        return self.predict(self.x).output

    def sensitivities(self, done: Pass, columns: Sequence[Tensor | None]) -> list[Tensor]:
        """d output / d subnodes of every layer: (b, k, o)."""
        batch, outputs = done.output.shape
        nodes = torch.eye(outputs, dtype=done.output.dtype, device=done.output.device).expand(
            batch, -1, -1
        )  # (b, k, i)
        found: list[Tensor] = []
        for number in range(len(self.layers), 0, -1):
            found.insert(0, self.through_products(number, nodes, done.subnodes[number - 1]))
            if number > 1:
                nodes = done.bases[number - 1].pull(found[0], columns[number - 1])
        return found

    def pull_back(
        self,
        done: Pass,
        columns: Sequence[Tensor | None],
        pulls: list[Tensor | None],
        gradient: Tensor,
        nodes: Tensor | None = None,
    ) -> None:
        """Carry gradients with respect to the outputs (b, k) and to the layers' inputs (b, i) on to the parameters of
        the layers before, in place."""
        ends = [0, *accumulate(size_of(layer) for layer in self.layers)]
        for number in range(len(self.layers), 0, -1):
            basis, pull = done.bases[number - 1], pulls[number - 1]
            if nodes is not None:
                sub = self.through_products(number, nodes[:, None], done.subnodes[number - 1])  # (b, 1, o)
                gradient[ends[number - 1] : ends[number]] += basis.gradient(sub[:, 0], columns[number - 1])
                nodes = basis.pull(sub, columns[number - 1])[:, 0] if number > 1 else None
            nodes = pull if nodes is None else nodes if pull is None else nodes + pull

    def through_products(self, layer: int, nodes: Tensor, subnodes: Tensor) -> Tensor:
        """Sensitivity to subnodes (b, k, s) from that to nodes (b, k, n): a factor's share is the product of its
        siblings."""
        owner = self.owners[layer - 1]
        if owner is None:
            return nodes
        sub = nodes[:, :, owner]
        position = 0
        for node in self.model.topology.factors[layer]:
            arity = len(node)
            if arity > 1:
                for factor in range(arity):
                    siblings = [position + other for other in range(arity) if other != factor]
                    sub[:, :, position + factor] *= subnodes[:, siblings].prod(1)[:, None]
            position += arity
        return sub

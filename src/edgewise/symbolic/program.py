"""A network all of whose edges are closed forms, as a function of its constants: fast values, exact derivatives, least
squares.

Letters: n sample, i node, t term (edge), o subnode, k output, P constants. A term is c f(a x + b); the d of every edge
is in the bias of its target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from ..losses import Loss, SquaredError
from ..primitives import Primitive
from ..train.solvers.levenberg_marquardt import minimize
from ..train.solvers.stop import Step
from ..train.solvers.types import Minimum
from .tuning import TUNED
from .work import Work, price_of_formula


class ProgramTerm(NamedTuple):
    """One edge: its form and the positions of its ends."""

    primitive: Primitive
    src: int
    dst: int


@dataclass(frozen=True)
class Stage:
    """The terms of one layer, sorted by form, and which subnodes each node behind it multiplies."""

    terms: tuple[ProgramTerm, ...]
    factors: tuple[tuple[int, ...], ...]

    @property
    def subnodes(self) -> int:
        """How many sums the layer feeds."""
        return sum(len(node) for node in self.factors)

    @property
    def count(self) -> int:
        """Constants of the layer: a, b, c per term, one bias per subnode."""
        return 3 * len(self.terms) + self.subnodes


@dataclass(frozen=True)
class Program:
    """Stages and their constants theta (P,): per stage a (t,), b (t,), c (t,), bias (o,). x (n, inputs in use) -> (n,
    k), in raw units."""

    stages: tuple[Stage, ...]
    theta: Tensor

    @staticmethod
    def create(
        stages: Sequence[
            tuple[Sequence[tuple[ProgramTerm, Sequence[float]]], Sequence[float], tuple[tuple[int, ...], ...]]
        ],
    ) -> Program:
        """From (terms with their a, b, c, d; bias; factors) per layer."""
        made, theta = [], []
        for entries, bias, factors in stages:
            entries = sorted(entries, key=lambda entry: (entry[0].primitive.name, entry[0].dst, entry[0].src))
            bias = list(bias)
            for term, (_, _, _, d) in entries:
                bias[term.dst] += d
            made.append(Stage(tuple(term for term, _ in entries), factors))
            theta += [constants[n] for n in range(3) for _, constants in entries] + bias
        return Program(tuple(made), torch.tensor(theta, dtype=torch.float64))

    def split(self, theta: Tensor | None = None) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """(a, b, c, bias) of every stage: views."""
        theta, start, parts = self.theta if theta is None else theta, 0, []
        for stage in self.stages:
            t = len(stage.terms)
            a, b, c, bias = theta[start : start + stage.count].split([t, t, t, stage.subnodes])
            parts.append((a, b, c, bias))
            start += stage.count
        return parts

    def price(self, rows: int) -> float:
        """Units of work for one evaluation on so many rows."""
        terms = sum(len(stage.terms) for stage in self.stages)
        outputs = len(self.stages[-1].factors)
        return price_of_formula(rows, outputs, len(self.stages), terms, len(self.theta))

    def with_theta(self, theta: Tensor) -> Program:
        """The same network with other constants."""
        return replace(self, theta=theta)

    def __call__(self, x: Tensor) -> Tensor:
        """(n, i) -> (n, k)."""
        for (a, b, c, bias), stage in zip(self.split(), self.stages, strict=True):
            z = torch.addcmul(b, a, x[:, [term.src for term in stage.terms]])
            x = _nodes(_subnodes(stage, c * _forms(stage, z), bias), stage)
        return x

    def nodes(self, x: Tensor) -> list[Tensor]:
        """Values of the inputs and of every layer of nodes."""
        values = [x]
        for number in range(len(self.stages)):
            values.append(Program(self.stages[number : number + 1], torch.cat(self.split()[number]))(values[-1]))
        return values

    def jacobian(self, theta: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs (n, k) and their derivatives with respect to the constants (n, k, P)."""
        tape = []
        for (a, b, c, bias), stage in zip(self.split(theta), self.stages, strict=True):
            source = x[:, [term.src for term in stage.terms]]
            z = torch.addcmul(b, a, source)
            f = _forms(stage, z)
            subnodes = _subnodes(stage, c * f, bias)
            tape.append((stage, a, c, source, z, f, subnodes, x.shape[1]))
            x = _nodes(subnodes, stage)
        outputs = x.shape[1]
        pull = torch.eye(outputs, dtype=x.dtype).expand(x.shape[0], -1, -1)  # (n, k, node)
        blocks: list[Tensor] = []
        for stage, a, c, source, z, f, subnodes, width in reversed(tape):
            pull = _through_products(pull, subnodes, stage)  # (n, k, o)
            at_terms = pull[:, :, [term.dst for term in stage.terms]]  # (n, k, t)
            slope = c * _forms(stage, z, 1)
            db = at_terms * slope[:, None]
            blocks[:0] = [db * source[:, None], db, at_terms * f[:, None], pull]
            if stage is not self.stages[0]:
                into = pull.new_zeros(*pull.shape[:2], width)
                pull = into.index_add_(2, torch.tensor([term.src for term in stage.terms], dtype=torch.long), db * a)
        return x, torch.cat(blocks, dim=2)

    def inside(self, x: Tensor, slack: float = TUNED.domain_slack) -> bool:
        """Whether every argument lies in its form's domain, but for `slack`, on all samples and every output is
        finite."""
        for (a, b, c, bias), stage in zip(self.split(), self.stages, strict=True):
            z = torch.addcmul(b, a, x[:, [term.src for term in stage.terms]])
            for n, term in enumerate(stage.terms):
                low, high = term.primitive.domain
                if bool((z[:, n] < low - slack).any()) or bool((z[:, n] > high + slack).any()):
                    return False
            x = _nodes(_subnodes(stage, c * _forms(stage, z), bias), stage)
        return bool(torch.isfinite(x).all())

    def cancelled(self, x: Tensor) -> float:
        """The largest mean that a curved term has on the samples, in units of its spread: so much cancels against a
        bias. A slow cosine of a huge amplitude, which is a parabola, has millions."""
        most, nodes = 0.0, self.nodes(x)
        for number, (stage, (a, b, c, _)) in enumerate(zip(self.stages, self.split(), strict=True)):
            curved = [n for n, term in enumerate(stage.terms) if term.primitive.name != "x"]
            if not curved:
                continue
            z = torch.addcmul(b, a, nodes[number][:, [term.src for term in stage.terms]])
            values = (c * _forms(stage, z))[:, curved]
            mean, spread = values.mean(0).abs(), values.std(0, unbiased=False)
            most = max(most, float(torch.where(spread > 0, mean / spread, 0.0).max()))
        return most


def _forms(stage: Stage, z: Tensor, order: int = 0) -> Tensor:
    """Every term's form (or its derivative) at its column of z (n, t); one evaluation per form."""
    columns, start = [], 0
    for p, group in groupby(stage.terms, key=lambda term: term.primitive):
        stop = start + len(list(group))
        columns.append(p.derivative(z[:, start:stop], order))
        start = stop
    return columns[0] if len(columns) == 1 else torch.cat(columns, dim=1) if columns else z


def _subnodes(stage: Stage, values: Tensor, bias: Tensor) -> Tensor:
    total = bias.expand(values.shape[0], -1).clone()
    return total.index_add_(1, torch.tensor([term.dst for term in stage.terms], dtype=torch.long), values)


def _nodes(subnodes: Tensor, stage: Stage) -> Tensor:
    if all(len(node) == 1 for node in stage.factors):
        return subnodes
    return torch.stack([subnodes[:, list(node)].prod(1) for node in stage.factors], dim=1)


def _through_products(pull: Tensor, subnodes: Tensor, stage: Stage) -> Tensor:
    """Sensitivity to subnodes from that to nodes: a factor's share is the product of its siblings."""
    if all(len(node) == 1 for node in stage.factors):
        return pull
    columns = []
    for number, node in enumerate(stage.factors):
        for factor in node:
            siblings = subnodes[:, [other for other in node if other != factor]].prod(1)
            columns.append((factor, pull[:, :, number] * siblings[:, None]))
    return torch.stack([column for _, column in sorted(columns, key=lambda entry: entry[0])], dim=2)


class ConstantsProblem:
    """The loss of a program on data in those of its constants that are free; the others stay as they are."""

    def __init__(
        self,
        program: Program,
        x: Tensor,
        y: Tensor,
        loss: Loss | None = None,
        weight: Tensor | None = None,
        free: Tensor | None = None,
    ):
        self.program, self.x, self.y, self.loss = program, x, y, loss or SquaredError()
        self.weight = (
            torch.full((x.shape[0],), 1.0 / x.shape[0], dtype=x.dtype) if weight is None else weight / weight.sum()
        )
        self.free = torch.ones_like(program.theta, dtype=torch.bool) if free is None else free

    def whole(self, theta: Tensor) -> Tensor:
        """All constants from the free ones."""
        full = self.program.theta.clone()
        full[self.free] = theta
        return full

    def value(self, theta: Tensor) -> float:
        """The loss."""
        return float(self.weight @ self.loss.rows(self.program.with_theta(self.whole(theta))(self.x), self.y))

    def quadratic(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """Loss, gradient and curvature in the free constants."""
        prediction, jacobian = self.program.jacobian(self.whole(theta), self.x)
        jacobian = jacobian[:, :, self.free]
        value = float(self.weight @ self.loss.rows(prediction, self.y))
        gradient = torch.einsum("n,nk,nkp->p", self.weight, self.loss.gradient(prediction, self.y), jacobian)
        bend = self.loss.curvature(prediction, self.y)
        weighted = jacobian * self.weight[:, None, None]
        bent = weighted * bend if not isinstance(bend, Tensor) else torch.einsum("nkl,nlp->nkp", bend, weighted)
        return value, gradient, torch.einsum("nkp,nkq->pq", bent, jacobian)


@dataclass(frozen=True)
class InUnits:
    """A problem whose constants are measured in units (P,) in which each has curvature 1 where it was made.

    Closed forms are in the units of X and y. So their constants may lie fifty powers of ten apart, which the damping
    must not see.
    """

    problem: ConstantsProblem
    unit: Tensor

    @staticmethod
    def at(problem: ConstantsProblem, theta: Tensor) -> InUnits:
        """Units from the curvature at theta (P,); 1 for a constant that does not act there."""
        curvature = problem.quadratic(theta)[2].diagonal()
        unit = curvature.rsqrt()
        return InUnits(problem, torch.where(torch.isfinite(unit) & (unit > 0), unit, 1.0))

    def value(self, scaled: Tensor) -> float:
        """The loss."""
        return self.problem.value(scaled * self.unit)

    def quadratic(self, scaled: Tensor) -> tuple[float, Tensor, Tensor]:
        """Loss, gradient and curvature in the scaled constants."""
        value, gradient, curvature = self.problem.quadratic(scaled * self.unit)
        return value, gradient * self.unit, curvature * self.unit * self.unit[:, None]


def refit(
    program: Program,
    x: Tensor,
    y: Tensor,
    *,
    loss: Loss | None = None,
    weight: Tensor | None = None,
    free: Tensor | None = None,
    steps: int = TUNED.refit_steps,
    work: Work | None = None,
) -> tuple[Program, float]:
    """Fit the free constants to data: the program with them and its loss.

    Outside a domain a form stays at its end value. `work` pays for the steps; where it is spent, none are made.
    """
    problem = ConstantsProblem(program, x, y, loss, weight, free)
    if not bool(problem.free.any()):
        return program, problem.value(program.theta[problem.free])
    floor = 0.0
    if y.is_floating_point():
        floor = TUNED.refit_exact * float(problem.weight @ problem.loss.rows(torch.zeros_like(y), y))

    def exact(step: Step) -> bool:
        return step.value <= floor

    price = program.price(x.shape[0])
    if work is not None:
        steps = work.steps(steps, 2 * price)  # a step evaluates twice: the trial, and the model about it
        if steps == 0:
            return program, problem.value(program.theta[problem.free])
    scaled = InUnits.at(problem, program.theta[problem.free])
    found: Minimum = minimize(
        scaled,
        program.theta[problem.free] / scaled.unit,
        steps=steps,
        watch=exact,
        patience=TUNED.refit_patience,
        tolerance=TUNED.refit_tolerance,
    )
    if work is not None:
        work.spend(found.evaluations * price)
    return program.with_theta(problem.whole(found.theta * scaled.unit)), found.value

"""The memory of a network that is linear in its parameters, under squared error: the losses of rows that are gone are a
quadratic, which is kept whole.

Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv 1612.00796) keeps the diagonal of such a quadratic. The
gradient is kept too, so the parameters need not be a minimum: a fit is smoothed and may stop early. Letters: i input
node, j basis, l basis on another grid, o subnode, P parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...fitting import dense_basis
from ...grid import breaks_of
from ...layers import KANLayer
from ...losses import SquaredError
from ...model import KAN
from ...transforms.grids import grown, reaching
from ..problems.flat import index_of, parameters_of, size_of
from ..problems.kan import NetworkProblem
from ..problems.quadratic import Quadratic
from .memory import Memory
from .tuning import TUNED


@dataclass(frozen=True, eq=False, repr=False)
class ExactMemory(Memory):
    """The sum of the losses of all rows as a quadratic in the parameters.

    On a finer or wider grid the splines of a network are first carried to the remembered grid, as their best
    approximation there in the mean square over its interval, and the quadratic is taken at these; splines of the old
    grid pass unchanged. The rest, which only the finer grid can express, is charged edge by edge as if the old splines
    were right wherever there were rows: those that could tell more are gone. What lies beyond the old ends is left to
    the new rows.
    """

    quadratic: Quadratic

    @staticmethod
    def of(model: KAN, x: Tensor, y: Tensor, weight: Tensor | None, before: Memory | None) -> ExactMemory:
        """What there is to remember of rows x (n, features), y (n, outputs), weight (n,), and of those before, about
        the network as it is, on grids that reach over all these rows."""
        model = grown(model.build().double(), x.double())
        y, weight = (
            (y.double() - model.output_shift) / model.output_scale,
            weight if weight is None else weight.double(),
        )
        problem = NetworkProblem(model.build(), model.scale_inputs(x.double()), y, SquaredError(), weight)
        value, gradient, curvature = problem.quadratic(problem.start())
        places, rows = problem.flat.places, problem.rows
        if places is not None:  # parameters that no training moves have neither
            size = problem.flat.theta.numel()
            whole = gradient.new_zeros(size), curvature.new_zeros(size, size)
            whole[0][places], whole[1][places[:, None], places] = gradient, curvature
            gradient, curvature = whole
        curvature.diagonal().mul_(1 + TUNED.trust)
        now = Quadratic(flat(model), rows * value, rows * gradient, rows * curvature, rows)
        now = now.plus(before.on(model)) if isinstance(before, ExactMemory) else now
        return ExactMemory(model, SquaredError.name, now)

    @property
    def rows(self) -> float:
        """How many rows it stands for."""
        return self.quadratic.rows

    @property
    def kept(self) -> int:
        """None of them."""
        return 0

    @property
    def noise(self) -> float:
        """The variance that its network leaves of these rows, in scaled units."""
        return 2 * max(0.0, self.quadratic.value) / self.rows

    def on(self, model: KAN) -> Quadratic:
        """The sum of losses as a quadratic in the parameters (P,) of a model on the same, finer or wider grids, about
        its present ones."""
        here = flat(model)
        views = [View.of(*pair) for pair in zip(self.model.edge_layers, model.edge_layers, strict=True)]
        if all(view is None for view in views):
            return Quadratic(
                here, self.quadratic.at(here), self.quadratic.slope(here), self.quadratic.curvature, self.rows
            )
        layers, diagonal = self.model.edge_layers, self.quadratic.curvature.diagonal()

        def transposed(columns: Tensor) -> Tensor:
            parts, start = [], 0
            for layer, view in zip(layers, views, strict=True):
                count, size = layer.coef.numel(), size_of(layer)
                block = columns[start : start + count]
                if view is not None:
                    block = torch.einsum("ijl,ijon->ilon", view.carry, block.view(*layer.coef.shape, -1)).flatten(0, 2)
                parts += [block, columns[start + count : start + size]]
                start += size
            return torch.cat(parts)

        found = self.quadratic.through(self._image(model, views), transposed, here)
        value, old, new = found.value, 0, 0
        for layer, fresh, view in zip(layers, model.edge_layers, views, strict=True):
            if view is not None:
                detail = view.detail(diagonal[old : old + layer.coef.numel()].view(layer.coef.shape))  # (i, o, l, l)
                pull = torch.einsum("iolk,iko->ilo", detail, fresh.coef.detach().double())
                i, j, o = fresh.coef.shape
                columns = index_of(new, i, j, o, False, pull.device)
                rows = columns.permute(0, 2, 1)
                found.gradient[columns] += pull
                found.curvature[rows[..., :, None], rows[..., None, :]] += detail
                value += 0.5 * float((pull * fresh.coef.detach()).sum())
            old, new = old + size_of(layer), new + size_of(fresh)
        return replace(found, value=value)

    def total(self, model: KAN) -> float:
        """The sum of the losses of the remembered rows under another state of the network, in its scaled units."""
        return self.on(model).value

    def _image(self, model: KAN, views: list[View | None]) -> Tensor:
        """The parameters (P,) of a model carried to the remembered grids."""
        parts = []
        for layer, view in zip(model.edge_layers, views, strict=True):
            coef, *rest = (p.detach().to(self.quadratic.centre) for p in parameters_of(layer))
            parts += [coef if view is None else torch.einsum("ijl,ilo->ijo", view.carry, coef), *rest]
        return torch.cat([part.reshape(-1) for part in parts])

    def unlike(self, model: KAN) -> list[str]:
        """In what a model differs from the one that is remembered, grids that were refined or extended aside."""
        old, wrong, remedy = self.model, [], "give the model of the result that the memory is of"
        same = old.topology == model.topology and (old.config.degree, old.config.base) == (
            model.config.degree,
            model.config.base,
        )
        pairs = list(zip(old.edge_layers, model.edge_layers, strict=True)) if same else []
        if not same or any(a.symbolic != b.symbolic or not torch.equal(a.kind.cpu(), b.kind.cpu()) for a, b in pairs):
            shapes = f"{old.topology.shape_text()}, degree {old.config.degree}, base {old.config.base}"
            got = f"{model.topology.shape_text()}, degree {model.config.degree}, base {model.config.base}"
            return [
                f"memory is of a network {shapes}, got {got}, or edges that were removed or given closed forms since;"
                f" {remedy}"
            ]
        for name in ("input_shift", "input_scale", "output_shift", "output_scale"):
            a, b = (getattr(m, name).cpu().double() for m in (old, model))
            if not torch.allclose(a, b, rtol=TUNED.same_units, atol=TUNED.same_units * float(a.abs().max())):
                wrong.append(f"memory is of a network whose {name} is {a.tolist()}, got {b.tolist()}; {remedy}")
        for number, (a, b) in enumerate(zip(old.edge_layers, reaching(model, old).edge_layers, strict=True)):
            breaks, finer = (breaks_of(layer.knots.cpu().double(), layer.degree) for layer in (a, b))
            gap = (breaks[:, :, None] - finer[:, None]).abs().amin(2).amax()
            if float(gap) > TUNED.nested * float(breaks.diff(dim=1).min()):
                wrong.append(
                    f"memory is of grids whose knots layer {number} of the model has left; {remedy}, refined or"
                    " extended at most, not adapted"
                )
        return wrong

    def to(self, device: torch.device) -> ExactMemory:
        """The same on another device."""
        q = self.quadratic
        moved = Quadratic(q.centre.to(device), q.value, q.gradient.to(device), q.curvature.to(device), q.rows)
        return ExactMemory(self.model.build().to(device=device), self.loss_name, moved)


def flat(model: KAN) -> Tensor:
    """A copy of all parameters of a model as one vector (P,), in the order of `Flat`."""
    return torch.cat([p.detach().double().reshape(-1) for layer in model.edge_layers for p in parameters_of(layer)])


@dataclass(frozen=True, eq=False)
class View:
    """What an old grid makes of the splines of a finer or wider one, at m points of its interval with the weights of a
    quadrature.

    carry (i, j, l): coefficients of their best approximation on the old grid, in the mean square; coarse (i, m, j): the
    old basis, rest (i, m, l): what of the new basis is not approximated; both times the root of the weights.
    """

    carry: Tensor
    coarse: Tensor
    rest: Tensor

    @staticmethod
    def of(old: KANLayer, new: KANLayer) -> View | None:
        """None where the knots are the same."""
        p = old.degree
        knots, finer = old.knots.double(), new.knots.double()
        if knots.shape == finer.shape and bool((knots - finer).abs().max() <= TUNED.nested * knots.diff(dim=1).min()):
            return None
        shift = int((finer[0] - knots[0, 0]).abs().argmin())
        same = finer[:, shift : shift + knots.shape[1]]
        whole = same.shape == knots.shape and bool((same - knots).abs().max() <= TUNED.nested * knots.diff(dim=1).min())
        low, high = (end.double()[:, None] for end in old.interval)
        breaks = breaks_of(finer, p).clamp(low, high)  # those beyond the old ends bound pieces of width 0
        nodes, weights = (
            torch.tensor(part).to(finer) for part in np.polynomial.legendre.leggauss(p + 1)
        )  # exact for products of two splines
        width = 0.5 * breaks.diff(dim=1)[..., None]
        points = (breaks[:, :-1, None] + width * (1 + nodes)).flatten(1).T  # (m, i)
        share = (width * weights).flatten(1).sqrt()[..., None]  # (i, m, 1)
        coarse, fine = (share * dense_basis(points, k, degree=p).permute(1, 0, 2) for k in (knots, finer))
        if whole:  # extended only: the old basis is a part of the new one
            count = coarse.shape[2]
            carry = torch.eye(fine.shape[2], dtype=finer.dtype, device=finer.device)[shift : shift + count].expand(
                len(knots), -1, -1
            )
            return View(carry, coarse, torch.zeros_like(fine))
        q, r = torch.linalg.qr(coarse)
        carry = torch.linalg.solve_triangular(r, q.transpose(1, 2) @ fine, upper=True)
        return View(carry, coarse, fine - coarse @ carry)

    def detail(self, diagonal: Tensor) -> Tensor:
        """(i, o, l, l): the curvature of what the old grid does not see, as if the old splines were right between their
        knots too: the old rows weigh on an edge where they did on its coefficients, whose own curvature is `diagonal`
        (i, j, o)."""
        square = self.coarse.square()  # (i, m, j)
        weight = torch.einsum("imj,ijo->imo", square, diagonal / square.sum(1)[..., None])
        weight = weight / square.sum(2, keepdim=True).clamp(min=1e-300)
        return torch.einsum("iml,imo,imk->iolk", self.rest, weight, self.rest)

"""How rough an edge may be: the (p+1)-th derivative of every spline is white noise, of an intensity that the fit itself
estimates.

A spline of degree p has that derivative only at its knots, as jumps of the p-th. A jump across a knot of mean spacing h
has variance h * tau^2, with an intensity tau^2(x) per edge that varies slowly along it; polynomials of degree p are
free. The intensity is what the expectation-maximisation step for a Gaussian prior says, in the form of Fellner & Schall
(Wood & Fasiolo 2017, doi:10.1111/biom.12666): squared jumps over how far the data determine them. So noise is smoothed
away whatever the grid, data without noise is hardly touched, and coefficients that hardly any sample sees are what
their neighbours suggest. Eilers & Marx 1996 (doi:10.1214/ss/1038425655) is the ancestor, with one weight for all.

Letters: i input node, k interior knot (G-1), j basis, o subnode, P parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...grid import breaks_of
from ...layers import KANLayer
from ...losses import Numbers, SquaredError, Within
from ...losses import dispersion as spread_over
from ..problems.flat import Curvature, index_of, size_of
from ..problems.kan import NetworkProblem
from ..problems.layer_basis import Local
from .tuning import TUNED


@dataclass(frozen=True)
class Intensity:
    """tau^2 of a layer's edges: places (i, k) between 0 and 1 along the interval, values (i, k, o)."""

    places: Tensor
    values: Tensor

    def at(self, places: Tensor) -> Tensor:
        """The intensity at other places (i, k'): (i, k', o), geometric between neighbours, constant beyond the
        outermost."""
        last = self.places.shape[1] - 1
        right = torch.searchsorted(self.places, places).clamp(max=last)
        left = (right - 1).clamp(min=0)
        start, end = self.places.gather(1, left), self.places.gather(1, right)
        part = ((places - start) / (end - start).clamp(min=1e-12)).clamp(0, 1)[..., None]
        low, high = (
            self.values.log().gather(1, side[..., None].expand(-1, -1, self.values.shape[2])) for side in (left, right)
        )
        return torch.lerp(low, high, part).exp()

    def demand(self, knots: Tensor, degree: int) -> Tensor:
        """(i, G): how closely knots (i, G+2p+1) should lie in every interval, in proportion. The error of a spline is
        even where their density is the (p+1)-th root of the (p+1)-th derivative (de Boor 1978, ch. XII), whose square
        the intensity is in proportion to."""
        breaks = breaks_of(knots, degree)
        middle = (0.5 * (breaks[:, 1:] + breaks[:, :-1]) - breaks[:, :1]) / (breaks[:, -1:] - breaks[:, :1])
        return self.at(middle.contiguous()).sum(2) ** (0.5 / (degree + 1))


@dataclass(frozen=True)
class Roughness:
    """What a fit says of its edges: the intensity of each layer (None where it has no interior knot), and the loss's
    dispersion: rows * loss / dispersion is a negative log-likelihood."""

    layers: tuple[Intensity | None, ...]
    dispersion: float

    @staticmethod
    def first(layers: Sequence[KANLayer], dispersion: float) -> Roughness:
        """What the jumps of layers show that were trained without a term, taken as fully determined."""
        return Roughness(
            tuple(_intensity(layer, _jumps(layer, jumps(layer)).square(), None, None) for layer in layers), dispersion
        )

    @staticmethod
    def even(layers: Sequence[KANLayer], trained: Sequence[KANLayer], dispersion: float) -> Roughness:
        """The same intensity at all knots, where no row has been yet: the median of each edge as it was trained, or
        that of some waves over the grid, where that is larger. An estimate that begins too smooth stays so."""
        found: list[Intensity | None] = []
        for layer, old in zip(layers, trained, strict=True):
            where = places(layer)
            if not where.shape[1]:
                found.append(None)
                continue
            low, high = layer.interval
            length = (high - low).to(where) / TUNED.waves
            least = (2 * torch.pi / length) ** (2 * layer.degree + 2) * length / 4  # a jump for every quarter of a wave
            usual = _jumps(old, jumps(old)).square().median(1)[0] if old.grid_size > 1 else least[:, None]
            values = torch.maximum(usual, least[:, None])[:, None].expand(-1, where.shape[1], layer.out_features)
            found.append(Intensity(where, values.contiguous()))
        return Roughness(tuple(found), max(dispersion, TUNED.faint))

    def term(self, layers: Sequence[KANLayer], rows: float) -> Smoothness:
        """The term for these layers and a loss that is a mean over so many rows."""
        precision, maps = [], [jumps(layer) for layer in layers]
        noise = max(0.0, self.dispersion) / rows  # a loss that has a memory's quadratic in it may be below zero
        most = max(TUNED.most, TUNED.unseen * noise**0.5 / torch.finfo(torch.float64).eps)
        for known, layer, d in zip(self.layers, layers, maps, strict=True):
            wanted = d.new_zeros(*d.shape[:2], layer.out_features)
            if known is not None and d.shape[1]:
                wanted = torch.minimum(noise / known.at(places(layer)), most / d.square().amax(2, keepdim=True))
            precision.append(wanted)
        return Smoothness(maps, precision)

    def change(self, other: Roughness) -> float:
        """The median factor between two estimates on the same knots, as a logarithm."""
        logs = [
            (a.values / b.values).log().abs().flatten()
            for a, b in zip(self.layers, other.layers, strict=True)
            if a and b
        ]
        return float(torch.cat(logs).median()) if logs else 0.0

    def on(self, layers: Sequence[KANLayer]) -> Roughness:
        """The same on the knots of these layers."""
        moved = [
            known and Intensity(places(layer), known.at(places(layer)))
            for known, layer in zip(self.layers, layers, strict=True)
        ]
        return Roughness(tuple(moved), self.dispersion)


class Smoothness:
    """1/2 sum over edges and knots of precision * jump^2, a term of `NetworkProblem`; per layer its `jumps` (i, k, j)
    and precision (i, k, o)."""

    stiff = True

    def __init__(self, maps: Sequence[Tensor], precision: Sequence[Tensor]) -> None:
        self.maps, self.precision = list(maps), list(precision)
        self.blocks = [torch.einsum("ikj,iko,ikl->iojl", d, w, d) for d, w in zip(maps, precision, strict=True)]

    def value(self, bases: list[Local]) -> float:
        """The term at the present parameters."""
        parts = zip(bases, self.maps, self.precision, strict=True)
        return 0.5 * sum(float((w * _jumps(local.layer, d).square()).sum()) for local, d, w in parts)

    def add_quadratic(self, bases: list[Local], gradient: Tensor, curvature: Curvature) -> float:
        """Add gradient and curvature in place; returns the value."""
        start, total = 0, 0.0
        for local, d, w, block in zip(bases, self.maps, self.precision, self.blocks, strict=True):
            found = _jumps(local.layer, d)
            total += 0.5 * float((w * found.square()).sum())
            inputs, basis, outputs = local.layer.coef.shape
            columns = index_of(start, inputs, basis, outputs, False, d.device)
            gradient[columns] += torch.bmm(d.transpose(1, 2), w * found)
            rows = columns.permute(0, 2, 1)
            curvature.add(rows, block)
            start += size_of(local.layer)
        return total

    def pulls(self, bases: list[Local], inputs: list[Tensor]) -> list[Tensor | None]:
        """Nothing: the term depends on coefficients alone."""
        return [None] * len(bases)


def estimate(problem: NetworkProblem, theta: Tensor, term: Smoothness, before: Roughness) -> Roughness:
    """The next roughness, at theta (M,), a minimum of a problem that has the term made from `before`."""
    _, _, curvature = problem.quadratic(theta)
    inverse = _inverse(curvature)
    if inverse is None:
        return before
    with torch.no_grad():
        covariance = problem.flat.over_moving(inverse)
        start, found, spent = 0, [], 0.0
        for layer, d, w, known in zip(problem.layers, term.maps, term.precision, before.layers, strict=True):
            inputs, basis, outputs = layer.coef.shape
            rows = index_of(start, inputs, basis, outputs, False, d.device).permute(0, 2, 1)
            own = covariance.blocks(rows)  # (i, o, j, j)
            taken = (w * torch.einsum("ikj,iojl,ikl->iko", d, own, d)).clamp(0, 1)
            spent += float(taken.sum())
            found.append(_intensity(layer, _jumps(layer, d).square(), 1 - taken, known))
            start += size_of(layer)
        dispersion = before.dispersion
        if isinstance(
            problem.loss, SquaredError
        ):  # a Gaussian, its variance as the residuals show it; other losses are taken as likelihoods
            rows, outputs = problem.rows, problem.y.shape[1]
            dispersion = (
                2
                * problem.last_loss
                * rows
                / max(rows * outputs - (theta.numel() - spent), TUNED.free * rows * outputs)
            )
        elif isinstance(problem.loss, Within) and isinstance(problem.loss.loss, Numbers):
            numbers = problem.rows * problem.y.shape[1]
            free = numbers - (theta.numel() - spent)
            output = problem.loss.outside(problem.at(theta).output)
            dispersion = spread_over(problem.loss.loss, output, problem.y, problem.weight)
            dispersion *= numbers / max(free, TUNED.free * numbers)
        if problem.earlier:
            dispersion = max(dispersion, TUNED.recalled)
        return Roughness(tuple(found), dispersion)


def jumps(layer: KANLayer) -> Tensor:
    """(i, k, j): the jump of the p-th derivative at every interior knot, over the root of the mean spacing there, from
    the coefficients."""
    p, knots, count = layer.degree, layer.knots, layer.num_basis
    rows = torch.eye(count, dtype=knots.dtype, device=knots.device).expand(knots.shape[0], -1, -1)
    for level in range(1, p + 1):  # coefficients of the next derivative (de Boor 1978, ch. X)
        span = knots[:, p + 1 : p + 1 + count - level] - knots[:, level:count]
        rows = (p - level + 1) * (rows[:, 1:] - rows[:, :-1]) / span[..., None]
    width = breaks_of(knots, p).diff(dim=1)
    return (rows[:, 1:] - rows[:, :-1]) / (0.5 * (width[:, 1:] + width[:, :-1])).sqrt()[..., None]


def places(layer: KANLayer) -> Tensor:
    """(i, k): where the interior knots lie along the interval, from 0 to 1."""
    breaks = breaks_of(layer.knots, layer.degree)
    return ((breaks[:, 1:-1] - breaks[:, :1]) / (breaks[:, -1:] - breaks[:, :1])).contiguous()


def _jumps(layer: KANLayer, maps: Tensor) -> Tensor:
    return torch.bmm(maps, layer.coef.detach())


def _intensity(
    layer: KANLayer, squares: Tensor, determined: Tensor | None, known: Intensity | None
) -> Intensity | None:
    """Squared jumps (i, k, o) over how far they are determined, both summed over the neighbours of each knot."""
    count = squares.shape[1]
    if count == 0:
        return None
    determined = torch.ones_like(squares) if determined is None else determined
    distance = torch.arange(count, device=squares.device)
    distance, reach = (distance[:, None] - distance).abs(), max(TUNED.near, layer.grid_size // TUNED.near_part)
    values = torch.full_like(squares, -1.0)
    while bool((values < 0).any()):
        near = (1 - distance.to(torch.float32) / (reach + 1)).clamp(min=0).to(squares.dtype)
        weight = torch.einsum("kl,ilo->iko", near, determined)
        ready = (values < 0) & ((weight >= TUNED.enough) | (reach >= count))
        values = torch.where(ready, torch.einsum("kl,ilo->iko", near, squares) / weight.clamp(min=TUNED.seen), values)
        reach *= 2
    where = places(layer)
    if known is not None:
        old = known.at(where)
        values = torch.minimum(torch.maximum(values, old / TUNED.widest), old * TUNED.widest)
    return Intensity(where, values.clamp(min=1e-200))


def _inverse(curvature: Tensor) -> Tensor | None:
    """Of a positive semi-definite matrix, as good as it goes: directions without curvature get that of round-off. None
    where that fails."""
    scale = curvature.diagonal().clamp(min=TUNED.round_off * float(curvature.diagonal().max()) + 1e-300).rsqrt()
    matrix = curvature * scale[:, None] * scale
    for ridge in TUNED.ridges:
        matrix.diagonal().add_(ridge)
        factor, info = torch.linalg.cholesky_ex(matrix)
        if not int(info):
            return torch.cholesky_inverse(factor) * scale[:, None] * scale
    return None

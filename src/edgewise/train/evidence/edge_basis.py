"""The functions that an edge is made of: a line, curves from smooth to rough, and rough functions for jumps and bends.

On the rows of an input they are orthogonal to each other and to constants, with unit variance, and their roughnesses,
the integrals of the squared second derivative, are orthogonal as well (Demmler & Reinsch 1975, doi:10.1007/BF01437407).
So the prior of a smoothing spline (Wahba 1978) is a list of independent variances, one roughness each.

Some columns span several powers of ten. Along the values, nearly all rows are then at one place for a smoothing spline.
So it can go along `asinh((x - center) / unit)`, a logarithm far from the center. There knots are equidistant, and the
line is straight. Roughness is the sum of squared second differences of coefficients (Eilers & Marx 1996,
doi:10.1214/ss/1038425655).

A smoothing spline smears a jump. Rough functions have the prior of Brownian motion along the ranks of the rows: its
steps are as large wherever there are as many rows, however far the rows are apart. They are flat beyond the rows.

Letters: n rows, i inputs, j basis functions, m functions of an edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ... import grid
from ...fitting import dense_basis
from .far_values import Fences
from .tails import excess_kurtosis
from .tuning import TUNED


@dataclass(frozen=True)
class EdgeBasis:
    """The functions of one edge on its knots (G+2p+1,).

    coef (j, m + 1): their spline coefficients, and those of a line that is flat beyond the bulk of the rows: products
    of such lines stay sane where rows are rare. mean (m + 1,): what they lose so that their mean over the rows is zero.
    roughness (m - 1,): that of the curves, in units of the smoothest; the line, which stands first, has none. The last
    `rough` of these are rough functions, with a roughness in units of the first of them. heavy: whether the values have
    heavy tails. ends (2,): values beyond which a few lie farther out than tails reach, infinite where none do.
    """

    knots: Tensor
    degree: int
    coef: Tensor
    mean: Tensor
    roughness: Tensor
    rough: int = 0
    heavy: bool = False
    ends: tuple[float, float] = (-math.inf, math.inf)
    lines = 1

    @property
    def size(self) -> int:
        """How many functions there are, without the flat line."""
        return self.lines + len(self.roughness)

    def values(self, x: Tensor) -> Tensor:
        """The functions at x (n,): (n, m + 1)."""
        return dense_basis(x[:, None], self.knots[None], degree=self.degree)[:, 0] @ self.coef - self.mean

    def bounds(self) -> Tensor:
        """Numbers (j, m) between which a sum of the functions stays as long as it is no longer than the grid: it is a
        mean of these at every point."""
        return (self.coef - self.mean)[:, : self.size]

    def is_far(self, x: Tensor) -> Tensor:
        """Whether values (n,) are beyond the ends (n,)."""
        return (x < self.ends[0]) | (x > self.ends[1])

    def lowest(self, coef: Tensor) -> float:
        """A number that the sum of the functions with coefficients (m,) is never below within its grid."""
        return float((self.bounds() @ coef).min())


def effects(
    x: Tensor,
    weight: Tensor | None,
    degree: int,
    intervals: int,
    others: int = 0,
    rough: int = 0,
    logarithmic: Sequence[bool] = (),
    tame: Sequence[bool] = (),
) -> list[EdgeBasis]:
    """The functions of the edges from each column of x (n, i). weight (n,): what a row counts; others: parameters that
    there are beside those of these edges; rough: most rough functions of an edge; logarithmic: for each column,
    whether it is measured by logarithms; tame: for each column, whether a few values that lie farther out than
    its tail reaches say nothing. No column is either, unless they are given."""
    share = torch.full_like(x[:, 0], 1.0 / len(x)) if weight is None else weight / weight.sum()
    most = min(TUNED.curves, max(TUNED.fewest_curves, (TUNED.parameters - others) // x.shape[1] - 1))
    heavy = [excess_kurtosis(column, share) > TUNED.heavy and _has_many(column) for column in x.T]
    found = [
        _effect(column, share, degree, intervals, most, rough, *asked)
        for column, *asked in zip(x.T, logarithmic or [False] * len(heavy), tame or [False] * len(heavy), strict=True)
    ]
    return [replace(effect, heavy=far) for effect, far in zip(found, heavy, strict=True)]


def _has_many(x: Tensor) -> bool:
    """Whether the values x (n,) are enough to tell a logarithmic scale from that of the values."""
    return len(torch.unique(x)) > TUNED.few_values


def level_effect(x: Tensor, share: Tensor, degree: int, intervals: int, size: float) -> EdgeBasis:
    """The function of an edge from an input x (n,) of two values: a line that rises by `size` from one to the other.
    share (n,): what a row counts, of one."""
    knots, low, high = knots_of(x, degree, intervals), x.min(), x.max()
    line = grid.greville(knots[None], degree)[0].clone()
    ends = dense_basis(torch.stack([low, high])[:, None], knots[None], degree=degree)[:, 0] @ line
    if not high > low:
        return EdgeBasis(knots, degree, line[:, None] * 0, line.new_zeros(1), line.new_zeros(0))
    line = (line - ends[0]) * (size / (ends[1] - ends[0]))
    mean = size * (share @ (x - low) / (high - low))
    return EdgeBasis(knots, degree, line[:, None], mean[None], line.new_zeros(0))


def knots_of(x: Tensor, degree: int, intervals: int) -> Tensor:
    """Knots (G+2p+1,) over the values x (n,): between equidistant ones and quantiles."""
    part = torch.arange(intervals + 1, dtype=x.dtype, device=x.device) / intervals
    low, high = x.min(), x.max()
    if not high > low:
        low, high = low - 1, high + 1
    ordered = x.sort().values
    quantiles = ordered[(part * (len(x) - 1)).round().long()]
    breaks = TUNED.even * (low + (high - low) * part) + (1 - TUNED.even) * quantiles.clamp(low, high)
    breaks[0], breaks[-1] = low, high
    return grid.from_breaks(breaks[None], degree)[0]


def knots_along_logarithms(x: Tensor, degree: int, intervals: int) -> Tensor:
    """Knots (G+2p+1,) over the values x (n,), equidistant on a logarithmic scale. A few lie beyond the values on both
    sides, so that a line of the logarithm goes on as one."""
    center, unit = _scale(torch.unique(x))
    low, high = (float(((end - center) / unit).asinh()) for end in (x.min(), x.max()))
    step = (high - low) / (intervals - 2 * TUNED.beyond)
    scale = low + step * torch.arange(-TUNED.beyond, intervals - TUNED.beyond + 1, dtype=x.dtype)
    return grid.from_breaks(center + unit * scale.sinh()[None], degree)[0]


def _scale(values: Tensor) -> tuple[float, float]:
    """Center and unit with which `asinh((x - center) / unit)` of values (n,) is most likely normal (Johnson 1949). Far
    from the center, which is the median or an end, this is a logarithm."""
    values = values[torch.linspace(0, len(values) - 1, min(len(values), TUNED.scaled)).round().long()]
    middle, spread = values.median(), (values - values.median()).abs().median()
    centers = torch.stack([middle, values[0], values[-1]])[:, None, None]
    units = spread * torch.logspace(*TUNED.units, dtype=values.dtype)[:, None]
    units = units.maximum(TUNED.roundings * torch.finfo(values.dtype).eps * centers.abs())  # of each center (3, u, 1)
    scaled = ((values - centers) / units).asinh()
    slope = torch.hypot(values - centers, units).log().mean(-1)
    best = int((-scaled.var(-1).log() / 2 - slope).argmax())
    return float(centers[best // units.shape[1], 0, 0]), float(units.flatten()[best])


def _effect(
    x: Tensor, share: Tensor, degree: int, intervals: int, most: int, rough: int, logarithmic: bool, tame: bool
) -> EdgeBasis:
    """The functions of one edge: a line and at most so many curves and rough functions, none of a column that is
    constant. logarithmic: whether lines and roughness are those along a logarithmic scale. tame: whether a few
    values that lie farther out than its tail reaches say nothing."""
    logarithmic = logarithmic and _has_many(x)
    knots = (knots_along_logarithms if logarithmic else knots_of)(x, degree, intervals)
    ordered = x.sort().values
    if len(x) > TUNED.rows_judged:
        part = torch.linspace(0, len(x) - 1, TUNED.rows_judged, dtype=torch.float64).round().long()
        x, share = x[part], share[part] / share[part].sum()
    bases = knots.shape[0] - degree - 1
    gram, mean = torch.zeros(bases, bases, dtype=x.dtype), torch.zeros(bases, dtype=x.dtype)
    for rows in blocks(len(x), bases):
        basis = dense_basis(x[rows, None], knots[None], degree=degree)[:, 0]
        gram.addmm_(basis.T, share[rows, None] * basis)
        mean += share[rows] @ basis
    flat = torch.ones(bases, dtype=x.dtype)  # the coefficients of 1
    along = torch.arange(bases, dtype=x.dtype) if logarithmic else grid.greville(knots[None], degree)[0]
    line = along.clone()  # those of x, or of its logarithms
    line -= float(mean @ line) * flat
    spread = float(line @ gram @ line)
    distinct = len(torch.unique(x))
    if distinct < 2 or not spread > 0:
        return EdgeBasis(knots, degree, (line[:, None] * 0).expand(-1, 2), line.new_zeros(2), line.new_zeros(0))
    line = line / spread**0.5
    bending = _bends(along) if logarithmic else _bending(knots, degree)
    coef, roughness = curves(gram, bending, torch.stack([flat, line], 1), min(most, distinct - 2))
    borne = max(TUNED.rough, distinct // TUNED.values_of_rough)  # with more of them, codes would each have a peak
    wild, wildness = _rough(gram, x, share, knots, degree, min(rough, borne, distinct - 1))
    coef, roughness = torch.cat([coef, wild], 1), torch.cat([roughness, wildness])
    bulk = _bulk_line(x, share, knots, degree, along)
    bulk = bulk - float(mean @ bulk) * flat
    bulk = bulk / max(float(bulk @ gram @ bulk), 1e-300) ** 0.5
    coef = torch.cat([line[:, None], coef, bulk[:, None]], 1)
    fences = Fences.of(ordered, knots, degree, along)
    if tame:
        coef = fences.without(coef, knots, along, mean @ coef)
    return EdgeBasis(knots, degree, coef, mean @ coef, roughness, len(wildness), ends=fences.ends)


def _bulk_line(x: Tensor, share: Tensor, knots: Tensor, degree: int, along: Tensor) -> Tensor:
    """The coefficients (j,) of a line that stays where it is beyond the bulk of the values x (n,). along (j,): those of
    a line that goes on."""
    order = x.argsort(stable=True)
    below = share[order].cumsum(0)
    parts = below.new_tensor([TUNED.tail, 1 - TUNED.tail])
    low, high = x[order][torch.searchsorted(below, parts).clamp(max=len(x) - 1)]
    if not high > low:  # most rows have one value
        low, high = x.min(), x.max()
    low, high = dense_basis(torch.stack([low, high])[:, None], knots[None], degree=degree)[:, 0] @ along
    reach = TUNED.reach * (high - low)
    return along.clamp(low - reach, high + reach)


def curves(gram: Tensor, bending: Tensor, straight: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """At most so many curves (j, m - 1), the smoothest first, and their roughness in units of the first one. straight
    (j, s): the functions without roughness, orthogonal to which they are."""
    none = gram.new_zeros(len(gram), 0), gram.new_zeros(0)
    if most < 1:
        return none
    across = torch.eye(len(gram), dtype=gram.dtype) - straight @ (straight.T @ gram)
    safe = gram + 1e-9 * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)  # bases without a row
    factor = torch.linalg.cholesky(safe)
    half = torch.linalg.solve_triangular(factor, bending, upper=False)
    turned = torch.linalg.solve_triangular(factor, half.T, upper=False)
    roughness, vectors = torch.linalg.eigh((turned + turned.T) / 2)  # from smooth to rough
    curved = roughness > TUNED.straight * roughness[min(2, len(roughness) - 1)]
    count = straight.shape[1]  # they are among the smoothest
    curved[:count] &= len(curved) - int(curved.sum()) >= count
    coef = across @ torch.linalg.solve_triangular(factor.T, vectors, upper=True)
    met = ((coef.T @ gram) * coef.T).sum(1) > TUNED.met  # others live where there are hardly any rows
    chosen = (curved & met).nonzero()[:most, 0]
    if not len(chosen):
        return none
    return coef[:, chosen], roughness[chosen] / roughness[chosen[0]]


def _rough(gram: Tensor, x: Tensor, share: Tensor, knots: Tensor, degree: int, most: int) -> tuple[Tensor, Tensor]:
    """At most so many rough functions (j, m), and their roughness: the integral of the squared first derivative along
    the ranks of the values x (n,)."""
    if most < 1:
        return gram.new_zeros(len(gram), 0), gram.new_zeros(0)
    breaks = grid.breaks_of(knots[None], degree)[0]
    mass = share.new_zeros(len(breaks) - 1).index_add_(
        0, torch.bucketize(x.contiguous(), breaks[1:-1].contiguous()), share
    )
    mass = (mass + TUNED.empty / len(mass)) / (1 + TUNED.empty)
    ends = dense_basis(breaks[[0, -1], None], knots[None], degree=degree, derivative=1)[:, 0]
    flat = torch.eye(len(gram), dtype=gram.dtype)[:, 1:-1].clone()  # the outermost coefficients make both ends flat
    flat[0], flat[-1] = -ends[0, 1:-1] / ends[0, 0], -ends[1, 1:-1] / ends[1, -1]
    places, shares = (torch.from_numpy(found).to(knots) for found in np.polynomial.legendre.leggauss(max(1, degree)))
    widths, middles = breaks.diff(), (breaks[1:] + breaks[:-1]) / 2
    points = (middles[:, None] + widths[:, None] / 2 * places).reshape(-1)
    weights = (widths.square() / mass)[:, None] * shares / 2
    slope = dense_basis(points[:, None], knots[None], degree=degree, derivative=1)[:, 0] @ flat
    ones = torch.ones(flat.shape[1], 1, dtype=gram.dtype)
    coef, roughness = curves(flat.T @ gram @ flat, slope.T @ (weights.reshape(-1, 1) * slope), ones, most)
    return flat @ coef, roughness


def _bending(knots: Tensor, degree: int) -> Tensor:
    """The integrals of products of second derivatives (j, j), in units of the grid's length. Functions without a second
    derivative have squares of second differences in its place (Eilers & Marx 1996)."""
    breaks = grid.breaks_of(knots[None], degree)[0]
    length = float(breaks[-1] - breaks[0])
    if degree < 2:
        return _bends(grid.greville(knots[None], degree)[0] / length)
    places, shares = (torch.from_numpy(found).to(knots) for found in np.polynomial.legendre.leggauss(degree - 1))
    widths, middles = breaks.diff(), (breaks[1:] + breaks[:-1]) / 2
    points = (middles[:, None] + widths[:, None] / 2 * places).reshape(-1)
    weights = (widths[:, None] / 2 * shares).reshape(-1)
    second = dense_basis(points[:, None], knots[None], degree=degree, derivative=2)[:, 0]
    return length**3 * (second.T @ (weights[:, None] * second))


def _bends(along: Tensor) -> Tensor:
    """The sums of products of second differences (j, j) of coefficients that belong to places `along` (j,)."""
    slopes = torch.eye(len(along), dtype=along.dtype).diff(dim=0) / along.diff()[:, None]
    bends = slopes.diff(dim=0)
    return bends.T @ bends


def blocks(rows: int, width: int) -> Iterator[slice]:
    """Slices of rows whose blocks of this width hold at most `TUNED.block` numbers."""
    step = max(1, TUNED.block // max(1, width))
    return (slice(first, first + step) for first in range(0, rows, step))

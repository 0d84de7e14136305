"""What a formula leaves of the rows: whether anything of it can be predicted, by tests that see different things.

Each test gives the chance that noise shows as much structure. Noise need not be normal, nor alike on all rows, where a
test takes its variance from the squares of what is left. Beside outliers, most of these squares are theirs, and all
tests but that of ranks are blind: there signs are asked, too.

Letters: n rows, d columns, r (n,) what is left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import torch
from torch import Tensor

from ..formulas.tree import Node, Num, count_free, jacobian, values, walk
from ..linear_algebra.polynomials import Frame, count, exponents, features
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from ..tables.law_task import LawRows, LawTask
from ..tables.tuning import TABLES
from .tuning import JUDGING


def chances(node: Node, task: LawTask) -> Iterator[float]:
    """The chance, for each test in turn, that noise shows as much structure as what the formula leaves. Quick tests
    come first. Zero where it is not defined on a row."""
    rows = task.rows
    left = rows.y - values(node, rows.X)
    if not bool(torch.isfinite(left).all()):
        yield 0.0
        return
    yield of_row_order(rows, left)
    yield from _of_columns(node, rows.X, left)
    if signs_see_more(left):
        left = torch.where(left.abs() > task.floor, left, 0.0)  # round-off has no sign
        yield of_sides(left)
        yield from _of_columns(node, rows.X, signs(node, rows.X, left))


def _of_columns(node: Node, X: Tensor, left: Tensor) -> Iterator[float]:
    """The chances of all tests that ask whether the columns predict what is left."""
    free = count_free(node)
    centred = left - left.mean()
    yield along_parts(node, X, left, free)
    yield of_waves(X, centred)
    yield of_neighbours(X, centred)
    for design in _polynomials(X):
        yield chance_of(left, design, free)


def chance_of(left: Tensor, design: Tensor, free: int) -> float:
    """The chance that noise is explained by a design (n, M) as well as these residuals (n,), of which `free` constants
    were fitted. Source: Seber & Lee 2003, Linear Regression Analysis, section 4.3."""
    from scipy.special import fdtrc

    n, m = design.shape
    q = torch.linalg.qr(torch.cat([torch.ones(n, 1, dtype=design.dtype), design], 1)).Q
    centred = left - left.mean()
    inside = float((q.T @ centred).square().sum())
    whole = float(centred.square().sum())
    degrees = n - 1 - m - free
    if whole == 0.0 or degrees < 1:
        return 1.0
    statistic = (inside / m) / max((whole - inside) / degrees, 1e-300)
    return float(fdtrc(m, degrees, statistic))


def _polynomials(X: Tensor) -> Iterator[Tensor]:
    """Polynomials of low and of high degree, on even scales and on logarithmic ones: without the constant."""
    n, d = X.shape
    for logarithms in (False, True):
        frame = Frame.of(X, logarithms=logarithms)
        if logarithms and not any(frame.logarithm):
            continue
        degrees = [k for k in range(1, LINEAR_ALGEBRA.degree) if count(d, k) <= min(JUDGING.test_features, n / 5)]
        for degree in sorted({degrees[len(degrees) // 2], degrees[-1]}) if degrees else []:
            yield features(frame(X), exponents(d, degree))[:, 1:]


# ------------------------------------------------------------------ beside outliers


def signs_see_more(left: Tensor) -> bool:
    """Whether the signs of what is left tell more of its middle than its size does: where the standard deviation is
    more than twice the median size. So it is beside outliers, whose squares are the variance of all other tests.

    Source: the sign test's efficiency beside the mean's is (2 f s)^2, of density f at zero and deviation s (Lehmann
    1999, Elements of Large-Sample Theory, section 3.4). Half of the rows lie within the median size, so f is about 1/4
    over it.
    """
    return float(left.std()) > 2 * float(left.abs().median())


def of_sides(left: Tensor) -> float:
    """Whether nearly all rows lie on one side of the formula: a few outliers moved it off them, or are all it follows.
    Usual noise is less skewed than that."""
    from scipy.special import bdtr

    fewer = min(int((left >= 0).sum()), int((left <= 0).sum()))
    return min(1.0, 2 * float(bdtr(fewer, len(left), JUDGING.test_side)))


def signs(node: Node, X: Tensor, left: Tensor) -> Tensor:
    """Whether a row's rest lies above or below the middle of all (n,), each in units of the size of noise there, but
    for what errors of the free constants do to it.

    Columns say nothing of that where they change noise by its size alone, however skewed it is. An error of a constant
    moves rows where noise is small: as its slope over the size of noise there. Sizes follow the columns and the formula
    by powers, as in Harvey 1976, doi:10.2307/1913974.
    """
    even = Frame.of(X, logarithms=False)(X)
    one = torch.ones_like(even[:, :1])
    sizes, formula = _logs(left), _logs(values(node, X)[:, None])
    size = _within(torch.cat([one, even, even.square(), formula], 1), sizes).exp()
    slopes = jacobian(node, X)[1] / size[:, None]
    slopes = slopes[:, torch.isfinite(slopes).all(0) & (slopes != 0).any(0)]
    above = (left / size - (left / size).median()).sign()
    return above - _within(torch.cat([one, slopes / slopes.abs().amax(0)], 1), above)


def _logs(z: Tensor) -> Tensor:
    """The logarithms of sizes; those of round-off are those of the least that is none."""
    return z.abs().clamp(min=max(TABLES.exact * float(z.abs().max()), 1e-300)).log()


def _within(design: Tensor, target: Tensor) -> Tensor:
    """What least squares on a design (n, M) makes of a target (n,)."""
    return design @ torch.linalg.lstsq(design, target[:, None], driver="gelsd").solution[:, 0]


# ------------------------------------------------------------------ along the parts of the formula


def along_parts(node: Node, X: Tensor, left: Tensor, free: int) -> float:
    """Polynomials of one part of the formula at a time, itself among them: a wrong function of the right argument
    leaves a curve over that argument, which few features see."""
    parts = [part for part in dict.fromkeys(walk(node)) if not isinstance(part, Num)][: JUDGING.test_parts]
    found = []
    for part in parts:
        z = values(part, X)[:, None]
        if bool(torch.isfinite(z).all()) and float(z.std()) > LINEAR_ALGEBRA.least_spread * float(z.abs().max()):
            degree = min(JUDGING.test_degree, len(torch.unique(z[: TABLES.searched])) - 1)
            powers = exponents(1, degree)
            found.append(chance_of(left, features(Frame.of(z, logarithms=False)(z), powers)[:, 1:], free))
    return min(1.0, len(found) * min(found, default=1.0))


# ------------------------------------------------------------------ the order of the rows


def of_row_order(rows: LawRows, left: Tensor) -> float:
    """Whether what is left is alike on rows that follow each other in the table, in ranks: what drifts while it is
    measured follows no law of other drifting columns. One where the rows are sorted by y, which says nothing.

    Source: Wald & Wolfowitz 1943, doi:10.1214/aoms/1177731358; in ranks Bartels 1982,
    doi:10.1080/01621459.1982.10477764.
    """
    from scipy.special import ndtr

    if rows.place is None:
        return 1.0
    order = rows.place.argsort()
    steps = rows.y[order].diff()
    if bool((steps >= 0).all()) or bool((steps <= 0).all()):
        return 1.0
    ranks = left[order].argsort().argsort().double()
    ranks = ranks - ranks.mean()
    alike = float((ranks[1:] * ranks[:-1]).sum() / ranks.square().sum())
    return float(ndtr(-(alike + 1 / len(left)) * math.sqrt(len(left))))


# ------------------------------------------------------------------ waves


def of_waves(X: Tensor, left: Tensor) -> float:
    """The strongest wave of all that run along two columns at once, or along a product or a quotient of two."""
    d = X.shape[1]
    logarithms = Frame.of(X, logarithms=True)
    frames = [Frame.of(X, logarithms=False), *([logarithms] if any(logarithms.logarithm) else [])]
    strongest, looked = 0.0, 0
    bins, most = JUDGING.test_bins
    for frame in frames:
        U = frame(X)
        for i, j in combinations(range(d), 2):
            power = _spectrum([U[:, i], U[:, j]], left, bins, most)
            strongest, looked = max(strongest, float(power.max())), looked + power.numel() // 2
    lines = [*X.T, *(line for i, j in combinations(range(d), 2) for line in _joined(X[:, i], X[:, j]))]
    for line in lines:
        u = Frame.of(line[:, None], logarithms=False)(line[:, None])[:, 0]
        power = _spectrum([u], left, bins * bins // 16, min(most * 8, len(left) // 4))
        strongest, looked = max(strongest, float(power.max())), looked + power.numel()
    return min(1.0, looked * math.exp(-strongest))


def _joined(a: Tensor, b: Tensor) -> list[Tensor]:
    smallest = float(b.abs().min())
    return [a * b, *([a / b] if smallest > LINEAR_ALGEBRA.near_zero * float(b.square().mean().sqrt()) else [])]


def _spectrum(lines: Sequence[Tensor], left: Tensor, bins: int, most: int) -> Tensor:
    """The power of each wave of up to `most` periods along lines (n,) in [-1, 1]; of noise, its chance to exceed p is
    exp(-p) at most.

    The variance of a wave's two parts follows from the squares of what is left, at twice its frequency: so columns of
    few values, on which many waves are one, do no harm.
    """
    place = torch.zeros(len(left), dtype=torch.long)
    for line in lines:
        place = place * bins + ((line + 1) * (bins / 2)).long().clamp(0, bins - 1)
    shape = (bins,) * len(lines)
    sums, squares = (
        torch.zeros(bins ** len(lines), dtype=left.dtype).index_add_(0, place, r).reshape(shape)
        for r in (left, left.square())
    )
    wave, twice = torch.fft.fftn(sums), torch.fft.fftn(squares)
    for axis in range(len(lines)):
        ends = [*range(most + 1), *range(-most, 0)] if axis else [*range(most + 1)]
        wave = wave.index_select(axis, torch.tensor(ends) % bins)
        twice = twice.index_select(axis, (2 * torch.tensor(ends)) % bins)
    whole = float(left.square().sum())
    power = wave.abs().square() / (whole + twice.abs()).clamp(min=1e-300)
    power.reshape(-1)[0] = 0.0  # the mean
    return power


# ------------------------------------------------------------------ rows that lie close


def of_neighbours(X: Tensor, left: Tensor) -> float:
    """Whether what is left is alike on rows that lie close, in ranks: the mean product over such pairs. One where the
    columns are too many for any rows to be close."""
    from scipy.spatial import KDTree
    from scipy.special import ndtr

    n, d = X.shape
    if d > JUDGING.test_columns or n < TABLES.fewest:
        return 1.0
    ranks = (X.argsort(0).argsort(0).double() / n).numpy()
    near = torch.as_tensor(KDTree(ranks).query(ranks, k=JUDGING.test_near + 1)[1])[:, 1:]
    own = torch.arange(n)[:, None].expand_as(near)
    pairs = torch.stack([torch.minimum(own, near), torch.maximum(own, near)], -1).reshape(-1, 2).unique(dim=0)
    both = left[pairs[:, 0]] * left[pairs[:, 1]]
    spread = float(both.square().sum().sqrt())
    return float(ndtr(-float(both.sum()) / spread)) if spread > 0 else 1.0

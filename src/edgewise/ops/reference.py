"""The spline form in plain torch: the truth that every backend is held against. Any device, any float dtype.

b batch, i input node, j basis, o output node, r local basis 0..p, G intervals, p degree; knots (i, G+2p+1), coef (i,
G+p, o). At x only the p+1 basis functions first..first+p differ from zero, so only those are ever computed (de Boor's
triangle on local knots). Outside the interior interval [knots[:, p], knots[:, p+G]] every basis function continues
along its tangent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from .base_function import base_value

BACKEND_NAME = "reference"
TEMPORARY = 1 << 22  # elements of the largest temporary (rows, i, o)


class Spec(NamedTuple):
    """What is fixed about a spline form.

    degree: of the splines. base: "silu", "identity", or "none" for no base function. uniform: whether the knots are
    equidistant.
    """

    degree: int
    base: str = "none"
    uniform: bool = False


def without_base(spec: Spec, scale: Tensor | None) -> Spec:
    """The spec, without its base function where there is no base scale."""
    return spec if scale is not None else spec._replace(base="none")


def triangle(
    e: Tensor, knots: Tensor, span: Tensor, degree: int, derivative: int, with_slope: bool
) -> tuple[Tensor, Tensor | None]:
    """Values (b, i, p+1) of a derivative inside the interval `span`, and the first derivative too if asked (order 0
    only)."""
    p = degree
    index = span.unsqueeze(-1) + torch.arange(1, 2 * p + 1, device=e.device)
    t = knots.unsqueeze(0).expand(e.shape[0], -1, -1).gather(2, index)  # (b, i, 2p): the only knots these functions see
    e = e.unsqueeze(-1)
    value: Any = 1.0
    slope = None
    for q in range(1, p + 1):
        right, left = t[..., p : p + q], t[..., p - q : p]
        share = value / (right - left)
        if q > p - derivative:  # derivative step of B_j,q: q (B_j,q-1 / .. - B_j+1,q-1 / ..)
            value = pad(q * share, (1, 0)) - pad(q * share, (0, 1))
        else:
            if with_slope and q == p:
                slope = pad(q * share, (1, 0)) - pad(q * share, (0, 1))
            value = pad((right - e) * share, (0, 1)) + pad((e - left) * share, (1, 0))
    return value, slope


def locate(x: Tensor, knots: Tensor, spec: Spec) -> Tensor:
    """(b, i): the interval of x, 0..G-1, which is also the first basis function that is not zero there; NaN and the
    right end count to the last."""
    interior = knots[:, spec.degree : knots.shape[1] - spec.degree]
    after = torch.searchsorted(interior.contiguous(), x.detach().t().contiguous(), right=True)
    return (after.t() - 1).clamp(0, interior.shape[1] - 2)


def basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """Index `first` (b, i) of the first basis function that is not zero at x (b, i), and the nu-th derivative (b, i,
    p+1) of it and the p after it.

    NaN counts to the last interval and gives NaN values.
    """
    first = locate(x, knots, spec)
    return first, _values(x, first, knots, spec, nu)


def _values(x: Tensor, first: Tensor, knots: Tensor, spec: Spec, nu: int) -> Tensor:
    """The values of `basis`, at points x (b, i) that lie in the intervals `first` (b, i)."""
    p = spec.degree
    low, high = knots[:, p], knots[:, -p - 1]
    below, above = x < low, x > high
    e = torch.where(below, low, torch.where(above, high, x))
    if nu > p or p == 0:
        level = 1.0 if nu == 0 else 0.0
        return torch.where(torch.isnan(x), x, level).unsqueeze(-1).expand(-1, -1, p + 1)
    values, slope = triangle(e, knots, first, p, nu, with_slope=nu == 0)
    outside = (below | above).unsqueeze(-1)
    if slope is not None:
        values = torch.where(outside, values + slope * (x - e).unsqueeze(-1), values)
    elif nu > 1:
        values = torch.where(outside, 0.0, values)
    return torch.where(torch.isnan(x).unsqueeze(-1), x.unsqueeze(-1), values)  # nu = p does not see x otherwise


def _local(x: Tensor, knots: Tensor, spec: Spec, nu: int) -> tuple[Tensor, Tensor]:
    """Rows (b, i, p+1) of coef.reshape(i*j, o) that x touches, and their weights (b, i, p+1)."""
    first, values = basis(x, knots, spec, nu)
    p, num_basis = spec.degree, knots.shape[1] - spec.degree - 1
    start = first + torch.arange(x.shape[1], device=x.device) * num_basis
    return start.unsqueeze(-1) + torch.arange(p + 1, device=x.device), values


def _blocks(rows: int, cost: int) -> Iterator[slice]:
    step = max(1, TEMPORARY // max(1, cost))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def to_out(
    x: Tensor, h: Tensor | None, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0
) -> Tensor:
    """(b, o): sum over inputs of h (b, i) times the nu-th derivative of every edge function; h None means ones."""
    if x.shape[0] == 0 or x.shape[1] == 0:
        return x.new_zeros(x.shape[0], coef.shape[2])
    rows, values = _local(x, knots, spec, nu)
    if h is not None:
        values = values * h.unsqueeze(-1)
    out = embedding_bag(rows.flatten(1), coef.flatten(0, 1), mode="sum", per_sample_weights=values.flatten(1))
    if scale is not None:
        weight = base_value(spec.base, x, nu)
        out = out + (weight if h is None else weight * h) @ scale
    return out


def traceable_out(
    x: Tensor, h: Tensor | None, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0
) -> Tensor:
    """`to_out` in operators that torch itself can differentiate, batch and trace to any order; it holds a temporary (b,
    i, o)."""
    edges = _traceable_edges(x, coef, scale, knots, spec, nu)
    return (edges if h is None else h.unsqueeze(-1) * edges).sum(1)


def traceable_in(
    x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0
) -> Tensor:
    """`to_in` in operators that torch itself can differentiate, as `traceable_out`."""
    return (g.unsqueeze(1) * _traceable_edges(x, coef, scale, knots, spec, nu)).sum(-1)


def _traceable_edges(x: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int) -> Tensor:
    """The nu-th derivative of every edge function, (b, i, o)."""
    rows, values = _local(x, knots, spec, nu)
    flat = coef.flatten(0, 1)
    edges: Any = sum(values[..., r, None] * flat[rows[..., r]] for r in range(spec.degree + 1))
    return edges if scale is None else edges + base_value(spec.base, x, nu).unsqueeze(-1) * scale


def portable_basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """`basis` in operators that every exchange format knows: intervals are found by comparing with the knots. NaN
    counts to the first interval here, which changes nothing, since all its values are NaN."""
    breaks = knots[:, spec.degree + 1 : knots.shape[1] - spec.degree - 1]
    first = (x.unsqueeze(-1) >= breaks).sum(-1)
    return first, _values(x, first, knots, spec, nu)


def _scattered(first: Tensor, values: Tensor, num_basis: int) -> Tensor:
    """The local basis (b, i, p+1) in its place among zeros: (b, i, j)."""
    place = torch.arange(num_basis, device=values.device) - first.unsqueeze(-1)
    dense: Any = sum(torch.where(place == r, values[..., r, None], 0.0) for r in range(values.shape[-1]))
    return dense


def portable_out(
    x: Tensor, h: Tensor | None, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0
) -> Tensor:
    """`to_out` for exported programs, in operators that every exchange format knows: the local basis, put in its place
    among zeros (b, i, j), and one matrix product."""
    first, values = portable_basis(x, knots, spec, nu)
    dense = _scattered(first, values, coef.shape[1])
    dense = dense if h is None else dense * h.unsqueeze(-1)
    out = dense.flatten(1) @ coef.flatten(0, 1)
    if scale is not None:
        weight = base_value(spec.base, x, nu)
        out = out + (weight if h is None else weight * h) @ scale
    return out


def portable_in(
    x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0
) -> Tensor:
    """`to_in` for exported programs, as `portable_out`."""
    first, values = portable_basis(x, knots, spec, nu)
    pull = (g @ coef.flatten(0, 1).t()).unflatten(1, (coef.shape[0], coef.shape[1]))  # (b, i, j)
    out = (_scattered(first, values, coef.shape[1]) * pull).sum(-1)
    return out if scale is None else out + base_value(spec.base, x, nu) * (g @ scale.t())


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """(b, i): sum over outputs of g (b, o) times the nu-th derivative of every edge function."""
    flat, out = coef.flatten(0, 1), torch.zeros_like(x)
    rows, values = _local(x, knots, spec, nu)
    for block in _blocks(x.shape[0], x.shape[1] * coef.shape[2]):
        for r in range(spec.degree + 1):
            pull = torch.bmm(flat[rows[block, :, r]], g[block].unsqueeze(-1)).squeeze(-1)  # (rows, i)
            out[block] += values[block, :, r] * pull
    if scale is not None:
        out = out + base_value(spec.base, x, nu) * (g @ scale.t())
    return out


def to_coef(
    x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor | None]:
    """(i, j, o) and, with a base function, (i, o): sum over the batch of h (b, i) g (b, o) times the nu-th derivative
    of every basis function."""
    num_basis, width = knots.shape[1] - spec.degree - 1, g.shape[1]
    out = g.new_zeros(x.shape[1] * num_basis, width)
    rows, values = _local(x, knots, spec, nu)
    if h is not None:
        values = values * h.unsqueeze(-1)
    for block in _blocks(x.shape[0], x.shape[1] * width):
        for r in range(spec.degree + 1):
            push = values[block, :, r].unsqueeze(-1) * g[block].unsqueeze(1)  # (rows, i, o)
            out.index_add_(0, rows[block, :, r].reshape(-1), push.reshape(-1, width))
    scale = None
    if spec.base != "none":
        weight = base_value(spec.base, x, nu)
        scale = (weight if h is None else weight * h).t() @ g
    return out.reshape(x.shape[1], num_basis, width), scale

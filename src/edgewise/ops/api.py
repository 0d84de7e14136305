"""The public functions of the spline form: arguments are checked and leading dimensions flattened here.

b batch, i input node, j basis, o output node, p degree, G intervals. A `...` in a shape is any number of leading
dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..devices import is_traced
from ..errors import ShapeError, knows_keywords
from . import autograd, dispatch
from .base_function import base_value, check_base
from .checks import (
    HALF_PRECISION,
    check_coef,
    check_knots,
    check_layer,
    check_order,
    check_rows,
    check_tensors,
    check_uniform,
    check_x,
    fits,
    refuse,
)
from .reference import Spec


def evaluate(
    x: Tensor, coef: Tensor, knots: Tensor, base_scale: Tensor | None, spec: Spec, bias: Tensor | None = None
) -> Tensor:
    """`spline` plus a bias, for callers that built coef and knots themselves (layers): the values of the knots are not
    checked.

    Args:
        x (..., i): points. Half precision is cast up to the dtype of coef.
        coef (i, G+p, o): coefficients. In half precision they are computed in float32, and the result is cast back.
        knots (i, G+2p+1): as `grid` makes them.
        base_scale (i, o): factors of the base function; None where `spec.base` is "none".
        spec: degree, base function and whether the knots are equidistant.
        bias (o,): added to the result; None for nothing.

    Returns:
        (..., o), in the dtype of coef.

    Raises:
        ShapeError: a shape, dtype, device or layout in memory does not fit.

    >>> knots = torch.arange(-3.0, 6.0).repeat(2, 1)
    >>> evaluate(torch.ones(4, 2), torch.ones(2, 5, 1), knots, None, Spec(3), torch.ones(1)).shape
    torch.Size([4, 1])
    """
    x, dtype = _fitted(x, coef, knots, base_scale, bias, spec), coef.dtype
    if dtype in HALF_PRECISION:
        scale, shift = (None if t is None else t.float() for t in (base_scale, bias))
        return evaluate(x.float(), coef.float(), knots.float(), scale, spec, shift).to(dtype)
    if x.dim() == 2:
        return autograd.layer(x, coef, base_scale, bias, knots, spec)
    return autograd.layer(x.reshape(-1, x.shape[-1]), coef, base_scale, bias, knots, spec).reshape(
        *x.shape[:-1], coef.shape[2]
    )


def _fitted(
    x: Tensor, coef: Tensor, knots: Tensor, base_scale: Tensor | None, bias: Tensor | None, spec: Spec
) -> Tensor:
    """x in the dtype of coef. Raises `ShapeError` where x and the parts of a layer do not belong together."""
    try:
        dtype, right = coef.dtype, not is_traced() and fits(x, coef, knots, base_scale, bias, spec)
    except AttributeError:
        check_tensors(x=x, coef=coef, knots=knots, base_scale=base_scale, bias=bias)
        raise
    if not right:
        if not is_traced():
            check_tensors(x=x, coef=coef, knots=knots, base_scale=base_scale, bias=bias)
            check_x(x, coef.shape[0] if coef.dim() else -1, dtype, coef.device)
            if dtype not in HALF_PRECISION:  # else everything is cast first
                check_layer(coef, knots, base_scale, bias, spec, x.to(dtype))
        return x.to(dtype)
    return x


def activations(x: Tensor, coef: Tensor, knots: Tensor, base_scale: Tensor | None, spec: Spec) -> Tensor:
    """Every input node's own function of it, for callers that built coef and knots themselves: the values of the knots
    are not checked.

    Args:
        x (..., i): points. Half precision is cast up to the dtype of coef.
        coef (i, G+p, 1): coefficients, of one function for each node.
        knots (i, G+2p+1): as `grid` makes them.
        base_scale (i, 1): factors of the base function; None where `spec.base` is "none".
        spec: degree, base function and whether the knots are equidistant.

    Returns:
        (..., i), in the dtype of coef.

    Raises:
        ShapeError: a shape, dtype, device or layout in memory does not fit.

    >>> knots = torch.arange(-3.0, 6.0).repeat(2, 1)
    >>> activations(torch.ones(4, 2), torch.ones(2, 5, 1), knots, None, Spec(3)).shape
    torch.Size([4, 2])
    """
    x, dtype = _fitted(x, coef, knots, base_scale, None, spec), coef.dtype
    if coef.shape[2] != 1:
        raise ShapeError(f"activations take one function for each node, got coef of shape {tuple(coef.shape)}")
    if dtype in HALF_PRECISION:
        scale = None if base_scale is None else base_scale.float()
        return activations(x.float(), coef.float(), knots.float(), scale, spec).to(dtype)
    rows = x.reshape(-1, x.shape[-1])
    ones = rows.new_ones(rows.shape[0], 1)  # dS/dh is each node's function, summed over one output with weight 1
    return autograd.to_in(rows, ones, coef, base_scale, knots, spec).reshape(x.shape)


@knows_keywords
def spline(
    x: Tensor,
    coef: Tensor,
    knots: Tensor,
    *,
    degree: int = 3,
    derivative: int = 0,
    base: str | None = None,
    base_scale: Tensor | None = None,
    uniform: bool = False,
) -> Tensor:
    """Sum over input nodes of edge functions, or of their derivatives: x (..., i) -> (..., o).

    The edge function from i to o is sum_j coef[i, j, o] B_j(x[i]) + base_scale[i, o] base(x[i]). Outside the interior
    interval [knots[:, p], knots[:, p+G]] the spline part goes on along its tangent. Differentiable to any order by x,
    coef and base_scale. Source: arXiv 2404.19756, eq. 2.10 and 2.11.

    Args:
        x (..., i): points, in the dtype of coef; half precision is cast up. NaN gives NaN, in that row only.
        coef (i, G+p, o): coefficients of the basis functions.
        knots (i, G+2p+1): constants that increase in each row; they may repeat at the ends, not inside.
        degree: p of the splines, from 0 to 7.
        derivative: order of the derivative by x, 0 for the functions themselves.
        base: base function, "silu" or "identity"; None for none.
        base_scale (i, o): factors of the base function, exactly where there is one.
        uniform: True promises equidistant knots, which is faster; wrong results if they are not.

    Returns:
        (..., o), in the dtype of coef.

    Raises:
        ShapeError: a shape, dtype or device does not fit.
        GridError: knots require grad, do not increase, or are too few for the degree.
        ConfigError: degree, derivative or base is not available.

    >>> knots = torch.arange(-3.0, 6.0).repeat(2, 1)  # 2 inputs, degree 3, 2 intervals: 5 basis functions
    >>> y = spline(torch.ones(4, 2), torch.ones(2, 5, 1), knots)  # the basis of each input sums to one
    >>> y.flatten().round(decimals=5)
    tensor([2., 2., 2., 2.])
    """
    base = check_base(base)
    degree, derivative = check_order(degree, derivative)
    check_uniform(uniform)
    check_tensors(x=x, coef=coef, knots=knots, base_scale=base_scale)
    check_knots(knots, degree)
    check_coef(coef, base, base_scale, knots, degree)
    spec = Spec(degree, base, uniform)
    if derivative == 0:
        return evaluate(x, coef, knots, base_scale, spec)
    check_x(x, knots.shape[0], coef.dtype, coef.device)
    wanted = coef.dtype
    if wanted in HALF_PRECISION:
        coef, knots, base_scale = coef.float(), knots.float(), None if base_scale is None else base_scale.float()
    flat = autograd.to_out(x.to(coef.dtype).reshape(-1, x.shape[-1]), None, coef, base_scale, knots, spec, derivative)
    return flat.to(wanted).reshape(*x.shape[:-1], coef.shape[2])


def basis(
    x: Tensor, knots: Tensor, *, degree: int = 3, derivative: int = 0, uniform: bool = False
) -> tuple[Tensor, Tensor]:
    """The basis functions that are not zero at x, p+1 of them for each point. Differentiable by x.

    Args:
        x (..., i): points, in the dtype of the knots; half precision is cast up.
        knots (i, G+2p+1): constants that increase in each row.
        degree: p of the splines, from 0 to 7.
        derivative: order of the derivative by x, 0 for the functions themselves.
        uniform: True promises equidistant knots, which is faster; wrong results if they are not.

    Returns:
        first (..., i), int64: index of the first basis function that is not zero. values (..., i, p+1): basis function
        first + r has value values[..., r]. Outside the interior interval the last ones go on along their tangents.

    Raises:
        ShapeError: x does not fit in shape, dtype or device.
        GridError: knots require grad, do not increase, or are too few for the degree.
        ConfigError: degree or derivative is not available.

    >>> knots = torch.arange(-1.0, 4.0).unsqueeze(0)  # degree 1, 2 intervals
    >>> first, values = basis(torch.tensor([[0.25]]), knots, degree=1)
    >>> first.tolist(), values.tolist()
    ([[0]], [[[0.75, 0.25]]])
    """
    degree, derivative = check_order(degree, derivative)
    check_uniform(uniform)
    check_tensors(x=x, knots=knots)
    check_knots(knots, degree)
    check_x(x, knots.shape[0], knots.dtype, knots.device)
    x = x.to(knots.dtype)
    first, values = autograd.basis(x.reshape(-1, x.shape[-1]), knots, Spec(degree, "none", uniform), derivative)
    return first.reshape(x.shape), values.reshape(*x.shape, degree + 1)


def edge_values(
    x: Tensor,
    coef: Tensor,
    knots: Tensor,
    *,
    degree: int = 3,
    derivative: int = 0,
    base: str | None = None,
    base_scale: Tensor | None = None,
    uniform: bool = False,
) -> Tensor:
    """Every edge function on its own: x (..., i) -> (..., i, o). Their sum over i is `spline`.

    Args:
        x, coef, knots, degree, derivative, base, base_scale, uniform: as for `spline`.

    Returns:
        (..., i, o), in the dtype of the knots.

    Raises:
        ShapeError, GridError, ConfigError: as for `spline`.

    >>> knots = torch.arange(-3.0, 6.0).repeat(2, 1)
    >>> edge_values(torch.ones(4, 2), torch.ones(2, 5, 3), knots).shape
    torch.Size([4, 2, 3])
    """
    base = check_base(base)
    degree, derivative = check_order(degree, derivative)
    check_uniform(uniform)
    check_tensors(x=x, coef=coef, knots=knots, base_scale=base_scale)
    check_knots(knots, degree)
    check_coef(coef, base, base_scale, knots, degree)
    check_x(x, knots.shape[0], knots.dtype, knots.device)
    flat = x.to(knots.dtype).reshape(-1, x.shape[-1])
    first, values = autograd.basis(flat, knots, Spec(degree, "none", uniform), derivative)
    node = torch.arange(x.shape[-1], device=x.device)
    out = sum(values[..., r, None] * coef[node, first + r] for r in range(degree + 1))
    if base_scale is not None:
        out = out + base_value(base, flat, derivative).unsqueeze(-1) * base_scale
    assert isinstance(out, Tensor)
    return out.reshape(*x.shape, coef.shape[2])


def to_out(
    x: Tensor,
    h: Tensor | None,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int = 0,
    bias: Tensor | None = None,
) -> Tensor:
    """Sum over input nodes of edge functions: dS/dg, not differentiable.

    Args:
        x (b, i): points.
        h (b, i): factors of each point's functions; None for ones.
        coef (i, G+p, o): coefficients.
        scale (i, o): factors of the base function; None for none.
        knots (i, G+2p+1): as `grid` makes them; their values are not checked.
        spec: what is fixed about the form.
        nu: order of the derivative by x.
        bias (o,): added to the result; None for nothing.

    Returns:
        (b, o).

    Raises:
        ShapeError: a shape, dtype, device or layout in memory does not fit.
        ConfigError: degree, base or nu is not available.

    >>> knots = torch.arange(-3.0, 6.0).repeat(2, 1)
    >>> to_out(torch.ones(4, 2), None, torch.ones(2, 5, 1), None, knots, Spec(3)).shape
    torch.Size([4, 1])
    """
    check_tensors(x=x, coef=coef, knots=knots, base_scale=scale, bias=bias)
    check_rows(x, nu)
    check_layer(coef, knots, scale, bias, spec, x)
    refuse(knots, spec, x.shape[1], x=(x, (-1, -1)), h=(h, (*x.shape,)))
    return dispatch.to_out(x, h, coef, scale, knots, spec, nu, bias)


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """Sum over output nodes of g times edge functions: dS/dh, not differentiable.

    Args:
        x (b, i): points.
        g (b, o): factors of the outputs, such as their gradient.
        coef, scale, knots, spec, nu: as for `to_out`.

    Returns:
        (b, i).

    Raises:
        ShapeError, ConfigError: as for `to_out`.

    >>> knots = torch.arange(-3.0, 6.0).repeat(2, 1)
    >>> to_in(torch.ones(4, 2), torch.ones(4, 1), torch.ones(2, 5, 1), None, knots, Spec(3)).shape
    torch.Size([4, 2])
    """
    check_tensors(x=x, g=g, coef=coef, knots=knots, base_scale=scale)
    check_rows(x, nu)
    check_layer(coef, knots, scale, None, spec, x)
    refuse(knots, spec, x.shape[1], x=(x, (-1, -1)), g=(g, (x.shape[0], coef.shape[2])))
    return dispatch.to_in(x, g, coef, scale, knots, spec, nu)


def to_coef(
    x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor | None]:
    """Sum over the batch of h g times basis functions: dS/dc, not differentiable.

    Args:
        x, h, knots, spec, nu: as for `to_out`.
        g (b, o): factors of the outputs, such as their gradient.

    Returns:
        For the coefficients (i, G+p, o); for the base function (i, o), or None where spec has none.

    Raises:
        ShapeError, ConfigError: as for `to_out`.

    >>> knots = torch.arange(-3.0, 6.0).repeat(2, 1)
    >>> to_coef(torch.ones(4, 2), None, torch.ones(4, 1), knots, Spec(3))[0].shape
    torch.Size([2, 5, 1])
    """
    check_tensors(x=x, g=g, knots=knots)
    check_rows(x, nu)
    refuse(knots, spec, x.shape[1], x=(x, (-1, -1)), h=(h, (*x.shape,)), g=(g, (x.shape[0], -1)))
    return dispatch.to_coef(x, h, g, knots, spec, nu)

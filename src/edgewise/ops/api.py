"""The public functions of the spline form: shapes and dtypes are checked here, leading dimensions are flattened
here."""

from __future__ import annotations

import weakref

import torch
from torch import Tensor
from torch.compiler import is_compiling

from ..errors import ConfigError, GridError, ShapeError, knows_keywords
from . import autograd
from .base_function import base_value, check_base
from .reference import Spec

MAX_DEGREE = 7
_HALF = (torch.bfloat16, torch.float16)
_sound: dict[
    int, tuple[weakref.ref[Tensor], int, int]
] = {}  # knots that passed: id -> (the tensor, its version, degree)


def _shape(t: Tensor) -> tuple[int, ...]:
    return tuple(t.shape)


def _check_order(degree: int, derivative: int) -> None:
    if not 0 <= degree <= MAX_DEGREE:
        raise ConfigError(f"degree must be from 0 to {MAX_DEGREE}, got {degree}")
    if derivative < 0:
        raise ConfigError(f"derivative must be >= 0, got {derivative}")


def _check_x(x: Tensor, inputs: int, dtype: torch.dtype, device: torch.device) -> None:
    if x.dim() == 0 or x.shape[-1] != inputs:
        raise ShapeError(f"x must have shape (..., {inputs}) for knots of {inputs} input nodes, got {_shape(x)}")
    if x.dtype != dtype and (x.dtype not in _HALF or dtype in _HALF):
        raise ShapeError(
            f"x is {x.dtype} but coefficients or knots are {dtype}, and nothing is cast silently; "
            f"convert one of them, for example x.to({dtype}) or model.to({x.dtype})"
        )
    if x.device != device:
        raise ShapeError(f"x is on {x.device} but the knots are on {device}; move one of them with .to(...)")


def _check_knots(knots: Tensor, degree: int) -> None:
    if is_compiling() or torch._C._are_functorch_transforms_active():
        return _check_knots_form(knots, degree)
    seen = _sound.get(id(knots))  # a layer calls with the same knots again and again
    if (
        seen is not None
        and seen[0]() is knots
        and seen[2] == degree
        and not knots.requires_grad
        and not knots.is_inference()
    ):
        if seen[1] == knots._version:
            return None
    _check_knots_form(knots, degree)
    if knots.device.type != "cpu":
        return None  # reading values would wait for the device
    _check_knots_values(knots.detach(), degree)
    if not knots.is_inference():
        if len(_sound) > 1000:
            _sound.clear()
        _sound[id(knots)] = (weakref.ref(knots), knots._version, degree)
    return None


def _check_knots_form(knots: Tensor, degree: int) -> None:
    if knots.requires_grad:
        raise GridError("knots are constants but require grad; use knots.detach() (to move knots, use ew.adapt)")
    if knots.dim() != 2 or knots.shape[1] < 2 * degree + 2:
        raise GridError(
            f"knots must have shape (inputs, G + {2 * degree + 1}) with G >= 1 for degree {degree}, got {_shape(knots)}"
        )
    if not knots.dtype.is_floating_point:
        raise GridError(f"knots must be a float tensor, got {knots.dtype}")


def _check_knots_values(values: Tensor, degree: int) -> None:
    inner = values[:, degree : values.shape[1] - degree]
    if bool((inner[:, 1:] > inner[:, :-1]).all()) and bool((values[:, 1:] >= values[:, :-1]).all()):
        return
    wrong = ~(values[:, 1:] >= values[:, :-1])
    wrong[:, degree : values.shape[1] - degree - 1] = ~(inner[:, 1:] > inner[:, :-1])
    node, at = (int(k) for k in wrong.nonzero()[0])
    raise GridError(
        f"knots of input node {node} must increase; knots[{at}]={values[node, at].item():.6g},"
        f" knots[{at + 1}]={values[node, at + 1].item():.6g}. A constant feature? Drop it, or give the grid a positive"
        " width"
    )


def _check_coef(coef: Tensor, base: str, base_scale: Tensor | None, knots: Tensor, degree: int) -> None:
    inputs, num_basis = knots.shape[0], knots.shape[1] - degree - 1
    if coef.dim() != 3 or coef.shape[0] != inputs or coef.shape[1] != num_basis:
        raise ShapeError(
            f"coef must have shape ({inputs}, {num_basis}, outputs) for knots {_shape(knots)} and degree {degree}, got"
            f" {_shape(coef)}"
        )
    if coef.dtype != knots.dtype or coef.device != knots.device:
        raise ShapeError(
            f"coef is {coef.dtype} on {coef.device} but knots are {knots.dtype} on {knots.device}; convert one of them"
            " with .to(...)"
        )
    if (base == "none") != (base_scale is None):
        raise ShapeError(
            f"base and base_scale belong together: got base={base!r} and"
            f" base_scale={'None' if base_scale is None else 'a tensor'}"
        )
    if base_scale is None:
        return
    if _shape(base_scale) != (inputs, coef.shape[2]):
        raise ShapeError(f"base_scale must have shape ({inputs}, {coef.shape[2]}), got {_shape(base_scale)}")
    if base_scale.dtype != coef.dtype or base_scale.device != coef.device:
        raise ShapeError(
            f"base_scale is {base_scale.dtype} on {base_scale.device} but coef is {coef.dtype} on {coef.device}"
        )


def evaluate(
    x: Tensor, coef: Tensor, knots: Tensor, base_scale: Tensor | None, spec: Spec, bias: Tensor | None = None
) -> Tensor:
    """`spline` plus a bias (o,) for callers who built coef and knots themselves (layers): only x is checked. (..., i)
    -> (..., o).

    Half-precision x is cast up to the dtype of coef, and the result has that dtype; half-precision coefficients are
    computed in float32 and cast back. Raises `ShapeError` for an x that does not fit.
    """
    dtype = coef.dtype
    if x.dtype != dtype or x.shape[-1:] != knots.shape[:1] or x.device != knots.device:
        _check_x(x, knots.shape[0], dtype, knots.device)
        x = x.to(dtype)
    if dtype in _HALF:
        scale, shift = (None if t is None else t.float() for t in (base_scale, bias))
        return evaluate(x.float(), coef.float(), knots.float(), scale, spec, shift).to(dtype)
    if x.dim() == 2:
        return autograd.layer(x, coef, base_scale, bias, knots, spec)
    return autograd.layer(x.reshape(-1, x.shape[-1]), coef, base_scale, bias, knots, spec).reshape(
        *x.shape[:-1], coef.shape[2]
    )


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
    """Sum over input nodes of edge functions (or of their derivatives): x (..., i) -> (..., o).

    The edge function from i to o is sum_j coef[i, j, o] B_j(x[i]) + base_scale[i, o] base(x[i]). Outside the interior
    interval [knots[:, p], knots[:, p+G]] the spline part goes on along its tangent. `uniform=True` promises equidistant
    knots and is faster. NaN in gives NaN out, in that row. A half-precision x is cast up to the dtype of coef. Knots
    may repeat at the ends, not inside.

    Raises `ShapeError`, `GridError` (knots that require grad, do not increase, or are too few) and `ConfigError`.

    >>> knots = torch.arange(-3.0, 6.0).repeat(2, 1)  # 2 inputs, degree 3, 2 intervals: 5 basis functions
    >>> y = spline(torch.ones(4, 2), torch.ones(2, 5, 1), knots)  # the basis of each input sums to one
    >>> y.flatten().round(decimals=5)
    tensor([2., 2., 2., 2.])
    """
    base = check_base(base)
    _check_order(degree, derivative)
    _check_knots(knots, degree)
    _check_coef(coef, base, base_scale, knots, degree)
    spec = Spec(degree, base, uniform)
    if derivative == 0:
        return evaluate(x, coef, knots, base_scale, spec)
    _check_x(x, knots.shape[0], coef.dtype, coef.device)
    wanted = coef.dtype
    if wanted in _HALF:
        coef, knots, base_scale = coef.float(), knots.float(), None if base_scale is None else base_scale.float()
    flat = autograd.to_out(x.to(coef.dtype).reshape(-1, x.shape[-1]), None, coef, base_scale, knots, spec, derivative)
    return flat.to(wanted).reshape(*x.shape[:-1], coef.shape[2])


def basis(
    x: Tensor, knots: Tensor, *, degree: int = 3, derivative: int = 0, uniform: bool = False
) -> tuple[Tensor, Tensor]:
    """The basis functions that are not zero at x (..., i): index of the first one (..., i) int64, and values (..., i,
    p+1).

    Basis function first + r has value values[..., r]; outside the interior interval the last ones go on along their
    tangents. Differentiable by x. Raises `ShapeError`, `GridError`, `ConfigError`.

    >>> knots = torch.arange(-1.0, 4.0).unsqueeze(0)  # degree 1, 2 intervals
    >>> first, values = basis(torch.tensor([[0.25]]), knots, degree=1)
    >>> first.tolist(), values.tolist()
    ([[0]], [[[0.75, 0.25]]])
    """
    _check_order(degree, derivative)
    _check_knots(knots, degree)
    _check_x(x, knots.shape[0], knots.dtype, knots.device)
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
    """Every edge function on its own: x (..., i) -> (..., i, o); their sum over i is `spline`.

    Raises the errors of `spline`.

    >>> knots = torch.arange(-3.0, 6.0).repeat(2, 1)
    >>> edge_values(torch.ones(4, 2), torch.ones(2, 5, 3), knots).shape
    torch.Size([4, 2, 3])
    """
    base = check_base(base)
    _check_order(degree, derivative)
    _check_knots(knots, degree)
    _check_coef(coef, base, base_scale, knots, degree)
    _check_x(x, knots.shape[0], knots.dtype, knots.device)
    flat = x.to(knots.dtype).reshape(-1, x.shape[-1])
    first, values = autograd.basis(flat, knots, Spec(degree, "none", uniform), derivative)
    node = torch.arange(x.shape[-1], device=x.device)
    out = sum(values[..., r, None] * coef[node, first + r] for r in range(degree + 1))
    if base_scale is not None:
        out = out + base_value(base, flat, derivative).unsqueeze(-1) * base_scale
    assert isinstance(out, Tensor)
    return out.reshape(*x.shape, coef.shape[2])

"""What the public functions of the spline form accept; each check raises an error that says what was wrong."""

from __future__ import annotations

import weakref
from typing import NoReturn

import torch
from torch import Tensor
from torch.compiler import is_compiling

from ..devices import unreadable
from ..errors import ConfigError, GridError, ShapeError, shown
from .base_function import BASE_CODES, check_base, check_derivative, whole_or_negative
from .reference import Spec

MAX_DEGREE = 7
PLAIN = torch.strided
HALF_PRECISION = (torch.bfloat16, torch.float16)
# knots that passed: id -> (the tensor, its version, its address, degree, its shape)
_sound: dict[int, tuple[weakref.ref[Tensor], int, int, int, torch.Size]] = {}


def _shape(t: Tensor) -> tuple[int, ...]:
    return tuple(t.shape)


def check_order(degree: object, derivative: object) -> tuple[int, int]:
    """The degree and the order of a derivative, which are in their ranges."""
    if not 0 <= whole_or_negative(degree) <= MAX_DEGREE:
        raise ConfigError(f"degree must be from 0 to {MAX_DEGREE}, got {shown(degree)}")
    return whole_or_negative(degree), check_derivative(derivative)


def check_uniform(uniform: object) -> None:
    """Whether knots are equidistant is said by True or False."""
    if not isinstance(uniform, bool):
        raise ConfigError(f"uniform must be True or False, got {type(uniform).__name__}")


def check_tensors(**parts: object) -> None:
    """Each part is a tensor, or None where a layer may lack it."""
    for name, part in parts.items():
        if isinstance(part, Tensor) and part.is_nested:
            raise ShapeError(f"{name} is {unreadable(part)}")
        if not isinstance(part, Tensor) and not (part is None and name in ("base_scale", "bias")):
            raise ShapeError(f"{name} must be a tensor, got {type(part).__name__}; use torch.as_tensor")


def check_rows(x: Tensor, nu: int) -> None:
    """x is (rows, inputs), as the raw kernels take it, and nu an order of a derivative."""
    if x.dim() != 2:
        raise ShapeError(f"x must have shape (rows, inputs), got {_shape(x)}")
    check_order(0, nu)


def check_x(x: Tensor, inputs: int, dtype: torch.dtype, device: torch.device) -> None:
    """x (..., inputs) fits coefficients or knots of this dtype on this device; half precision may be cast up."""
    if x.dim() == 0 or x.shape[-1] != inputs:
        raise ShapeError(f"x must have shape (..., {inputs}) for knots of {inputs} input nodes, got {_shape(x)}")
    if x.dtype != dtype and (x.dtype not in HALF_PRECISION or dtype in HALF_PRECISION):
        refuse_cast(x, dtype, "coefficients or knots are")
    if x.device != device:
        raise ShapeError(f"x is on {x.device} but the knots are on {device}; move one of them with .to(...)")
    if x.layout is not PLAIN:
        raise ShapeError(f"x has the layout {x.layout}; use x.to_dense()")


def refuse_cast(x: Tensor, dtype: torch.dtype, whose: str) -> NoReturn:
    """Raise the `ShapeError` of an x in another number format than `whose`, such as "the layer is"; whole numbers and
    truth values are such formats too."""
    other = f" or model.to({x.dtype})" if x.is_floating_point() else ""
    raise ShapeError(
        f"x is {x.dtype} but {whose} {dtype}, and nothing is cast silently; convert one of them, for example"
        f" x.to({dtype}){other}"
    )


def check_knots(knots: Tensor, degree: int) -> None:
    """Knots have the right form and increase. What passed once is not read again until it changes."""
    if is_compiling() or torch._C._are_functorch_transforms_active():
        return _check_knots_form(knots, degree)
    seen = _sound.get(id(knots))  # a layer calls with the same knots again and again
    if seen is not None and seen[0]() is knots and not knots.requires_grad and not knots.is_inference():
        if seen[1:] == (knots._version, knots.data_ptr(), degree, knots.shape):
            return None
    _check_knots_form(knots, degree)
    if knots.device.type != "cpu":
        return None  # reading values would wait for the device
    _check_knots_values(knots.detach(), degree)
    if not knots.is_inference():
        if len(_sound) > 1000:
            _sound.clear()
        _sound[id(knots)] = (weakref.ref(knots), knots._version, knots.data_ptr(), degree, knots.shape)
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
    if knots.layout is not PLAIN:
        raise GridError(f"knots have the layout {knots.layout}; use knots.to_dense()")


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


def fits(x: Tensor, coef: Tensor, knots: Tensor, base_scale: Tensor | None, bias: Tensor | None, spec: Spec) -> bool:
    """Whether x (..., i) and the parts of a layer have what a kernel takes for granted: shapes that belong together,
    one dtype, one device, plain memory. One condition, since every call pays for it (2 us); `refuse` says what is
    wrong."""
    dtype, device, shape = coef.dtype, coef.device, coef.shape
    if len(shape) != 3:
        return False
    inputs, num_basis, outputs = shape
    degree, base, _ = spec
    return (
        x.dtype is dtype
        and knots.dtype is dtype
        and (base_scale is None or _alike(base_scale, dtype, device, (inputs, outputs)))
        and (bias is None or _alike(bias, dtype, device, (outputs,)))
        and knots.shape == (inputs, num_basis + degree + 1)
        and x.dim() > 0
        and x.shape[-1] == inputs
        and x.device == device
        and knots.device == device
        and 0 <= degree < num_basis
        and degree <= MAX_DEGREE
        and base in BASE_CODES
        and x.layout is PLAIN
        and coef.layout is PLAIN
        and knots.layout is PLAIN
    )


def _alike(t: Tensor, dtype: torch.dtype, device: torch.device, shape: tuple[int, ...]) -> bool:
    return t.dtype is dtype and t.shape == shape and t.device == device and t.layout is PLAIN


def refuse(knots: Tensor, spec: Spec, inputs: int, **parts: tuple[Tensor | None, tuple[int, ...]]) -> None:
    """Raise an error for what does not belong together: knots of so many input nodes, and named parts with the shapes
    that they must have, -1 for any length. The first part has the dtype and device of the others; None is a part that
    is not there."""
    degree, base, _ = spec
    check_order(degree, 0)
    check_base(base)
    if knots.dim() != 2 or knots.shape[0] != inputs or knots.shape[1] < 2 * degree + 2:
        raise ShapeError(
            f"knots must have shape ({inputs}, G + {2 * degree + 1}) with G >= 1 for {inputs} input nodes and degree"
            f" {degree}, got {_shape(knots)}"
        )
    first = next(iter(parts))
    like = parts[first][0]
    assert like is not None
    for name, (part, shape) in {**parts, "knots": (knots, _shape(knots))}.items():
        if part is None:
            continue
        if part.dim() != len(shape) or any(want not in (-1, got) for got, want in zip(part.shape, shape, strict=True)):
            raise ShapeError(f"{name} must have shape {shape} (-1: any), got {_shape(part)}")
        if part.dtype != like.dtype or not part.dtype.is_floating_point:
            raise ShapeError(
                f"{name} is {part.dtype} but {first} is {like.dtype}, and nothing is cast silently; convert one of"
                f" them, for example {name}.to({like.dtype})"
            )
        if part.device != like.device:
            raise ShapeError(f"{name} is on {part.device} but {first} is on {like.device}; move one with .to(...)")
        if part.layout is not PLAIN:
            raise ShapeError(f"{name} has the layout {part.layout}; use {name}.to_dense()")


def check_layer(
    coef: Tensor, knots: Tensor, base_scale: Tensor | None, bias: Tensor | None, spec: Spec, x: Tensor | None = None
) -> None:
    """Raise an error that says why the parts of a layer do not belong together, or do not fit x (..., i)."""
    inputs, outputs = (coef.shape[0], coef.shape[-1]) if coef.dim() else (-1, -1)
    num_basis = knots.shape[-1] - spec.degree - 1 if knots.dim() else -1
    rows = {} if x is None else {"x": (x, (*x.shape[:-1], inputs))}
    refuse(
        knots,
        spec,
        inputs,
        **rows,
        coef=(coef, (inputs, num_basis, outputs)),
        base_scale=(base_scale, (inputs, outputs)),
        bias=(bias, (outputs,)),
    )


def check_coef(coef: Tensor, base: str, base_scale: Tensor | None, knots: Tensor, degree: int) -> None:
    """coef and base_scale fit the knots, the base function and each other."""
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
    for name, part in (("coef", coef), ("knots", knots), ("base_scale", base_scale)):
        if part is not None and part.layout is not PLAIN:
            raise ShapeError(f"{name} has the layout {part.layout}; use {name}.to_dense()")
    if (base == "none") != (base_scale is None):
        raise ShapeError(
            f"base and base_scale belong together: got base={shown(base)} and"
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

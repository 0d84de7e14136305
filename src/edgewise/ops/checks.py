"""What the public functions of the spline form accept; each check raises an error that says what was wrong."""

from __future__ import annotations

import weakref

import torch
from torch import Tensor
from torch.compiler import is_compiling

from ..errors import ConfigError, GridError, ShapeError

MAX_DEGREE = 7
HALF_PRECISION = (torch.bfloat16, torch.float16)
# knots that passed: id -> (the tensor, its version, degree)
_sound: dict[int, tuple[weakref.ref[Tensor], int, int]] = {}


def _shape(t: Tensor) -> tuple[int, ...]:
    return tuple(t.shape)


def check_order(degree: int, derivative: int) -> None:
    """The degree and the order of a derivative are in their ranges."""
    if not 0 <= degree <= MAX_DEGREE:
        raise ConfigError(f"degree must be from 0 to {MAX_DEGREE}, got {degree}")
    if derivative < 0:
        raise ConfigError(f"derivative must be >= 0, got {derivative}")


def check_x(x: Tensor, inputs: int, dtype: torch.dtype, device: torch.device) -> None:
    """x (..., inputs) fits coefficients or knots of this dtype on this device; half precision may be cast up."""
    if x.dim() == 0 or x.shape[-1] != inputs:
        raise ShapeError(f"x must have shape (..., {inputs}) for knots of {inputs} input nodes, got {_shape(x)}")
    if x.dtype != dtype and (x.dtype not in HALF_PRECISION or dtype in HALF_PRECISION):
        raise ShapeError(
            f"x is {x.dtype} but coefficients or knots are {dtype}, and nothing is cast silently; "
            f"convert one of them, for example x.to({dtype}) or model.to({x.dtype})"
        )
    if x.device != device:
        raise ShapeError(f"x is on {x.device} but the knots are on {device}; move one of them with .to(...)")


def check_knots(knots: Tensor, degree: int) -> None:
    """Knots have the right form and increase. What passed once is not read again until it changes."""
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

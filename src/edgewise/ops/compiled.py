"""The binding for `torch.compile`: registered operators over the raw kernels, with the derivative rules of `rules`.

Under compilation an `autograd.Function` with a vmap rule breaks `fullgraph=True`. In eager mode an operator with
`register_autograd` gives a silent zero under `torch.func.jvp`. So each binding serves where it is right. A missing
tensor is None; a missing base scale comes back as an empty tensor.
"""

from __future__ import annotations

from torch import Tensor
from torch.library import custom_op, register_autograd

from . import dispatch, reference, rules
from .kernels import Kernels
from .reference import Spec


@custom_op("edgewise::to_out", mutates_args=())
def _to_out(
    x: Tensor,
    h: Tensor | None,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    degree: int,
    base: str,
    uniform: bool,
    nu: int,
) -> Tensor:
    return dispatch.to_out(x, h, coef, scale, knots, Spec(degree, base, uniform), nu)


@custom_op("edgewise::to_in", mutates_args=())
def _to_in(
    x: Tensor,
    g: Tensor,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    degree: int,
    base: str,
    uniform: bool,
    nu: int,
) -> Tensor:
    return dispatch.to_in(x, g, coef, scale, knots, Spec(degree, base, uniform), nu)


@custom_op("edgewise::to_coef", mutates_args=())
def _to_coef(
    x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, degree: int, base: str, uniform: bool, nu: int
) -> tuple[Tensor, Tensor]:
    coef, scale = dispatch.to_coef(x, h, g, knots, Spec(degree, base, uniform), nu)
    return coef, g.new_empty(0) if scale is None else scale


@custom_op("edgewise::basis", mutates_args=())
def _basis(x: Tensor, knots: Tensor, degree: int, base: str, uniform: bool, nu: int) -> Tensor:
    return dispatch.basis(x, knots, Spec(degree, base, uniform), nu)[1].contiguous()


@_to_out.register_fake
def _(x, h, coef, scale, knots, degree, base, uniform, nu):
    return x.new_empty(x.shape[0], coef.shape[2])


@_to_in.register_fake
def _(x, g, coef, scale, knots, degree, base, uniform, nu):
    return x.new_empty(x.shape)


@_to_coef.register_fake
def _(x, h, g, knots, degree, base, uniform, nu):
    inputs, outputs = x.shape[1], g.shape[1]
    scale = g.new_empty(inputs, outputs) if base != "none" else g.new_empty(0)
    return g.new_empty(inputs, knots.shape[1] - degree - 1, outputs), scale


@_basis.register_fake
def _(x, knots, degree, base, uniform, nu):
    return x.new_empty(*x.shape, degree + 1)


def _save_out(ctx, inputs, output):
    x, h, coef, scale, knots, degree, base, uniform, nu = inputs
    ctx.save_for_backward(x, h, coef, scale, knots)
    ctx.spec, ctx.nu = Spec(degree, base, uniform), nu


def _out_backward(ctx, g):
    x, h, coef, scale, knots = ctx.saved_tensors
    found = rules.out_gradients(KERNELS, ctx.needs_input_grad, x, h, coef, scale, knots, ctx.spec, ctx.nu, g)
    return *found, None, None, None, None, None


def _in_backward(ctx, u):
    x, g, coef, scale, knots = ctx.saved_tensors
    found = rules.in_gradients(KERNELS, ctx.needs_input_grad, x, g, coef, scale, knots, ctx.spec, ctx.nu, u)
    return *found, None, None, None, None, None


def _save_coef(ctx, inputs, output):
    x, h, g, knots, degree, base, uniform, nu = inputs
    ctx.save_for_backward(x, h, g, knots)
    ctx.spec, ctx.nu = Spec(degree, base, uniform), nu


def _coef_backward(ctx, w, w_scale):
    x, h, g, knots = ctx.saved_tensors
    w_scale = w_scale if ctx.spec.base != "none" else None
    found = rules.coef_gradients(KERNELS, ctx.needs_input_grad, x, h, g, knots, ctx.spec, ctx.nu, w, w_scale)
    return *found, None, None, None, None, None


def _save_basis(ctx, inputs, output):
    x, knots, degree, base, uniform, nu = inputs
    ctx.save_for_backward(x, knots)
    ctx.spec, ctx.nu = Spec(degree, base, uniform), nu


def _basis_backward(ctx, v):
    x, knots = ctx.saved_tensors
    return rules.basis_gradient(KERNELS, x, knots, ctx.spec, ctx.nu, v), None, None, None, None, None


register_autograd(_to_out, _out_backward, setup_context=_save_out)
register_autograd(_to_in, _in_backward, setup_context=_save_out)
register_autograd(_to_coef, _coef_backward, setup_context=_save_coef)
register_autograd(_basis, _basis_backward, setup_context=_save_basis)


def to_out(
    x: Tensor, h: Tensor | None, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0
) -> Tensor:
    """`autograd.to_out` as a registered operator."""
    return _to_out(x, h, coef, scale, knots, spec.degree, spec.base, spec.uniform, nu)


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """`autograd.to_in` as a registered operator."""
    return _to_in(x, g, coef, scale, knots, spec.degree, spec.base, spec.uniform, nu)


def to_coef(
    x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor | None]:
    """`autograd.to_coef` as a registered operator."""
    coef, scale = _to_coef(x, h, g, knots, spec.degree, spec.base, spec.uniform, nu)
    return coef, scale if spec.base != "none" else None


def basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """`autograd.basis` as a registered operator."""
    return reference.locate(x, knots, spec), _basis(x, knots, spec.degree, spec.base, spec.uniform, nu)


KERNELS = Kernels(to_out, to_in, to_coef, basis)

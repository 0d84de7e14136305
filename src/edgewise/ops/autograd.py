"""The binding for eager mode and `torch.func`: an `autograd.Function` over each raw kernel.

The rules are those of `rules` and `batching`. Only inputs are saved, so derivatives of any order are exact. h None
stands for ones; scale None for "no base function".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad
from torch.compiler import is_compiling

from ..devices import is_traced
from . import batched_grads, batching, compiled, reference, rules
from .kernels import Kernels
from .reference import Spec, without_base

_transforming = torch._C._are_functorch_transforms_active
_exporting = getattr(torch.compiler, "is_exporting", bool)  # torch 2.6 does not tell


def _leaving() -> bool:
    """Whether a program is being written that shall run without edgewise: by `torch.export`, `torch.onnx.export` or
    `torch.jit.trace`."""
    return _exporting() or is_traced()


def _inert(*tensors: Tensor | None) -> bool:
    """Whether nothing differentiates or batches these tensors, so that the raw kernel may be called without a Function
    (5 us)."""
    if _transforming() or forward_ad._current_level >= 0:
        return False
    return not torch.is_grad_enabled() or not any(t is not None and t.requires_grad for t in tensors)


def to_out(
    x: Tensor, h: Tensor | None, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0
) -> Tensor:
    """Differentiable dS/dg, (b, o)."""
    if _leaving():
        return reference.portable_out(x, h, coef, scale, knots, spec, nu)
    if is_compiling():
        if (
            _transforming()
        ):  # a registered operator has no forward-mode rule: under jvp its tangent would silently be zero
            return reference.traceable_out(x, h, coef, scale, knots, spec, nu)
        return compiled.to_out(x, h, coef, scale, knots, spec, nu)
    if _inert(x, h, coef, scale):
        return batched_grads.to_out(KERNELS, x, h, coef, scale, knots, spec, nu)
    return _kind(ToOut)(x, h, coef, scale, knots, spec, nu)  # type: ignore[no-any-return]


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """Differentiable dS/dh, (b, i)."""
    if _leaving():
        return reference.portable_in(x, g, coef, scale, knots, spec, nu)
    if is_compiling():
        if _transforming():
            return reference.traceable_in(x, g, coef, scale, knots, spec, nu)
        return compiled.to_in(x, g, coef, scale, knots, spec, nu)
    if _inert(x, g, coef, scale):
        return batched_grads.to_in(KERNELS, x, g, coef, scale, knots, spec, nu)
    return _kind(ToIn)(x, g, coef, scale, knots, spec, nu)  # type: ignore[no-any-return]


def to_coef(
    x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor | None]:
    """Differentiable dS/dc: (i, j, o), and (i, o) where spec has a base function."""
    if is_compiling():
        return compiled.to_coef(x, h, g, knots, spec, nu)
    if _inert(x, h, g):
        return batched_grads.to_coef(KERNELS, x, h, g, knots, spec, nu)
    result = _kind(ToCoef)(x, h, g, knots, spec, nu)
    return result if isinstance(result, tuple) else (result, None)


def basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """Differentiable local basis: first (b, i) and values (b, i, p+1)."""
    if _leaving():
        return reference.portable_basis(x, knots, spec, nu)
    if is_compiling():
        if _transforming():
            return reference.basis(x, knots, spec, nu)
        return compiled.basis(x, knots, spec, nu)
    if _inert(x):
        return batched_grads.basis(KERNELS, x, knots, spec, nu)
    return _kind(Basis)(x, knots, spec, nu)  # type: ignore[no-any-return]


def layer(x: Tensor, coef: Tensor, scale: Tensor | None, bias: Tensor | None, knots: Tensor, spec: Spec) -> Tensor:
    """Differentiable to_out(x, None, coef, scale; 0) + bias: in plain reverse mode one node of the graph, else two."""
    if bias is None or _leaving() or is_compiling() or _transforming() or forward_ad._current_level >= 0:
        out = to_out(x, None, coef, scale, knots, spec)
        return out if bias is None else out + bias
    if torch.is_grad_enabled() and (
        x.requires_grad or coef.requires_grad or bias.requires_grad or (scale is not None and scale.requires_grad)
    ):
        return ToLayer.apply(x, coef, scale, bias, knots, spec)  # type: ignore[no-any-return]
    return batched_grads.to_out(KERNELS, x, None, coef, scale, knots, spec, 0, bias)


def _kind(full: type[Function]) -> Callable[..., Any]:
    """How to call a Function: with all its rules where something transforms it, else its lean twin."""
    if _transforming() or forward_ad._current_level >= 0:
        return full.apply
    return _LEAN[full]


def _forward_rule(rule: Callable[..., Any]) -> staticmethod:
    """A `jvp` that may itself be differentiated in forward mode: jvp of jvp through a Function is silently zero in
    torch (pytorch/pytorch#197867), because torch switches forward mode off around the rule. Here it is on again, over
    the primals of the level that is being processed.

    Tangents are cast to the dtype of what they belong to, as torch casts cotangents.
    """

    def jvp(ctx, *tangents):
        saved = ctx.saved_tensors
        tangents = [t if t is None else t.to(of.dtype) for t, of in zip(tangents, saved, strict=False)]
        if not _transforming():  # plain dual tensors do not nest
            return rule(ctx, saved, *tangents)
        primals = tuple(None if t is None else forward_ad.unpack_dual(t).primal for t in saved)
        with forward_ad._set_fwd_grad_enabled(True):
            return rule(ctx, primals, *tangents)

    return staticmethod(jvp)


class ToOut(Function):
    @staticmethod
    def forward(x, h, coef, scale, knots, spec, nu):
        return batched_grads.to_out(KERNELS, x, h, coef, scale, knots, spec, nu)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, h, coef, scale, knots, ctx.spec, ctx.nu = inputs
        ctx.save_for_backward(x, h, coef, scale, knots)
        ctx.save_for_forward(x, h, coef, scale, knots)

    @staticmethod
    def backward(ctx, g):
        x, h, coef, scale, knots = ctx.saved_tensors
        spec, nu, need = ctx.spec, ctx.nu, ctx.needs_input_grad
        if (
            need[0] and need[2] and not need[1] and _inert(x, h, g, coef, scale)
        ):  # a training step: one pass over the basis
            dx, dc, ds, _ = batched_grads.backward(KERNELS, x, h, g, coef, scale, knots, spec, nu)
            return dx, None, dc, ds, None, None, None
        found = rules.out_gradients(KERNELS, need, x, h, coef, scale, knots, spec, nu, g)
        return *found, None, None, None

    @_forward_rule
    def jvp(ctx: Any, saved, x_t, h_t, coef_t, scale_t, *_):  # type: ignore[override]
        x, h, coef, scale, knots = saved
        return rules.out_tangent(KERNELS, x, h, coef, scale, knots, ctx.spec, ctx.nu, x_t, h_t, coef_t, scale_t)

    @staticmethod
    def vmap(info, in_dims, x, h, coef, scale, knots, spec, nu):
        return batching.to_out(KERNELS, info.batch_size, in_dims, x, h, coef, scale, knots, spec, nu)


class ToIn(Function):
    @staticmethod
    def forward(x, g, coef, scale, knots, spec, nu):
        return batched_grads.to_in(KERNELS, x, g, coef, scale, knots, spec, nu)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, g, coef, scale, knots, ctx.spec, ctx.nu = inputs
        ctx.save_for_backward(x, g, coef, scale, knots)
        ctx.save_for_forward(x, g, coef, scale, knots)

    @staticmethod
    def backward(ctx, u):
        x, g, coef, scale, knots = ctx.saved_tensors
        need = ctx.needs_input_grad
        if need[0] and need[2] and not need[1] and _inert(x, g, u, coef, scale):  # one pass over the basis, as in ToOut
            dx, dc, ds, _ = batched_grads.backward(KERNELS, x, u, g, coef, scale, knots, ctx.spec, ctx.nu)
            return dx, None, dc, ds, None, None, None
        found = rules.in_gradients(KERNELS, need, x, g, coef, scale, knots, ctx.spec, ctx.nu, u)
        return *found, None, None, None

    @_forward_rule
    def jvp(ctx: Any, saved, x_t, g_t, coef_t, scale_t, *_):  # type: ignore[override]
        x, g, coef, scale, knots = saved
        return rules.in_tangent(KERNELS, x, g, coef, scale, knots, ctx.spec, ctx.nu, x_t, g_t, coef_t, scale_t)

    @staticmethod
    def vmap(info, in_dims, x, g, coef, scale, knots, spec, nu):
        return batching.to_in(KERNELS, info.batch_size, in_dims, x, g, coef, scale, knots, spec, nu)


class ToCoef(Function):
    @staticmethod
    def forward(x, h, g, knots, spec, nu):
        coef, scale = batched_grads.to_coef(KERNELS, x, h, g, knots, spec, nu)
        return coef if scale is None else (coef, scale)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, h, g, knots, ctx.spec, ctx.nu = inputs
        ctx.save_for_backward(x, h, g, knots)
        ctx.save_for_forward(x, h, g, knots)

    @staticmethod
    def backward(ctx, w, w_scale=None):
        x, h, g, knots = ctx.saved_tensors
        found = rules.coef_gradients(KERNELS, ctx.needs_input_grad, x, h, g, knots, ctx.spec, ctx.nu, w, w_scale)
        return *found, None, None, None

    @_forward_rule
    def jvp(ctx: Any, saved, x_t, h_t, g_t, *_):  # type: ignore[override]
        x, h, g, knots = saved
        coef, scale = rules.coef_tangent(KERNELS, x, h, g, knots, ctx.spec, ctx.nu, x_t, h_t, g_t)
        return coef if scale is None else (coef, scale)

    @staticmethod
    def vmap(info, in_dims, x, h, g, knots, spec, nu):
        return batching.to_coef(KERNELS, info.batch_size, in_dims, x, h, g, knots, spec, nu)


class Basis(Function):
    @staticmethod
    def forward(x, knots, spec, nu):
        return batched_grads.basis(KERNELS, x, knots, spec, nu)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, knots, ctx.spec, ctx.nu = inputs
        ctx.mark_non_differentiable(output[0])
        ctx.save_for_backward(x, knots)
        ctx.save_for_forward(x, knots)

    @staticmethod
    def backward(ctx, _, v):
        if not ctx.needs_input_grad[0]:
            return None, None, None, None
        x, knots = ctx.saved_tensors
        return rules.basis_gradient(KERNELS, x, knots, ctx.spec, ctx.nu, v), None, None, None

    @_forward_rule
    def jvp(ctx: Any, saved, x_t, *_):  # type: ignore[override]
        x, knots = saved
        return None, rules.basis_tangent(KERNELS, x, knots, ctx.spec, ctx.nu, x_t)

    @staticmethod
    def vmap(info, in_dims, x, knots, spec, nu):
        return batching.basis(KERNELS, info.batch_size, in_dims, x, knots, spec, nu)


class ToLayer(Function):
    """`layer` in plain reverse mode, the way of a training step: little but the kernels."""

    @staticmethod
    def forward(ctx, x, coef, scale, bias, knots, spec):  # type: ignore[override]
        ctx.save_for_backward(x, coef, scale, knots)
        ctx.spec = spec
        return batched_grads.to_out(KERNELS, x, None, coef, scale, knots, spec, 0, bias)

    @staticmethod
    def backward(ctx, g):  # type: ignore[override]
        x, coef, scale, knots = ctx.saved_tensors
        spec, need = ctx.spec, ctx.needs_input_grad
        if need[0] and need[1] and _inert(x, g, coef, scale):
            dx, dc, ds, db = batched_grads.backward(KERNELS, x, None, g, coef, scale, knots, spec, 0, need[3])
            return dx, dc, ds, db, None, None
        dx = to_in(x, g, coef, scale, knots, spec, 1) if need[0] else None
        dc, ds = to_coef(x, None, g, knots, without_base(spec, scale)) if need[1] or need[2] else (None, None)
        return dx, dc, ds, g.sum(0) if need[3] else None, None, None


def _lean(full: type[Function]) -> Callable[..., Any]:
    """The same Function for plain reverse mode: torch takes 13 us longer to call one that has `setup_context`."""

    class Lean(Function):
        @staticmethod
        def forward(ctx, *inputs):
            output = full.forward(*inputs)
            full.setup_context(ctx, inputs, output)
            return output

        backward = full.backward

    Lean.__name__ = Lean.__qualname__ = full.__name__
    return Lean.apply


_LEAN: dict[type[Function], Callable[..., Any]] = {full: _lean(full) for full in (ToOut, ToIn, ToCoef, Basis)}
KERNELS = Kernels(to_out, to_in, to_coef, basis)  # what the rules call again

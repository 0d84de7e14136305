"""Derivative rules of the spline form for eager mode and `torch.func`.

S_nu(x, h, c, g) = sum_{b,i,o} g[b,o] h[b,i] sum_j B_j^(nu)(x[b,i]) c[i,j,o], where the third argument c is the pair
(coef, scale) and the base function is one more basis function. S is linear in g, h and c; `to_out`, `to_in`, `to_coef`
are its partial derivatives by g, h and c, and every derivative of any of them is one of the three again, with nu or
nu+1. Only inputs are saved, so derivatives of any order are exact. h None stands for ones; scale None for "no base
function".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad
from torch.compiler import is_compiling

from . import batching, compiled, dispatch, reference
from .reference import Spec

_transforming = torch._C._are_functorch_transforms_active


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
    if is_compiling():
        if (
            _transforming()
        ):  # a registered operator has no forward-mode rule: under jvp its tangent would silently be zero
            return reference.traceable_out(x, h, coef, scale, knots, spec, nu)
        return compiled.to_out(x, h, coef, scale, knots, spec, nu)
    if _inert(x, h, coef, scale):
        return dispatch.to_out(x, h, coef, scale, knots, spec, nu)
    return _kind(ToOut)(x, h, coef, scale, knots, spec, nu)  # type: ignore[no-any-return]


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """Differentiable dS/dh, (b, i)."""
    if is_compiling():
        return compiled.to_in(x, g, coef, scale, knots, spec, nu)
    if _inert(x, g, coef, scale):
        return dispatch.to_in(x, g, coef, scale, knots, spec, nu)
    return _kind(ToIn)(x, g, coef, scale, knots, spec, nu)  # type: ignore[no-any-return]


def to_coef(
    x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor | None]:
    """Differentiable dS/dc: (i, j, o), and (i, o) where spec has a base function."""
    if is_compiling():
        return compiled.to_coef(x, h, g, knots, spec, nu)
    if _inert(x, h, g):
        return dispatch.to_coef(x, h, g, knots, spec, nu)
    result = _kind(ToCoef)(x, h, g, knots, spec, nu)
    return result if isinstance(result, tuple) else (result, None)


def basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """Differentiable local basis: first (b, i) and values (b, i, p+1)."""
    if is_compiling():
        if _transforming():
            return reference.basis(x, knots, spec, nu)
        return compiled.basis(x, knots, spec, nu)
    if _inert(x):
        return dispatch.basis(x, knots, spec, nu)
    return _kind(Basis)(x, knots, spec, nu)  # type: ignore[no-any-return]


def layer(x: Tensor, coef: Tensor, scale: Tensor | None, bias: Tensor | None, knots: Tensor, spec: Spec) -> Tensor:
    """Differentiable to_out(x, None, coef, scale; 0) + bias: in plain reverse mode one node of the graph, else two."""
    if bias is None or is_compiling() or _transforming() or forward_ad._current_level >= 0:
        out = to_out(x, None, coef, scale, knots, spec)
        return out if bias is None else out + bias
    if torch.is_grad_enabled() and (
        x.requires_grad or coef.requires_grad or bias.requires_grad or (scale is not None and scale.requires_grad)
    ):
        return Layer.apply(x, coef, scale, bias, knots, spec)  # type: ignore[no-any-return]
    return dispatch.to_out(x, None, coef, scale, knots, spec, 0, bias)


def _kind(full: type[Function]) -> Callable[..., Any]:
    """How to call a Function: with all its rules where something transforms it, else its lean twin."""
    if _transforming() or forward_ad._current_level >= 0:
        return full.apply
    return _LEAN[full]


def _times(factor: Tensor | None, value: Tensor) -> Tensor:
    return value if factor is None else factor * value


def _sum(*terms: Tensor | None) -> Tensor | None:
    total = None
    for term in terms:
        if term is not None:
            total = term if total is None else total + term
    return total


def _forward_rule(rule: Callable[..., Any]) -> staticmethod:
    """A `jvp` that may itself be differentiated in forward mode: jvp of jvp through a Function is silently zero in
    torch (pytorch/pytorch#197867), because torch switches forward mode off around the rule. Here it is on again, over
    the primals of the level that is being processed.
    """

    def jvp(ctx, *tangents):
        saved = ctx.saved_tensors
        if not _transforming():  # plain dual tensors do not nest
            return rule(ctx, saved, *tangents)
        primals = tuple(None if t is None else forward_ad.unpack_dual(t).primal for t in saved)
        with forward_ad._set_fwd_grad_enabled(True):
            return rule(ctx, primals, *tangents)

    return staticmethod(jvp)


def _without_base(spec: Spec, scale: Tensor | None) -> Spec:
    return spec if scale is not None else spec._replace(base="none")


def _pair_tangent(coef: Tensor, coef_t: Tensor | None, scale_t: Tensor | None) -> tuple[Tensor, Tensor | None]:
    return (torch.zeros_like(coef) if coef_t is None else coef_t), scale_t


class ToOut(Function):
    @staticmethod
    def forward(x, h, coef, scale, knots, spec, nu):
        return dispatch.to_out(x, h, coef, scale, knots, spec, nu)

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
            dx, dc, ds, _ = dispatch.backward(x, h, g, coef, scale, knots, spec, nu)
            return dx, None, dc, ds, None, None, None
        dx = _times(h, to_in(x, g, coef, scale, knots, spec, nu + 1)) if need[0] else None
        dh = to_in(x, g, coef, scale, knots, spec, nu) if need[1] else None
        dc, ds = to_coef(x, h, g, knots, _without_base(spec, scale), nu) if need[2] or need[3] else (None, None)
        return dx, dh, dc, ds, None, None, None

    @_forward_rule
    def jvp(ctx: Any, saved, x_t, h_t, coef_t, scale_t, *_):  # type: ignore[override]
        x, h, coef, scale, knots = saved
        spec, nu = ctx.spec, ctx.nu
        terms: list[Tensor | None] = [None, None, None]
        if x_t is not None:
            terms[0] = to_out(x, _times(h, x_t), coef, scale, knots, spec, nu + 1)
        if h_t is not None:
            terms[1] = to_out(x, h_t, coef, scale, knots, spec, nu)
        if coef_t is not None or scale_t is not None:
            terms[2] = to_out(x, h, *_pair_tangent(coef, coef_t, scale_t), knots, spec, nu)
        return _sum(*terms)

    @staticmethod
    def vmap(info, in_dims, x, h, coef, scale, knots, spec, nu):
        return batching.to_out(info.batch_size, in_dims, x, h, coef, scale, knots, spec, nu)


class ToIn(Function):
    @staticmethod
    def forward(x, g, coef, scale, knots, spec, nu):
        return dispatch.to_in(x, g, coef, scale, knots, spec, nu)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, g, coef, scale, knots, ctx.spec, ctx.nu = inputs
        ctx.save_for_backward(x, g, coef, scale, knots)
        ctx.save_for_forward(x, g, coef, scale, knots)

    @staticmethod
    def backward(ctx, u):
        x, g, coef, scale, knots = ctx.saved_tensors
        spec, nu, need = ctx.spec, ctx.nu, ctx.needs_input_grad
        dx = u * to_in(x, g, coef, scale, knots, spec, nu + 1) if need[0] else None
        dg = to_out(x, u, coef, scale, knots, spec, nu) if need[1] else None
        dc, ds = to_coef(x, u, g, knots, _without_base(spec, scale), nu) if need[2] or need[3] else (None, None)
        return dx, dg, dc, ds, None, None, None

    @_forward_rule
    def jvp(ctx: Any, saved, x_t, g_t, coef_t, scale_t, *_):  # type: ignore[override]
        x, g, coef, scale, knots = saved
        spec, nu = ctx.spec, ctx.nu
        terms: list[Tensor | None] = [None, None, None]
        if x_t is not None:
            terms[0] = x_t * to_in(x, g, coef, scale, knots, spec, nu + 1)
        if g_t is not None:
            terms[1] = to_in(x, g_t, coef, scale, knots, spec, nu)
        if coef_t is not None or scale_t is not None:
            terms[2] = to_in(x, g, *_pair_tangent(coef, coef_t, scale_t), knots, spec, nu)
        return _sum(*terms)

    @staticmethod
    def vmap(info, in_dims, x, g, coef, scale, knots, spec, nu):
        return batching.to_in(info.batch_size, in_dims, x, g, coef, scale, knots, spec, nu)


class ToCoef(Function):
    @staticmethod
    def forward(x, h, g, knots, spec, nu):
        coef, scale = dispatch.to_coef(x, h, g, knots, spec, nu)
        return coef if scale is None else (coef, scale)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, h, g, knots, ctx.spec, ctx.nu = inputs
        ctx.save_for_backward(x, h, g, knots)
        ctx.save_for_forward(x, h, g, knots)

    @staticmethod
    def backward(ctx, w, w_scale=None):
        x, h, g, knots = ctx.saved_tensors
        spec, nu, need = ctx.spec, ctx.nu, ctx.needs_input_grad
        dx = _times(h, to_in(x, g, w, w_scale, knots, spec, nu + 1)) if need[0] else None
        dh = to_in(x, g, w, w_scale, knots, spec, nu) if need[1] else None
        dg = to_out(x, h, w, w_scale, knots, spec, nu) if need[2] else None
        return dx, dh, dg, None, None, None

    @_forward_rule
    def jvp(ctx: Any, saved, x_t, h_t, g_t, *_):  # type: ignore[override]
        x, h, g, knots = saved
        spec, nu = ctx.spec, ctx.nu
        terms = []
        if x_t is not None:
            terms.append(to_coef(x, _times(h, x_t), g, knots, spec, nu + 1))
        if h_t is not None:
            terms.append(to_coef(x, h_t, g, knots, spec, nu))
        if g_t is not None:
            terms.append(to_coef(x, h, g_t, knots, spec, nu))
        coef = _sum(*(term[0] for term in terms))
        return coef if spec.base == "none" else (coef, _sum(*(term[1] for term in terms)))

    @staticmethod
    def vmap(info, in_dims, x, h, g, knots, spec, nu):
        return batching.to_coef(info.batch_size, in_dims, x, h, g, knots, spec, nu)


class Basis(Function):
    @staticmethod
    def forward(x, knots, spec, nu):
        return dispatch.basis(x, knots, spec, nu)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, knots, ctx.spec, ctx.nu = inputs
        ctx.mark_non_differentiable(output[0])
        ctx.save_for_backward(x, knots)
        ctx.save_for_forward(x, knots)

    @staticmethod
    def backward(ctx, _, v):
        x, knots = ctx.saved_tensors
        dx = (v * basis(x, knots, ctx.spec, ctx.nu + 1)[1]).sum(-1) if ctx.needs_input_grad[0] else None
        return dx, None, None, None

    @_forward_rule
    def jvp(ctx: Any, saved, x_t, *_):  # type: ignore[override]
        x, knots = saved
        return None, x_t.unsqueeze(-1) * basis(x, knots, ctx.spec, ctx.nu + 1)[1]

    @staticmethod
    def vmap(info, in_dims, x, knots, spec, nu):
        return batching.basis(info.batch_size, in_dims, x, knots, spec, nu)


class Layer(Function):
    """`layer` in plain reverse mode, the way of a training step: little but the kernels."""

    @staticmethod
    def forward(ctx, x, coef, scale, bias, knots, spec):  # type: ignore[override]
        ctx.save_for_backward(x, coef, scale, knots)
        ctx.spec = spec
        return dispatch.to_out(x, None, coef, scale, knots, spec, 0, bias)

    @staticmethod
    def backward(ctx, g):  # type: ignore[override]
        x, coef, scale, knots = ctx.saved_tensors
        spec, need = ctx.spec, ctx.needs_input_grad
        if need[0] and need[1] and _inert(x, g, coef, scale):
            dx, dc, ds, db = dispatch.backward(x, None, g, coef, scale, knots, spec, 0, need[3])
            return dx, dc, ds, db, None, None
        dx = to_in(x, g, coef, scale, knots, spec, 1) if need[0] else None
        dc, ds = to_coef(x, None, g, knots, _without_base(spec, scale)) if need[1] or need[2] else (None, None)
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

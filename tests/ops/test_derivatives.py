"""Derivatives through both bindings, by value: every order, every transform of `torch.func`, every kernel."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import forward_ad, gradcheck, gradgradcheck
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, stack_module_state, vjp, vmap

from edgewise import ops
from edgewise.errors import GridError
from edgewise.ops import autograd
from edgewise.ops.reference import Spec
from helpers import assert_close
from ops.spline_cases import make_layer

# torch itself uses torch.jit.script when forward mode is first entered
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


def away_from_knots(layer):
    """Finite differences must not cross a knot, where the p-th derivative jumps."""
    near = (layer.x.unsqueeze(-1) - layer.knots).abs().amin(-1) < 1e-4
    layer.x = torch.where(near, layer.x + 3e-4, layer.x)
    return layer


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5])
def test_first_and_second_derivatives_by_finite_differences(degree, uniform):
    layer = away_from_knots(make_layer(5, 2, 2, degree=degree, uniform=uniform))

    def form(x, coef, scale):
        return ops.spline(x, coef, layer.knots, degree=degree, base="silu", base_scale=scale, uniform=uniform)

    assert gradcheck(form, layer.parameters(), check_forward_ad=True)
    assert gradgradcheck(form, layer.parameters(), check_fwd_over_rev=True, check_rev_over_rev=True)


@pytest.mark.parametrize("nu", [0, 1, 2])
@pytest.mark.parametrize("base", [True, False])
@pytest.mark.slow
def test_every_kernel_is_differentiable_by_every_argument_twice(base, nu):
    layer = away_from_knots(make_layer(4, 2, 2, uniform=False, base=base))
    spec = Spec(3, "silu" if base else "none")
    x, h, g = (t.requires_grad_() for t in (layer.x, layer.h, layer.g))
    _, coef, *scale = layer.parameters()

    def out(x, h, coef, *scale):
        return autograd.to_out(x, h, coef, scale[0] if scale else None, layer.knots, spec, nu)

    def into(x, g, coef, *scale):
        return autograd.to_in(x, g, coef, scale[0] if scale else None, layer.knots, spec, nu)

    def to_coef(x, h, g):
        return tuple(t for t in autograd.to_coef(x, h, g, layer.knots, spec, nu) if t is not None)

    def values(x):
        return autograd.basis(x, layer.knots, spec, nu)[1]

    for function, inputs in (
        (out, (x, h, coef, *scale)),
        (into, (x, g, coef, *scale)),
        (to_coef, (x, h, g)),
        (values, (x,)),
    ):
        assert gradcheck(function, inputs, check_forward_ad=True)
        assert gradgradcheck(function, inputs, check_fwd_over_rev=True, check_rev_over_rev=True)


def closures(layer, **options):
    def form(x, coef=layer.coef, scale=layer.scale, derivative=0):
        base = None if scale is None else "silu"
        return ops.spline(
            x, coef, layer.knots, degree=layer.degree, derivative=derivative, base=base, base_scale=scale, **options
        )

    return form


def test_nested_gradients_are_the_kernel_of_the_next_order():
    layer = make_layer(degree=4, uniform=False)
    form = closures(layer)
    x = layer.x.requires_grad_()
    y = form(x).sum(1)
    for order in range(1, 7):
        (gradient,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        edges = ops.edge_values(
            x, layer.coef, layer.knots, degree=4, derivative=order, base="silu", base_scale=layer.scale
        )
        assert_close(gradient, edges.sum(-1), like="derivative")
        y = gradient.sum(1)


def test_forward_mode_reverse_mode_and_their_mixtures_agree():
    layer = make_layer(6, 2, 3, uniform=False)
    form = closures(layer)
    x, t = layer.x, layer.h
    edges = [
        ops.edge_values(x, layer.coef, layer.knots, derivative=d, base="silu", base_scale=layer.scale) for d in range(4)
    ]  # (b, i, o)
    want = torch.einsum("bio,bc->boci", edges[1], torch.eye(6).double())
    assert_close(jvp(form, (x,), (t,))[1], (t.unsqueeze(-1) * edges[1]).sum(1))
    assert_close(vjp(form, x)[1](layer.g[:, :3])[0], (layer.g[:, None, :3] * edges[1]).sum(2))
    assert_close(jacrev(form)(x), want)
    assert_close(jacfwd(form)(x), want)

    def loss(x):
        return form(x).sum()

    second = edges[2].sum(-1)
    assert_close(hessian(loss)(x), torch.diag_embed(second.flatten()).reshape(6, 2, 6, 2))
    assert_close(jacrev(jacfwd(loss))(x).flatten(2).flatten(0, 1).diagonal(), second.flatten())
    assert_close(jvp(grad(loss), (x,), (t,))[1], t * second)
    assert_close(grad(lambda x: (grad(loss)(x) * t).sum())(x), t * second)
    third = jvp(lambda x: jvp(grad(loss), (x,), (t,))[1], (x,), (t,))[1]
    assert_close(third, t * t * edges[3].sum(-1))


def test_derivatives_by_coefficients_through_torch_func():
    layer = make_layer(6, 2, 3)
    form = closures(layer)
    first, values = ops.basis(layer.x, layer.knots)
    want = torch.zeros(6, 2, 8, dtype=torch.float64).scatter(2, first.unsqueeze(-1) + torch.arange(4), values)
    for jacobian in (jacrev, jacfwd):
        got = jacobian(form, argnums=1)(layer.x, layer.coef, layer.scale)  # (b, o, i, j, o)
        assert_close(got, torch.einsum("bij,oq->boijq", want, torch.eye(3).double()))
        got = jacobian(form, argnums=2)(layer.x, layer.coef, layer.scale)
        assert_close(got, torch.einsum("bi,oq->boiq", ops.base_value("silu", layer.x), torch.eye(3).double()))


def test_forward_mode_survives_no_grad_and_backward_without_graph():
    layer = make_layer(6, 2, 3)
    form = closures(layer)
    x = layer.x.clone().requires_grad_()
    with forward_ad.dual_level():
        y = form(forward_ad.make_dual(x, layer.h))
        tangent = forward_ad.unpack_dual(torch.autograd.grad(y.sum(), x)[0]).tangent
        with torch.no_grad():
            plain = forward_ad.unpack_dual(form(forward_ad.make_dual(x, layer.h))).tangent
    edges = [
        ops.edge_values(layer.x, layer.coef, layer.knots, derivative=d, base="silu", base_scale=layer.scale)
        for d in (1, 2)
    ]
    assert_close(plain, (layer.h.unsqueeze(-1) * edges[0]).sum(1))
    assert tangent is not None
    assert_close(tangent, layer.h * edges[1].sum(-1))


@pytest.mark.parametrize("base", [True, False])
@pytest.mark.parametrize("batched", ["x", "coef", "both"])
def test_vmap_equals_a_loop_for_values_and_gradients(batched, base):
    layers = [make_layer(5, 2, 3, seed=seed, base=base) for seed in range(4)]
    knots = layers[0].knots
    one = layers[0]
    x = torch.stack([layer.x for layer in layers]) if batched != "coef" else one.x
    coef = torch.stack([layer.coef for layer in layers]) if batched != "x" else one.coef
    scale = None if not base else torch.stack([layer.base_scale for layer in layers]) if batched != "x" else one.scale
    dims = (
        0 if batched != "coef" else None,
        0 if batched != "x" else None,
        None if scale is None or batched == "x" else 0,
    )

    def form(x, coef, scale):
        return ops.spline(x, coef, knots, base="silu" if base else None, base_scale=scale)

    def loss(x, coef, scale):
        return (form(x, coef, scale) ** 2).sum() + (grad(lambda x: form(x, coef, scale).sum())(x) ** 3).sum()

    for function in (
        form,
        grad(loss, argnums=(0, 1)),
        jacfwd(form, argnums=0),
        jacrev(form, argnums=1),
        hessian(loss, argnums=0),
    ):
        got = vmap(function, in_dims=dims)(x, coef, scale)
        for k in range(4):
            own = scale if scale is None or dims[2] is None else scale[k]
            want = function(x[k] if batched != "coef" else x, coef[k] if batched != "x" else coef, own)
            for a, b in zip(
                got if isinstance(got, tuple) else [got], want if isinstance(want, tuple) else [want], strict=True
            ):
                assert_close(a[k], b, like="derivative")


def test_gradient_of_vmap_equals_vmap_of_gradient():
    layers = [make_layer(5, 2, 3, seed=seed) for seed in range(3)]
    x, coef = (torch.stack([getattr(layer, name) for layer in layers]) for name in ("x", "coef"))

    def loss(x, coef):
        return (ops.spline(x, coef, layers[0].knots) ** 3).sum()

    inner = vmap(grad(loss, argnums=(0, 1)))(x, coef)
    outer = grad(lambda x, coef: vmap(loss)(x, coef).sum(), argnums=(0, 1))(x, coef)
    for a, b in zip(inner, outer, strict=True):
        assert_close(a, b)


class Module(torch.nn.Module):
    knots: torch.Tensor

    def __init__(self, layer):
        super().__init__()
        self.register_buffer("knots", layer.knots)
        self.coef, self.scale = torch.nn.Parameter(layer.coef), torch.nn.Parameter(layer.scale)

    def forward(self, x):
        return ops.spline(x, self.coef, self.knots, base="silu", base_scale=self.scale)


def test_an_ensemble_of_modules_with_their_own_knots_runs_under_vmap():
    models = [Module(make_layer(uniform=False, seed=seed)) for seed in range(3)]
    x = make_layer().x
    parameters, buffers = stack_module_state(models)

    def call(parameters, buffers, x):
        return functional_call(models[0], (parameters, buffers), (x,))

    got = vmap(call, in_dims=(0, 0, None))(parameters, buffers, x)
    for k, model in enumerate(models):
        assert_close(got[k], model(x))


def test_knots_that_require_grad_are_refused():
    layer = make_layer()
    with pytest.raises(GridError, match="constants"):
        ops.spline(layer.x, layer.coef, layer.knots.requires_grad_())


def test_checkpointing_and_hooks_see_ordinary_tensors():
    from torch.utils.checkpoint import checkpoint

    layer = make_layer()
    x, coef, scale = layer.parameters()
    form = closures(layer)
    want = torch.autograd.grad(form(x, coef, scale).pow(2).sum(), (x, coef, scale))
    got = torch.autograd.grad(checkpoint(form, x, coef, scale, use_reentrant=False).pow(2).sum(), (x, coef, scale))  # type: ignore[union-attr]
    for a, b in zip(got, want, strict=True):
        assert_close(a, b, like="exact")


def test_batched_cotangents():
    layer = make_layer()
    x, coef, scale = layer.parameters()
    y = closures(layer)(x, coef, scale)
    cotangents = torch.stack([layer.g, 2 * layer.g, layer.g**2])
    got = torch.autograd.grad(y, (x, coef, scale), cotangents, is_grads_batched=True, retain_graph=True)
    for k in range(3):
        want = torch.autograd.grad(y, (x, coef, scale), cotangents[k], retain_graph=True)
        for a, b in zip(got, want, strict=True):
            assert_close(a[k], b)


def test_a_layer_inside_a_backward_pass_takes_batched_cotangents():
    layer = make_layer(o=3)  # as many outputs as inputs, so that a gradient may go through it
    bias = torch.arange(3, dtype=torch.float64)

    class Through(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):  # type: ignore[override]
            return autograd.layer(g, layer.coef, layer.scale, bias, layer.knots, Spec(3, "silu", True))

    x = layer.x.requires_grad_()
    cotangents = torch.stack([layer.g, 2 * layer.g])
    (got,) = torch.autograd.grad(Through.apply(x), x, cotangents, is_grads_batched=True)
    want = torch.stack([torch.autograd.grad(Through.apply(x), x, g)[0] for g in cotangents])
    assert_close(got, want)


def test_zeros_without_memory_are_zeros():
    """The second tangent of an affine map is a tensor of zeros that has no memory: kernels must not read it."""
    layer = make_layer(6, 2, 2, degree=3)
    direction = torch.tensor([1.0, 0.0], dtype=torch.float64)

    def value(point):
        return ops.spline((2 * point - 0.3)[None], layer.coef, layer.knots, degree=3)[0, 0]

    def slope(point):
        return jvp(value, (point,), (direction,))[1]

    x = 0.5 * layer.x
    got = vmap(lambda point: jvp(slope, (point,), (direction,))[1])(x)  # type: ignore[return-value]
    assert_close(got.detach(), vmap(hessian(value))(x)[:, 0, 0].detach(), like="derivative")
    nothing = torch._efficientzerotensor((6, 2), dtype=torch.float64)
    spec = Spec(3)
    for found in (
        ops.to_out(layer.x, nothing, layer.coef, None, layer.knots, spec),
        ops.to_in(layer.x, nothing, layer.coef, None, layer.knots, spec),
        ops.to_coef(layer.x, nothing, layer.x, layer.knots, spec)[0],
    ):
        assert_close(found.detach().abs().max(), torch.tensor(0.0, dtype=torch.float64))

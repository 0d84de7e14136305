"""`torch.compile(fullgraph=True)` and the registered operators behind it."""

from __future__ import annotations

import pytest
import torch
from torch.func import grad, jacrev, jvp, vmap
from torch.library import opcheck

from edgewise import ops
from edgewise.ops import compiled  # noqa: F401  (registers the operators)
from edgewise.ops.reference import Spec
from helpers import all_but_slow, assert_close
from ops.spline_cases import make_layer

pytestmark = [
    # torch's own tracing and forward mode use deprecated parts of torch
    pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*"),
]


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def compiled_(function):
    # "aot_eager" traces forward and backward as the default backend does, and needs no C++ compiler
    return torch.compile(function, fullgraph=True, backend="aot_eager")


@pytest.mark.parametrize("base", [True, False])
def test_values_and_gradients_are_those_of_eager_mode(base):
    layer = make_layer(base=base)

    def form(*inputs):
        x, coef, *scale = inputs
        return ops.spline(x, coef, layer.knots, base="silu" if base else None, base_scale=scale[0] if base else None)

    inputs = layer.parameters()
    want, got = form(*inputs), compiled_(form)(*inputs)
    assert_close(got, want, like="exact")
    for a, b in zip(
        torch.autograd.grad((got**2).sum(), inputs), torch.autograd.grad((want**2).sum(), inputs), strict=True
    ):
        assert_close(a, b)


def test_the_other_public_functions_compile():
    layer = make_layer()
    x = layer.x.requires_grad_()

    def both(x):
        _, values = ops.basis(x, layer.knots, derivative=1)
        return ops.edge_values(x, layer.coef, layer.knots, base="silu", base_scale=layer.scale, derivative=1).sum(
            -1
        ) + (values**2).sum(-1)

    want, got = both(x), compiled_(both)(x)
    assert_close(got, want)
    assert_close(torch.autograd.grad(got.sum(), x)[0], torch.autograd.grad(want.sum(), x)[0])


def test_changing_batch_sizes_do_not_break_the_graph():
    layer = make_layer(20)
    form = torch.compile(
        lambda x: ops.spline(x, layer.coef, layer.knots), fullgraph=True, backend="aot_eager", dynamic=True
    )
    for rows in (20, 7, 1):
        assert_close(form(layer.x[:rows]), ops.spline(layer.x[:rows], layer.coef, layer.knots))


# not jvp of jvp: there torch 2.13 itself raises, for as little as jvp(jvp(lambda x: torch.ones_like(x) * x))
transforms = {
    "jvp": lambda form: lambda x: jvp(form, (x,), (torch.ones_like(x),))[1],
    "jvp of grad": lambda form: lambda x: jvp(grad(lambda x: form(x).sum()), (x,), (torch.ones_like(x),))[1],
    "grad": lambda form: grad(lambda x: form(x).sum()),
    "vmap of grad": lambda form: vmap(grad(lambda x: form(x.unsqueeze(0)).sum())),
    "jacrev": lambda form: jacrev(form),
    "laplacian": lambda form: lambda x: grad(lambda x: grad(lambda x: form(x).sum())(x).sum())(x),
}


@pytest.mark.parametrize("name", all_but_slow(["grad", "vmap of grad"], transforms))
def test_function_transforms_inside_compile_are_right_by_value(name):
    """A registered operator alone would give a silent zero under jvp."""
    layer = make_layer(6)

    def form(x):
        return ops.spline(x, layer.coef, layer.knots, base="silu", base_scale=layer.scale)

    want = transforms[name](form)(layer.x)
    got = compiled_(transforms[name](form))(layer.x)
    assert want.abs().max() > 0
    assert_close(got, want)


@pytest.mark.parametrize("name", transforms)
@pytest.mark.slow
def test_transforms_of_functions_on_nodes_inside_compile_are_right_by_value(name):
    layer = make_layer(6, o=1)

    def form(x):
        return ops.activations(x, layer.coef, layer.knots, layer.scale, Spec(3, "silu"))

    want = transforms[name](form)(layer.x)
    got = compiled_(transforms[name](form))(layer.x)
    assert want.abs().max() > 0
    assert_close(got, want)


@pytest.mark.filterwarnings("ignore:Dynamo does not know how to trace the builtin:UserWarning")
@pytest.mark.parametrize("name", ["grad", "jvp", "jacrev"])
@pytest.mark.slow
def test_transforms_of_a_compiled_function_are_right_by_value(name):
    """torch runs such functions without its compiler, but compiles what they call: kernels must not be among it."""
    layer = make_layer(6)

    def form(x):
        return ops.spline(x, layer.coef, layer.knots, base="silu", base_scale=layer.scale)

    want = transforms[name](form)(layer.x)
    assert_close(transforms[name](torch.compile(form, backend="aot_eager"))(layer.x), want)


@pytest.mark.parametrize("with_h", [True, False])
@pytest.mark.parametrize("base", ["silu", "none"])
@pytest.mark.slow
def test_the_registered_operators_pass_torchs_own_checks(base, with_h):
    layer = make_layer(5, 2, 3, base=base != "none")
    x, coef = layer.x.requires_grad_(), layer.coef.requires_grad_()
    scale = None if layer.scale is None else layer.scale.requires_grad_()
    h, g = layer.h.requires_grad_() if with_h else None, layer.g.requires_grad_()
    registered = torch.ops.edgewise
    opcheck(registered.to_out.default, (x, h, coef, scale, layer.knots, 3, base, True, 1))
    opcheck(registered.to_in.default, (x, g, coef, scale, layer.knots, 3, base, True, 1))
    opcheck(registered.to_coef.default, (x, h, g, layer.knots, 3, base, True, 1))
    opcheck(registered.basis.default, (x, layer.knots, 3, "none", True, 1))


def test_export_makes_a_program_that_runs():
    layer = make_layer()

    class Module(torch.nn.Module):
        knots: torch.Tensor

        def __init__(self):  # tensors from outside the module are refused before torch 2.7
            super().__init__()
            self.coef, self.scale = torch.nn.Parameter(layer.coef), torch.nn.Parameter(layer.base_scale)
            self.register_buffer("knots", layer.knots)

        def forward(self, x):
            return ops.spline(x, self.coef, self.knots, base="silu", base_scale=self.scale)

    program = torch.export.export(Module(), (layer.x,))
    assert_close(program.module()(layer.x), Module()(layer.x))

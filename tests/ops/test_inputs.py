"""Inputs of every shape, layout, dtype and badness: what is accepted, what is refused and in which words."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from edgewise import ops
from edgewise.errors import BackendError, ConfigError, EdgewiseError, GridError, ShapeError
from edgewise.ops import autograd, dispatch
from edgewise.ops.reference import Spec
from helpers import assert_close
from ops.spline_cases import make_layer


@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (0,), (2, 0, 3)])
def test_any_leading_dimensions(shape):
    layer = make_layer(30)
    count = int(torch.tensor(shape).prod()) if shape else 1
    x = layer.x[:count].reshape(*shape, 3)
    got = ops.spline(x, layer.coef, layer.knots, base="silu", base_scale=layer.scale)
    assert got.shape == (*shape, 4)
    assert_close(
        got.reshape(count, 4), ops.spline(layer.x[:count], layer.coef, layer.knots, base="silu", base_scale=layer.scale)
    )
    assert ops.edge_values(x, layer.coef, layer.knots).shape == (*shape, 3, 4)
    first, values = ops.basis(x, layer.knots)
    assert first.shape == (*shape, 3) and values.shape == (*shape, 3, 4)


def test_an_empty_batch_has_zero_gradients():
    layer = make_layer(0)
    inputs = layer.parameters()
    y = ops.spline(inputs[0], inputs[1], layer.knots, base="silu", base_scale=inputs[2])
    for gradient, t in zip(torch.autograd.grad(y.sum(), inputs), inputs, strict=True):
        assert gradient.shape == t.shape and (gradient == 0).all()


def test_a_layer_without_outputs_or_inputs_works():
    layer = make_layer(5, 3, 0)
    assert ops.spline(layer.x, layer.coef, layer.knots).shape == (5, 0)
    layer = make_layer(5, 0, 3)
    assert torch.equal(ops.spline(layer.x, layer.coef, layer.knots), torch.zeros(5, 3, dtype=torch.float64))


def test_layout_in_memory_does_not_matter():
    layer = make_layer(8, 3, 4, uniform=False)

    def strided(t):
        wide = torch.full((*t.shape[:-1], 2 * t.shape[-1]), torch.nan, dtype=t.dtype)
        wide[..., ::2] = t
        return wide[..., ::2]

    x, coef, scale, knots, g = (strided(t) for t in (layer.x, layer.coef, layer.scale, layer.knots, layer.g))
    flipped = layer.x.t().contiguous().t()
    spec = Spec(3, "silu")
    for a, b in ((x, g), (flipped, layer.g.t().contiguous().t()), (layer.x, layer.g[:1].expand(8, 4))):
        g = b.contiguous()
        got = dispatch.to_out(a, None, coef, scale, knots, spec), dispatch.to_in(a, b, coef, scale, knots, spec)
        got = *got, *dispatch.to_coef(a, a, b, knots, spec)
        plain = layer.x, layer.coef, layer.scale, layer.knots
        want = dispatch.to_out(plain[0], None, *plain[1:], spec), dispatch.to_in(plain[0], g, *plain[1:], spec)
        want = *want, *dispatch.to_coef(plain[0], plain[0], g, plain[3], spec)
        for one, other in zip(got, want, strict=True):
            assert_close(one, other)


@pytest.mark.parametrize("degree", [0, 1, 3])
@pytest.mark.parametrize("derivative", [0, 1, 2, 4])
def test_nan_in_gives_nan_out_in_that_row_only(degree, derivative):
    layer = make_layer(6, degree=degree)
    clean = ops.spline(
        layer.x, layer.coef, layer.knots, degree=degree, derivative=derivative, base="silu", base_scale=layer.scale
    )
    x = layer.x.clone()
    x[2, 1] = torch.nan
    got = ops.spline(
        x, layer.coef, layer.knots, degree=degree, derivative=derivative, base="silu", base_scale=layer.scale
    )
    assert got[2].isnan().all()
    assert_close(got[[0, 1, 3, 4, 5]], clean[[0, 1, 3, 4, 5]])
    bare = ops.spline(x, layer.coef, layer.knots, degree=degree, derivative=derivative)
    assert bare.isnan().any(1).tolist() == [False, False, True, False, False, False]
    gradient = autograd.to_in(x, layer.g, layer.coef, None, layer.knots, Spec(degree), derivative)
    assert gradient.isnan().nonzero().tolist() == [[2, 1]]


@pytest.mark.parametrize("bad", [torch.inf, -torch.inf])
@pytest.mark.parametrize("degree", [0, 1, 3, 7])
def test_infinite_inputs_spoil_at_most_their_own_row(degree, bad):
    layer = make_layer(6, degree=degree)
    clean = ops.spline(layer.x, layer.coef, layer.knots, degree=degree)
    layer.x[2, 1] = bad
    got = ops.spline(layer.x, layer.coef, layer.knots, degree=degree)
    assert_close(got[[0, 1, 3, 4, 5]], clean[[0, 1, 3, 4, 5]])
    assert degree == 0 or not got[2].isfinite().any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_inputs_are_computed_in_the_dtype_of_the_coefficients(dtype):
    layer = make_layer(dtype=torch.float32)
    x = layer.x.to(dtype).requires_grad_()
    got = ops.spline(x, layer.coef, layer.knots, base="silu", base_scale=layer.scale)
    want = ops.spline(x.float(), layer.coef, layer.knots, base="silu", base_scale=layer.scale)
    assert got.dtype == torch.float32
    assert_close(got, want, like="exact")
    got.sum().backward()
    assert x.grad is not None and x.grad.dtype == dtype


def test_half_precision_layers_accumulate_in_float32():
    layer = make_layer(dtype=torch.float32)
    x, coef, scale, knots = (t.bfloat16() for t in (layer.x, layer.coef, layer.base_scale, layer.knots))
    got = ops.spline(x, coef, knots, base="silu", base_scale=scale)
    want = ops.spline(x.float(), coef.float(), knots.float(), base="silu", base_scale=scale.float())
    assert got.dtype == torch.bfloat16
    assert_close(got, want.bfloat16(), like="exact")


def test_autocast_does_not_lower_the_precision():
    layer = make_layer(dtype=torch.float32)
    inputs = layer.parameters()

    def run():
        y = ops.spline(inputs[0], inputs[1], layer.knots, base="silu", base_scale=inputs[2])
        return y, *torch.autograd.grad(y.sum(), inputs)

    want = run()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = run()
    for a, b in zip(got, want, strict=True):
        assert a.dtype == torch.float32
        assert_close(a, b, like="exact")


def changed(**parts):
    layer = make_layer()
    arguments = {
        "x": layer.x,
        "coef": layer.coef,
        "knots": layer.knots,
        "base": "silu",
        "base_scale": layer.scale,
    } | parts
    x, coef, knots = (arguments.pop(name) for name in ("x", "coef", "knots"))
    return ops.spline(x, coef, knots, **arguments)


layer = make_layer()
falling = layer.knots.clone()
falling[1, 5] = falling[1, 4]
mistakes = [
    ({"x": torch.zeros(5, 4).double()}, ShapeError, r"x must have shape \(\.\.\., 3\).* got \(5, 4\)"),
    ({"x": torch.zeros(()).double()}, ShapeError, r"x must have shape"),
    ({"x": layer.x.float()}, ShapeError, r"x is torch.float32 but .* torch.float64.*convert"),
    ({"x": torch.zeros(5, 3, dtype=torch.int64)}, ShapeError, r"x is torch.int64"),
    ({"coef": layer.coef[:, :7]}, ShapeError, r"coef must have shape \(3, 8, outputs\)"),
    ({"coef": layer.coef[0]}, ShapeError, r"coef must have shape"),
    ({"coef": layer.coef.float()}, ShapeError, r"coef is torch.float32"),
    ({"base_scale": layer.base_scale.t()}, ShapeError, r"base_scale must have shape \(3, 4\)"),
    ({"base_scale": layer.base_scale.float()}, ShapeError, r"base_scale is torch.float32"),
    ({"base_scale": None}, ShapeError, r"belong together"),
    ({"base": None}, ShapeError, r"belong together"),
    ({"base": "silo"}, ConfigError, r"did you mean 'silu'"),
    ({"degree": 8}, ConfigError, r"degree must be from 0 to 7, got 8"),
    ({"derivative": -1}, ConfigError, r"derivative must be >= 0"),
    ({"knots": layer.knots[:, :7]}, GridError, r"knots must have shape \(inputs, G \+ 7\).*got \(3, 7\)"),
    ({"knots": layer.knots[0]}, GridError, r"knots must have shape"),
    ({"knots": falling}, GridError, r"knots of input node 1 must increase; knots\[4\]=-0.6, knots\[5\]=-0.6"),
    ({"knots": torch.full_like(layer.knots, torch.nan)}, GridError, r"must increase"),
]


@pytest.mark.parametrize(("parts", "error", "words"), mistakes)
def test_mistakes_are_named(parts, error, words):
    with pytest.raises(error, match=words) as caught:
        changed(**parts)
    assert isinstance(caught.value, EdgewiseError | ValueError)


def test_knots_that_were_spoiled_after_a_first_call_are_found():
    layer = make_layer()
    ops.spline(layer.x, layer.coef, layer.knots)
    layer.knots[0, 4] = layer.knots[0, 5]
    with pytest.raises(GridError, match="must increase"):
        ops.spline(layer.x, layer.coef, layer.knots)


def test_unknown_backends_are_named():
    with pytest.raises(BackendError, match="did you mean 'reference'"), ops.use_backend("referense"):
        pass


def test_use_backend_ends_with_its_block():
    layer = make_layer()
    before = ops.backend_for(layer.x, layer.coef)
    with pytest.raises(RuntimeError), ops.use_backend("reference"):
        assert ops.backend_for(layer.x, layer.coef) == "reference"
        raise RuntimeError
    assert ops.backend_for(layer.x, layer.coef) == before


def test_inference_mode_and_fake_tensors():
    layer = make_layer()
    want = ops.spline(layer.x, layer.coef, layer.knots)
    with torch.inference_mode():
        assert_close(ops.spline(layer.x.clone(), layer.coef.clone(), layer.knots.clone()), want, like="exact")
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode() as mode:
        fakes = [mode.from_tensor(t) for t in (layer.x, layer.coef, layer.knots)]
        assert autograd.to_out(fakes[0], None, fakes[1], None, fakes[2], Spec(3)).shape == (13, 4)


def test_the_specification_of_a_form_can_be_copied_and_pickled():
    spec = Spec(3, "silu", True)
    assert pickle.loads(pickle.dumps(spec)) == copy.deepcopy(spec) == spec

"""Kernels read memory by the dtype, shape and device that they were told: whatever does not fit is refused before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise import ops
from edgewise.errors import ConfigError, EdgewiseError, GridError, ShapeError
from edgewise.layers import KANLayer
from edgewise.ops import Spec
from helpers import assert_close, assert_equal
from ops.spline_cases import make_layer

PARTS = ("coef", "knots", "base_scale", "bias")


def wrong(t: Tensor) -> dict[str, Tensor]:
    """What might stand in the place of a tensor and must not be read as if it were that tensor."""
    return {
        "float32": t.detach().float(),
        "int64": t.detach().long(),
        "half": t.detach().half(),
        "meta": t.detach().to("meta"),
        "sparse": t.detach().to_sparse(),
        "shorter": t.detach()[..., :-1].clone(),
        "fewer": t.detach()[:1].clone(),
        "one more dimension": t.detach()[None].clone(),
        "empty": t.detach().new_empty(0),
    }


KINDS = tuple(wrong(torch.ones(2)))


def assign(layer: KANLayer, name: str, value: Tensor) -> None:
    """Through `load_state_dict(assign=True)`, which keeps the tensor as it is."""
    layer.load_state_dict({**layer.state_dict(), name: value}, assign=True)


def replace(layer: KANLayer, name: str, value: Tensor) -> None:
    """By hand, as a module lets one do."""
    if name == "knots":
        layer.knots = value
    else:
        delattr(layer, name)
        setattr(layer, name, nn.Parameter(value, requires_grad=value.is_floating_point()))


def data(layer: KANLayer, name: str, value: Tensor) -> None:
    """Through `.data`."""
    getattr(layer, name).data = value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PARTS)
def test_a_layer_refuses_a_part_that_does_not_fit(name: str, kind: str):
    layer, x = KANLayer(2, 3, dtype=torch.float64), torch.rand(5, 2, dtype=torch.float64)
    value = wrong(getattr(layer, name))[kind]
    with pytest.raises(ShapeError):
        torch.func.functional_call(layer, {name: value}, (x,))
    for change in (assign, replace, data):
        layer = KANLayer(2, 3, dtype=torch.float64)
        try:
            change(layer, name, value)
        except RuntimeError:  # torch itself refuses: another shape on loading, another kind of tensor in .data
            continue
        with pytest.raises(ShapeError):
            layer(x)
        if name != "bias":
            with pytest.raises((ShapeError, GridError)):
                layer.edge_values(x)
        with pytest.raises(EdgewiseError):
            KANLayer.build(**layer.parts())


def test_the_error_of_a_layer_names_the_part_and_the_remedy():
    layer, x = KANLayer(2, 3, dtype=torch.float64), torch.rand(5, 2, dtype=torch.float64)
    with pytest.raises(ShapeError, match=r"base_scale is torch.float32 but x is torch.float64.*base_scale.to"):
        torch.func.functional_call(layer, {"base_scale": torch.ones(2, 3)}, (x,))
    with pytest.raises(ShapeError, match=r"bias must have shape \(3,\).* got \(1,\)"):
        torch.func.functional_call(layer, {"bias": layer.bias[:1]}, (x,))


@pytest.mark.parametrize("verb", ["fit", "prune", "predict"])
def test_verbs_refuse_a_model_with_a_part_of_another_dtype(verb: str):
    model, X = ew.KAN((2, 3, 1)), torch.rand(40, 2, dtype=torch.float64)
    scale = model.edge_layers[0].base_scale
    assert scale is not None
    scale.data = scale.data.float()
    calls: dict[str, Callable[[], object]] = {
        "fit": lambda: ew.fit(model, X, X.sum(1), progress=False),
        "prune": lambda: ew.prune(model, X),
        "predict": lambda: model.predict(X),
    }
    with pytest.raises(EdgewiseError, match="base_scale"):
        calls[verb]()


def raw() -> dict[str, Any]:
    layer = make_layer()
    return {name: getattr(layer, name) for name in ("x", "h", "g", "coef", "scale", "knots")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("op", "names"),
    [
        (ops.to_out, ("x", "h", "coef", "scale", "knots")),
        (ops.to_in, ("x", "g", "coef", "scale", "knots")),
        (ops.to_coef, ("x", "h", "g", "knots")),
    ],
)
def test_raw_kernels_refuse_what_does_not_fit(op: Callable[..., object], names: tuple[str, ...], kind: str):
    for name in names:
        parts = raw()
        op(*(parts[each] for each in names), Spec(3, "silu"))
        parts[name] = wrong(parts[name])[kind]
        if op is ops.to_coef and kind == "shorter" and name in ("g", "knots"):
            continue  # a layer of fewer outputs or intervals
        with pytest.raises(ShapeError):
            op(*(parts[each] for each in names), Spec(3, "silu"))


@pytest.mark.parametrize("spec", [Spec(8), Spec(-1), Spec(3, "sliu")])
def test_kernels_refuse_a_form_that_they_do_not_have(spec: Spec):
    parts = raw()
    x, coef, knots, scale, g = (parts[name] for name in ("x", "coef", "knots", "scale", "g"))
    for call in (
        lambda: ops.evaluate(x, coef, knots, scale, spec),
        lambda: ops.to_out(x, None, coef, scale, knots, spec),
        lambda: ops.to_in(x, g, coef, scale, knots, spec),
        lambda: ops.to_coef(x, None, g, knots, spec),
    ):
        with pytest.raises((ConfigError, ShapeError)):
            call()


@pytest.mark.parametrize("name", ["first", "values", "base", "sens", "residual", "curvature", "extra"])
def test_normal_equations_refuse_another_device(name: str):
    parts = jacobian_parts()
    one = parts[name]
    parts[name] = [one[0].to("meta")] if isinstance(one, list) else one.to("meta")
    with pytest.raises(ShapeError, match="meta"):
        ops.normal_equations(**parts)


@pytest.mark.parametrize("places", [-1, 3, 2**40, -(2**40)])
def test_normal_equations_refuse_basis_functions_that_are_not_there(places: int):
    parts = jacobian_parts()
    parts["first"][0][2, 1] = places
    with pytest.raises(ShapeError, match="first of layer 0"):
        ops.normal_equations(**parts)


def test_normal_equations_refuse_lists_of_different_lengths():
    parts = jacobian_parts()
    with pytest.raises(ShapeError, match="as many"):
        ops.normal_equations(**{**parts, "sens": parts["sens"] * 2})


def jacobian_parts() -> dict[str, Any]:
    first = torch.zeros(5, 2, dtype=torch.int64)
    ones = torch.ones(5, 2, 2, dtype=torch.float64)
    return {
        "first": [first],
        "values": [ones],
        "base": [ones[:, :, 0]],
        "sens": [ones[:, :1]],
        "residual": ones[:, 0, :1],
        "num_basis": [4],
        "curvature": ones[:, 0, 0],
        "extra": [ones[:, :1]],
    }


def test_knots_that_were_exchanged_after_a_first_call_are_looked_at_again():
    layer = make_layer()
    ops.spline(layer.x, layer.coef, layer.knots)
    layer.knots.data = layer.knots.flip(1)
    with pytest.raises(GridError, match="must increase"):
        ops.spline(layer.x, layer.coef, layer.knots)
    layer.knots.data = layer.knots[:, :5]
    with pytest.raises(GridError, match="knots must have shape"):
        ops.basis(layer.x, layer.knots)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # of torch, about itself
def test_tangents_of_another_dtype_count_by_their_values():
    layer, x = KANLayer(2, 3, dtype=torch.float64), torch.rand(4, 2, dtype=torch.float64)
    want = torch.func.jvp(layer, (x,), (torch.ones_like(x),))[1]
    got = torch.func.jvp(layer, (x,), (torch.ones_like(x).float(),))[1]
    assert_equal(got, want)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, torch.ones(4, 2))
        assert_equal(torch.autograd.forward_ad.unpack_dual(layer(dual)).tangent, want)


def test_negated_views_count_by_their_values():
    layer, x = KANLayer(1, 1, dtype=torch.float64), torch.full((1, 1), 0.3, dtype=torch.float64)
    negated = torch.complex(x, x).conj().imag
    assert negated.is_neg()
    assert_close(layer(negated), layer(-x))
    parts = raw()
    x, coef, knots, scale, g = (parts[name] for name in ("x", "coef", "knots", "scale", "g"))
    spec = Spec(3, "silu")
    got = ops.to_out(torch._neg_view(-x), None, coef, scale, knots, spec)
    assert_close(got, ops.to_out(x, None, coef, scale, knots, spec))
    assert_close(ops.to_in(x, torch._neg_view(-g), coef, scale, knots, spec), ops.to_in(x, g, coef, scale, knots, spec))
    assert_close(
        ops.to_coef(x, torch._neg_view(-x), g, knots, spec)[0],
        ops.to_coef(x, x, g, knots, spec)[0],
    )


@pytest.mark.parametrize("how", ["data", "copy_", "index", "buffer", "assign", "load", "functional_call"])
def test_a_layer_whose_knots_get_other_spacing_computes_on_those(how: str):
    layer, x = KANLayer(2, 3, dtype=torch.float64), 2 * torch.rand(50, 2, dtype=torch.float64) - 1
    layer(x)
    knots = layer.knots + 0.05 * torch.sin(7 * layer.knots)
    want = ops.spline(x, layer.coef, knots, base="silu", base_scale=layer.base_scale) + layer.bias
    if how == "functional_call":
        assert_close(torch.func.functional_call(layer, {"knots": knots}, (x,)), want)
        assert layer.uniform
        return
    if how == "data":
        layer.knots.data = knots
    elif how == "copy_":
        layer.knots.copy_(knots)
    elif how == "index":
        layer.knots[:] = knots
    elif how == "buffer":
        layer.knots = knots
    else:
        layer.load_state_dict({**layer.state_dict(), "knots": knots}, assign=how == "assign")
    assert_close(layer(x), want)
    assert_close(layer.edge_values(x).sum(1) + layer.bias, want)
    assert not layer.uniform
    layer.knots = KANLayer(2, 3, dtype=torch.float64).knots
    assert layer.uniform


def test_spacing_is_found_out_for_knots_that_torch_keeps_no_count_of():
    with torch.inference_mode():
        layer, x = KANLayer(2, 3, dtype=torch.float64), torch.rand(5, 2, dtype=torch.float64)
        assert layer.uniform and layer.knots.is_inference()
        layer.knots += 0.05 * torch.sin(7 * layer.knots)
        want = ops.spline(x, layer.coef, layer.knots, base="silu", base_scale=layer.base_scale) + layer.bias
        assert_close(layer(x), want)
        assert not layer.uniform


def test_a_layer_of_another_dtype_or_copied_stays_uniform():
    layer = KANLayer(2, 3, grid_size=7, domain=(-0.3, 1.9), dtype=torch.float64)
    assert KANLayer.build(**layer.parts()).uniform
    assert layer.to(torch.float32).uniform
    assert layer.to(torch.bfloat16).uniform

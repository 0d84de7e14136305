"""The reference against scipy and against the properties that define B-splines with tangent continuation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BSpline

from edgewise import ops
from edgewise.ops import reference
from edgewise.ops.reference import Spec
from helpers import assert_close
from ops.spline_cases import make_knots, make_layer


def scipy_edges(x, coef, knots, degree, derivative):
    """(b, i, o) by scipy, inside the interior interval."""
    columns = []
    for i in range(x.shape[1]):
        curve = BSpline(knots[i].numpy(), coef[i].numpy(), degree)
        columns.append(curve.derivative(derivative)(x[:, i].numpy()) if derivative else curve(x[:, i].numpy()))
    return torch.from_numpy(np.stack(columns, 1))


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("degree", range(8))
def test_values_and_derivatives_of_every_order_agree_with_scipy(degree, uniform):
    layer = make_layer(200, 3, 2, grid_size=6, degree=degree, uniform=uniform, base=False, spread=1.0)
    low, high = layer.knots[:, degree], layer.knots[:, degree + 6]
    x = torch.minimum(torch.maximum(layer.x, low), high)
    for derivative in range(degree + 1):
        want = scipy_edges(x, layer.coef, layer.knots, degree, derivative)
        got = ops.edge_values(x, layer.coef, layer.knots, degree=degree, derivative=derivative, uniform=uniform)
        assert_close(got, want, like="golden")
        got = ops.spline(x, layer.coef, layer.knots, degree=degree, derivative=derivative, uniform=uniform)
        assert_close(got, want.sum(1))


@pytest.mark.parametrize("degree", range(8))
def test_derivatives_beyond_the_degree_are_exactly_zero(degree):
    layer = make_layer(degree=degree, base=False)
    for derivative in (degree + 1, degree + 4):
        assert (ops.spline(layer.x, layer.coef, layer.knots, degree=degree, derivative=derivative) == 0).all()


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("degree", range(8))
def test_outside_the_interior_interval_the_tangent_goes_on(degree, uniform):
    layer = make_layer(degree=degree, uniform=uniform, base=False)
    low, high = layer.knots[:, degree], layer.knots[:, -degree - 1]

    def edges(x, derivative):
        return ops.edge_values(
            x.unsqueeze(0), layer.coef, layer.knots, degree=degree, derivative=derivative, uniform=uniform
        )[0]

    for end, away in ((low, -1.7), (high, 2.3)):
        value, slope = edges(end, 0), edges(end, 1)
        assert_close(edges(end + away, 0), value + away * slope)
        assert_close(edges(end + away, 1), slope, like="exact")
        for derivative in range(2, degree + 1):
            assert (edges(end + away, derivative) == 0).all()
    if degree == 0:
        assert (edges(low - 1, 1) == 0).all()


@pytest.mark.parametrize("degree", range(1, 8))
def test_end_points_have_the_interior_value_of_every_derivative(degree):
    layer = make_layer(degree=degree, uniform=False, base=False)
    low, high = layer.knots[:, degree], layer.knots[:, -degree - 1]
    for derivative in range(degree + 1):
        ends = torch.stack([low, high])
        got = ops.edge_values(ends, layer.coef, layer.knots, degree=degree, derivative=derivative)
        want = scipy_edges(ends, layer.coef, layer.knots, degree, derivative)
        assert_close(got, want)


def test_a_knot_belongs_to_the_interval_on_its_right_and_the_last_one_to_the_last():
    layer = make_layer(degree=0, uniform=False, base=False, i=1, o=1, grid_size=5)
    got = ops.spline(layer.knots.t(), layer.coef, layer.knots, degree=0)
    assert torch.equal(got[:, 0], layer.coef[0, [0, 1, 2, 3, 4, 4], 0])


shapes = {
    "degree": st.integers(0, 7),
    "grid_size": st.integers(1, 20),
    "uniform": st.booleans(),
    "seed": st.integers(0, 10**6),
    "spread": st.floats(0.1, 3),
}


@settings(max_examples=60, deadline=None)
@given(**shapes)
def test_the_local_basis_sums_to_one_and_its_derivatives_to_zero(degree, grid_size, uniform, seed, spread):
    generator = torch.Generator().manual_seed(seed)
    knots = make_knots(2, grid_size, degree, uniform, torch.float64, generator)
    x = spread * (2 * torch.rand(20, 2, dtype=torch.float64, generator=generator) - 1)
    for derivative in range(degree + 2):
        first, values = ops.basis(x, knots, degree=degree, derivative=derivative, uniform=uniform)
        assert (
            values.shape == (20, 2, degree + 1) and first.min() >= 0 and first.max() + degree + 1 <= grid_size + degree
        )
        want = torch.full_like(x, 1.0 if derivative == 0 else 0.0)
        assert_close(values.sum(-1), want, scale=values.abs().max().item() or 1.0)


@settings(max_examples=40, deadline=None)
@given(**{key: shapes[key] for key in ("degree", "grid_size", "seed")})
def test_inside_the_basis_is_not_negative_and_supported_on_its_own_knots(degree, grid_size, seed):
    generator = torch.Generator().manual_seed(seed)
    knots = make_knots(1, grid_size, degree, False, torch.float64, generator)
    x = torch.linspace(-1, 1, 50, dtype=torch.float64).unsqueeze(1)
    first, values = ops.basis(x, knots, degree=degree)
    assert values.min() >= -1e-15
    assert (knots[0, first] <= x + 1e-12).all() and (x <= knots[0, first + 2 * degree + 1] + 1e-12).all()


def test_clamped_end_knots_work():
    knots = torch.tensor([[0, 0, 0, 0, 0.3, 0.5, 1, 1, 1, 1]], dtype=torch.float64)
    coef, x = (
        torch.randn(1, 6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)),
        torch.linspace(0, 1, 30).double().unsqueeze(1),
    )
    for derivative in range(4):
        want = scipy_edges(x[:-1], coef, knots, 3, derivative)
        assert_close(ops.edge_values(x[:-1], coef, knots, derivative=derivative), want)


@pytest.mark.parametrize("base", ["silu", "identity", "none"])
def test_base_functions_have_exact_derivatives_of_every_order(base):
    import sympy

    s = sympy.Symbol("s")
    formula = {"silu": s / (1 + sympy.exp(-s)), "identity": s, "none": sympy.Integer(0)}[base]
    points = [-30.0, -3.0, -0.7, 0.0, 0.4, 2.0, 11.0]
    for derivative in range(9):
        want = [
            float(sympy.diff(formula, s, derivative).subs(s, sympy.Rational(str(point))).evalf(30)) for point in points
        ]
        got = ops.base_value(base, torch.tensor(points, dtype=torch.float64), derivative)
        assert_close(got, want)


def test_the_base_function_is_global_and_is_part_of_the_sum():
    layer = make_layer(spread=3.0)
    for derivative in range(6):
        got = ops.spline(layer.x, layer.coef, layer.knots, derivative=derivative, base="silu", base_scale=layer.scale)
        want = (
            ops.spline(layer.x, layer.coef, layer.knots, derivative=derivative)
            + ops.base_value("silu", layer.x, derivative) @ layer.base_scale
        )
        assert_close(got, want)


@pytest.mark.parametrize("nu", range(5))
def test_the_three_kernels_are_the_partial_derivatives_of_one_trilinear_form(nu):
    layer, spec = make_layer(uniform=False), Spec(3, "silu", False)
    x, h, g = layer.x, layer.h, layer.g
    out = reference.to_out(x, h, layer.coef, layer.scale, layer.knots, spec, nu)
    into = reference.to_in(x, g, layer.coef, layer.scale, layer.knots, spec, nu)
    d_coef, d_scale = reference.to_coef(x, h, g, layer.knots, spec, nu)
    assert d_scale is not None
    want = (g * out).sum()
    assert_close((h * into).sum(), want)
    assert_close((d_coef * layer.coef).sum() + (d_scale * layer.base_scale).sum(), want)
    edges = ops.edge_values(x, layer.coef, layer.knots, derivative=nu, base="silu", base_scale=layer.scale)
    assert_close(out, (h.unsqueeze(-1) * edges).sum(1))
    assert_close(into, (g.unsqueeze(1) * edges).sum(2))
    assert_close(reference.traceable_out(x, h, layer.coef, layer.scale, layer.knots, spec, nu), out)
    assert_close(reference.traceable_in(x, g, layer.coef, layer.scale, layer.knots, spec, nu), into)


def test_blocks_of_rows_do_not_change_the_reference(monkeypatch):
    layer, spec = make_layer(), Spec(3, "silu")

    def both():
        into = reference.to_in(layer.x, layer.g, layer.coef, layer.scale, layer.knots, spec)
        return into, *reference.to_coef(layer.x, None, layer.g, layer.knots, spec)

    whole = both()
    monkeypatch.setattr(reference, "TEMPORARY", 40)
    for part, want in zip(both(), whole, strict=True):
        assert_close(part, want)

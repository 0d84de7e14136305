"""J^T C J and J^T r of a network: the kernel, its plain twin, and the Jacobian that autograd finds."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise import ops
from edgewise.errors import ShapeError
from edgewise.ops import normal
from edgewise.ops.cpu import pool
from edgewise.ops.cpu.normal_backend import sparse
from edgewise.ops.network_jacobian import LayerJacobian
from helpers import assert_close
from ops.spline_cases import make_knots


def random_layers(widths, grid_size=5, batch=37, degree=3, base=True, columns=0, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def normal_numbers(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator).to(dtype)

    outputs, layers = widths[-1], []
    for inputs, width in zip(widths, widths[1:], strict=False):
        first = torch.randint(0, grid_size, (batch, inputs), generator=generator)
        extra = normal_numbers(batch, outputs, columns) if columns else None
        values, base_values = normal_numbers(batch, inputs, degree + 1), normal_numbers(batch, inputs) if base else None
        layers.append(
            LayerJacobian(first, values, base_values, normal_numbers(batch, outputs, width), grid_size + degree, extra)
        )
    return layers, normal_numbers(batch, outputs)


def widened(layer):
    """The layer in float64: the twin of a float32 kernel is not rounded itself."""
    base, extra = (None if t is None else t.double() for t in (layer.base, layer.extra))
    return layer._replace(values=layer.values.double(), base=base, sens=layer.sens.double(), extra=extra)


def bend(kind, batch, outputs, dtype=torch.float64):
    generator = torch.Generator().manual_seed(3)
    if kind == "rows":
        return torch.rand(batch, dtype=torch.float64, generator=generator).to(dtype)
    if kind == "matrices":
        root = torch.randn(batch, outputs, outputs, dtype=torch.float64, generator=generator)
        return (root @ root.transpose(1, 2)).to(dtype)
    return None


def test_the_equations_of_a_network_are_those_of_its_jacobian():
    """Against autograd: two layers with base functions and biases, and the parameters in the promised order."""
    generator = torch.Generator().manual_seed(0)
    sizes, degree = [(2, 3, 4), (3, 2, 6)], 3  # inputs, outputs, grid

    def number(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    knots = [make_knots(i, g, degree, False, torch.float64, generator) for i, _, g in sizes]
    parts = [(number(i, g + degree, o), number(i, o), number(o)) for i, o, g in sizes]
    x = number(20, 2) * 0.7

    def network(*flat):
        a = x
        for k in range(2):
            coef, scale, bias = flat[3 * k : 3 * k + 3]
            a = ops.spline(a, coef, knots[k], base="silu", base_scale=scale) + bias
        return a

    flat = [p for layer in parts for p in layer]
    jacobian = torch.cat(
        [j.flatten(2) for j in torch.func.jacrev(network, argnums=tuple(range(6)))(*flat)], 2
    )  # (b, k, P)
    hidden = ops.spline(x, parts[0][0], knots[0], base="silu", base_scale=parts[0][1]) + parts[0][2]
    slopes = ops.edge_values(
        hidden, parts[1][0], knots[1], derivative=1, base="silu", base_scale=parts[1][1]
    )  # (b, i, o)
    sens = [slopes.transpose(1, 2), torch.eye(2, dtype=torch.float64).expand(20, 2, 2)]
    bases = [ops.basis(a, k) for a, k in zip((x, hidden), knots, strict=True)]
    residual, curvature = number(20, 2), bend("matrices", 20, 2)
    assert curvature is not None
    matrix, vector = ops.normal_equations(
        [b[0] for b in bases],
        [b[1] for b in bases],
        [ops.base_value("silu", a) for a in (x, hidden)],
        sens,
        residual,
        [7, 9],
        curvature,
    )
    assert_close(matrix, torch.einsum("bkp,bkl,blq->pq", jacobian, curvature, jacobian))
    assert_close(vector, torch.einsum("bkp,bk->p", jacobian, residual))


@pytest.mark.parametrize("kind", ["ones", "rows", "matrices"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("widths", [(2, 5, 1), (1, 1), (3, 2, 2, 3), (2, 20, 2)])
def test_the_kernel_agrees_with_its_plain_twin(widths, dtype, kind):
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    for degree, base, columns in ((3, True, 0), (0, False, 2), (1, True, 1), (5, False, 0), (7, True, 3)):
        layers, residual = random_layers(widths, degree=degree, base=base, columns=columns, dtype=dtype)
        curvature = bend(kind, residual.shape[0], residual.shape[1], dtype)
        got, got_vector = sparse(layers, residual, curvature)
        wide = [widened(layer) for layer in layers]
        want, want_vector = normal.dense(wide, residual.double(), None if curvature is None else curvature.double())
        like = "float64" if dtype == torch.float64 else "float32"
        assert_close(got, want, like=like)
        assert_close(got_vector, want_vector, like=like)
        assert torch.equal(got, got.t())


@settings(max_examples=30, deadline=None)
@given(
    widths=st.lists(st.integers(1, 7), min_size=2, max_size=4),
    grid_size=st.integers(1, 30),
    batch=st.integers(0, 40),
    degree=st.integers(0, 7),
    base=st.booleans(),
    columns=st.integers(0, 3),
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["ones", "rows", "matrices"]),
)
@pytest.mark.slow
def test_any_network_agrees_with_its_plain_twin(widths, grid_size, batch, degree, base, columns, seed, kind):
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    layers, residual = random_layers(widths, grid_size, batch, degree, base, columns, seed=seed)
    curvature = bend(kind, residual.shape[0], residual.shape[1])
    got, want = sparse(layers, residual, curvature), normal.dense(layers, residual, curvature)
    assert_close(got[0], want[0])
    assert_close(got[1], want[1])


@pytest.mark.parametrize("widths", [(2, 5, 1), (2, 3, 2)])
@pytest.mark.parametrize("grid_size", [2, 300])
@pytest.mark.slow
def test_the_kernel_agrees_when_it_makes_its_rows_in_turns(widths, grid_size):
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    layers, residual = random_layers(widths, grid_size, batch=3500)
    for got, want in zip(
        sparse(layers, residual, bend("rows", 3500, 1)),
        normal.dense(layers, residual, bend("rows", 3500, 1)),
        strict=True,
    ):
        assert_close(got, want)


@pytest.mark.parametrize(("name", "small"), [("JACOBIAN_BLOCK", 1000), ("DENSE_LINES", 7)])
def test_blocks_of_the_plain_twin_do_not_matter(monkeypatch, name, small):
    layers, residual = random_layers((2, 3, 2))
    curvature = bend("matrices", residual.shape[0], residual.shape[1])
    monkeypatch.setattr(normal, name, 10**9)
    whole = normal.dense(layers, residual, curvature)
    monkeypatch.setattr(normal, name, small)
    found = normal.dense(layers, residual, curvature)
    for part, want in zip(found, whole, strict=True):
        assert_close(part, want)
    assert torch.equal(found[0], found[0].t())


def test_layout_and_threads_do_not_change_a_bit(monkeypatch):
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    layers, residual = random_layers((2, 5, 1), batch=3000)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        want = sparse(layers, residual)
        strided = [layer._replace(values=layer.values.transpose(0, 1).contiguous().transpose(0, 1)) for layer in layers]
        for count, avoided in ((2, 0.0), (3, 0.0), (3, float("inf")), (11, 0.0)):
            torch.set_num_threads(count)
            monkeypatch.setattr(pool, "_avoided_until", avoided)
            for got, expected in zip(sparse(strided, residual), want, strict=True):
                assert_close(got, expected, like="exact")
    finally:
        torch.set_num_threads(before)


def test_the_method_follows_the_measured_rule():
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    assert normal.method_for(*random_layers((2, 5, 1), grid_size=50)) == "sparse"
    assert normal.method_for(*random_layers((20, 20, 1), grid_size=2)) == "dense"
    with ops.use_backend("reference"):
        assert normal.method_for(*random_layers((2, 5, 1), grid_size=50)) == "dense"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"residual": torch.zeros(37)}, "residual must have shape"),
        ({"residual": torch.zeros(37, 2).double()}, r"sens of layer 0 must have shape \(37, 2, -1\)"),
        ({"curvature": torch.zeros(3).double()}, "curvature must have shape"),
        ({"values": torch.zeros(37, 2, 4)}, "values of layer 0 is torch.float32"),
        ({"first": torch.zeros(37, 2).double()}, "first of layer 0 is torch.float64"),
        ({"base": torch.zeros(36, 2).double()}, r"base of layer 0 must have shape \(37, 2\)"),
    ],
)
def test_mistakes_are_named(change, words):
    (layer, *_), residual = random_layers((2, 1))
    parts: dict[str, Any] = {
        name: [getattr(layer, name)] for name in ("first", "values", "base", "sens", "num_basis")
    } | {"residual": residual}
    parts |= {name: value if name in ("residual", "curvature") else [value] for name, value in change.items()}
    with pytest.raises(ShapeError, match=words):
        ops.normal_equations(**parts)

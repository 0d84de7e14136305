"""The CPU kernels against the reference, at every size, degree, layout in memory, and badness of points."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.ops import reference
from edgewise.ops.reference import Spec
from helpers import assert_close
from ops.spline_cases import kernels, make_layer

cpu = pytest.importorskip("edgewise.ops.cpu.spline_backend")
pytest.importorskip("llvmlite", reason="llvmlite is not installed")
pytestmark = pytest.mark.usefixtures("threads")


def wide(layer):
    """The layer in float64: the reference of float32 kernels is not rounded itself."""
    for name in ("x", "h", "coef", "scale", "knots", "g"):
        value = getattr(layer, name)
        setattr(layer, name, None if value is None else value.double())
    return layer


def assert_parity(layer, spec, nu, with_h=True):
    like = "float64" if layer.x.dtype == torch.float64 else "float32"
    got = kernels(cpu, layer, spec, nu, with_h)
    want = kernels(reference, wide(layer), spec, nu, with_h)
    for name in want:
        assert_close(got[name], want[name], like=like)


sizes = [(1, 1, 1), (63, 3, 5), (100, 2, 1), (17, 9, 33), (2, 5, 100), (300, 1, 17)]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("degree", range(8))
def test_all_kernels_agree_with_the_reference(degree, uniform, dtype):
    for number, (b, i, o) in enumerate(sizes):
        for nu in range(degree + 3):
            base = ("silu", "none", "identity")[(number + nu) % 3 if nu <= degree else 0]
            layer = make_layer(
                b,
                i,
                o,
                grid_size=1 + 4 * number,
                degree=degree,
                uniform=uniform,
                base=base != "none",
                dtype=dtype,
                seed=number,
            )
            assert_parity(layer, Spec(degree, base, uniform), nu, with_h=number % 2 == 0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize(
    ("degree", "base"),
    [(3, "silu"), (3, "none"), (2, "identity"), (5, "silu"), (1, "none"), (0, "silu"), (4, "none"), (7, "silu")],
)
def test_rows_that_share_intervals_and_strips_of_outputs_agree_with_the_reference(degree, base, uniform, dtype):
    """Rows are sorted where many share an interval, outputs taken in strips, inputs brought together by the vector; the
    last block of rows has too few to be sorted, the last inputs are too few for a vector."""
    for b, i, o, grid_size in [
        (700, 3, 64, 5),
        (1030, 2, 20, 50),
        (300, 18, 130, 7),
        (77, 2, 200, 300),
        (530, 1, 31, 4),
        (43, 37, 70, 3),
    ]:
        layer = make_layer(
            b, i, o, grid_size=grid_size, degree=degree, uniform=uniform, base=base != "none", dtype=dtype, seed=b
        )
        assert_parity(layer, Spec(degree, base, uniform), 0, with_h=b % 2 == 0)


@settings(max_examples=60, deadline=None)
@given(
    b=st.integers(0, 70),
    i=st.integers(1, 6),
    o=st.integers(1, 40),
    grid_size=st.integers(1, 90),
    degree=st.integers(0, 7),
    nu=st.integers(0, 7),
    uniform=st.booleans(),
    with_h=st.booleans(),
    spread=st.floats(0.1, 5),
    seed=st.integers(0, 10**6),
)
def test_any_shape_agrees_with_the_reference(b, i, o, grid_size, degree, nu, uniform, with_h, spread, seed):
    layer = make_layer(b, i, o, grid_size=grid_size, degree=degree, uniform=uniform, spread=spread, seed=seed)
    if uniform:  # in float64 the p-th derivative jumps where a rounded x meets a knot: the same place in both
        layer.x = torch.where((layer.x.unsqueeze(-1) - layer.knots).abs().amin(-1) < 1e-14, layer.x + 1e-12, layer.x)
    spec = Spec(degree, "silu", uniform)
    got, want = kernels(cpu, layer, spec, nu, with_h), kernels(reference, layer, spec, nu, with_h)
    for name in want:
        assert_close(got[name], want[name])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("degree", [0, 1, 3])
def test_points_on_knots_outside_and_bad_points_agree(degree, uniform, dtype):
    layer = make_layer(40, 2, 3, grid_size=7, degree=degree, uniform=uniform, dtype=dtype)
    knots = layer.knots
    layer.x[: knots.shape[1]] = knots.t()
    layer.x[20:24] = torch.tensor([[torch.nan, 0.1], [0.3, torch.nan], [-50.0, 50.0], [1e30, -1e30]], dtype=dtype)
    spec = Spec(degree, "silu", uniform)
    for nu in range(degree + 1):
        # to_coef sums over the batch: nan reaches the last functions of that input alone, in every backend
        got, want = kernels(cpu, layer, spec, nu), kernels(reference, layer, spec, nu)
        for name in want:
            assert_close(got[name], want[name], like="float64" if dtype == torch.float64 else "float32")


@pytest.mark.parametrize("bad", [torch.inf, -torch.inf])
@pytest.mark.parametrize("degree", [0, 1, 3])
def test_infinite_points_give_what_the_reference_gives(degree, bad):
    layer = make_layer(9, 2, 3, degree=degree)
    layer.x[4, 1] = bad
    for nu in range(degree + 1):
        got, want = (kernels(backend, layer, Spec(degree, "silu", True), nu) for backend in (cpu, reference))
        for name in want:
            assert torch.equal(got[name].isfinite(), want[name].isfinite()), (name, nu)


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("degree", range(6))
def test_points_inside_keep_their_bits_beside_points_outside(degree, uniform):
    """What a block does for points outside, at an end, or NaN must not touch the others."""
    layer, spec = make_layer(64, 2, 3, degree=degree, uniform=uniform, spread=0.9), Spec(degree, "silu", uniform)
    inside = torch.arange(64) % 2 == 0
    low, high = layer.knots[:, degree], layer.knots[:, degree + 5]
    bad = torch.stack([low, high, low - 0.5, high + 0.5, low - 40, high + 40, torch.full_like(low, torch.nan)])
    mixed = layer.x.clone()
    mixed[~inside] = bad.repeat(5, 1)[:32]
    for nu in range(degree + 1):
        values = cpu.basis(layer.x, layer.knots, spec, nu)[1]
        first, beside = cpu.basis(mixed, layer.knots, spec, nu)
        assert_close(beside[inside], values[inside], like="exact")
        want_first, want = reference.basis(mixed, layer.knots, spec, nu)
        assert torch.equal(first, want_first)
        assert_close(beside, want)


def test_layout_in_memory_does_not_matter():
    layer, spec = make_layer(40, 3, 4), Spec(3, "silu", True)
    plain = kernels(cpu, layer, spec, 1)
    for name in ("x", "h", "coef", "scale", "knots", "g"):
        value = getattr(layer, name)
        strided = torch.full((*value.shape[:-1], 2 * value.shape[-1]), torch.nan, dtype=value.dtype)[..., ::2]
        setattr(layer, name, strided.copy_(value))
    for name, value in kernels(cpu, layer, spec, 1).items():
        assert_close(value, plain[name], like="exact")


def test_results_are_written_everywhere():
    """New memory full of nan shows what a kernel leaves out."""
    torch.use_deterministic_algorithms(True)  # fills new memory with nan
    try:
        layer, spec = make_layer(70, 3, 21), Spec(3, "silu", True)
        for name, value in kernels(cpu, layer, spec, 0).items():
            assert value.isfinite().all(), name
    finally:
        torch.use_deterministic_algorithms(False)


def test_the_joint_backward_pass_equals_the_single_kernels():
    for base, b, o in ((True, 50, 5), (False, 50, 5), (True, 400, 70), (True, 0, 5)):
        layer = make_layer(b, 3, o, base=base)
        spec = Spec(3, "silu" if base else "none", True)
        dx, dcoef, dscale, dbias = cpu.backward(
            layer.x, layer.h, layer.g, layer.coef, layer.scale, layer.knots, spec, 1, True
        )
        assert_close(dx, layer.h * reference.to_in(layer.x, layer.g, layer.coef, layer.scale, layer.knots, spec, 2))
        want, want_scale = reference.to_coef(layer.x, layer.h, layer.g, layer.knots, spec, 1)
        assert_close(dcoef, want)
        assert_close(dbias, layer.g.sum(0))
        assert (dscale is None) == (want_scale is None)
        if want_scale is not None:
            assert_close(dscale, want_scale)

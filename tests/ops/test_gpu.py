"""The Triton kernels against the reference: on a GPU where there is one, else in Triton's interpreter."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys

import pytest
import torch

from edgewise.ops import reference
from edgewise.ops.reference import Spec
from helpers import assert_close
from ops.spline_cases import make_layer

pytestmark = [
    # the interpreter computes with numpy, which warns of what a GPU does in silence
    pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning"),
    # of Triton 3.2's own interpreter, on numpy 1.25 and newer
    pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0 to a scalar:DeprecationWarning"),
]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(scope="module")
def gpu():  # conftest.py turns Triton's interpreter on where there is no GPU
    if importlib.util.find_spec("triton") is None:
        pytest.skip("triton is not installed: pip install triton (it has wheels for Linux only)")
    return importlib.import_module("edgewise.ops.gpu.triton_backend")


def kernels(backend, layer, spec, nu, with_h):
    h = layer.h if with_h else None
    found = {"to_out": backend.to_out(layer.x, h, layer.coef, layer.scale, layer.knots, spec, nu)}
    found["to_in"] = backend.to_in(layer.x, layer.g, layer.coef, layer.scale, layer.knots, spec, nu)
    if nu <= spec.degree:
        found["to_coef"], scale = backend.to_coef(layer.x, h, layer.g, layer.knots, spec, nu)
        if scale is not None:
            found["to_coef scale"] = scale
    return found


def moved(layer, dtype=None, device=DEVICE):
    for name in ("x", "h", "coef", "scale", "knots", "g"):
        value = getattr(layer, name)
        setattr(layer, name, None if value is None else value.to(device, dtype or value.dtype))
    return layer


def assert_parity(gpu, layer, spec, nu, with_h):
    got = kernels(gpu, moved(layer), spec, nu, with_h)
    want = kernels(reference, moved(layer, torch.float64), spec, nu, with_h)
    for name in want:
        assert_close(got[name], want[name], like="float64" if got[name].dtype == torch.float64 else "float32")


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("degree", [0, 1, *(pytest.param(p, marks=pytest.mark.slow) for p in range(2, 8))])
def test_all_kernels_agree_with_the_reference(gpu, degree, uniform):
    for number, (b, i, o) in enumerate([(1, 1, 1), (35, 2, 3), (5, 3, 70)]):
        for nu in sorted({0, 1, degree, degree + 1}) if number == 1 else (number % 2, degree):
            dtype = torch.float32 if (number + nu) % 2 else torch.float64
            base = ("silu", "none", "identity")[(number + nu) % 3 if nu <= degree else 0]
            layer = make_layer(
                b,
                i,
                o,
                grid_size=1 + 6 * number,
                degree=degree,
                uniform=uniform,
                base=base != "none",
                dtype=dtype,
                seed=number,
            )
            assert_parity(gpu, layer, Spec(degree, base, uniform), nu, with_h=number % 2 == 0)


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("degree", [0, 1, 3])
@pytest.mark.slow
def test_points_on_knots_outside_and_bad_points_agree(gpu, degree, uniform):
    layer = make_layer(40, 2, 3, grid_size=7, degree=degree, uniform=uniform)
    layer.x[: layer.knots.shape[1]] = layer.knots.t()
    layer.x[20:24] = torch.tensor([[torch.nan, 0.1], [0.3, torch.nan], [-50.0, 50.0], [1e30, -1e30]])
    for nu in range(degree + 1):
        got, want = (
            kernels(backend, moved(layer), Spec(degree, "silu", uniform), nu, True) for backend in (gpu, reference)
        )
        for name in want:
            assert_close(got[name], want[name])


@pytest.mark.slow
def test_infinite_points_give_what_the_reference_gives(gpu):
    for bad in (torch.inf, -torch.inf):
        layer = make_layer(9, 2, 3)
        layer.x[4, 1] = bad
        for nu in range(4):
            got, want = (
                kernels(backend, moved(layer), Spec(3, "silu", True), nu, True) for backend in (gpu, reference)
            )
            for name in want:
                assert torch.equal(got[name].isfinite(), want[name].isfinite()), (name, nu)


def test_an_empty_batch_and_layouts(gpu):
    spec = Spec(3, "silu", False)
    for value in kernels(gpu, moved(make_layer(0, 2, 3)), spec, 0, True).values():
        assert not value.isnan().any() and (value == 0).all()
    layer = moved(make_layer(40, 3, 4, uniform=False))
    want = kernels(gpu, layer, spec, 1, True)
    for name in ("x", "h", "coef", "scale", "knots", "g"):
        value = getattr(layer, name)
        strided = torch.full(
            (*value.shape[:-1], 2 * value.shape[-1]), torch.nan, dtype=value.dtype, device=value.device
        )[..., ::2]
        setattr(layer, name, strided.copy_(value))
    for name, value in kernels(gpu, layer, spec, 1, True).items():
        assert_close(value, want[name], like="exact")


def test_parts_of_the_batch_and_the_bias(gpu, monkeypatch):
    layer, spec = moved(make_layer(100, 2, 3)), Spec(3, "silu", True)
    want, want_scale = reference.to_coef(layer.x, layer.h, layer.g, layer.knots, spec)
    monkeypatch.setattr(gpu, "PART_ROWS", 16)
    dx, dcoef, dscale, dbias = gpu.backward(
        layer.x, layer.h, layer.g, layer.coef, layer.scale, layer.knots, spec, 0, True
    )
    assert_close(dx, layer.h * reference.to_in(layer.x, layer.g, layer.coef, layer.scale, layer.knots, spec, 1))
    assert_close(dcoef, want)
    assert_close(dscale, want_scale)
    assert_close(dbias, layer.g.sum(0))
    bias = torch.arange(3, dtype=torch.float64, device=DEVICE)
    out = gpu.to_out(layer.x, None, layer.coef, layer.scale, layer.knots, spec, 0, bias)
    assert_close(out, bias + reference.to_out(layer.x, None, layer.coef, layer.scale, layer.knots, spec))


def test_the_table_of_irregular_knots_is_remembered_until_they_change(gpu):
    layer, spec = moved(make_layer(uniform=False)), Spec(3)
    first = gpu.to_out(layer.x, None, layer.coef, None, layer.knots, spec)
    assert gpu._table(layer.knots, spec, 0) is gpu._table(layer.knots, spec, 0)
    layer.knots *= 1.1
    changed = gpu.to_out(layer.x, None, layer.coef, None, layer.knots, spec)
    assert not torch.equal(first, changed)
    assert_close(changed, reference.to_out(layer.x, None, layer.coef, None, layer.knots, spec))


COMPILE = """
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from edgewise.ops.gpu import triton_kernels as kernels

def build(kernel, number, **constants):
    constants |= dict(P=3, STEPS=3, UNIFORM=number == "fp32", NU=1, TERMS=4, COUNT=3, BASE=1)
    integers = ("B", "I", "O", "J", "grid", "span")
    kinds = {
        p.name: "constexpr" if p.name in constants else "i32" if p.name in integers else "*" + number
        for p in kernel.params
    }
    compile(ASTSource(fn=kernel, signature=kinds, constexprs=constants), target=GPUTarget("cuda", 80, 32))

for number in ("fp32", "fp64"):
    build(kernels.to_out, number, HAS_H=True, HAS_BIAS=True, BM=16, BN=16)
    build(kernels.to_in, number, BM=16, BN=16)
    build(kernels.to_coef, number, HAS_H=True, DOT=number == "fp32", BM=16, BJ=16, BN=16)
"""


@pytest.mark.slow
def test_the_kernels_compile_for_a_gpu_that_is_not_here(gpu, tmp_path):
    """The interpreter takes more than the compiler does."""
    try:
        from triton.backends.nvidia.compiler import get_ptxas  # noqa: F401  # type: ignore[import-not-found]
    except ImportError:
        pytest.skip("this triton cannot compile for NVIDIA GPUs")
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment |= {"TRITON_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", COMPILE], capture_output=True, text=True, timeout=300, env=environment)
    assert run.returncode == 0, run.stderr


@pytest.mark.gpu
@pytest.mark.skipif(DEVICE == "cpu", reason="no CUDA device here: the kernels run in Triton's interpreter above")
def test_layers_on_the_gpu_train_and_capture():
    from edgewise import ops

    layer = moved(make_layer(200, 4, 8, dtype=torch.float32))
    inputs = layer.parameters()
    assert ops.backend_for(layer.x, layer.coef) == "gpu"

    def step():
        y = ops.spline(inputs[0], inputs[1], layer.knots, base="silu", base_scale=inputs[2], uniform=True)
        return torch.autograd.grad((y**2).sum(), inputs)

    with ops.use_backend("reference"):
        want = step()
    for got, expected in zip(step(), want, strict=True):
        assert_close(got, expected, like="float32")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = step()
    graph.replay()
    for got, expected in zip(captured, want, strict=True):
        assert_close(got, expected, like="float32")

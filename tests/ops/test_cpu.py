"""The CPU kernels against the reference, and their behaviour among threads and processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise import ops
from edgewise.errors import BackendError
from edgewise.ops import dispatch, reference
from edgewise.ops.cpu import pool
from edgewise.ops.reference import Spec
from helpers import assert_close
from ops.spline_cases import make_layer

cpu = pytest.importorskip("edgewise.ops.cpu.spline_backend")
pytest.importorskip("llvmlite", reason="llvmlite is not installed")


def kernels(backend, layer, spec, nu, with_h=True):
    """Everything that a backend computes for a layer, by name."""
    h = layer.h if with_h else None
    found = {"to_in": backend.to_in(layer.x, layer.g, layer.coef, layer.scale, layer.knots, spec, nu)}
    found["to_out"] = backend.to_out(layer.x, h, layer.coef, layer.scale, layer.knots, spec, nu)
    if nu <= spec.degree:
        found["to_coef"], scale = backend.to_coef(layer.x, h, layer.g, layer.knots, spec, nu)
        if scale is not None:
            found["to_coef scale"] = scale
        first, found["basis"] = backend.basis(layer.x, layer.knots, spec, nu)
        found["first"] = first.double()
    return found


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


@pytest.fixture(autouse=True)
def threads():
    """Most tests here are about values; those about threads set their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch.set_num_threads
    torch.set_num_threads(before)


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


# --- threads and processes
# ----------------------------------------------------------------------------------------------------------------------


def large(dtype=torch.float64, inputs=40):
    """A layer whose work is split: by inputs, or, with few of them, by rows."""
    return make_layer(800 if inputs > 10 else 9000, inputs, 24, dtype=dtype)


def everything(layer, spec=Spec(3, "silu", True)):  # noqa: B008
    return kernels(cpu, layer, spec, 0)


@pytest.mark.parametrize("route", ["openmp", "python"])
@pytest.mark.parametrize("inputs", [40, 2])
def test_any_number_of_threads_agrees_with_the_reference(threads, monkeypatch, route, inputs):
    monkeypatch.setattr(pool, "_avoided_until", 0.0 if route == "openmp" else float("inf"))
    layer = large(inputs=inputs)
    want = kernels(reference, layer, Spec(3, "silu", True), 0)
    for count in (1, 2, 3, 7):
        threads(count)
        assert cpu.threads(cpu._work(*layer.x.shape, 24, 3)) == count
        for name, value in everything(layer).items():
            assert_close(value, want[name])


@pytest.mark.parametrize("inputs", [40, 2])
def test_results_have_the_same_bits_in_every_run_and_on_every_kind_of_thread(threads, monkeypatch, inputs):
    threads(3)
    layer = large(torch.float32, inputs)
    runs = []
    for avoided in (0.0, float("inf"), 0.0, float("inf")):
        monkeypatch.setattr(pool, "_avoided_until", avoided)
        runs.append(everything(layer))
    for run in runs[1:]:
        for name, value in run.items():
            assert_close(value, runs[0][name], like="exact")


@pytest.mark.slow
def test_threads_are_those_of_torch_where_other_libraries_brought_their_own():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    program = "import sklearn.cluster, torch; from edgewise.ops.cpu import pool; print(pool._openmp() is None)"
    alone = program.replace("sklearn.cluster, ", "")
    found = [
        subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout
        for text in (program, alone)
    ]
    assert found[0] == found[1]


def test_four_threads_may_call_at_once(threads):
    threads(2)
    layers = [large(inputs=inputs) for inputs in (40, 2, 30, 3)]
    want = [everything(layer) for layer in layers]
    failures: list[str] = []

    def work(number):
        for _ in range(5):
            for name, value in everything(layers[number]).items():
                if not torch.equal(value, want[number][name]):
                    failures.append(name)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert not any(worker.is_alive() for worker in workers)
    assert not failures


def _child(connection, layer):
    torch.set_num_threads(2)
    connection.send({name: value.numpy() for name, value in everything(layer).items()})
    connection.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_computes_after_its_parent_has(threads):
    threads(2)
    layer = large()
    want = everything(layer)  # the parent's threads are at work before the fork
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(send, layer))
    child.start()
    try:
        assert receive.poll(60), "the child hangs"
        got = receive.recv()
    finally:
        child.join(10)
        if child.is_alive():
            child.kill()
    for name, value in got.items():
        assert_close(value, want[name], like="exact")


def _sum(seed):
    torch.set_num_threads(2)
    layer = make_layer(800, 40, 24, seed=seed)
    return float(ops.spline(layer.x, layer.coef, layer.knots, uniform=True).sum())


@pytest.mark.parametrize("backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"])
def test_joblib_runs_kernels_in_parallel(backend):
    joblib = pytest.importorskip("joblib", reason="joblib is not installed")
    root = Path(__file__).resolve().parents[2]
    # the workers of loky import this file by its name
    script = f"""
import sys; sys.path[:0] = [{str(root / "src")!r}, {str(root / "tests")!r}]
from joblib import Parallel, delayed
from ops.test_cpu import _sum
print(Parallel(n_jobs=2, backend={backend!r})(delayed(_sum)(k) for k in range(4)))
"""
    del joblib
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root / "tests")])}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600, env=environment)
    assert run.returncode == 0, run.stderr
    got = eval(run.stdout)  # a list of numbers that we printed ourselves
    assert_close(torch.tensor(got, dtype=torch.float64), torch.tensor([_sum(k) for k in range(4)], dtype=torch.float64))


# --- what a kernel needs
# ----------------------------------------------------------------------------------------------------------------------


def _python(code, **environment):
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env=environment)


def test_without_llvmlite_the_reference_computes():
    code = """
import sys
sys.modules["llvmlite"] = None
import torch
from edgewise import ops
knots = torch.arange(-3.0, 6.0).repeat(2, 1)
assert ops.backend_for(torch.ones(4, 2), torch.ones(2, 5, 1)) == "reference"
assert ops.spline(torch.ones(4, 2), torch.ones(2, 5, 1), knots).shape == (4, 1)
try:
    with ops.use_backend("cpu"):
        pass
except ops.dispatch.BackendError as error:
    assert "pip install llvmlite" in str(error)
else:
    raise AssertionError
"""
    run = _python(code)
    assert run.returncode == 0, run.stderr


def test_nothing_is_compiled_or_imported_before_the_first_call():
    run = _python(
        "import edgewise, edgewise.ops, sys; assert 'llvmlite' not in sys.modules; assert"
        " 'edgewise.ops.cpu.machine_code' not in sys.modules"
    )
    assert run.returncode == 0, run.stderr


def test_kernels_are_compiled_in_memory_where_no_folder_can_be_written_to():
    code = """
from edgewise.ops.cpu import code_folder
code_folder.folders = lambda: iter(())  # what a read-only home and a full disk come to
import torch
from edgewise import ops
knots = torch.arange(-3.0, 6.0).repeat(2, 1)
assert ops.backend_for(torch.ones(4, 2), torch.ones(2, 5, 1)) == "cpu"
assert torch.allclose(ops.spline(torch.ones(4, 2), torch.ones(2, 5, 1), knots), torch.tensor(2.0))
"""
    run = _python(code)
    assert run.returncode == 0, run.stderr


def test_backends_are_chosen_by_name_and_by_tensor():
    layer = make_layer()
    assert ops.backend_for(layer.x, layer.coef) == "cpu"
    assert ops.backend_for(layer.x.to("meta"), layer.coef) == "reference"
    assert ops.backend_for(layer.x.bfloat16(), layer.coef) == "reference"
    with ops.use_backend("reference"):
        assert ops.backend_for(layer.x, layer.coef) == "reference"
        plain = ops.spline(layer.x, layer.coef, layer.knots)
    with ops.use_backend("cpu"):
        assert_close(ops.spline(layer.x, layer.coef, layer.knots), plain)
    with pytest.raises(BackendError), ops.use_backend("tpu"):
        pass


def test_modes_that_watch_operators_see_the_reference():
    from torch.utils.flop_counter import FlopCounterMode

    layer = make_layer()
    with FlopCounterMode(display=False) as counter:
        dispatch.to_out(layer.x, None, layer.coef, layer.scale, layer.knots, Spec(3, "silu"))
    assert counter.get_total_flops() > 0

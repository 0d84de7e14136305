"""The CPU kernels among threads and processes: the same bits on any of them, and none that hangs."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from edgewise import ops
from edgewise.ops import reference
from edgewise.ops.cpu import pool
from edgewise.ops.reference import Spec
from helpers import assert_close
from ops.spline_cases import kernels, make_layer

cpu = pytest.importorskip("edgewise.ops.cpu.spline_backend")
pytest.importorskip("llvmlite", reason="llvmlite is not installed")
pytestmark = pytest.mark.usefixtures("threads")


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
from ops.test_cpu_threads import _sum
print(Parallel(n_jobs=2, backend={backend!r})(delayed(_sum)(k) for k in range(4)))
"""
    del joblib
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root / "tests")])}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600, env=environment)
    assert run.returncode == 0, run.stderr
    got = eval(run.stdout)  # a list of numbers that we printed ourselves
    assert_close(torch.tensor(got, dtype=torch.float64), torch.tensor([_sum(k) for k in range(4)], dtype=torch.float64))

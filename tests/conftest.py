"""Fixtures for every test: global random state is guarded, memory that was never written shows, and gpu and slow tests
are marked."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers import no_trace

TESTS = Path(__file__).parent

# Parallel workers share the cores: each keeps to its part, and so do processes that it starts, or they wait for one
# another.
_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if _workers > 1:
    torch.set_num_threads(max(1, torch.get_num_threads() // _workers))
    os.environ["OMP_NUM_THREADS"] = str(torch.get_num_threads())

# Where there is no GPU the Triton kernels run in its interpreter, which Triton decides when it is imported:
# torch.compile may do so first.
if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"

# A shell starts `make test &` with Ctrl-C ignored, and nohup a process with SIGHUP ignored. Processes inherit that; the
# tests of signals are about what they do where they are not.
for _number, _handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    no_gpu = pytest.mark.skip(reason="needs a CUDA device")
    for item in items:
        if (TESTS / "slow") in item.path.parents:
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(no_gpu)


@pytest.fixture(autouse=True)
def _same_random_state_for_every_test() -> Iterator[None]:
    """Each test starts from the same global random states and leaves those of the others alone."""
    torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    yield
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)
    random.setstate(python_state)


@pytest.fixture
def leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Runs the test in an empty folder and fails it when it touches global state (see `helpers.no_trace`) or writes a
    file there."""
    monkeypatch.chdir(tmp_path)
    with no_trace(tmp_path):
        yield tmp_path


@pytest.fixture
def poisoned_memory() -> Iterator[None]:
    """Fills new memory with nan (integers: the largest), so that a result which was never written shows.

    Use it for kernels: `pytestmark = pytest.mark.usefixtures("poisoned_memory")`. It switches torch to its
    deterministic algorithms, which is what the filling depends on, so tests of reproducibility must not use it.
    """
    # torch.utils.deterministic.fill_uninitialized_memory is on by default and takes effect with this
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(before)

"""Which backend computes a call, by name and by tensor, and what the CPU kernels need before they can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgewise import ops
from edgewise.errors import BackendError
from edgewise.ops import dispatch
from edgewise.ops.reference import Spec
from helpers import assert_close
from ops.spline_cases import make_layer

pytest.importorskip("edgewise.ops.cpu.spline_backend")
pytest.importorskip("llvmlite", reason="llvmlite is not installed")
pytestmark = pytest.mark.usefixtures("threads")


def _python(code, **environment):
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env=environment)


@pytest.mark.slow
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


@pytest.mark.slow
def test_nothing_is_compiled_or_imported_before_the_first_call():
    run = _python(
        "import edgewise, edgewise.ops, sys; assert 'llvmlite' not in sys.modules; assert"
        " 'edgewise.ops.cpu.machine_code' not in sys.modules"
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.slow
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

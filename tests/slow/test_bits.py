"""Bits: the process that compiles the kernels gives what those give that find them on disk."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from edgewise.ops.cpu import machine_code

pytest.importorskip("llvmlite")
pytestmark = pytest.mark.slow

SCRIPT = """
import hashlib, torch, edgewise as ew
torch.set_num_threads(1)
X = 2 * torch.rand(300, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
model = ew.KAN((2, 3, 1), grid_size=4, seed=0)
result = ew.fit(model, X, torch.exp(X[:, 0]) * X[:, 1], grids=(4, 8), restarts=0, progress=False)
print(hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in result.model.parameters())).hexdigest())
"""


def test_a_process_that_compiles_gets_the_bits_of_one_that_does_not(tmp_path):
    elsewhere = dict.fromkeys(("HOME", "XDG_CACHE_HOME"), str(tmp_path / "elsewhere"))
    where = {**os.environ, **elsewhere, "EDGEWISE_CACHE_DIR": str(tmp_path / "code"), "OMP_NUM_THREADS": "1"}
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], env=where, capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    assert len(list((tmp_path / "code").glob("*.code"))) == 2  # the first one compiled, and left its code there
    assert len({run.stdout for run in runs}) == 1


KERNELS = """
import hashlib, sys, torch
from pathlib import Path
from edgewise import ops
from edgewise.ops.cpu import machine_code
from edgewise.ops.reference import Spec
if len(sys.argv) > 1:
    machine_code.BITCODE = Path(sys.argv[1])
found = hashlib.sha256()
draw = torch.Generator().manual_seed(0)
for dtype in (torch.float32, torch.float64):
    for degree, rows, inputs, outputs, grid in ((3, 500, 3, 70, 5), (3, 9, 2, 5, 8), (2, 400, 20, 16, 40)):
        x = 3 * torch.rand(rows, inputs, generator=draw, dtype=dtype) - 1.5
        coef = torch.randn(inputs, grid + degree, outputs, generator=draw, dtype=dtype)
        scale, g = coef[:, 0].contiguous(), torch.randn(rows, outputs, generator=draw, dtype=dtype)
        knots = torch.arange(-degree, grid + degree + 1, dtype=dtype).div(grid).mul(2).sub(1).repeat(inputs, 1)
        for uniform in (True, False):
            spec = Spec(degree, "silu", uniform)
            parts = ops.to_out(x, None, coef, scale, knots, spec), ops.to_in(x, g, coef, scale, knots, spec, 1)
            for part in (*parts, *ops.to_coef(x, None, g, knots, spec)):
                found.update(part.numpy().tobytes())
print(found.hexdigest())
"""


def test_bitcode_made_anew_gives_the_bits_of_the_bitcode_that_comes_along(tmp_path):
    pytest.importorskip("numba", reason="numba is not installed")
    folder = machine_code.BITCODE.parent
    where = {**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0"}
    subprocess.run([sys.executable, "-m", "kernels.emit", str(tmp_path)], env=where, check=True)
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in machine_code.BITCODE.iterdir()}
    runs = [
        subprocess.run([sys.executable, "-c", KERNELS, *more], capture_output=True, text=True, check=True).stdout
        for more in ((), (str(tmp_path),))
    ]
    assert runs[0] == runs[1]

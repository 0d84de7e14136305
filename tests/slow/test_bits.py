"""Bits: the process that compiles the kernels gives what those give that find them on disk."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("numba")
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
    where = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], env=where, capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    assert any(tmp_path.rglob("*.nbc"))  # the first one compiled, and left its code there
    assert len({run.stdout for run in runs}) == 1

"""The demo: a noisy law is found again, and on the knots the network is at least as good as the rule that
mathematicians found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_demo_finds_the_law_and_beats_the_slope_rule() -> None:
    one = {**os.environ, "OMP_NUM_THREADS": "1"}  # as the Makefile has it: more threads only wait for one another
    done = subprocess.run(
        [sys.executable, "examples/demo.py"], cwd=ROOT, env=one, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^  the law +(force = m1\*m2/r\*\*2)\n  found +\1$", done.stdout, re.MULTILINE)
    last = Path(done.stdout.splitlines()[-1])
    assert last == ROOT / "examples" / "out" / "knots" / "report.html" and last.exists()
    found = {
        name.strip(): float(value)
        for name, value in re.findall(r"^  ([a-z ]+?) +([\d.]+) %$", done.stdout, re.MULTILINE)
    }
    assert found.keys() == {"edgewise", "slope rule", "linear model", "gradient boosting"}
    assert found["edgewise"] >= found["slope rule"] > 70 and found["edgewise"] > found["linear model"]
    assert (ROOT / "examples" / "out" / "knots" / "result.json").exists()

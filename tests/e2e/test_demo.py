"""The demo: the real knot table through the command line, at least as good as the rule that mathematicians found."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_demo_beats_the_slope_rule() -> None:
    done = subprocess.run([sys.executable, "examples/demo.py"], cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    found = {name.strip(): float(value) for name, value in re.findall(r"^  ([a-z ]+?) +([\d.]+) %$", done.stdout, re.MULTILINE)}
    assert found.keys() == {"edgewise", "slope rule", "linear model", "gradient boosting"}
    assert found["edgewise"] >= found["slope rule"] > 70 and found["edgewise"] > found["linear model"]
    assert (ROOT / "examples" / "out" / "knots" / "result.json").exists()

"""The page about equations: its example runs, and the heat that it computes is that of Bessel's series."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import scipy.integrate
import scipy.special

PAGE = Path(__file__).parents[2] / "docs" / "pde.md"


def heat_at_the_centre(time: float, modes: int = 20) -> float:
    """u(0, t) on the unit disc without a flow of heat through its edge, from exp(-4 r^2): a series in J0."""
    total = 2 * scipy.integrate.quad(lambda r: np.exp(-4 * r**2) * r, 0, 1)[0]  # the mean
    for k in scipy.special.jn_zeros(1, modes):  # J0' = -J1 vanishes at the edge
        weight = scipy.integrate.quad(lambda r, k=k: np.exp(-4 * r**2) * scipy.special.j0(k * r) * r, 0, 1)[0]
        total += 2 * weight / scipy.special.j0(k) ** 2 * np.exp(-(k**2) * time)
    return float(total)


@pytest.mark.slow
def test_the_example_runs_and_is_right(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    held: dict = {"__name__": "page"}
    exec(compile(blocks[0], "docs/pde.md", "exec"), held)
    printed = capsys.readouterr().out.split()
    assert abs(float(printed[-1]) - heat_at_the_centre(0.2)) < 2e-3
    assert held["sol"].errors["Neumann"] < 0.05
    for code in blocks[1:]:
        exec(compile(code, "docs/pde.md", "exec"), held)
    got, want, off, flux = map(float, capsys.readouterr().out.split())
    assert abs(got - want) < 1e-13 and off < 1e-13
    assert held["plate"].errors["the equation"] < 0.3 and flux < 1e-6

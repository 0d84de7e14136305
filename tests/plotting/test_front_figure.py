"""The picture of a front."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError


def test_each_formula_has_a_point_and_only_the_best_is_red():
    X = 0.5 + torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = ew.discover(X, X[:, 0] ** 2 / X[:, 1], progress=False)
    (ax,) = ew.plot_front(found).axes
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert [float(np.asarray(line.get_xdata())[0]) for line in points] == [law.complexity for law in found.front]
    assert len({line.get_color() for line in points}) == 2 and len(ax.texts) == len(points)
    assert not ew.plot_front(found, formulas=False).axes[0].texts


def test_what_is_no_front_is_told():
    with pytest.raises(ConfigError, match="what ew.discover gave"):
        ew.plot_front(3)  # type: ignore[arg-type]

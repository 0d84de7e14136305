"""Pictures of effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError


def test_each_column_has_a_picture_with_its_band_on_one_scale():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.uniform(0, 1, 200), "c": rng.choice(["u", "v"], 200)})
    y = np.sin(5 * table.a) + (table.c == "v") + 0.1 * rng.normal(size=200)
    found = ew.KANRegressor(effort="quick", random_state=0).fit(table, y).effects()
    figure = ew.plot_effects(found)
    assert [ax.get_xlabel() for ax in figure.axes] == [one.column for one in found]
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    curve = next(ax for ax in figure.axes if ax.get_xlabel() == "a")
    assert len(curve.collections) == 1  # the band
    assert len(ew.plot_effects(found, top=1).axes) == 1


def test_what_cannot_be_shown_is_told():
    with pytest.raises(ConfigError, match="no column acts by itself"):
        ew.plot_effects(ew.effects(ew.KAN((2, 2, 1)), torch.rand(20, 2, dtype=torch.float64)))
    with pytest.raises(ConfigError, match="what ew.effects gave"):
        ew.plot_effects(3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="top must be"):
        ew.plot_effects((), top=0)


def test_a_column_that_spans_powers_of_ten_is_drawn_by_logarithms():
    z = torch.randn(300, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    X = torch.stack([(3 * z[:, 0]).exp(), z[:, 1]], 1)
    found = ew.fit(ew.KAN((2, 1)), X, z[:, 0] - z[:, 1], optimizer="evidence", progress=False)
    scales = {ax.get_xlabel(): ax.get_xscale() for ax in ew.plot_effects(ew.effects(found)).axes}
    assert scales == {"x1": "asinh", "x2": "linear"}

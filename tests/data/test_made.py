"""Inputs that columns are made into."""

from __future__ import annotations

import numpy as np
import pandas as pd

from edgewise.data import all_inputs, grid_of


def test_what_stands_in_missing_dates_is_the_same_for_weights_and_for_copies_in_any_order():
    draw = np.random.default_rng(0)
    days = pd.to_datetime("2020-01-01") + pd.to_timedelta(draw.integers(0, 900, 200), unit="D")
    frame = pd.DataFrame({"day": days})
    frame.loc[:9, "day"] = pd.NaT
    weight = draw.integers(1, 4, 200)
    rows = draw.permutation(np.repeat(np.arange(200), weight))
    weighted, _ = all_inputs(grid_of(frame, ("day",)), weight.astype(float))
    copied, _ = all_inputs(grid_of(frame.iloc[rows].reset_index(drop=True), ("day",)))
    assert len(weighted.fills) > 3 and weighted.fills == copied.fills

"""No prediction is negative where a column may not make it so, missing cells included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew

CASES = {"present": 2.0, "missing": -3.0}  # what rows have where the cell is missing: the others, or these, are lower


@pytest.mark.parametrize("where", CASES)
@pytest.mark.parametrize("words", ["non-negative", ("periodic:1", "non-negative"), ("increasing", "non-negative")])
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_a_column_with_missing_cells_is_held_where_it_is_there_and_where_it_is_not(where: str, words, loss: str):
    rng = np.random.default_rng(0)
    dose = rng.uniform(0, 1, 200)
    y = np.where(np.arange(200) < 60, CASES[where], np.abs(np.sin(2 * np.pi * dose)) - 0.3) + 0.1 * rng.normal(size=200)
    dose[:60] = np.nan
    table = ew.from_dataframe(pd.DataFrame({"dose": dose, "y": y}), target="y")
    fitted = ew.fit(ew.KAN((2, 1)), table, optimizer="evidence", constraints={"dose": words}, loss=loss, progress=False)
    made = torch.zeros(3001, 2, dtype=torch.float64)
    made[:, 0] = torch.linspace(-1, 2, 3001)
    made[0] = table.X[table.X[:, 1] == 1][0]
    found = fitted.model(made).detach()
    assert float(found.min()) >= 0
    assert abs(float(found[0]) - max(0.0, CASES[where])) < 0.2

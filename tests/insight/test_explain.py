"""Single predictions, column by column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.errors import DataError, StructureError

F = torch.float64


def frame(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    found = pd.DataFrame({"a": rng.uniform(0, 1, n), "b": rng.uniform(0, 1, n), "c": rng.choice(["u", "v", "w"], n)})
    found.loc[rng.choice(n, 30, replace=False), "b"] = np.nan
    found["y"] = np.sin(5 * found.a) + 2 * found.b.fillna(0) + (found.c == "v") + 0.1 * rng.normal(size=n)
    return found


def test_the_inputs_of_a_column_are_one_term_and_sums_are_predictions():
    table = frame()
    model = ew.KANRegressor(effort="quick", interactions=0, random_state=0).fit(table[["a", "b", "c"]], table.y)
    found = model.explain(table[["a", "b", "c"]].head(20))
    assert sorted(found.terms) == [("a",), ("b",), ("c",)]
    np.testing.assert_allclose(
        found.predictions[:, 0].numpy(), model.predict(table[["a", "b", "c"]].head(20)), rtol=0, atol=1e-12
    )


def test_terms_are_zero_in_the_mean_over_the_background():
    X = torch.rand(50, 2, dtype=F, generator=torch.Generator().manual_seed(0))
    model = ew.KAN((2, 2), seed=1)
    assert float(ew.explain(model, X).values.mean(0).abs().max()) < 1e-14
    one = ew.explain(model, X[:1], background=X)
    torch.testing.assert_close(one.values[0], ew.explain(model, X).values[0])
    torch.testing.assert_close(one.predictions, model(X[:1]).detach())


def test_many_rows_are_explained_in_blocks(monkeypatch: pytest.MonkeyPatch):
    X = torch.rand(50, 2, dtype=F, generator=torch.Generator().manual_seed(0))
    model = ew.KAN((2, (2, 1), 1), seed=1)
    whole = ew.explain(model, X)
    monkeypatch.setattr("edgewise.insight.explain.NUMBERS", 40)
    torch.testing.assert_close(ew.explain(model, X).values, whole.values)


def test_pairs_are_terms_of_two_columns():
    X = torch.rand(400, 3, dtype=F, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(400, dtype=F, generator=torch.Generator().manual_seed(1))
    y = X[:, 0] * X[:, 1] * 4 + torch.sin(5 * X[:, 2]) + 0.1 * noise
    found = ew.explain(ew.fit(ew.KAN((3, (1, 4), 1)), X, y, optimizer="evidence", progress=False), X)
    assert ("x1", "x2") in found.terms and not any("x3" in term and len(term) > 1 for term in found.terms)
    assert "x1 & x2" in repr(found)


def test_what_cannot_be_explained_is_told():
    with pytest.raises(StructureError, match="explain takes an edgewise.KAN"):
        ew.explain(torch.nn.Linear(2, 1), torch.zeros(3, 2))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="background cannot be used: .*at least one row"):
        ew.explain(ew.KAN((2, 1)), torch.zeros(3, 2, dtype=F), background=torch.zeros(0, 2, dtype=F))

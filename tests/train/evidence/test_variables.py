"""Evidence knows columns: the levels of one are one term, which comes and goes as a whole and whose rare levels stay
near the mean."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.data import Table, from_dataframe
from edgewise.errors import EdgewiseWarning
from edgewise.metadata import Metadata
from edgewise.train.evidence import terms
from edgewise.train.evidence.terms import pair_term, small_enough
from edgewise.train.evidence.variables import LEVEL, variables
from edgewise.train.result import FitResult
from helpers import assert_close, assert_equal

pd = pytest.importorskip("pandas", reason="pandas is an optional package")


def table(seed: int, n: int = 300, levels: int = 30, share: Any = None) -> tuple[Any, np.ndarray]:
    """A number x and text c, and noise (n,)."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": draw.normal(size=n), "c": draw.choice([f"l{k:02}" for k in range(levels)], n, p=share)})
    return frame, draw.normal(size=n)


def fit(rows: Table, products: int = 0, **how: Any) -> FitResult:
    outputs = 1 if rows.classes is None else len(rows.classes)
    start = ew.KAN((len(rows.inputs), (outputs, products), outputs) if products else (len(rows.inputs), outputs))
    return ew.fit(start, rows, optimizer="evidence", progress=False, **how)


def used(result: FitResult) -> set[str]:
    return {result.model.metadata.sources()[place] for place in result.model.used_inputs}


def test_the_levels_of_a_column_are_one_variable_with_the_variance_of_a_line():
    frame, noise = table(0, levels=5)
    frame.loc[:9, "x"] = np.nan
    rows = from_dataframe(frame.assign(y=noise), "y")
    model = ew.KAN((len(rows.inputs), 1)).build(metadata=rows.metadata())
    number, text = variables(model, rows.X, torch.ones(300, dtype=torch.float64), 20)
    assert number.inputs == (0, 1) and text.inputs == (2, 3, 4, 5, 6)
    assert (number.kinds == LEVEL).sum() == 1 and text.whole
    for variable in (number, text):
        values = variable.values(rows.X)
        assert_close(values.mean(0), torch.zeros(values.shape[1]), like="adapt")
        assert_close(values.std(0, unbiased=False), variable.spread, like="adapt")
    assert_close(text.spread.square().sum(), 1.0, like="float64")


def test_the_size_of_a_pair_is_known_without_its_term(monkeypatch: pytest.MonkeyPatch):
    frame, noise = table(0, levels=30)
    draw = np.random.default_rng(1)
    frame = frame.assign(z=draw.normal(size=300), d=draw.choice(list("abcd"), 300))
    rows = from_dataframe(frame.assign(y=noise), "y")
    model = ew.KAN((len(rows.inputs), 1)).build(metadata=rows.metadata())
    found = variables(model, rows.X, torch.ones(300, dtype=torch.float64), 20, rough=6)
    assert sum(variable.whole for variable in found) == 2 and len(found) == 4
    for pair in combinations(range(4), 2):
        size = len(pair_term(*pair, found).roughness)
        bound = "cells" if all(found[number].whole for number in pair) else "slopes"
        for most, kept in ((size, [pair]), (size - 1, [])):
            bounds = {"cells": 10**6, "slopes": 10**6, bound: most}
            monkeypatch.setattr(terms, "TUNED", replace(terms.TUNED, slopes=bounds["slopes"]))
            assert small_enough([pair], found, bounds["cells"]) == kept


def test_a_column_of_two_levels_is_a_number_of_two_values():
    frame, noise = table(0, levels=2)
    y = np.sin(frame.x) + (frame.c == "l01") + 0.5 * noise
    text = fit(from_dataframe(frame.assign(y=y), "y"))
    number = fit(from_dataframe(frame.assign(y=y, c=(frame.c == "l01") * 1.0), "y"))
    at = pd.DataFrame({"x": [0.0, 1.0], "c": ["l01", "l00"]})
    difference = text.model.predict(at) - number.model.predict(at.assign(c=[1.0, 0.0]))
    assert np.abs(difference).max() < 0.03  # that of the strengths: one here, two there


def test_a_column_of_thirty_levels_of_noise_is_dropped_as_a_whole():
    kept = 0
    for seed in range(4):
        frame, noise = table(seed)
        found = used(fit(from_dataframe(frame.assign(y=np.sin(2 * frame.x) + 0.5 * noise), "y")))
        assert "x" in found
        kept += "c" in found
    assert kept <= 1


def test_rare_levels_are_shrunk_more_than_frequent_ones():
    """Two levels with the same mean: the rare one is nearer to the mean of all levels."""
    frame, noise = table(1, n=400, levels=10, share=[0.2, 0.012, *[0.0985] * 8])
    effect = frame.c.map({f"l{k:02}": 2.0 if k < 2 else 0.5 * (k % 3) for k in range(10)})
    y = effect + noise
    for level in ("l00", "l01"):  # what the rows of both say is the same, but for how many say it
        mine = frame.c == level
        y[mine] += 2.0 - y[mine].mean()
    model = fit(from_dataframe(frame.assign(y=y), "y")).model
    often, rare = model.predict(pd.DataFrame({"x": [0.0, 0.0], "c": ["l00", "l01"]})) - y.mean()
    assert 0.1 < rare < 0.85 * often


def test_an_unknown_level_gives_the_mean_of_the_levels():
    frame, noise = table(2, levels=4, share=[0.4, 0.3, 0.2, 0.1])
    rows = from_dataframe(frame.assign(y=2 * (frame.c == "l00") + np.sin(frame.x) + 0.3 * noise), "y")
    model = fit(rows).model
    levels = model.predict(pd.DataFrame({"x": [0.5] * 4, "c": rows.categories["c"]}))
    with pytest.warns(EdgewiseWarning, match="does not know"):
        unknown = model.predict(pd.DataFrame({"x": [0.5], "c": ["new"]}))
    assert_close(unknown[0], float(np.dot(levels, rows.encoding.shares["c"])), like="float64")


@pytest.mark.parametrize("kind", ["number", "text"])
def test_levels_act_together_with_a_number_or_with_levels(kind: str):
    draw = np.random.default_rng(0)
    frame, noise = table(3, n=500, levels=4)
    frame["d"] = draw.choice(["p", "q", "r"], 500)
    frame["z"] = draw.normal(size=500)
    slope = frame.c.map({"l00": -1.0, "l01": 0.0, "l02": 1.0, "l03": 2.0})
    y = slope * frame.x if kind == "number" else slope * (frame.d == "q")
    result = fit(from_dataframe(frame.assign(y=y + 0.3 * noise), "y"), products=8)
    names = {"number": {"x", "c"}, "text": {"c", "d"}}[kind]
    model = result.model
    products = [factors for factors in model.topology.factors[1] if len(factors) == 2]
    assert products
    for factors in products:
        edges = [edge for edge in model.active_edges() if edge[0] == 0 and edge[2] in factors]
        assert {model.metadata.sources()[edge[1]] for edge in edges} == names
    assert result.metrics["validation_rmse"] < 0.45


def test_a_value_is_learnt_for_missing_cells():
    frame, noise = table(4, levels=2)
    y = frame.x + 0.3 * noise
    frame.loc[:49, "x"] = np.nan
    y[:50] = 5.0 + 0.3 * noise[:50]
    model = fit(from_dataframe(frame.assign(y=y), "y")).model
    at = model.predict(pd.DataFrame({"x": [np.nan, 0.0], "c": ["l00", "l00"]}))
    assert abs(at[0] - 5.0) < 0.2 and abs(at[1]) < 0.2


def test_names_without_levels_change_nothing():
    X: Tensor = 2 * torch.rand(200, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    plain = ew.KAN((3, (1, 4), 1))
    named = plain.build(metadata=Metadata(("a", "b", "c")))
    results = [ew.fit(m, X, X[:, 0] * X[:, 1], optimizer="evidence", progress=False) for m in (plain, named)]
    one, other = (dict(result.model.state_dict()) for result in results)
    assert_equal(one, other)


def test_a_column_that_lacks_an_edge_falls_into_its_inputs():
    frame, noise = table(5, levels=3)
    rows = from_dataframe(frame.assign(y=(frame.c == "l01") + 0.3 * noise), "y")
    start = ew.remove(ew.KAN((4, 1)), edges=[(0, 2, 0)]).build(metadata=rows.metadata())
    result = ew.fit(start, rows.X, rows.y, optimizer="evidence", progress=False)
    assert {edge[1] for edge in result.model.active_edges()} <= {0, 1, 3}
    assert len(variables(start, rows.X, torch.ones(300, dtype=torch.float64), 20)) == 4


def test_classes_by_levels():
    frame, noise = table(6, n=600, levels=6)
    odds = frame.c.map({f"l{k:02}": k - 2.5 for k in range(6)}) + np.sin(frame.x)
    labels = np.where(odds + noise > 0, "yes", "no")
    result = fit(from_dataframe(frame.assign(y=labels), "y", task="classification"), loss="cross_entropy")
    assert used(result) == {"x", "c"} and result.metrics["validation_accuracy"] > 0.8

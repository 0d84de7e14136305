"""A law in place of splines that follow it."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.discovery import one_table
from edgewise.studies import last_fits, law_behind
from edgewise.studies.closed_forms import Closed, skipped
from edgewise.studies.law_behind import FOUND, with_law


def stopped(*_: object, **__: object) -> Any:
    raise KeyboardInterrupt


@functools.cache
def fitted(noise: float = 0.0) -> tuple[ew.KAN, ew.Table]:
    """A network that follows a product, and the table of it; one input acts on nothing."""
    generator = torch.Generator().manual_seed(0)
    X = 0.5 + 2 * torch.rand(300, 3, generator=generator, dtype=torch.float64)
    y = X[:, 0] ** 1.5 * X[:, 2] + noise * torch.randn(300, generator=generator, dtype=torch.float64)
    return ew.fit(ew.KAN((3, 2, 1)), X, y, steps=60, progress=False).model, ew.from_arrays(X, y)


def test_a_law_that_splines_follow_takes_their_place():
    model, table = fitted()
    found = with_law(skipped("none"), model, table, None)
    assert found.message == FOUND and found.model is not None
    X = 3 + torch.rand(50, 3, dtype=torch.float64)  # beyond the rows, where splines only guess
    torch.testing.assert_close(found.model(X)[:, 0], X[:, 0] ** 1.5 * X[:, 2])
    assert set(found.model.used_inputs) == {0, 2}


def test_noise_that_a_network_leaves_asks_for_no_law(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(law_behind, "searched", lambda *_: pytest.fail("a law was looked for"))
    model, table = fitted(noise=0.02)
    closed = skipped("none")
    assert with_law(closed, model, table, None) is closed


def test_closed_forms_of_all_edges_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(law_behind, "searched", lambda *_: pytest.fail("a law was looked for"))
    model, table = fitted()
    closed = Closed(ew.from_formula("x0**1.5*x2", inputs=("x0", "x1", "x2")), None, "all")
    assert with_law(closed, model, table, None) is closed


def test_closed_forms_that_are_only_near_make_way_for_the_law():
    """Such as what a search finds for the edges of a network that follows the law in its own way."""
    model, table = fitted()
    near = ew.from_formula("x0**1.5*x2 + 1e-3*sin(5*x0)", inputs=("x0", "x1", "x2"))
    assert with_law(Closed(near, None, "all"), model, table, None).message == FOUND


def test_rows_without_a_law_keep_what_there_is(monkeypatch: pytest.MonkeyPatch):
    model, table = fitted()

    def of_others(X: torch.Tensor, _: torch.Tensor, names: list[str], progress: bool) -> Any:
        return ew.discover(X, X[:, 0] * X[:, 1], inputs=names, progress=progress)

    monkeypatch.setattr(law_behind, "searched", of_others)
    closed = skipped("none")
    assert with_law(closed, model, table, None) is closed


def test_a_bug_in_the_search_costs_no_network(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(law_behind, "searched", broken)
    model, table = fitted()
    found = with_law(skipped("none"), model, table, None)
    assert found.model is None and "in a bug (ZeroDivisionError" in found.message and "a bug" in found.failure


def product(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.uniform(0.5, 3, rows), "b": rng.uniform(0, 2, rows)})
    return table.assign(y=np.sin(table.a) / (1 + table.b**2))


def test_ctrl_c_in_the_search_ends_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(one_table, "search", stopped)
    model, table = fitted()
    with pytest.raises(KeyboardInterrupt):
        with_law(skipped("none"), model, table, None)


def test_ctrl_c_in_the_search_leaves_the_closed_forms_that_there_are(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(last_fits, "with_law", stopped)
    X = torch.rand(60, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    study = ew.study(X, X[:, 0] + 2 * X[:, 1], progress=False)
    assert study.interrupted and study.formula is not None and study.formula.splines == ()
    assert "Every edge has a closed form. The search for a law was interrupted." in study.forms


@pytest.mark.slow
def test_a_study_writes_a_product_as_it_is():
    study = ew.study(product(400), target="y", progress=False)
    assert study.formula is not None and study.formula.splines == ()
    assert str(study.formula.expressions[0]) == "sin(a)/(b**2 + 1)"


@pytest.mark.parametrize("asked", [{"hidden": ()}, {"constraints": {"a": "non-negative"}}, {"loss": "gamma"}], ids=str)
def test_a_law_takes_no_place_of_what_was_asked_for(asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    """A sum stays a sum, which has a curve of each column."""
    monkeypatch.setattr(last_fits, "with_law", lambda *_: pytest.fail("a law was looked for"))
    ew.study(product(60), target="y", interactions=0, progress=False, **asked)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_a_law_is_one_in_any_unit_of_the_target(unit: float):
    draw = np.random.default_rng(3)
    X = draw.uniform(-1, 1, (300, 2))
    y = unit * np.exp(np.sin(3 * X[:, 0])) * X[:, 1]
    law = law_behind.law_of(ew.KAN((2, 1)).build(), ew.from_arrays(X, y), progress=False)
    assert law is not None
    fresh = torch.tensor(draw.uniform(-2, 2, (50, 2)))
    wanted = unit * (3 * fresh[:, 0]).sin().exp() * fresh[:, 1]
    torch.testing.assert_close(law(fresh)[:, 0], wanted, rtol=1e-9, atol=1e-9 * unit)

"""Rows that accept are rows that no form was fitted to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, DataError, ShapeError
from edgewise.metadata import Metadata
from edgewise.symbolic import constants, formula_error, symbolify
from edgewise.symbolic.given_rows import given_rows
from edgewise.symbolic.task import SymbolicTask
from helpers import assert_close, assert_equal, state_of
from symbolic.laws import F, fitted, network, uniform

X, XV = (uniform((-1, 1), (-1, 1), rows=rows, seed=seed) for rows, seed in ((300, 0), (100, 1)))


def law(x: torch.Tensor) -> torch.Tensor:
    return torch.sin(3 * x[:, :1]) + x[:, 1:] ** 2


def names(model: ew.KAN) -> list[str]:
    return sorted(edge.primitive for layer in model.edge_layers for edge in layer.symbolic)


def told(model: ew.KAN) -> str:
    return next(edit.detail for edit in reversed(model.edits) if edit.action == "symbolify")


@pytest.fixture(scope="module")
def trained() -> Any:
    return ew.fit(ew.KAN((2, 1)), X, law(X), progress=False)


def test_the_law_passes_on_rows_it_was_not_fitted_to(trained: Any) -> None:
    done = symbolify(trained.model, X, law(X), validation=(XV, law(XV)))
    assert names(done) == ["sin", "x^2"] and "on 100 held-out rows" in told(done)
    assert_close(done(XV).detach(), law(XV), like="formula")


def test_the_split_of_a_fit_by_groups_is_taken() -> None:
    how = {"optimizer": "evidence", "progress": False}
    result = ew.fit(ew.KAN((2, 1)), X, law(X), groups=torch.arange(300) % 20, **how)
    done = symbolify(result.model, X, law(X), validation=result)
    assert names(done) == ["sin", "x^2"]
    with pytest.raises(DataError, match="other rows"):
        symbolify(result.model, X[1:], law(X[1:]), validation=result)


def test_a_form_that_fits_its_rows_but_not_the_held_out_ones_is_refused() -> None:
    """Left of zero the network's |x| is -x; only rows on the right show the difference."""
    x = uniform((-1, 1), rows=300)
    model, left, right = fitted((1, 1), x, x.abs(), grids=(20,)), x[x[:, 0] < 0], x[x[:, 0] > 0]
    assert names(symbolify(model, left, -left, primitives=["x"])) == ["x"]
    done = symbolify(model, left, -left, primitives=["x"], validation=(right, right))
    assert names(done) == [] and "0 of 1 edges" in told(done)


@pytest.mark.slow
def test_held_out_rows_move_no_constant() -> None:
    y = law(X) + 0.05 * torch.randn(300, 1, dtype=F, generator=torch.Generator().manual_seed(3))
    model = fitted((2, 1), X, y)
    one, other = (
        symbolify(model, X, y, validation=(XV, law(XV) + shift), primitives=["sin", "x^2"]) for shift in (0.0, 1e-3)
    )
    assert names(one) == ["sin", "x^2"] and told(one) != told(other)
    assert_equal(dict(one.state_dict()), dict(other.state_dict()))


def test_the_bar_is_the_best_of_the_networks_that_are_replaced() -> None:
    task = SymbolicTask.create(
        network((1, 1), {(0, 0, 0): ("x", 1.0, 0.0, 1.0, 0.0)}),
        *given_rows(
            network((1, 1), {(0, 0, 0): ("x", 1.0, 0.0, 1.0, 0.0)}),
            X[:, :1],
            X[:, :1],
            None,
            (XV[:, :1], XV[:, :1] + 0.1),
        ),
    )
    worse = network((1, 1), {(0, 0, 0): ("x", 1.0, 0.0, 2.0, 0.0)})
    assert task.judge is not None
    bar = task.judge.bar
    after = task.with_model(worse, 1.0, 1)
    assert after.judge is not None and after.judge.bar == bar > 0
    assert not after.stands(worse, 0.1) and after.stands(task.model, 0.1)


def test_a_result_hands_over_its_split(trained: Any) -> None:
    held = trained.held_out
    assert held is not None
    fit_rows, judging = given_rows(trained.model, X, law(X), None, trained)
    assert judging is not None
    assert_close(fit_rows.X, X[held.training], like="exact")
    assert_close(judging.X, X[held.choosing], like="exact")
    assert len(fit_rows.X) + len(judging.X) + len(held.judging) == len(X)
    done = symbolify(trained.model, X, law(X), validation=trained)
    assert names(done) == ["sin", "x^2"] and f"on {len(held.choosing)} held-out rows" in told(done)


@pytest.mark.slow
def test_rows_that_judge_the_fit_take_no_part(trained: Any) -> None:
    y = law(X) + 0.05 * torch.randn(300, 1, dtype=F, generator=torch.Generator().manual_seed(3))
    result = ew.fit(ew.KAN((2, 1)), X, y, progress=False)
    assert result.held_out is not None
    spoilt = y.clone()
    spoilt[result.held_out.judging] += 10.0
    one, other = (symbolify(result.model, X, target, validation=result) for target in (y, spoilt))
    assert_equal(state_of(one), state_of(other))


@pytest.mark.slow
def test_a_split_holds_with_rows_of_no_weight_and_in_float32() -> None:
    weight = torch.ones(300, dtype=F)
    weight[::7] = 0.0
    result = ew.fit(
        ew.KAN((2, 1), dtype=torch.float32), X.float(), law(X).float(), sample_weight=weight, progress=False
    )
    rows, judging = given_rows(result.model, X.float(), law(X).float(), weight, result)
    assert judging is not None and len(judging.X) > 0
    assert rows.weight is not None and float(rows.weight.min()) == 0.0


@pytest.mark.slow
def test_classes_are_accepted_by_their_likelihood_on_held_out_rows() -> None:
    labels, held = ((x[:, 0] ** 2 + x[:, 1] > 0.4).long() for x in (X, XV))
    model = ew.fit(ew.KAN((2, 2)), X, labels, loss="cross_entropy", progress=False).model
    done = symbolify(model, X, labels, validation=(XV, held), budget=2000)
    loss = torch.nn.functional.cross_entropy
    assert loss(done(XV), held) <= 1.25 * loss(model(XV), held) + 1e-9


def test_mistakes_are_told(trained: Any) -> None:
    y = law(X)
    for wrong in ((XV,), 0.2, "half"):
        with pytest.raises(ConfigError, match="pair"):
            symbolify(trained.model, X, y, validation=wrong)
    with pytest.raises(ConfigError, match="needs y"):
        symbolify(trained.model, X, validation=(XV, law(XV)))
    with pytest.raises(ShapeError, match="validation"):
        symbolify(trained.model, X, y, validation=(XV, law(X)))
    with pytest.raises(DataError, match="no rows"):
        symbolify(trained.model, X, y, validation=(XV[:0], law(XV)[:0]))
    with pytest.raises(DataError, match="other rows"):
        symbolify(trained.model, X[:200], y[:200], validation=trained)


# ------------------------------------------------------------------ what rows come as


def test_a_result_stands_for_its_model(trained: Any) -> None:
    y, model = law(X), trained.model
    done = symbolify(trained, X, y)
    assert_equal(state_of(done), state_of(symbolify(model, X, y)))
    assert list(ew.suggest(trained, X, (0, 0, 0))) == list(ew.suggest(model, X, (0, 0, 0)))
    result = replace(trained, model=done)
    assert ew.formula(result) == ew.formula(done)
    assert ew.export(result) == ew.export(done)
    assert constants(result, X, y) == constants(done, X, y)
    assert formula_error(result, X, y, original=trained) == formula_error(done, X, y, original=model)


def test_arrays_lists_and_frames_are_the_same_rows(trained: Any) -> None:
    y = law(X)
    want = symbolify(trained.model, X, y)
    frame = pd.DataFrame(X.numpy(), columns=["a", "b"])
    for rows, targets in (
        (X.numpy(), y.numpy()),
        (X.tolist(), y[:, 0].tolist()),
        (frame, pd.Series(y[:, 0].numpy(), name="y")),
    ):
        assert_equal(state_of(symbolify(trained.model, rows, targets)), state_of(want))


def test_columns_of_a_frame_are_found_by_name() -> None:
    frame = pd.DataFrame(X.numpy(), columns=["a", "b"])
    model = fitted((2, 1), X, law(X))
    named = model.build(metadata=Metadata(inputs=("a", "b")))
    turned = symbolify(named, frame[["b", "a"]], law(X))
    assert str(ew.formula(turned)[0]) == "b**2 + sin(3*a)"
    assert formula_error(turned, frame[["b", "a"]], law(X)).formula < 1e-12


def test_a_classifier_of_a_table_takes_codes() -> None:
    """Its record says "classification", as a table does, not the name of a loss."""
    labels = (X[:, 0] > 0.1).long()
    model = ew.fit(ew.KAN((2, 2)), X, labels, loss="cross_entropy", progress=False).model
    table = model.build(metadata=Metadata(classes=("0", "1"), task="classification"))
    rows, _ = given_rows(table, X, np.asarray(labels), None, None)
    assert rows.y is not None and not rows.y.is_floating_point()

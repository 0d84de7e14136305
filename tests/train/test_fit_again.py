"""fit of models that were changed or fitted before: structure, closed forms, scales and grids are kept."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from helpers import assert_close

from .small_fits import QUICK, rows


@pytest.mark.parametrize("optimizer", ["lm", "lbfgs"])
def test_the_history_tells_the_grid_that_is_there(optimizer: str):
    X, y = rows()
    first = ew.fit(ew.KAN((2, 1)), X, y, grids=(6,), restarts=0, steps=3, progress=False).model
    again = ew.fit(first, X, y, grids=(3, 9), steps=3, optimizer=optimizer, progress=False)
    assert {row["grid_size"] for row in again.history} == {6, 9}


def test_a_pruned_model_is_fitted_within_its_structure():
    X, y = rows(100)
    first = ew.fit(ew.KAN((3, 3, 1)), torch.cat([X, X[:, :1] ** 3], 1), y, **QUICK).model
    smaller = ew.remove(first, nodes=[(0, 2), (1, 1)], edges=[(0, 0, 0)])
    again = ew.fit(smaller, torch.cat([X, X[:, :1] ** 3], 1), y, restarts=0, steps=20, progress=False)
    assert again.model.topology == smaller.topology and again.model.active_edges() == smaller.active_edges()
    assert again.metrics["rmse"] < 0.05
    assert again.model.edits[: len(smaller.edits)] == smaller.edits


def test_a_closed_form_is_trained_in_its_own_constants_and_its_own_units():
    X, _ = rows(100)
    y = 2.0 * torch.sin(1.5 * X[:, 0] + 0.2) + X[:, 1] ** 2
    named = ew.set_symbolic(ew.KAN((2, 1)), {(0, 0, 0): ("sin", 1.4, 0.1, 1.8, 0.0)})
    result = ew.fit(named, X, y, restarts=0, steps=30, progress=False)
    layer = result.model.layers[0]
    assert [edge.primitive for edge in layer.symbolic] == ["sin"]
    assert_close(
        layer.affine[0, :3].detach(), torch.tensor([1.5, 0.2, 2.0], dtype=torch.float64), like="difference", scale=100.0
    )
    assert result.metrics["rmse"] < 1e-3


@pytest.mark.parametrize("optimizer", ["lm", "lbfgs"])
def test_a_second_fit_goes_on_from_the_first(optimizer: str):
    X, y = rows(100)
    first = ew.fit(ew.KAN((2, 2, 1)), X, y, optimizer=optimizer, restarts=0, steps=6, grids=(5,), progress=False)
    again = ew.fit(first.model, X, y, optimizer=optimizer, restarts=0, steps=6, grids=(5,), progress=False)
    assert again.train_loss <= first.train_loss * 1.02
    assert again.history[0]["train_loss"] < 0.3 * first.history[0]["train_loss"]
    for name in ("input_shift", "input_scale", "output_shift", "output_scale"):
        assert torch.equal(getattr(again.model, name), getattr(first.model, name))


def test_grids_of_a_trained_model_grow_to_new_data_and_never_shrink():
    X, y = rows(100)
    first = ew.fit(ew.KAN((2, 2, 1)), X, y, **QUICK).model
    wide = 2 * X
    cases: list[tuple[Tensor, Any]] = [(0.3 * X, (3,)), (wide, "auto"), (wide, (3, 5))]
    for data, grids in cases:
        again = ew.fit(first, data, torch.sin(2 * data[:, 0]), restarts=0, steps=5, grids=grids, progress=False).model
        for new, old in zip(again.layers, first.layers, strict=True):
            assert new.grid_size >= old.grid_size
        new, old = again.layers[0].interval, first.layers[0].interval
        assert bool((new[0] <= old[0]).all()) and bool((new[1] >= old[1]).all())
        a = again.scale_inputs(data)
        assert bool((a >= new[0] - 1e-9).all()) and bool((a <= new[1] + 1e-9).all())

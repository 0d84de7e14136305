"""merge: nodes that carry one function up to scale and shift become one."""

from __future__ import annotations

import logging

import pytest
import torch

from edgewise.errors import ConfigError, DataError
from edgewise.layers import BOTH
from edgewise.model import KAN
from edgewise.transforms import merge, set_symbolic
from edgewise.transforms.draft import Draft
from helpers import assert_close, assert_equal, assert_no_shared_storage, state_of

from .networks import points


def copied(model: KAN, one: int, other: int, slope: float, shift: float, *, grids: bool = True) -> KAN:
    """The model with hidden node `other` = slope * node `one` + shift, its grid (unless told not to) laid in the same
    way."""
    draft = Draft.of(model)
    first = draft.layers[0]
    for name in ("coef", "base_scale", "bias"):
        if first[name] is not None:
            first[name] = first[name].clone()
            first[name][..., other] = slope * first[name][..., one]
    first["bias"][other] += shift
    if grids:
        second = draft.layers[1]
        second["knots"] = second["knots"].clone()
        second["knots"][other] = slope * second["knots"][one] + shift
        if slope < 0:
            second["knots"][other] = second["knots"][other].flip(0)
        second["uniform"] = None
    return draft.build()


@pytest.mark.parametrize("base", ["none", "silu", "identity"])
@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (2.0, 0.3), (-0.5, 0.1)])
def test_proportional_nodes_become_one(base: str, slope: float, shift: float):
    model = copied(KAN((2, 3, 2), base=base, seed=3, domain=(-3, 3)), 0, 2, slope, shift)
    X = points(model, 300, spread=1.0)
    small = merge(model, X)
    assert small.topology.widths == ((2, ()), (2, ()), (2, ()))
    # silu(s x + t) is no spline and no silu(x): it is put on the grid; everything else is held exactly
    exact = base != "silu" or (slope, shift) == (1.0, 0.0)
    change = (small(X) - model(X)).abs().amax(0) / model(X).std(0)
    assert change.max() < (1e-12 if exact else 0.03)


def test_the_name_that_is_left_is_one_of_the_two():
    model = copied(KAN((2, 4, 1), seed=1), 1, 3, 1.0, 0.0)
    small = merge(model, points(model, 100))
    assert small.topology.node_ids[1] in ((0, 1, 2), (0, 2, 3))
    assert "= 1 * node (1, " in small.edits[-1].detail and small.edits[-1].action == "merge"


def test_three_of_a_kind_become_one():
    model = copied(copied(KAN((2, 3, 1), seed=1, base="none"), 0, 1, 2.0, 0.1), 0, 2, -1.0, 0.0)
    X = points(model, 100)
    assert merge(model, X).topology.widths[1] == (1, ())
    assert_close(merge(model, X)(X), model(X), like="formula")


def test_nodes_that_differ_stay():
    model = KAN((2, 4, 1), seed=7)
    X = points(model, 100)
    same = merge(model, X)
    assert same.topology == model.topology and same.edits[-1].detail == "tolerance=0.03: nothing"
    assert_equal(same(X), model(X))


def test_a_pair_whose_merging_would_change_the_output_stays():
    # the grid of the node that would be kept is far too coarse and narrow for the other's function
    model = copied(KAN((1, 2, 1), grid_size=(5, 30), seed=2), 0, 1, 1.0, 0.0, grids=False)
    draft = Draft.of(model)
    draft.layers[1]["coef"] = draft.layers[1]["coef"] * 10
    draft.layers[1]["knots"] = draft.layers[1]["knots"] * torch.tensor([[0.01], [1.0]], dtype=torch.float64)
    model = draft.build()
    X = points(model, 200)
    small = merge(model, X, tolerance=1e-6)
    assert ((small(X) - model(X)).square().mean().sqrt() / model(X).std()) <= 1e-6


def test_constant_nodes_are_no_pair():
    model = KAN((2, 3, 1), seed=1)
    draft = Draft.of(model)
    for name in ("coef", "base_scale"):
        draft.layers[0][name] = draft.layers[0][name] * torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    constant = draft.build()
    assert merge(constant, points(model, 50)).topology == constant.topology


def test_closed_forms_stay_closed_where_they_can():
    model = copied(KAN((2, 2, 2), seed=3), 0, 1, 2.0, 0.5)
    draft = Draft.of(
        set_symbolic(
            model,
            {
                (1, 1, 0): ("sin", 1.0, 0.2, 0.7, 0.1),
                (1, 1, 1): ("sin", 0.5, 0.0, 0.3, 0.0),
                (1, 0, 1): ("x^2", 1.0, 0.0, 1.0, 0.0),
            },
        )
    )
    kind = draft.layers[1]["kind"].clone()
    kind[0, 0] = 0
    draft.layers[1]["kind"] = kind
    model = draft.build()
    X = points(model, 200)
    small = merge(model, X)
    assert small.topology.widths[1] == (1, ())
    assert ((small(X) - model(X)).square().mean(0).sqrt() <= 0.03 * model(X).std(0)).all()
    last = small.edge_layers[1]
    if small.topology.node_ids[1] == (
        0,
    ):  # sin(x + 0.2) of 2 x + 0.5 moved over as it was; the other lies on the splines beside x^2
        assert last.symbolic[0].primitive == "sin" and last.kind[0, 1] == BOTH


def test_the_old_model_stays_and_nothing_is_shared(caplog: pytest.LogCaptureFixture):
    model = copied(KAN((2, 3, 1), seed=1), 0, 1, 2.0, 0.0)
    before = state_of(model)
    with caplog.at_level(logging.INFO, logger="edgewise"):
        small = merge(model, points(model, 100))
    assert_equal(state_of(model), before)
    assert_no_shared_storage(small, model)
    assert "merge: node (1, " in caplog.text


def test_what_cannot_be_used_is_refused():
    model = KAN((2, 2, 1))
    with pytest.raises(ConfigError, match="between 0 and 1"):
        merge(model, points(model), tolerance=0)
    with pytest.raises(DataError, match="finite"):
        merge(model, torch.full((4, 2), torch.nan))

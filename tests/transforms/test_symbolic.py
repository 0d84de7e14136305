"""set_symbolic and unset_symbolic: closed forms on edges, and back."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.errors import StructureError, SymbolicError
from edgewise.layers import BOTH, SPLINE, SYMBOLIC, KANLayer, SymbolicEdge
from edgewise.model import KAN
from edgewise.transforms import remove, set_symbolic, unset_symbolic
from helpers import assert_close, assert_equal, assert_no_shared_storage, state_of

from .networks import points, scaled


def test_an_edge_becomes_its_closed_form():
    model = set_symbolic(
        KAN((2, 1), seed=1), {(0, 0, 0): ("sin", math.pi, 0.0, 2.0, 0.5), (0, 1, 0): ("x^2", 1.0, -0.5, 1.0, 0.0)}
    )
    x = points(model)
    assert_close(model(x)[:, 0], 2 * torch.sin(math.pi * x[:, 0]) + 0.5 + (x[:, 1] - 0.5) ** 2)
    assert bool((model.edge_layers[0].kind == SYMBOLIC).all())
    assert not bool(model.edge_layers[0].coef.any())


def test_first_edges_take_columns_as_they_are_also_under_a_scaling():
    model = remove(scaled(KAN((2, 2, 1))), edges=[(0, 0, 0)])
    form = ("sin", 1.5, 0.2, -0.7, 0.3)
    new = set_symbolic(model, {(0, 1, 0): form, (1, 0, 0): form})
    for edge in ((0, 1, 0), (1, 0, 0)):
        phi = ew.edge(new, edge)
        assert phi.affine == pytest.approx(form[1:])
        assert phi(2.0) == pytest.approx(-0.7 * math.sin(1.5 * 2.0 + 0.2) + 0.3)


def test_what_is_suggested_for_an_edge_draws_its_curve():
    X = torch.linspace(20, 30, 200, dtype=torch.float64)[:, None]
    model = ew.fit(KAN((1, 1)), X, torch.sin(X[:, 0]), grids=(20,), progress=False).model
    best = ew.suggest(model, X, (0, 0, 0))[0]
    assert best.primitive == "sin"
    assert_close(set_symbolic(model, {(0, 0, 0): ("sin", *best.constants)})(X), model(X), like="difference", scale=1e4)


def test_only_the_named_edges_change():
    model = KAN((2, 3, 1), seed=1)
    x = points(model)
    before = state_of(model)
    new = set_symbolic(model, {(0, 1, 2): ("exp", 1.0, 0.0, 1.0, 0.0)})
    old_values, new_values = (m.edge_layers[0].edge_values(x).detach() for m in (model, new))
    assert_close(new_values[:, 1, 2], torch.exp(x[:, 1]))
    new_values[:, 1, 2] = old_values[:, 1, 2]
    assert_close(new_values, old_values)
    assert_equal(state_of(model), before)
    assert_no_shared_storage(new, model)
    assert new.edits[-1].detail == "(0, 1, 2) exp"


def test_a_closed_form_replaces_another_and_an_edge_that_was_off_comes_on():
    model = remove(KAN((2, 2, 1)), edges=[(0, 0, 0)])
    one = set_symbolic(model, {(0, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0), (0, 1, 1): ("cos", 1.0, 0.0, 1.0, 0.0)})
    two = set_symbolic(one, {(0, 0, 0): ("exp", 2.0, 0.0, 1.0, 0.0)})
    assert [edge.primitive for edge in two.edge_layers[0].symbolic] == ["cos", "exp"]
    assert two.edge_layers[0].affine.shape == (2, 4)  # type: ignore[union-attr]
    assert_close(two.edge_layers[0].edge_values(points(model))[:, 0, 0], torch.exp(2 * points(model)[:, 0]))


def test_constants_learn():
    model = set_symbolic(KAN((1, 1)), {(0, 0, 0): ("sin", 2.0, 0.1, 1.0, 0.0)})
    model(points(model)).square().sum().backward()
    assert model.edge_layers[0].affine.grad.abs().min() > 0  # type: ignore[union-attr]
    assert not bool(model.edge_layers[0].coef.grad.any())  # type: ignore[union-attr]


def test_names_follow_removed_nodes():
    model = set_symbolic(
        KAN((3, 3, 1)), {(0, 2, 1): ("sin", 3.0, 0.0, 1.0, 0.0), (0, 0, 0): ("cos", 1.0, 0.0, 1.0, 0.0)}
    )
    small = remove(model, nodes=[(1, 0), (0, 1)])
    assert small.edge_layers[0].symbolic == (SymbolicEdge("sin", 1, 0),)
    assert small.edge_layers[0].affine.tolist() == [[3.0, 0.0, 1.0, 0.0]]  # type: ignore[union-attr]


def test_back_on_a_spline_within_the_residual_it_reports():
    model = set_symbolic(
        KAN((1, 2, 1), grid_size=10), {(0, 0, 1): ("sin", 2.0, 0.3, 1.5, 0.0), (1, 0, 0): ("x^3", 0.5, 0.0, 1.0, 0.0)}
    )
    back = unset_symbolic(model, [(0, 0, 1)])
    assert back.edge_layers[0].symbolic == () and back.edge_layers[0].kind[0, 1] == SPLINE
    residual = float(back.edits[-1].detail.split()[-1])
    x = points(model, 200, spread=1.0)
    error = (back.edge_layers[0].edge_values(x) - model.edge_layers[0].edge_values(x)).abs().max().detach() / 1.5
    assert error <= 1.5 * residual < 1e-3
    # a cubic is held exactly
    assert_close(
        unset_symbolic(model, [(1, 0, 0)]).edge_layers[1].edge_values(x.expand(-1, 2)),
        model.edge_layers[1].edge_values(x.expand(-1, 2)),
    )
    assert unset_symbolic(model).active_edges() == model.active_edges()
    assert not any(layer.symbolic for layer in unset_symbolic(model).edge_layers)


def test_an_edge_that_is_both_keeps_its_spline():
    model = set_symbolic(KAN((1, 1), seed=1), {(0, 0, 0): ("x^2", 1.0, 0.0, 1.0, 0.0)})
    layer = model.edge_layers[0]
    spline = KAN((1, 1), seed=1).edge_layers[0]
    kind = torch.full_like(layer.kind, BOTH)
    both = model.build(
        layers=[KANLayer.build(**{**layer.parts(), "coef": spline.coef, "base_scale": spline.base_scale, "kind": kind})]
    )
    x = points(model, spread=1.0)
    assert_close(both(x), spline(x) + x**2)
    assert_close(unset_symbolic(both)(x), both(x))


def test_a_form_with_a_pole_needs_data():
    model = set_symbolic(KAN((1, 1), domain=(0.0, 2.0)), {(0, 0, 0): ("1/x", 1.0, 0.0, 1.0, 0.0)})
    X = 1 + torch.rand(50, 1, dtype=torch.float64)
    back = unset_symbolic(model, X=X)
    assert (back(X) - 1 / X).abs().max() < 0.02


@pytest.mark.parametrize(
    ("forms", "error", "words"),
    [
        ({(0, 0, 0): ("sine", 1.0, 0.0, 1.0, 0.0)}, SymbolicError, "did you mean 'sin'"),
        ({(0, 0, 0): ("sin", 1.0, 0.0, 1.0)}, SymbolicError, "four finite constants"),
        ({(0, 0, 0): ("sin", 1.0, 0.0, math.nan, 0.0)}, SymbolicError, "four finite constants"),
        ({(0, 0, 0): "sin"}, SymbolicError, "primitive name, a, b, c, d"),
        (
            {(0, 0, 0): ("no", 1, 0, 1, 0), (0, 1, 0): ("sin", 1)},
            SymbolicError,
            r"2 problems: edge \(0, 0, 0\).*edge \(0, 1, 0\)",
        ),
        ({(0, 5, 0): ("sin", 1.0, 0.0, 1.0, 0.0)}, StructureError, r"no edge \(0, 5, 0\)"),
    ],
)
def test_what_cannot_be_set_says_why(forms: Any, error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        set_symbolic(KAN((2, 1)), forms)


def test_only_a_closed_form_can_be_unset():
    with pytest.raises(StructureError, match=r"edge \(0, 1, 0\) carries no closed form"):
        unset_symbolic(KAN((2, 1)), [(0, 1, 0)])

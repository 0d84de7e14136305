"""Nodes stand in the first layer that can hold them, and are carried to where they are read."""

from __future__ import annotations

import pytest

import edgewise as ew
from edgewise.errors import ConfigError


@pytest.mark.parametrize(
    "formula, shape",
    [
        ("x", "[2, 1]"),
        ("x*y", "[2, 1x2]"),
        ("3*x*y", "[2, 1x2]"),
        ("x*y + 1", "[2, 1x2, 1]"),
        ("x**2 + sin(y)", "[2, 1]"),
        ("x**2 + x", "[2, 2, 1]"),
        ("exp(x + y)*x", "[2, 2, 1x2]"),
        ("exp(sin(pi*x) + y**2)", "[2, 1, 1]"),
        (["x*y", "x + y", "exp(x + y)"], "[2, 1+1x2, 3]"),
        (["x*y", "x - y"], "[2, 1+1x2]"),
        (["x*exp(x*y)", "x + y**2"], "[2, 2+1x2, 1+1x2]"),
        ("2", "[2, 1]"),
    ],
)
def test_networks_are_as_small_as_the_formula_asks(formula, shape):
    assert ew.from_formula(formula, inputs=("x", "y")).topology.shape_text() == shape


def test_outputs_keep_their_order_among_sums_and_products():
    model = ew.from_formula(["x*y", "x + y", "y*y*x"], inputs=("x", "y"), outputs=("a", "b", "c"))
    assert [str(one) for one in ew.formula(model)] == ["x*y", "x + y", "x*y**2"]
    assert model.metadata.outputs == ("a", "b", "c")


def test_a_result_that_is_done_early_is_carried_by_identity_edges():
    model = ew.from_formula(["x*y", "exp(sin(exp(x)))"], inputs=("x", "y"))
    carried = [e for layer in model.edge_layers[1:] for e in layer.symbolic if e.primitive == "x"]
    assert len(carried) == 2 and model.topology.depth == 3


def test_a_network_beyond_the_memory_of_the_machine_is_refused():
    with pytest.raises(ConfigError, match="memory"):
        ew.from_formula("x + y", grid_size=10**15)

"""Sums of edges are equal where they add the same."""

from __future__ import annotations

import pytest

from edgewise.errors import SymbolicError
from edgewise.imports.edge_sums import EdgeSum, EdgeTerm, combined, exponent_of, from_node, of_term, power_name, scaled
from edgewise.primitives import get


def test_order_does_not_matter_and_equal_edges_add():
    one, other = of_term(EdgeTerm(1, "sin", 2.0, 0.0)), from_node(0)
    assert combined([(one, 1.0), (other, 3.0)]) == combined([(other, 1.0), (one, 1.0), (other, 2.0)])


def test_what_cancels_is_gone():
    assert combined([(from_node(0), 1.0), (from_node(0), -1.0), (EdgeSum((), 2.0), 0.5)]) == EdgeSum((), 1.0)


def test_only_multiples_of_a_node_are_its_value():
    assert scaled(from_node(2), 3.0).node == 2
    assert combined([(from_node(2), 3.0), (from_node(1), 1.0)]).node is None
    assert of_term(EdgeTerm(2, "sin", 1.0, 0.0)).node is None


@pytest.mark.parametrize(
    "exponent", [-7.0, -1.0, -0.5, 0.5, 1 / 3, -2 / 7, 2.0, 2.5, 3.0, 64.0, 0.123456789, 1e-7, 1.0]
)
def test_the_name_of_a_power_means_that_power(exponent):
    form = get(power_name(exponent))
    assert form.exponent == exponent and exponent_of(form) == exponent


@pytest.mark.parametrize("name", ["abs", "relu", "sign", "sin", "0"])
def test_forms_that_are_no_powers_have_no_exponent(name):
    assert exponent_of(get(name)) is None


def test_constants_that_overflow_are_refused():
    with pytest.raises(SymbolicError, match="more than floats hold"):
        scaled(scaled(from_node(0), 1e200), 1e200)

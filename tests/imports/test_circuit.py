"""Formulas become few nodes: equal parts are one, powers merge where both are defined for the same arguments."""

from __future__ import annotations

import pytest

from edgewise.errors import SymbolicError
from edgewise.imports.circuit import Circuit
from edgewise.imports.edge_sums import EdgeSum
from edgewise.imports.formula_reader import read_formula


def made(*texts: str) -> tuple[Circuit, list[EdgeSum]]:
    circuit = Circuit(2)
    return circuit, [circuit.value(read_formula(text, ("x", "y"))) for text in texts]


@pytest.mark.parametrize(
    "one, other",
    [
        ("x*y", "y*x"),
        ("x + y", "y + x"),
        ("x*x*x", "x**3"),
        ("(x*y)**2", "x**2*y**2"),
        ("x**2/x", "x"),
        ("(x**-1)**-1", "x"),
        ("sqrt(x)*x", "x**1.5"),
        ("sqrt(4*x)", "2*sqrt(x)"),
        ("sqrt(49*x*y)", "7*sqrt(y*x)"),
        ("(x**3)**0.5", "x**1.5"),
        ("(2*x)**2", "4*x**2"),
        ("(2*x + 2*y)*3", "6*x + 6*y"),
        ("sin(x*y) - sin(y*x)", "0"),
        ("exp(-x**2)", "gaussian(x)"),
        ("log(1 + exp(2*x))", "softplus(2*x)"),
        ("1/(1 + exp(-x))", "sigmoid(x)"),
        ("sin(x + y)**2*sin(y + x)", "sin(x + y)**3"),
        ("x/(y*x)", "1/y"),
        ("x**0", "1"),
        ("x**-0", "1"),
        ("x**0*y", "y"),
        ("(x*y)**0", "1"),
        ("(x + y)**0 + sqrt(x)**0", "2"),
    ],
)
def test_equal_formulas_are_one(one, other):
    _, (first, second) = made(one, other)
    assert first == second


@pytest.mark.parametrize(
    "one, other",
    [
        ("sqrt(x)*sqrt(x)", "x"),
        ("(x**2)**0.5", "x"),
        ("(x**3)**(1/3)", "x"),
        ("sqrt(x)**2", "x"),
        ("sqrt(x)/sqrt(x)", "1"),
        ("sqrt(x*y)", "sqrt(x)*sqrt(y)"),
        ("exp(-2*x**2)", "gaussian(x)"),
        ("(1 - x)**0.5", "(x - 1)**0.5"),
    ],
)
def test_formulas_with_other_domains_or_values_are_not(one, other):
    _, (first, second) = made(one, other)
    assert first != second


def test_a_part_that_stands_twice_is_one_node():
    circuit, _ = made("exp(sin(x) + y) + cos(sin(x) + y)", "tanh(y + sin(x))")
    assert len(circuit.units) == 2 + 1


def test_no_sum_has_two_edges_from_one_node():
    circuit, found = made("sin(x**3 + x**2 + x)*(cos(x) + x)")
    for one in [*(one for unit in circuit.units for one in unit.factors), *map(circuit.on_different_nodes, found)]:
        nodes = [term.node for term, _ in one.terms]
        assert len(nodes) == len(set(nodes))


@pytest.mark.parametrize("text", ["log(x - x)", "1/(x - x)", "(x - x - 2)**0.5"])
def test_constants_that_only_appear_when_terms_cancel_are_checked_too(text):
    with pytest.raises(SymbolicError, match="no finite real value|division by zero"):
        made(text)


@pytest.mark.parametrize("text", ["(x**50)**3", "x**60*x**60", "(x**-40)**4*y"])
def test_powers_that_only_merging_makes_too_high_are_refused(text):
    with pytest.raises(SymbolicError, match="beyond 100"):
        made(text)


def test_constants_that_overflow_are_refused():
    with pytest.raises(SymbolicError, match="no finite real value|more than floats"):
        made("(1e200*x)**2")

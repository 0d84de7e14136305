"""Trees of functions, against their formulas."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.structure import as_function, grown, probe
from surrogates import KNOWN, network, surrogate

FORMULAS = {
    "product of powers": "x1 * x2^2 * x3^(-1/2)",
    "kinetic energy": "x1 * (f(x2) + f(x3))",
    "gravity in a plane": "x1 * x2 * g(g(x3 - x4) + f(x5))",
    "sum of products": "x1 * x2 + x3 * x4",
    "hello": "f(x1) * f(x2)",
    "velocities": "g(f(x1) + f(x2))",
    "velocities with c": "g(x1, x2, x3)",
    "distance": "g(x1^2 + x2^2 + x3^2)",
    "slanted wave": "g(x1 + 2 x2 - 3 x3)",
    "decay": "x1 * g(x2 x3^(-1))",
    "lens": "g(f(x1) + g(x2 x3^(-1)))",
    "gas": "g(x1 x3^(-1), x2)",
    "nested": "g(g(x1 x2) + f(x3) + f(x4))",
    "dummies": "x2 * f(x4)",
    "deep": "g(f(x1) + f(x2)) * f(x3) * f(x4) + x5",
    "friedman": "g(x1 x2) + f(x3) + x4 + 0.5 * x5",
    "barometer": "x1 * g(x2 x3 x4 x5^(-1))",
    "resistors": "g(x1^(-1) + x2^(-1))",
    "three-way": "g(x1, x2, x3)",
    "no structure": "g(x1, x2, x3)",
}


def tree_of(known, error):
    X = known.rows()
    names = tuple(f"x{k + 1}" for k in range(known.columns))
    return grown(probe(surrogate(known.f, X, error) if error else as_function(known.f, X, names), X))


@pytest.mark.parametrize("error", [0.0, 1e-3])
@pytest.mark.parametrize("name", FORMULAS)
def test_the_tree_is_the_skeleton_of_the_formula(name, error):
    assert tree_of(KNOWN[name], error).formula == FORMULAS[name]


@pytest.mark.parametrize("name", ["hello", "decay", "sum of products", "distance", "deep", "barometer", "three-way"])
def test_the_tree_of_a_rough_surrogate_is_the_same(name):
    assert tree_of(KNOWN[name], 1e-2).formula == FORMULAS[name]


@pytest.mark.parametrize("seed", range(3))
def test_a_random_network_stays_whole(seed):
    X = np.random.default_rng(seed).uniform(-1, 1, (400, 4))
    assert ew.tree(network(4, seed), X).formula == "g(x1, x2, x3, x4)"


def test_a_constant_beside_a_product_is_told_where_it_is_known():
    X = np.random.default_rng(0).uniform(1, 2, (400, 3))
    assert ew.tree(lambda X: 3 + np.sin(X[:, 0]) * np.exp(X[:, 1]), X[:, :2]).formula == "f(x1) * f(x2) + 3"
    assert ew.tree(lambda X: 3 + X[:, 0] * X[:, 1] + X[:, 2], X).formula == "x1 * x2 + x3 + 3"


WITH_NUMBERS = {
    "3 * x1": lambda a, b, c, d: 3 * a,
    "3 * x1 + 2 * x2": lambda a, b, c, d: 3 * a + 2 * b,
    "-x1 + f(x2)": lambda a, b, c, d: -a + b**2,
    "5 * x1 * x2 + 7": lambda a, b, c, d: 5 * a * b + 7,
    "2 * x1^3 * x2^(-1/2)": lambda a, b, c, d: 2 * a**3 / b**0.5,
    "-2 * x1 * x2 - 4 * x3 * x4 - 1": lambda a, b, c, d: -2 * a * b - 4 * c * d - 1,
    "f(x1) * f(x2) + f(x3) * x4 + 5": lambda a, b, c, d: a.sin() * b.exp() + c.cos() * d + 5,
    "4 * (x1 + 0.5 * x2) * x3^2": lambda a, b, c, d: (4 * a + 2 * b) * c**2,
    "6 * (x1 + f(x2)) * x3": lambda a, b, c, d: 2 * c * (3 * a + b.exp()),
    "(x1 + 2) * x2 + 7": lambda a, b, c, d: (a + 2) * b + 7,
    "((x1 + 2) * x2 + 7) * x3 + 3": lambda a, b, c, d: ((a + 2) * b + 7) * c + 3,
    "6 * (x1 * x2 + 0.5) * x3": lambda a, b, c, d: (6 * a * b + 3) * c,
}


@pytest.mark.parametrize("formula", WITH_NUMBERS)
def test_factors_signs_and_constants_stand_in_the_formula(formula):
    X = np.random.default_rng(0).uniform(1, 2, (400, 4))
    assert ew.tree(lambda X: WITH_NUMBERS[formula](*X.T), X).formula == formula


def test_a_size_is_not_taken_for_the_column_itself():
    X = np.random.default_rng(0).uniform(-1, 1, (400, 2))
    assert ew.tree(lambda X: X[:, 0].abs() * X[:, 1], X).formula == "f(x1) * x2"


def test_columns_whose_names_are_no_words_stand_in_backquotes():
    X = np.random.default_rng(0).uniform(1, 2, (400, 4))
    found = ew.tree(lambda X: X[:, 0] * X[:, 1] + (X[:, 2] * X[:, 3]).sin(), X, inputs=["a b", "c", "d-1", "e"])
    assert found.formula == "`a b` * c + g(`d-1` e)"
    assert found.inputs == ("a b", "c", "d-1", "e")


def test_the_drawing_has_a_line_for_every_part():
    found = tree_of(KNOWN["deep"], 0.0)
    drawn = [line.split("  (tested")[0] for line in repr(found).splitlines()]
    assert drawn == [
        "+",
        "├── *",
        "│   ├── g(+)",
        "│   │   ├── f(x1)",
        "│   │   └── f(x2)",
        "│   ├── f(x3)",
        "│   └── f(x4)",
        "└── x5",
    ]

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
    "friedman": "g(x1 x2) + f(x3) + x4 + x5",
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
    assert ew.tree(lambda X: 3 + X[:, 0] * X[:, 1] + X[:, 2], X).formula == "x1 * x2 + x3"


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

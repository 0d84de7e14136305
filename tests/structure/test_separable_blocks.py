"""Blocks of columns that add or multiply, against functions written down with them."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.structure import ProductOfBlocks, SumOfBlocks, as_function, blocks, probe, unused
from surrogates import KNOWN, blocks_of, network, surrogate


def found_blocks(function, X):
    looked = probe(function, X)
    without = [found.columns[0] for found in unused(looked) if found.holds]
    found = {type(one): one.blocks for one in blocks(looked, without) if one.holds}
    return tuple(without), found.get(SumOfBlocks, ()), found.get(ProductOfBlocks, ())


def wanted_blocks(known):
    return tuple(b[0] for b in blocks_of(known.unused)), blocks_of(known.sums), blocks_of(known.products)


@pytest.mark.parametrize("name", KNOWN)
def test_blocks_of_exact_functions_are_those_written_down(name):
    known = KNOWN[name]
    function = as_function(known.f, known.rows(), tuple("abcde"[: known.columns]))
    assert found_blocks(function, known.rows()) == wanted_blocks(known)


# up to 2 percent, "gas" is a product and a constant
SURROGATES = [(name, error) for name in KNOWN for error in (1e-3, 1e-2) if (name, error) != ("gas", 1e-2)]


@pytest.mark.parametrize("name, error", SURROGATES)
def test_blocks_of_a_surrogate_are_those_of_the_function(name, error):
    known = KNOWN[name]
    function = surrogate(known.f, known.rows(), error, seed=1)
    assert found_blocks(function, known.rows()) == wanted_blocks(known)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("error", [0.0, 1e-2])
def test_random_networks_have_no_blocks(seed, error):
    f, X = network(4, seed), np.random.default_rng(seed).uniform(-1, 1, (500, 4))
    function = surrogate(f, X, error, seed) if error else as_function(f, X, tuple("abcd"))
    assert found_blocks(function, X) == ((), (), ())


def test_an_error_as_large_as_the_function_decides_nothing():
    X = KNOWN["sum of products"].rows()
    looked = probe(surrogate(KNOWN["sum of products"].f, X, 3.0), X)
    assert not blocks(looked)
    assert not any(found.holds for found in unused(looked))

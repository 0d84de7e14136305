"""Scalings by the null space of [x_i f_i, f], against Euler's theorem for functions written down."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.structure import as_function, make_sample, probe, scaling, scalings, translations
from surrogates import KNOWN, blocks_of, network, surrogate


def without(known):
    return tuple(block[0] for block in blocks_of(known.unused))


def looked_at(known, error, seed=0):
    X = known.rows()
    names = tuple(f"x{k + 1}" for k in range(known.columns))
    return probe(surrogate(known.f, X, error, seed) if error else as_function(known.f, X, names), X).base


@pytest.mark.parametrize("error", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize("name", [name for name in KNOWN if name != "small third"])
def test_scalings_span_those_of_the_function(name, error):
    known = KNOWN[name]
    found = [one for one in scalings(looked_at(known, error), without(known)) if one.holds]
    assert len(found) == known.scalings
    exact = as_function(known.f, known.rows(), tuple("abcde"[: known.columns])).at(known.rows())
    for one in found:
        assert scaling(exact, one.weights, one.degree).holds, one


@pytest.mark.parametrize("error", [0.0, 1e-2])
@pytest.mark.parametrize("name", KNOWN)
def test_translations_are_those_of_the_function(name, error):
    known = KNOWN[name]
    found = [one for one in translations(looked_at(known, error), without(known)) if one.holds]
    assert len(found) == known.translations
    X = known.rows()
    exact = as_function(known.f, X, tuple("abcde"[: known.columns]))
    for one in found:
        moved = X + 0.01 * np.array([float(weight) for weight in one.direction])
        np.testing.assert_allclose(exact.values(moved)[0], exact.values(X)[0], rtol=1e-10)


@pytest.mark.parametrize("error", [0.0, 1e-2])
@pytest.mark.parametrize("seed", range(3))
def test_random_networks_have_no_scaling_and_no_translation(seed, error):
    f, X = network(3, seed), np.random.default_rng(seed).uniform(-1, 1, (500, 3))
    sample = probe(surrogate(f, X, error, seed) if error else as_function(f, X, tuple("abc")), X).base
    assert not [one for one in (*scalings(sample), *translations(sample)) if one.holds]


def test_powers_come_out_as_fractions_and_others_as_numbers():
    X = KNOWN["saddle"].rows() + 2.5
    gradient = np.stack([1.5 * X[:, 0] ** 0.5 * X[:, 1] ** 0.37, 0.37 * X[:, 0] ** 1.5 * X[:, 1] ** -0.63], 1)
    sample = make_sample(X, X[:, 0] ** 1.5 * X[:, 1] ** 0.37, gradient, 1e-12, 1e-12, ("a", "b"))
    first, second = scalings(sample)
    assert first.words == "scaling to c a gives c^(3/2) f"
    assert second.holds and second.degree == pytest.approx(0.37, abs=1e-9)
    assert repr(second).startswith("scaling to c b gives c^(0.37) f (tested to ")


def test_errors_of_another_size_in_each_column_and_row_are_weighted():
    """One column is known badly, and half of the rows; the scaling of the others is found to the error they have."""
    X = KNOWN["product of powers"].rows()
    function = as_function(KNOWN["product of powers"].f, X, ("a", "b", "c"))
    exact, generator = function.at(X), np.random.default_rng(0)
    error = np.array([1e-6, 1e-6, 1e-1]) * np.where(np.arange(len(X)) % 2, 1.0, 30.0)[:, None]
    noisy = exact.gradient + error * generator.standard_normal(error.shape)
    found = scalings(make_sample(X, exact.f, noisy, 1e-9, error, ("a", "b", "c")), without=(2,))
    assert [one.words for one in found] == ["scaling to c a gives c f", "scaling to c b gives c^2 f"]
    assert all(one.noise < 1e-4 for one in found)

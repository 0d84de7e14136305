"""Tables of functions: rows equal what they print, and points and noise are drawn as they are meant."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from experiment_runs import module


def test_special_rows_equal_the_scipy_calls_that_the_table_prints():
    for row in module("tables").read_rows("special"):
        if row.expression.startswith("scipy."):
            X, y = row.sample(50, "test")
            assert np.array_equal(y, eval(row.expression, {"scipy": scipy}, {"x": X[:, 0], "y": X[:, 1]}))


@pytest.mark.parametrize("order, degree", [(0, 1), (1, 1), (0, 2), (1, 2), (2, 2)])
def test_harmonics_equal_their_closed_forms(order, degree):
    azimuth, polar = np.random.default_rng(0).uniform([0, 0], [2 * np.pi, np.pi], (40, 2)).T
    c, s = np.cos(polar), np.sin(polar)
    wanted = {
        (0, 1): np.sqrt(3 / np.pi) / 2 * c,
        (1, 1): -np.sqrt(3 / (2 * np.pi)) / 2 * s,
        (0, 2): np.sqrt(5 / np.pi) / 4 * (3 * c**2 - 1),
        (1, 2): -np.sqrt(15 / (2 * np.pi)) / 2 * s * c,
        (2, 2): np.sqrt(15 / (2 * np.pi)) / 4 * s**2,
    }[order, degree] * np.cos(order * azimuth)
    got = module("tables").harmonic(order, degree)(np.column_stack([azimuth, polar]))
    assert np.abs(got - wanted).max() < 1e-13


def test_feynman_rows_equal_the_printed_expressions():
    numbers = {
        "sqrt": np.sqrt,
        "exp": np.exp,
        "sin": np.sin,
        "cos": np.cos,
        "log": np.log,
        "asin": np.arcsin,
        "pi": np.pi,
    }
    for row in module("tables").read_rows("feynman"):
        X, y = row.sample(50, "test")
        wanted = eval(row.expression.replace("^", "**"), numbers, dict(zip(row.inputs, X.T, strict=True)))
        assert np.allclose(y, wanted, rtol=1e-12, atol=1e-14), row.name


def test_points_lie_in_the_ranges_differ_by_part_and_are_the_same_every_time():
    for table in ("special", "feynman"):
        for row in module("tables").read_rows(table):
            X, y = row.sample(200, "train")
            low, high = np.array(row.ranges).T
            assert X.shape == (200, len(row.inputs)) and (low <= X).all() and (high >= X).all() and np.isfinite(y).all()
            assert np.array_equal(X, row.sample(200, "train")[0]) and not np.isin(X, row.sample(200, "test")[0]).any()


def test_noise_has_the_asked_for_size_and_leaves_the_points_alone():
    row = module("tables").read_rows("special")[0]
    (X, y), (Xn, yn) = row.sample(5000, "train"), row.sample(5000, "train", noise=0.05)
    assert np.array_equal(X, Xn)
    assert abs((yn - y).std() / y.std() - 0.05) < 0.003


def test_inputs_may_carry_names_that_sympy_knows():
    function = module("tables").sympy_function("beta*E + gamma^2*S", ("beta", "E", "gamma", "S"))
    assert function(np.array([[2.0, 3.0, 4.0, 5.0]])).tolist() == [86.0]


def test_an_unknown_input_is_named():
    with pytest.raises(ValueError, match="omega"):
        module("tables").sympy_function("x + omega", ("x",))

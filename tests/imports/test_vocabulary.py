"""Functions by name have the values that scipy and numpy give them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
import torch

from edgewise import primitives
from edgewise.discovery.formulas.tree import Num, Var, values
from edgewise.errors import SymbolicError
from edgewise.imports.vocabulary import COMPOSED, forms, spoken

Z = np.linspace(0.1, 0.9, 17)
WANT = {
    "sqrt": np.sqrt,
    "cbrt": np.cbrt,
    "square": np.square,
    "ln": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "log1p": np.log1p,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "sec": lambda z: 1 / np.cos(z),
    "csc": lambda z: 1 / np.sin(z),
    "cot": lambda z: 1 / np.tan(z),
    "sech": lambda z: 1 / np.cosh(z),
    "csch": lambda z: 1 / np.sinh(z),
    "coth": lambda z: 1 / np.tanh(z),
    "erfc": scipy.special.erfc,
    "expit": scipy.special.expit,
    "Abs": np.abs,
    "Heaviside": lambda z: np.heaviside(z, 0.5),
}
LARGEST = {"max": np.maximum, "min": np.minimum, "Max": np.maximum, "Min": np.minimum}
OF_TWO = {"pow": np.power, "hypot": np.hypot, **LARGEST}


def of_columns(name: str, *columns: np.ndarray) -> np.ndarray:
    node = spoken(name).make(*(Var(k) for k in range(len(columns))))
    return values(node, torch.tensor(np.stack(columns, 1))).numpy()


@pytest.mark.parametrize("name", WANT)
def test_functions_of_one_argument(name):
    np.testing.assert_allclose(of_columns(name, Z), WANT[name](Z), rtol=1e-13)


@pytest.mark.parametrize("name", ["cbrt", "Abs", "Heaviside", "erfc", "square", "expm1"])
def test_functions_that_are_defined_below_zero_are_right_there(name):
    np.testing.assert_allclose(of_columns(name, -Z), WANT[name](-Z), rtol=1e-12)


@pytest.mark.parametrize("name", OF_TWO)
def test_functions_of_two_arguments(name):
    np.testing.assert_allclose(of_columns(name, Z, Z[::-1].copy()), OF_TWO[name](Z, Z[::-1]), rtol=1e-13, atol=1e-15)


def test_every_function_is_tested():
    assert {*WANT, *OF_TWO} == set(COMPOSED)


def test_the_largest_of_many_is_found():
    rows = np.random.default_rng(0).uniform(-1, 1, (50, 4))
    np.testing.assert_allclose(of_columns("max", *rows.T), rows.max(1), atol=1e-15)
    np.testing.assert_allclose(of_columns("min", *rows.T), rows.min(1), atol=1e-15)


@pytest.mark.parametrize("name", forms())
def test_every_closed_form_with_a_name_of_letters_is_a_function(name):
    z = torch.full((1, 1), 1.5 if "cosh" in name else 0.4, dtype=torch.float64)
    torch.testing.assert_close(values(spoken(name).make(Var(0)), z), primitives.evaluate(name, z[:, 0]))


def test_numbers_are_worked_out_at_once():
    assert spoken("cos").make(Num(0.0)) == Num(1.0)
    assert spoken("hypot").make(Num(3.0), Num(4.0)) == Num(5.0)


def test_a_closed_form_of_ones_own_is_a_function_while_it_is_there():
    primitives.add_primitive("tripled", lambda z: 3 * z)
    try:
        assert spoken("tripled").make(Num(2.0)) == Num(6.0)
    finally:
        primitives.remove_primitive("tripled")
    with pytest.raises(SymbolicError, match="no edge holds a function 'tripled'"):
        spoken("tripled")


@pytest.mark.parametrize("name, z", [("log", 0.0), ("log", -1.0), ("asin", 2.0), ("exp", 1e4), ("sqrt", -1.0)])
def test_numbers_without_finite_real_value_are_refused(name, z):
    with pytest.raises(SymbolicError, match="no finite real value"):
        spoken(name).make(Num(z))


def test_a_negative_base_of_a_power_that_varies_is_refused():
    with pytest.raises(SymbolicError, match="above zero"):
        spoken("pow").make(Num(-math.pi), Var(0))

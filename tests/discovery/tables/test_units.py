"""Units of columns: the groups without unit that any law is made of, and what is wrong with units that do not fit."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

import edgewise as ew
from edgewise.discovery.tables.units import unit_scalings
from edgewise.errors import ConfigError


def uniform(*ranges: tuple[float, float], rows: int = 400) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    unit = torch.rand(rows, len(ranges), dtype=torch.float64, generator=generator)
    low, high = torch.tensor(ranges, dtype=torch.float64).T
    return low + (high - low) * unit


def test_each_scaling_changes_all_columns_as_a_change_of_units_does():
    units = {"h": "J*s", "f": "1/s", "c": "m/s", "k": "J/K", "T": "K", "B": "J/m^2"}
    found = unit_scalings(units, ["h", "f", "c", "k", "T"], "B")
    assert found is not None and len(found.vectors) == 4
    sizes = torch.tensor([[0.7, 1.3, 2.0, 0.4, 3.0]], dtype=torch.float64)

    def radiance(x: torch.Tensor) -> torch.Tensor:
        h, f, c, k, T = x.T
        return h * f**3 / c**2 / torch.expm1(h * f / (k * T))

    for vector in found.vectors:
        *powers, own = map(float, vector)
        scaled = sizes * 1.7 ** torch.tensor(powers, dtype=torch.float64)
        assert float(radiance(scaled) * 1.7**own) == pytest.approx(float(radiance(sizes)))


def test_the_shortest_groups_are_chosen_and_columns_near_zero_are_not_divided_by():
    units = {"v": "m/s", "w": "m/s", "y": ""}
    assert unit_scalings(units, ["v", "w"], "y", shy=[1]).pivots == (0,)  # type: ignore[union-attr]
    assert unit_scalings(units, ["v", "w"], "y", shy=[0]).pivots == (1,)  # type: ignore[union-attr]
    halves = unit_scalings({"a": "m^2", "y": "m"}, ["a"], "y")
    assert halves is not None and halves.vectors == ((Fraction(1), Fraction(-1, 2)),)


def test_nothing_is_asked_where_no_column_has_a_unit():
    assert unit_scalings({"a": "", "b": "rad", "y": "dimensionless"}, ["a", "b"], "y") is None


@pytest.mark.slow
def test_a_constant_with_a_unit_enters_the_law_by_its_name():
    X = uniform((1.0, 2.0), (8.0, 20.0), (2.0, 2.0), (3.0, 3.0))
    M, r, G, c = X.T
    units = {"M": "kg", "r": "m", "G": "m^3/kg/s^2", "c": "m/s", "y": ""}
    found = ew.discover(X, (1 - 2 * G * M / (r * c**2)) ** 0.5, inputs=list("MrGc"), units=units, progress=False)
    assert {str(symbol) for symbol in found.best.expression.free_symbols} == set("MrGc")
    assert found.is_law


def test_a_law_over_other_columns_than_the_groups_is_not_taken():
    """The constant alone explains as much, and is shorter."""
    X = uniform((0.2, 3.0), (9.81, 9.81), rows=120)
    units = {"L": "m", "g": "m/s^2", "T": "s"}
    for noise in (0.0, 0.01):
        draws = torch.randn(120, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
        T = 2 * torch.pi * (X[:, 0] / X[:, 1]) ** 0.5 + noise * draws
        found = ew.discover(X, T, inputs=["L", "g"], target="T", units=units, progress=False)
        assert {str(symbol) for symbol in found.best.expression.free_symbols} == {"L", "g"}, found
        assert found.is_law and not any("g(" in step.text for step in found.steps)


def test_columns_of_one_value_are_no_trouble_without_units_either():
    X = uniform((1.0, 2.0), (2.0, 2.0), (0.0, 0.0))
    found = ew.discover(X, X[:, 0] ** 2, progress=False)
    assert str(found.best) == "x1**2" and found.is_law
    assert ew.discover(X[:, 1:], X[:, 0], progress=False).is_law is False


def test_units_against_which_the_rows_speak_are_told_and_do_no_harm():
    X = uniform((1.0, 2.0), (1.0, 2.0))
    found = ew.discover(X, X[:, 0] + X[:, 1] ** 2, units={"x1": "m", "x2": "s", "y": "m/s"}, progress=False)
    assert str(found.best) in ("x1 + x2**2", "x2**2 + x1") and found.is_law


@pytest.mark.parametrize(
    ("units", "words"),
    [
        (["m"], "units needs the unit of every column by its name"),
        ({"x1": "m", "y": "m", "z": "m"}, "'z', which is no column"),
        ({"x1": "m"}, "nothing for 'y'"),
        ({"x1": "metr", "y": "m"}, "nothing that pint knows"),
        ({"x1": "m/", "y": "m"}, "nothing that pint knows"),
        ({"x1": "degC", "y": "m"}, "a zero of its own"),
        ({"x1": 3, "y": "m"}, "must be words"),
        ({"x1": "m", "y": "s"}, "no product of powers of the columns"),
        ({"x1": "", "y": "s"}, "no product of powers of the columns"),
    ],
)
def test_units_that_do_not_fit_are_told(units, words):
    with pytest.raises(ConfigError, match=words):
        ew.discover(uniform((1.0, 2.0)), uniform((1.0, 2.0))[:, 0], units=units, progress=False)


def test_a_formula_that_breaks_the_units_is_said_to():
    X = uniform((1.0, 2.0), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0))
    units = {"M": "kg", "r": "m", "G": "m^3/kg/s^2", "c": "m/s", "s": ""}
    found = ew.discover(X, X[:, 0] + X[:, 1], inputs=list("MrGc"), target="s", units=units, progress=False)
    assert str(found.best) == "M + r"
    assert "it breaks the units" in found.message
    assert [str(step) for step in found.steps if "breaks" in step.text] == [
        "(no) the units hold: s = M + r breaks them"
    ]


def test_a_column_of_one_value_with_a_unit_comes_before_a_number():
    X = uniform((1.0, 2.0), (3.0, 3.0))
    units = {"m": "kg", "c": "m/s", "E": "J"}
    found = ew.discover(X, X[:, 0] * 9, inputs=["m", "c"], target="E", units=units, progress=False)
    assert str(found.best) == "m*c**2" and found.is_law
    assert "units" not in found.message


def test_a_law_that_keeps_the_units_is_told_without_doubt():
    X = uniform((1.0, 2.0), (1.0, 2.0))
    found = ew.discover(X, X[:, 0] + 2 * X[:, 1], units={"x1": "m", "x2": "m", "y": "m"}, progress=False)
    assert found.is_law and "units" not in found.message and all(step.held for step in found.steps)

"""Formulas of one column with a place, a phase or a power."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.formulas.yardstick import Yardstick
from edgewise.discovery.polishing.least_squares import fitted
from edgewise.discovery.proposals.one_column import located, offset_powers, waves
from edgewise.discovery.proposals.question import Question
from edgewise.discovery.tables.law_task import LawRows
from edgewise.primitives.functions import bessel_j0

Z = torch.linspace(-2, 3, 400, dtype=torch.float64)


def asked(g: torch.Tensor) -> Question:
    return Question(Z[:, None], g, torch.ones_like(g), Yardstick(len(g), 0.0, 1e-9))


@pytest.mark.parametrize("phase", [0.0, 0.7, 2.9])
def test_a_wave_is_found_at_any_phase_on_a_slope_and_while_it_fades(phase):
    """Near enough for least squares: a tenth of the spread, where one step of the frequency is left to them."""
    g = 1.3 * torch.exp(-0.4 * Z) * torch.sin(4.1 * Z + phase) + 0.5
    best = waves(asked(g))[0]
    assert asked(g).error(best) < 0.2 * float(g.std())
    line = torch.sin(5.0 * Z + phase) + 2 * Z
    assert asked(line).error(waves(asked(line))[0]) < 0.1 * float(line.std())


@pytest.mark.parametrize(
    "shape",
    [
        lambda z: torch.exp(-2 * (z - 1.1) ** 2) + 3,
        lambda z: 2 * torch.tanh(1.7 * z - 0.8),
        lambda z: 1 / (z + 2.4) - 1,
        lambda z: (z - 0.3).abs() + z,
        lambda z: torch.log(z + 2.2),
        lambda z: 2 * bessel_j0(9.3 * z) + 1,
    ],
)
def test_a_shape_is_found_near_its_place(shape):
    g = shape(Z)
    assert asked(g).error(located(asked(g))[0]) < 0.15 * float(g.std())


def test_a_wave_over_a_power_of_its_column_is_found():
    for law in (lambda z: (torch.sin(2.2 * z) / z) ** 2, lambda z: z * torch.cos(3.3 * z)):
        g = law(Z)
        assert asked(g).error(waves(asked(g))[0]) < 0.1 * float(g.std())


def test_waves_of_fifty_periods_are_found():
    g = torch.sin(60.3 * Z + 1)
    assert asked(g).error(waves(asked(g))[0]) < 0.6 * float(g.std())


@pytest.mark.parametrize("p", [0.3, 1.7, 2.6, -1.4, -0.6])
@pytest.mark.parametrize("offset", [0.4, -1.5])
def test_a_power_beside_a_constant_is_found_whatever_it_is(p, offset):
    z = 0.1 + 3.9 * torch.rand(50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for g in (2.1 * z**p + offset, -0.8 * z**p + 3 * z + offset):
        question = Question(z[:, None], g, torch.ones_like(g), Yardstick(len(g), 0.0, 1e-9))
        near = [fitted(node, LawRows(z[:, None], g), steps=25) for node in offset_powers(question)]
        assert min(map(question.error, near)) < 1e-8 * float(g.std())


def test_numbers_of_both_signs_have_no_power_that_is_not_simple():
    assert offset_powers(asked(Z**2 + 1)) == []


def test_several_columns_have_no_place():
    two = Question(torch.rand(50, 2), torch.rand(50), torch.ones(50), Yardstick(50, 0.0, 1e-9))
    assert waves(two) == located(two) == offset_powers(two) == []


def test_a_column_far_from_zero_has_waves_whose_growth_numbers_can_hold():
    """Such as years with their fractions: exp(10 z) is beyond all floats there."""
    z = 2024 + torch.linspace(0, 1, 200, dtype=torch.float64)
    g = torch.sin(9 * z) + 0.3
    question = Question(z[:, None], g, torch.ones_like(g), Yardstick(len(g), 0.0, 1e-9))
    assert question.error(waves(question)[0]) < 0.3 * float(g.std())

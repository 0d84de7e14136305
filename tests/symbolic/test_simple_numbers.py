"""Numbers that people write down are told from those that they do not."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.symbolic.simple_numbers import exact, nearest


@pytest.mark.parametrize(
    "value, text",
    [
        (1.0, "1"),
        (-3.0, "-3"),
        (0.5, "1/2"),
        (2 / 3, "2/3"),
        (math.pi, "pi"),
        (-math.pi / 2, "-pi/2"),
        (3 * math.pi / 4, "3*pi/4"),
        (math.sqrt(2), "sqrt(2)"),
        (1 / math.sqrt(2), "sqrt(2)/2"),
        (math.e, "E"),
        (0.05, "1/20"),
        (120.0, "120"),
        (1 / math.pi, "1/pi"),
        (math.sqrt(2 / math.pi), "sqrt(2)/sqrt(pi)"),
        (0.001, "1/1000"),
        (0.0, "0"),
        (6.67e-11, "6.67000000000000e-11"),
        (-3e8, "-300000000.000000"),
        (1.602e-19, "1.60200000000000e-19"),
        (2e-6, "2.00000000000000e-6"),
    ],
)
def test_simple_numbers_are_recognised_from_their_double(value: float, text: str) -> None:
    simple = exact(value)
    assert simple is not None and str(simple.expr()) == text
    assert simple.value == value or abs(simple.value - value) <= 3e-16 * abs(value)


@pytest.mark.parametrize(("value", "written"), [(6.674e-11, True), (1.234e-9, True), (1.2345e-9, False)])
def test_small_numbers_have_four_digits_at_most(value: float, written: bool) -> None:
    assert (nearest(value, 1e-9 * value) is not None) is written


def test_random_doubles_are_no_simple_numbers() -> None:
    draws = torch.rand(3000, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 10 - 5
    for unit in (1.0, 1e-12, 1e20):
        assert sum(exact(v * unit) is not None for v in draws.tolist()) == 0


def test_the_simplest_number_within_reach_wins() -> None:
    assert nearest(1.0003, 1e-3).value == 1.0  # type: ignore[union-attr]
    assert nearest(3.1417, 1e-3).symbol == "pi"  # type: ignore[union-attr]
    assert nearest(1e-5, 1e-4).value == 0.0  # type: ignore[union-attr]


def test_a_number_that_is_near_something_by_chance_is_left_alone() -> None:
    draws = (torch.rand(400, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 4).tolist()
    for reach in (1e-2, 1e-3, 1e-4):
        for unit in (1.0, 1e-12, 1e20):
            hits = sum(nearest(v * unit, reach * unit) is not None for v in draws)
            assert hits / len(draws) < 0.25, reach
    assert nearest(0.7, 0.5) is None or nearest(0.7, 0.5).value == 0.0  # type: ignore[union-attr]


def test_angles_prefer_multiples_of_pi() -> None:
    assert nearest(3.146, 0.015, angle=True).symbol == "pi"  # type: ignore[union-attr]
    assert nearest(2.0002, 1e-3, angle=True).value == 2.0  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_nothing(value: float) -> None:
    assert nearest(value, 1e-3) is None and nearest(1.0, value) is None


def test_the_smallest_double_is_no_simple_number() -> None:
    assert exact(5e-324) is None and nearest(5e-324, 0.0) is None

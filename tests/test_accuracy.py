"""Accuracy: what fits reach stays within a factor of 2 of what is recorded, so that a change of tuning shows."""

from __future__ import annotations

import pytest

import accuracy_table
from helpers import all_but_slow


@pytest.mark.parametrize("name", all_but_slow(accuracy_table.QUICK, accuracy_table.CASES))
def test_every_figure_is_within_a_factor_of_two_of_the_recorded_one(name: str):
    assert accuracy_table.far_off(accuracy_table.measured(name), accuracy_table.recorded()[name]) == {}


def test_every_case_is_recorded():
    assert list(accuracy_table.recorded()) == list(accuracy_table.CASES)

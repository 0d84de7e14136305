"""What counts as evidence."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.structure import Evidence, judge


def test_a_verdict_does_not_depend_on_units():
    generator = np.random.default_rng(0)
    violation, error, scale = generator.standard_normal(100), np.full(100, 0.9), np.full(100, 50.0)
    one, other = judge(violation, error, scale), judge(1e9 * violation, 1e9 * error, 1e9 * scale)
    assert one.statistic == pytest.approx(other.statistic) and one.noise == pytest.approx(other.noise)


def test_a_few_wild_rows_change_no_verdict_and_many_do():
    violation, error, scale = np.full(100, 1.0), np.ones(100), np.full(100, 1e3)
    violation[:4] = 1e6
    assert judge(violation, error, scale).holds
    violation[:20] = 1e6
    assert judge(violation, error, scale).fails


def test_errors_that_hide_everything_decide_nothing():
    undecided = judge(np.ones(100), np.ones(100), np.full(100, 2.0))
    assert not undecided.holds and not undecided.fails and undecided.confidence == 0.0


def test_confidence_grows_as_errors_shrink():
    confidences = [judge(np.zeros(100), np.full(100, e), np.ones(100)).confidence for e in (0.05, 1e-3, 1e-9)]
    assert confidences == sorted(confidences) and confidences[-1] > 1 - 1e-8
    assert Evidence(20.0, 2.0, 1e-3).confidence == pytest.approx(0.9)


def test_rows_without_a_value_do_not_count_and_too_few_decide_nothing():
    violation = np.where(np.arange(100) < 30, np.nan, 0.0)
    assert judge(violation, np.full(100, 1e-6), np.ones(100)).holds
    assert not judge(np.where(np.arange(100) < 60, np.nan, 0.0), np.full(100, 1e-6), np.ones(100)).holds

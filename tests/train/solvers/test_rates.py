"""Rates: every schedule rises, stays and falls where it should, and unusable ones are listed."""

from __future__ import annotations

import pytest
import torch

from edgewise.errors import ConfigError
from edgewise.train.solvers.rates import SCHEDULES, Rates
from helpers import assert_close

from .small_runs import LOSS, data, linear, minimize


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_start_end_and_stay_where_they_should(name):
    x, y = data(8)
    rates: list[float] = []
    minimize(
        linear(),
        x,
        y,
        LOSS,
        epochs=100,
        rate=0.5,
        rates=Rates(name, warmup=0.1),
        watch=lambda epoch: bool(rates.append(epoch.reach)),
    )
    assert all(0 < rate <= 1 for rate in rates) and max(rates) > 0.98
    if name == "constant":
        assert rates[10:] == [1.0] * 90
    else:
        assert rates[-1] < 0.02
        top = rates.index(max(rates))
        assert all(b <= a for a, b in zip(rates[top:], rates[top + 1 :], strict=False))
        assert all(b >= a for a, b in zip(rates[:top], rates[1 : top + 1], strict=False))
    if name != "onecycle":
        assert_close(torch.tensor(rates[:10]), torch.arange(1, 11) * 0.1, like="float32")


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"warmup": 1.0}, "warmup"),
        ({"schedule": "cosin", "warmup": -1.0}, "2 problems"),
    ],
)
def test_unusable_rates_are_listed(wrong, message):
    with pytest.raises(ConfigError, match=message):
        Rates(**wrong)

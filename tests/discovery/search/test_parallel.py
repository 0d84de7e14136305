"""Searches side by side tell the same in the same order."""

from __future__ import annotations

import joblib
import pytest
import torch

import edgewise as ew
from edgewise.discovery.search.parallel import in_order


def test_what_is_told_keeps_its_order():
    for jobs in (1, 2, -1):
        with joblib.parallel_config(backend="threading"):
            assert list(in_order(range, [3, 1, 2], n_jobs=jobs)) == [0, 1, 2, 0, 0, 1]


def test_one_job_asks_no_further_than_it_is_listened_to():
    asked = []
    told = in_order(lambda item: asked.append(item) or [item], [1, 2, 3], n_jobs=1)
    assert next(told) == 1 and asked == [1]


@pytest.mark.slow
def test_several_processes_find_the_same_front():
    X = 1 + torch.rand(150, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = torch.sin(3 * X[:, 0] * X[:, 1]) + X[:, 2].exp() / X[:, 0]
    alone, together = (ew.discover(X, y, n_jobs=jobs, seconds=600, progress=False) for jobs in (1, 2))
    assert str(alone.best) == str(together.best) and alone.verdict is together.verdict
    assert [str(law) for law in alone.front] == [str(law) for law in together.front]
    assert [str(step) for step in alone.steps] == [str(step) for step in together.steps]

"""Missing cells that give the target away are told; others are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import edgewise as ew
from edgewise.data import from_dataframe
from edgewise.studies.telling_gaps import telling_gaps

ROWS = 120


def customers(kind: str) -> pd.DataFrame:
    """Customers, of whom some left; only these have a cell in the column `end`."""
    draw = np.random.default_rng(0)
    gone = draw.random(ROWS) < 0.3
    ends = {
        "date": pd.date_range("2023-01-01", periods=ROWS).astype(str).to_numpy(dtype=object),
        "text": draw.choice(["price", "service", "moved"], ROWS).astype(object),
        "number": draw.random(ROWS).astype(object),
    }
    end = ends[kind].copy()
    end[~gone] = None
    return pd.DataFrame({"fee": draw.random(ROWS), "end": end, "churn": np.where(gone, "yes", "no")})


@pytest.mark.parametrize("kind", ["date", "text", "number"])
def test_cells_that_are_there_only_with_one_class_are_told(kind: str):
    frame = customers(kind)
    frame.loc[3, "churn"] = "yes" if frame.churn[3] == "no" else "no"  # one in a hundred may be otherwise
    assert telling_gaps(from_dataframe(frame, "churn")) == ("end",)


def test_numbers_are_told_likewise():
    frame = customers("number")
    frame["cost"] = np.where(frame.churn == "yes", 50.0, 0.0) + np.random.default_rng(1).normal(size=ROWS)
    assert telling_gaps(from_dataframe(frame.drop(columns="churn"), "cost")) == ("end",)


def test_gaps_that_only_help_are_not_told():
    frame = customers("number")
    half = np.random.default_rng(2).random(ROWS) < 0.3
    frame.loc[half, "churn"] = "no"
    assert telling_gaps(from_dataframe(frame, "churn")) == ()
    assert telling_gaps(from_dataframe(frame.assign(end=1.0 * half), "churn")) == ()


def test_a_study_says_so():
    found = ew.study(customers("date"), target="churn", formula=False, effort="quick", progress=False)
    assert "Whether a cell is missing in 'end' tells churn nearly alone" in found.verdict

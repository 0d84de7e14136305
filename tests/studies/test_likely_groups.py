"""Columns that belong to groups are told from columns that meet by chance, or that follow from each other."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.studies.likely_groups import likely_groups
from edgewise.studies.tuning import TUNED

GROUPS, EACH = 12, 5


def columns() -> dict[str, torch.Tensor]:
    """Columns of 60 rows: two belong to a group, two follow from one of these, two are of the row alone."""
    draw = torch.Generator().manual_seed(0)
    age, height = torch.randn(2, GROUPS, dtype=torch.float64, generator=draw).repeat_interleave(EACH, 1)
    dose = torch.randn(GROUPS * EACH, dtype=torch.float64, generator=draw)
    visit = torch.arange(GROUPS * EACH).double() % EACH
    return {"age": age, "height": height, "older": age.exp(), "younger": -age, "dose": dose, "visit": visit}


def found(*names: str, order: torch.Tensor | None = None) -> tuple[tuple[str, ...], int]:
    X = torch.stack([columns()[name] for name in names], 1)
    X = X if order is None else X[order]
    return likely_groups(ew.from_arrays(X, X[:, 0], inputs=names))


def test_columns_of_groups_are_found_in_any_order_of_rows():
    wanted = (("age", "height"), GROUPS)
    assert found("dose", "age", "visit", "height") == wanted
    order = torch.randperm(GROUPS * EACH, generator=torch.Generator().manual_seed(1))
    assert found("dose", "age", "visit", "height", order=order) == wanted
    assert found("age", "older", "height")[0] == ("age", "older", "height")


def test_missing_cells_hide_no_groups():
    X = torch.stack([columns()[name] for name in ("age", "height", "dose")], 1).numpy()
    X[3, 0] = X[17, 1] = float("nan")
    frame = pytest.importorskip("pandas").DataFrame(X, columns=["age", "height", "dose"]).assign(y=range(60))
    assert likely_groups(ew.from_dataframe(frame, "y")) == (("age", "height"), GROUPS)


@pytest.mark.parametrize("names", [("age", "older"), ("age", "younger"), ("age", "dose"), ("age", "visit"), ("dose",)])
def test_what_follows_from_one_column_is_no_group(names: tuple[str, ...]):
    assert found(*names) == ((), 0)


def test_a_few_groups_may_be_a_design():
    rows = torch.arange(40)
    few = torch.stack([rows % (TUNED.group_values - 1), (2 * rows) % (TUNED.group_values - 1)], 1).double()
    assert likely_groups(ew.from_arrays(few, rows.double())) == ((), 0)


def test_parts_of_a_date_are_no_columns_of_groups():
    pd = pytest.importorskip("pandas")
    days = pd.to_datetime(["2020-01-05", "2020-03-09", "2021-06-11", "2021-08-20", "2022-10-02", "2022-12-24"] * 5)
    frame = pd.DataFrame({"day": days, "y": range(30)})
    assert likely_groups(ew.from_dataframe(frame, "y")) == ((), 0)


def test_a_study_says_so_unless_groups_are_given():
    X = torch.stack([columns()[name] for name in ("age", "height", "dose")], 1)
    how = {"hidden": (), "formula": False, "progress": False, "interactions": 0}
    told = ew.study(X, X[:, 2] + X[:, 0], inputs=["age", "height", "dose"], **how).verdict
    assert "Rows may come in 12 groups, such as patients: columns 'age', 'height' belong to the group." in told
    of = torch.arange(GROUPS).repeat_interleave(EACH)
    assert "may come in" not in ew.study(X, X[:, 2] + X[:, 0], groups=of, **how).verdict

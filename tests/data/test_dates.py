"""Dates become a trend, and waves where they last long enough; new rows get the same inputs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.data import encode, from_dataframe
from edgewise.data.dates import date_inputs, date_texts, first_number, holds_dates, parts_of, read_dates
from edgewise.errors import DataError
from helpers import assert_close

pd = pytest.importorskip("pandas", reason="pandas is an optional package")

SPELLINGS = {
    "ISO": ["2020-02-29", "2021-12-31"],
    "slashes": ["2020/02/29", "2021/12/31"],
    "with a time": ["2020-02-29T00:00:00", "2021-12-31 00:00"],
    "points, day first": ["29.02.2020", "31.12.2021"],
    "points and a time": ["29.2.2020 00:00", "31.12.2021 00:00:00"],
    "named months, day first": ["29 Feb 2020", "31-December-2021"],
    "named months, years of two digits": ["29-Feb-20", "31 december 21"],
    "weekdays ahead": ["Saturday, 29 February 2020", "Fri 31-Dec-21"],
    "weekdays ahead of other dates": ["Sat, February 29, 2020", "Fri. 2021-12-31 00:00"],
    "named months, month first": ["February 29, 2020", "dec 31 2021"],
    "short": ["2020-2-29", "2021/12/31 0:00"],
    "half a day": ["29.2.2020 12:00 AM", "2021-12-31 12:00:00am"],
    "with a zone": ["2020-02-29 00:00:00+01:00", "2021-12-31T00:00:00.5Z"],
}


@pytest.mark.parametrize("how", SPELLINGS)
def test_dates_are_read_however_they_are_written(how: str):
    moments, other = read_dates([*SPELLINGS[how], "NA"])
    assert moments.astype(str).tolist() == ["2020-02-29T00:00:00", "2021-12-31T00:00:00", "NaT"] and not other


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["3/4/2020", "12/31/2021 13:30"], "month"),
        (["03-04-2020", "12-31-2021 1:30 PM"], "month"),
        (["3/4/20", "12/31/21 01:30pm"], "month"),
        (["4/3/2020", "31/12/2021 13:30:00"], "day"),
        (["4/3/2020", "31/12/2021 1:30 PM", "12/31/2021"], ""),
        (["4/3/2020", "3/12/2021"], ""),
        (["4/3/2020", "3/12/2021", "31/2/2020", "30/2/2020"], ""),  # no dates, so they say nothing
        (["4/3/20", "14/3/12"], ""),  # 14 may be the day or the year
    ],
)
def test_a_number_above_twelve_tells_the_day_from_the_month(cells: list[str], first: str):
    assert first_number(cells) == first and holds_dates(cells, range(len(cells))) == bool(first)
    moments, other = read_dates(cells, first)
    assert moments[:2].astype(str).tolist() == ["2020-03-04T00:00:00", "2021-12-31T13:30:00"] if first else other


def test_years_of_two_digits_are_of_this_century_or_the_last():
    moments, _ = read_dates(["1/31/68", "1/31/69"], "month")
    assert moments.astype("datetime64[Y]").astype(str).tolist() == ["2068", "1969"]
    assert read_dates(["31-Jan-68", "31-Jan-69"])[0].tolist() == moments.tolist()


def test_a_table_in_the_way_of_spreadsheets_is_that_of_the_dates():
    rows, _ = frame(300)
    days = pd.to_datetime(rows.day)
    for how in ("%d-%b-%y", "%A, %d %B %Y", "%a %d/%m/%Y"):
        table = from_dataframe(rows.assign(day=days.dt.strftime(how)), "y")
        assert torch.equal(table.X, from_dataframe(rows, "y").X)
        assert any("years of two digits: they are read as 1969 to 2068" in note for note in table.notes) == ("y" in how)
        alone = encode({"day": [days[3].strftime(how)]}, table.metadata())
        assert torch.equal(alone.X, table.X[3:4])


def test_a_month_with_two_digits_may_be_a_day_or_a_year():
    cells = ["May-16", "Dec-15", "16-May", "Sun", "Mon 5", "May 16, 20"]
    assert read_dates(cells)[1] == [*range(len(cells))] and not holds_dates(cells, range(len(cells)))


def test_a_model_remembers_which_number_is_the_month():
    rows, _ = frame(60)
    days = pd.to_datetime(rows.day)
    for how, first in (("%d/%m/%Y", "day"), ("%m/%d/%Y", "month")):
        table = from_dataframe(rows.assign(day=days.dt.strftime(how)), "y")
        assert torch.equal(table.X, from_dataframe(rows, "y").X) and table.encoding.slashes == {"day": first}
        assert f"dates with slashes start with the {first}" in table.notes[0]
        alone = encode({"day": [days[3].strftime(how)]}, table.metadata())
        assert torch.equal(alone.X, table.X[3:4])
    with pytest.raises(DataError, match="no date such as 2020-12-31"):
        encode({"day": ["3/4/2020"]}, from_dataframe(rows, "y").metadata())


def test_dates_that_do_not_tell_the_month_are_refused():
    with pytest.raises(DataError, match="and a row such as 3/14/2020, which tells"):
        from_dataframe(pd.DataFrame({"day": ["1/2/2020", "2/2/2020", "3/2/2020"], "y": [1.0, 2.0, 4.0]}), "y")


@pytest.mark.parametrize(
    "cells",
    [
        ["2020-04", "2021-12"],
        ["2020/04", "2021/12"],
        ["2020 Apr", "2021 December"],
        ["april 2020", "Dec-2021"],
        ["2020-Apr", "2021-DEC"],
    ],
)
def test_a_month_is_its_first_day(cells: list[str]):
    moments, other = read_dates(cells)
    assert moments.astype("datetime64[D]").astype(str).tolist() == ["2020-04-01", "2021-12-01"] and not other


@pytest.mark.parametrize("cells", [["2020 Q2", "2021 Q4"], ["2020Q2", "2021-q4"], ["Q2 2020", "Q4-2021"]])
def test_a_quarter_is_its_first_day(cells: list[str]):
    moments, other = read_dates(cells)
    assert moments.astype("datetime64[D]").astype(str).tolist() == ["2020-04-01", "2021-10-01"] and not other


@pytest.mark.parametrize("freq", ["Q", "M"])
def test_periods_of_pandas_are_a_trend_and_a_season(freq: str):
    periods = pd.period_range("1998-01", periods=40, freq=freq)
    table = from_dataframe(pd.DataFrame({"when": periods, "x": range(40), "y": np.sin(np.arange(40.0))}), "y")
    assert table.inputs == ("when=year", "when=season sin", "when=season cos", "x")
    new = encode(pd.DataFrame({"when": periods[5:6], "x": [0.0]}), table.metadata())
    assert_close(new.X[:, :3], table.X[5:6, :3])


@pytest.mark.parametrize("kind", ["int64", "float64", "Int32", "str", "with gaps"])
def test_whole_numbers_that_all_are_days_are_dates(kind: str):
    rows, _ = frame(60)
    numbers = pd.to_datetime(rows.day).dt.strftime("%Y%m%d").astype(int)
    want = from_dataframe(rows, "y")
    if kind == "with gaps":
        numbers = numbers.where(numbers.index != 7)
        want = from_dataframe(rows.assign(day=rows.day.where(rows.index != 7)), "y")
    rows = rows.assign(day=numbers if kind == "with gaps" else numbers.astype(kind))
    table = from_dataframe(rows, "y")
    assert torch.equal(table.X, want.X) and table.encoding == want.encoding
    assert any("'day' holds whole numbers that all are days, as 20201231 is" in note for note in table.notes)
    assert torch.equal(encode(rows[3:5], table.metadata()).X, table.X[3:5])
    assert torch.equal(encode({"day": ["2018-01-04", "20180105"]}, table.metadata()).X, table.X[3:5])
    with pytest.raises(DataError, match="'day' holds no date such as 2020-12-31 or 31.12.2020 in row 0"):
        encode({"day": [20180231, 20180301]}, table.metadata())


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("day", [20200101, 20200102, 20200103, 20200104] * 5),  # few
        ("day", [*range(20200101, 20200120), 20200230]),
        ("day", [*range(17000101, 17000121)]),
        ("day", [*range(20200101, 20200120), 20200120.5]),
        ("invoice_no", [*range(20200101, 20200121)]),
    ],
)
def test_other_whole_numbers_are_no_dates(column: str, cells: list):
    other = np.sin(np.arange(20.0))
    for values in (cells, [*map(str, cells)]):
        table = from_dataframe(pd.DataFrame({column: values, "x": other, "y": other**2}), "y")
        assert not table.encoding.dates


def test_arrays_of_days_and_of_years_are_told_apart():
    days = np.array([20200101.0, 20200215, 20200310, 20200401, 20200520, 20200607])
    table = from_dataframe(pd.DataFrame({"day": days, "y": np.arange(6.0) ** 2}), "y")
    assert table.inputs == ("day=year",)
    model = ew.KAN((1, 1)).build(metadata=table.metadata())
    want = model.predict(table.X)
    texts = np.array([[f"{day:.0f}"] for day in days], dtype=object)
    for X in (days[:, None], torch.from_numpy(days[:, None]), days[:, None].tolist(), texts):
        assert np.array_equal(model.predict(X), want)


def test_years_and_the_next_are_no_months():
    seasons = ["2008-09", "2009-10", "2010-11"]
    assert not holds_dates(seasons, range(3)) and holds_dates([*seasons, "2010-12"], range(4))
    rows = {"season": seasons * 20, "x": np.arange(60.0), "y": np.sin(np.arange(60.0))}
    assert from_dataframe(pd.DataFrame(rows), "y").categories == {"season": tuple(seasons)}


def test_what_is_no_date_is_told():
    no_days = ["2020-13-01", "2021-02-29", "30.2.2020", "30 Feb 2020", "12.31.2020", "2020-13", "2020 Q5"]
    no_days += ["2020-01-01 25:00", "2020-01-01 13:00 PM", "2020-01-01 PM", "2020-01/01"]
    unclear = ["31/12/2020", "12/31/2020", "31.12.20", "2020", "Mayday 2020", "2020 km"]
    cells = no_days + unclear
    assert read_dates(cells)[1] == [*range(len(cells))]


@pytest.mark.parametrize(
    ("dates", "parts"),
    [
        (pd.date_range("2020-01-01", "2020-01-08"), ("year",)),
        (pd.date_range("2020-01-01", "2020-06-08"), ("year", "weekday")),
        (pd.date_range("2015-01-01", "2021-01-01", freq="YS"), ("year",)),
        (pd.date_range("2015-01-01", "2021-01-01", freq="ME"), ("year", "season")),
        (pd.date_range("2015-01-01", "2021-01-01", freq="W"), ("year", "season")),
        (pd.date_range("2015-01-01", "2018-01-01"), ("year", "season", "weekday")),
        (pd.date_range("2020-01-01", "2020-01-08", freq="h"), ("year", "hour")),
    ],
)
def test_a_part_needs_dates_that_show_it(dates, parts: tuple[str, ...]):
    assert parts_of(dates.to_numpy().astype("datetime64[s]")) == parts


@pytest.mark.parametrize(("days", "parts"), [(15, ("year",)), (16, ("year", "weekday"))])
def test_days_of_the_week_need_two_with_three_rows_each(days: int, parts: tuple[str, ...]):
    first = np.datetime64("2021-03-01", "s")
    assert parts_of(first + np.arange(days) * np.timedelta64(1, "D")) == parts


def test_a_year_with_its_fraction_is_the_date_again():
    moments = np.datetime64("1999-12-31T23:59:59", "s") + np.random.default_rng(0).integers(0, 10**9, 500)
    texts = date_texts(date_inputs("d", moments, ("year",))["d=year"])
    assert texts == moments.astype(str).tolist()


def frame(count: int = 800) -> tuple:
    days = pd.date_range("2018-01-01", periods=count).to_numpy()
    wave = np.sin(2 * np.pi * pd.Series(days).dt.day_of_year / 365.25)
    y = 3 * wave + (pd.Series(days).dt.day_of_week >= 5) + 0.1 * np.random.default_rng(0).normal(size=count)
    return pd.DataFrame({"day": days, "y": y}), wave


@pytest.mark.parametrize("kind", ["datetime", "text", "date"])
def test_tables_with_dates_are_the_same_whatever_holds_them(kind: str):
    rows, _ = frame(60)
    days = rows.day.astype(str) if kind == "text" else rows.day
    days = [date.fromisoformat(str(day)[:10]) for day in days] if kind == "date" else days
    table = from_dataframe(rows.assign(day=days), "y")
    assert table.encoding.dates == {"day": ("year", "weekday")}
    assert table.metadata().terms() == ((0,), tuple(range(1, 8)))
    assert torch.equal(table.X, from_dataframe(rows, "y").X)
    assert torch.equal(encode(table.raw(), table.metadata()).X, table.X)


def test_a_season_and_the_days_of_the_week_are_found():
    rows, wave = frame()
    table = from_dataframe(rows, "y")
    start = ew.KAN((len(table.inputs), 1))
    model = ew.fit(start, table, optimizer="evidence", progress=False).model
    assert np.abs(model.predict(rows.drop(columns="y")) - rows.y).std() < 0.12
    sources = {table.inputs[place] for place in model.used_inputs}
    assert {"day=season sin", "day=Sunday"} <= sources


def in_zones() -> dict:
    """The same hours in several spellings."""
    berlin = pd.date_range("2023-03-01", periods=900, freq="h", tz="Europe/Berlin")  # with a change to summer
    return {
        "Europe/Berlin": berlin,
        "UTC": berlin.tz_convert("UTC"),
        "+05:30": berlin.tz_convert("+05:30"),
        "distances": berlin.map(lambda moment: moment.isoformat()),
        "Z": berlin.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ"),
        "none": berlin.tz_localize(None),
        "objects": np.array([moment.to_pydatetime() for moment in berlin], dtype=object),
    }


@pytest.mark.parametrize("trained", ["Europe/Berlin", "UTC", "+05:30", "Z"])
def test_the_same_moments_in_another_zone_are_the_same_rows(trained: str):
    forms, y = in_zones(), np.sin(np.arange(900.0))
    table = from_dataframe(pd.DataFrame({"day": forms[trained], "y": y}), "y")
    zone = {"UTC": "+00:00", "Z": "+00:00"}.get(trained, trained)
    assert table.encoding.zones == {"day": (zone,)} and f"by the clock of {zone}" in table.notes[0]
    for form in {*forms} - {"none"}:
        rows = encode(pd.DataFrame({"day": forms[form]}), table.metadata())
        assert_close(rows.X, table.X, like="float64")
        assert not rows.stand_ins
    assert encode(table.raw(), table.metadata()).stand_ins == ()
    rows = encode(pd.DataFrame({"day": forms["none"]}), table.metadata())
    assert f"'day' has dates with no time zone, which those of training never had ({zone})" in rows.stand_ins[0]


@pytest.mark.parametrize(("trained", "had"), [("none", "none"), ("distances", "+01:00, +02:00")])
def test_a_zone_that_training_never_had_is_told_where_nobody_knows_its_clock(trained: str, had: str):
    forms = in_zones()
    table = from_dataframe(pd.DataFrame({"day": forms[trained], "y": np.arange(900.0) ** 2}), "y")
    assert not encode(pd.DataFrame({"day": forms[trained]}), table.metadata()).stand_ins
    rows = encode(pd.DataFrame({"day": forms["Z"]}), table.metadata())
    assert f"dates with the time zone +00:00, which those of training never had ({had})" in rows.stand_ins[0]


def test_a_model_remembers_its_zone_and_older_ones_know_none(tmp_path):
    forms = in_zones()
    table = from_dataframe(pd.DataFrame({"day": forms["Europe/Berlin"], "y": np.arange(900.0)}), "y")
    model = ew.KAN((len(table.inputs), 1)).build(metadata=table.metadata())
    ew.save(model, tmp_path / "model.safetensors")
    again = ew.load(tmp_path / "model.safetensors")
    new = pd.DataFrame({"day": forms["UTC"]})
    assert again.metadata.encoding.zones == {"day": ("Europe/Berlin",)}
    assert_close(encode(new, again.metadata).X, table.X, like="float64")
    older = replace(table.metadata(), encoding=replace(table.encoding, zones={}))
    assert not encode(new, older).stand_ins
    assert torch.equal(encode(new, older).X, encode(pd.DataFrame({"day": new.day.dt.tz_localize(None)}), older).X)


def test_missing_dates_and_days_that_training_never_had():
    days = [f"2020-01-{day:02}" for day in range(6, 32) if day % 7 not in (4, 5)] + [None]
    table = from_dataframe(pd.DataFrame({"day": days, "y": np.arange(len(days)) * 1.0}), "y")
    assert table.inputs[-1] == "day=missing" and table.encoding.gaps == ("day",)
    got = encode({"day": ["2020-01-11", None]}, table.metadata())
    places = [n for n, name in enumerate(table.inputs) if name.endswith("day") and name != "day=year"]
    shares = torch.tensor([table.encoding.fills[table.inputs[n]] for n in places], dtype=torch.float64)
    assert_close(got.X[0, places], shares, like="float64")
    assert_close(got.X[1, places], shares, like="float64")
    assert got.X[:, -1].tolist() == [0, 1]


def test_text_where_dates_were_is_named():
    metadata = from_dataframe(frame(60)[0], "y").metadata()
    with pytest.raises(DataError, match="'day' holds no date such as 2020-12-31 or 31.12.2020 in row 1 .'soon'"):
        encode({"day": ["2020-01-01", "soon"]}, metadata)
    assert encode({"day": ["2020-01-01", "soon"]}, metadata, drop="rows").kept == (0,)

"""A query reads a table as `predict` does: levels, truth values, times, gaps and the words for them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import DataError, SymbolicError
from edgewise.exports.sql import sql_source
from edgewise.metadata import Encoding, Metadata
from exports.databases import asked, numbers
from helpers import assert_close

COLUMNS = ("colour", "size", "ok", "flag", "age", "weight", "rare")
FIRST = {
    "colour": ("red", "dark  blue", "it's {x}", ""),
    "size": ("1", "2.0", "3.50", "NA"),
    "ok": ("True", "False"),
    "flag": ("yes", "no"),
    "age": ("20", "", "31.5", "44", "57.25"),
    "weight": ("0.1", "0.9", "0.5"),
    "rare": ("a", "a", "a", "b", "b", "b", "b", "c", "d", "e"),
}
NEW = [
    (" red ", "1.0", "True", "Yes", " +45.5 ", "1e-1", "a"),
    ("Red", "01", "False", "off", "nan", ".5", "zz"),
    ("n/a", "2", "False", "T", "NULL", "5.", "A"),
    ("none", "2e0", "True", "f", "?", "\u22120.25", "b "),
    ("dark blue", "x", "True", "ON", "30", "0.5", ""),
    ("dark \t blue", "3.5", "True", "y", "--", "1E0", "NaN"),
    ("it's {x}", "3.500", "True", "y", "", "0.5", "missing"),
    (" <NA>", "NA", "True", "y", "30", "0.5", "other"),
]


def fitted_to_a_table(folder: Path) -> ew.KAN:
    """A network as it would be after a fit to a table of text, truth values, numbers and gaps."""
    rows = [[FIRST[name][n % len(FIRST[name])] for name in COLUMNS] for n in range(120)]
    lines = [
        ",".join([*COLUMNS, "y"]),
        *(",".join([*(f'"{cell}"' for cell in row), str(n)]) for n, row in enumerate(rows)),
    ]
    (folder / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    table = ew.read_csv(folder / "t.csv", target="y", categorical=["size", "ok", "rare"])
    model = ew.KAN((len(table.inputs), 2, 1), seed=1, domain=(0, 60), grid_size=3)
    return model.build(metadata=table.metadata())


@pytest.mark.filterwarnings("ignore::edgewise.errors.EdgewiseWarning")
def test_predictions_are_those_of_the_model(tmp_path: Path) -> None:
    model = fitted_to_a_table(tmp_path)
    assert {"colour=missing", "size=2", "age=missing", "rare=c", "flag"} <= {*model.metadata.inputs}
    wanted = model.predict({name: [row[k] for row in NEW] for k, name in enumerate(COLUMNS)})
    assert_close(numbers(asked(sql_source(model), COLUMNS, NEW), 1)[:, 0], wanted)


WHITE = [char for char in map(chr, range(sys.maxunicode + 1)) if char.isspace()]


def test_every_white_space_counts_as_a_space(tmp_path: Path) -> None:
    model = fitted_to_a_table(tmp_path)
    rest = ("2", "True", "yes", "31.5", "0.5", "b")
    rows = [(f"dark {char}blue{char}", *rest[:3], f"{char}31.5{char}", *rest[4:]) for char in WHITE]
    wanted = model.predict({name: [row[k] for row in rows] for k, name in enumerate(COLUMNS)})
    found = numbers(asked(sql_source(model), COLUMNS, [*rows, ("dark blue", *rest)]), 1)[:, 0]
    assert_close(found[:-1], wanted)
    assert_close(found[:-1], np.repeat(found[-1:], len(WHITE)), like="exact")


def test_rows_with_cells_that_cannot_be_used_are_null_and_nulls_are_gaps(tmp_path: Path) -> None:
    model, row = fitted_to_a_table(tmp_path), NEW[0]
    strange = [row[:4] + (cell,) + row[5:] for cell in ("abc", "inf", "1_0", "2020-01-01", "1e400", "-1e400")]
    gaps = [(None, None, "True", "y", None, None, None), ("", "", "True", "y", "", "", "")]
    found = numbers(asked(sql_source(model), COLUMNS, [*strange, *gaps]), 1)[:, 0]
    assert np.isnan(found).tolist() == [True] * 6 + [False] * 2 and found[6] == found[7]


def test_numbers_and_truth_values_of_a_database_are_the_levels_they_stand_for(tmp_path: Path) -> None:
    model = fitted_to_a_table(tmp_path)
    texts = ("red", "2", "True", "yes", "31.5", "0.5", "b")
    same = [("red", 2, 1, 1, 31.5, 0.5, "b"), ("red", 2.0, "t", "true", "31.5", "0.5", "b")]
    found = numbers(asked(sql_source(model), COLUMNS, [texts, *same]), 1)[:, 0]
    assert_close(found[1:], np.repeat(found[:1], 2), like="exact")


def test_columns_that_no_edge_reads_may_be_missing(tmp_path: Path) -> None:
    model = fitted_to_a_table(tmp_path)
    kept = model.metadata.inputs.index("weight")
    unread = [(0, place, o) for place in range(model.features) if place != kept for o in range(2)]
    model = ew.remove(model, edges=unread)
    assert_close(numbers(asked(sql_source(model), ("weight",), [["0.25"]]), 1)[0], model.predict({"weight": [0.25]}))


def test_levels_that_look_like_truth_values_beside_others_stay_themselves() -> None:
    inputs = tuple(f"c={level}" for level in ("M", "N", "T"))
    metadata = Metadata(inputs, categories={"c": ("M", "N", "T")}, encoding=Encoding(shares={"c": (0.2, 0.3, 0.5)}))
    model = ew.set_symbolic(ew.KAN((3, 1)), {(0, k, 0): ("x", 1.0, 0.0, 10.0**k, 0.0) for k in range(3)})
    model = model.build(metadata=metadata)
    found = numbers(asked(sql_source(model), ("c",), [["T"], ["N"], ["yes"], ["1"]]), 1)[:, 0]
    assert_close(found, np.array([100.0, 10.0, 53.2, 53.2]))


def test_classes_have_a_score_each() -> None:
    metadata = Metadata(("a", "b"), ("kind",), ("p", "q's"), task="classification")
    model = ew.KAN((2, 2), seed=1).build(metadata=metadata)
    query = sql_source(model)
    assert 'AS "kind=p"' in query and 'AS "kind=q\'s"' in query
    X = torch.tensor([[0.5, -0.5]], dtype=torch.float64)
    with torch.no_grad():
        assert_close(numbers(asked(query, ("a", "b"), X.tolist()), 2), model(X))


def test_names_of_inputs_stand_for_columns_of_numbers(tmp_path: Path) -> None:
    model = fitted_to_a_table(tmp_path)
    given = [f"n{k}" for k in range(model.features)]
    X = torch.rand(3, model.features, dtype=torch.float64)
    with torch.no_grad():
        assert_close(numbers(asked(sql_source(model, given), given, X.tolist()), 1), model(X))


def test_dates_and_gaps_of_older_models_are_told() -> None:
    dated = ew.KAN((1, 1)).build(metadata=Metadata(("day=year",), encoding=Encoding(dates={"day": ("year",)})))
    with pytest.raises(SymbolicError, match="'day' holds dates"):
        sql_source(dated)
    old = ew.KAN((2, 1), seed=1).build(metadata=Metadata(("c=p", "c=q"), categories={"c": ("p", "q")}))
    answer = asked(sql_source(old), ("c",), [["p"], ["r"], [None]])  # predict refuses the last two
    assert [row[-1] is None for row in answer] == [False, True, True]


TIMES = {  # down to what they go -> what a table was fitted to, where one is missing
    "minutes": ("0:00", "13:30", "100:15", "", "7:45 PM", "6:20"),
    "seconds": ("0:00:10", "13:30:00.25", "100:15:59", "", "7:45:01 PM", "6:20:00"),
}
CLOCKS = (  # one of them in each of the ways that are times, and one in each that is near to it
    *("2:30", " 0:00", "100:15", "999:59", "24:00", "002:30", "2:30:15", "02:30:15.125", "0:00:59.9", "23:59:59"),
    *("12:00 AM", "12:15PM", "1:30 pm", "1:30\u00a0pm", "\u20281:30\tPM ", "012:30 PM", "1:30:05.5 aM"),
    *("1000:15", "-2:30", "+2:30", "\u22122:30", "2:60", "2:6", "2:300", "2:30:60", "2:30:15.", "2:30:15..5"),
    *("1:30  pm", "13:30 PM", "0:30 AM", "1:30 xm", "1:30 pm am", "1:30ampm", "pm", ":30", "::30", "1::30", "1:30:"),
    *("1 :30", "1: 30", "a:30", "1:3a", "1:30.5", "2:30:15.1a2", "1:30:15:10", "2:30\u22123", "soon", "9.5", "1e1"),
    *("true", "\u2212", "+nan", "", "NA", "NaT", "-", " -- ", "None", "nan"),
)


def fitted_to_times(folder: Path, down_to: str) -> ew.KAN:
    """A network of times, which tells by its output what it reads: the hours, and 1000 more in a gap."""
    cells = TIMES[down_to]
    (folder / "t.csv").write_text("start,y\n" + "\n".join(f"{cells[n % 6]},{n}" for n in range(60)), encoding="utf-8")
    metadata = ew.read_csv(folder / "t.csv", target="y").metadata()
    assert metadata.inputs == ("start", "start=missing") and metadata.encoding.times == {"start": down_to}
    edges = {(0, k, 0): ("x", 1.0, 0.0, scale, 0.0) for k, scale in enumerate((1.0, 1000.0))}
    return ew.set_symbolic(ew.KAN((2, 1)), edges).build(metadata=metadata)


@pytest.mark.filterwarnings("ignore::edgewise.errors.EdgewiseWarning")
@pytest.mark.parametrize("down_to", list(TIMES))
def test_times_are_the_hours_that_predict_reads_and_what_it_refuses_is_null(down_to: str, tmp_path: Path) -> None:
    model, wanted = fitted_to_times(tmp_path, down_to), []
    for cell in CLOCKS:
        try:  # beside another time, as in the query
            wanted.append(float(model.predict({"start": ["5:00:00", cell]})[1]))
        except DataError:
            wanted.append(np.nan)
    assert {True, False} == {*np.isnan(wanted)} and {2.5 + 15 / 3600, 1.5 + 5.5 / 3600} < {*wanted}
    found = numbers(asked(sql_source(model), ("start",), [[cell] for cell in CLOCKS]), 1)[:, 0]
    assert_close(found, np.array(wanted))


@pytest.mark.parametrize("down_to", list(TIMES))
def test_a_column_of_times_without_a_colon_holds_hours(down_to: str, tmp_path: Path) -> None:
    model, cells = fitted_to_times(tmp_path, down_to), ["2.5", " 1e1", "", "+nan", "-3"]
    query = sql_source(model)
    assert_close(numbers(asked(query, ("start",), [[c] for c in cells]), 1)[:, 0], model.predict({"start": cells}))
    answer = asked(query, ("start",), [[2.5], [None], ["soon"]])
    assert [row[-1] for row in answer] == [2.5, 1000 + model.metadata.encoding.fills["start"], None]


def test_a_lone_long_minus_is_no_gap(tmp_path: Path) -> None:
    model, row = fitted_to_a_table(tmp_path), NEW[0]
    rows = [row[:4] + (cell,) + row[5:] for cell in ("\u2212", "\u2212\u2212", "-", "\u2212nan", "\u22122")]
    found = numbers(asked(sql_source(model), COLUMNS, rows), 1)[:, 0]
    assert np.isnan(found).tolist() == [True, True, False, False, False]  # predict refuses the first two


@pytest.mark.filterwarnings("ignore::edgewise.errors.EdgewiseWarning")
@pytest.mark.parametrize(
    "levels",
    [
        ("00", "007", "7", "100", "1E2", "2.5", "2.5.0", "A1"),
        ("1", "2.5", "7", "100", "1000", "10000", str(2**60), str(2**60 + 1)),
    ],
)
def test_codes_are_the_levels_as_they_stand(levels: tuple[str, ...]) -> None:
    shares = tuple((k + 1) / 36 for k in range(8))
    metadata = Metadata(
        tuple(f"c={level}" for level in levels), categories={"c": levels}, encoding=Encoding(shares={"c": shares})
    )
    edges = {(0, k, 0): ("x", 1.0, 0.0, 10.0**k, 0.0) for k in range(8)}
    model = ew.set_symbolic(ew.KAN((8, 1)), edges).build(metadata=metadata)
    cells = [*levels, "7.0", "0", "07", "100.0", "1e2", "2.50", " 7 "]
    assert_close(numbers(asked(sql_source(model), ("c",), [[c] for c in cells]), 1)[:, 0], model.predict({"c": cells}))

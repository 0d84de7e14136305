"""Tables of people: folds share rows and classes, cells become numbers by training rows alone, failed fits are told,
ranks and conclusions count as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiment_runs import module


def test_a_fit_that_fails_or_takes_too_long_is_recorded_as_such(monkeypatch):
    children = module("tabular.children")
    jobs = [children.Fit("no such table", "ridge", 0)]
    ((_, found),) = children.fits(jobs, 1, 60)
    assert found == {"note": "KeyError: 'no such table'"}
    monkeypatch.setattr(children, "WAITING", 0)
    ((_, found),) = children.fits(jobs, 1, 60)
    assert found == {"note": "took more than 60 s of CPU"}


def test_each_row_of_a_table_is_new_once_and_folds_share_the_classes():
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    tables = module("tabular.tables")
    for name in ("tiny", "iris"):
        table = tables.read(name)
        parts = [tables.fold_of(table, name, fold) for fold in range(tables.FOLDS)]
        assert sum(len(new) for _, new in parts) == len(table)
        assert np.array_equal(np.sort(np.concatenate([new.y for _, new in parts])), np.sort(table.y))
        for old, new in parts:
            both = np.concatenate([old.X.to_numpy(), new.X.to_numpy()])
            assert np.array_equal(np.sort(both, axis=0), np.sort(table.X.to_numpy(), axis=0))
            if name == "iris":
                assert np.bincount(new.y).tolist() == [10, 10, 10]


def test_text_and_missing_cells_become_numbers_by_the_training_rows_alone():
    pandas = pytest.importorskip("pandas")
    Rows, preparing = module("tabular.tables").Rows, module("tabular.preparing")
    y = np.zeros(4)
    old = Rows(pandas.DataFrame({"a": [1.0, np.nan, 3.0, 5.0], "b": ["u", "v", None, "v"], "c": [7, 7, 7, 7]}), y, 0)
    new = Rows(pandas.DataFrame({"a": [np.nan, 9.0], "b": ["w", "u"], "c": [8, 7]}), y[:2], 0)
    dense = preparing.dense(old, new)  # a, a is missing, b = missing, u, v; c is constant
    assert dense.old.tolist() == [[1, 0, 0, 1, 0], [3, 1, 0, 0, 1], [3, 0, 1, 0, 0], [5, 0, 0, 0, 1]]
    assert dense.new.tolist() == [[3, 1, 0, 0, 0], [9, 0, 0, 1, 0]]
    coded = preparing.coded(old, new)
    assert np.array_equal(coded.old[:, 1], [0, 1, np.nan, 1], equal_nan=True) and coded.text == [1]
    assert np.array_equal(coded.new, [[np.nan, np.nan, 8], [9, 0, 7]], equal_nan=True)
    filled = preparing.filled(old, new)
    assert filled.old.tolist() == [[1, 0, 0], [3, 1, 1], [3, 0, 2], [5, 0, 1]] and filled.levels == (0, 0, 3)
    assert np.isfinite(filled.new).all()


def test_the_conclusion_names_the_methods_that_are_best_and_near_it():
    conclusions, summary = module("tabular.conclusions"), module("tabular.summary")
    errors = {"edgewise": 0.9, "ridge": 2.0, "mlp": 1.0, "forest": 1.0, "boosting": 1.0, "lightgbm": 1.0, "gam": 0.91}
    sizes = {"rows": "100", "text": "0", "missing": "0", "classes": "0"}
    records = [
        {"table": table, "method": method, "fold": "0", "error": str(error), **sizes}
        for table in ("tiny", "auto")
        for method, error in errors.items()
    ]
    (line,) = conclusions.by_kind(records)
    assert line["kind"].startswith("numbers, up to") and line["tables"] == "2"
    assert line["best"] == "edgewise (0.9)" and line["good"] == "gam (0.91)"
    assert "0.45 times its error in the median" in conclusions.beside(records, "ridge")
    assert "is 0.9 in the median over 2 tables" in conclusions.beside_untuned(records)
    assert conclusions.seconds_beside(records) == ""
    timed = [{**record, "fit_seconds": "3.5" if record["method"] == "edgewise" else "1"} for record in records]
    assert "takes 0.5 of that" in conclusions.seconds_beside(timed)
    assert conclusions.beside(records, "ebm") == "" and summary.errors_of(records)["tiny"]["mlp"] == {0: 1.0}


def test_ranks_count_failed_fits_last_and_leave_out_methods_that_lack_half_of_the_tables():
    summary = module("tabular.summary")
    own = {"ridge": {0: 1.0}, "mlp": {0: 2.0}, "forest": {0: math.inf}}
    found = summary.ranks({"a": own, "b": own | {"gam": {0: 0.1}}})
    assert found.means == {"ridge": 1.0, "mlp": 2.0, "forest": 3.0} and found.tables == 2
    assert summary.ranks({"a": own}) is None


@pytest.mark.slow
def test_fits_to_many_rows_tell_their_error_time_and_memory():
    many = module("tabular.many_rows")
    found = many.fit_one(many.Case("fit", 1000, 14))
    assert 0.95 * many.NOISE < found["error"] < 1.25 * many.NOISE
    assert found["fit_seconds"] > 0 and found["memory"] >= found["given"]
    assert set(found) <= set(many.COLUMNS)

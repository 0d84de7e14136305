"""Results: files stay whole, and rows that ended are kept whatever becomes of the others."""

from __future__ import annotations

import numpy as np
import pytest

from experiment_runs import command, module, records


def test_results_replace_only_the_rows_and_columns_that_are_put(tmp_path):
    Results = module("results").Results
    first = Results(tmp_path / "result.csv", ("name", "ours", "theirs"), ("a", "b", "c"))
    first.put({"name": "c", "ours": 1.0, "theirs": 2.0})
    first.put({"name": "a", "ours": 3.0})
    again = Results(tmp_path / "result.csv", ("name", "ours", "theirs", "more"), ("a", "b", "c"))
    again.put({"name": "c", "ours": 5.0, "more": "new"})
    assert records(tmp_path) == [
        {"name": "a", "ours": "3", "theirs": "", "more": ""},
        {"name": "c", "ours": "5", "theirs": "2", "more": "new"},
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["result.csv"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    results = module("results")
    table = results.Results(tmp_path / "result.csv", ("name", "ours"), ("a",))
    table.put({"name": "a", "ours": 1.0})

    def refuse(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(results.os, "replace", refuse)
    with pytest.raises(OSError):
        table.put({"name": "a", "ours": 2.0})
    assert records(tmp_path) == [{"name": "a", "ours": "1"}]
    assert [path.name for path in tmp_path.iterdir()] == ["result.csv"]


def test_a_column_that_is_none_is_refused(tmp_path):
    with pytest.raises(KeyError, match="our"):
        module("results").Results(tmp_path / "result.csv", ("name", "ours"), ("a",)).put({"name": "a", "our": 1.0})


def test_rows_come_as_soon_as_all_their_jobs_ended_and_not_when_one_failed():
    runner = module("runner")
    a, b, c = (runner.Job("a", int), runner.Job("a", int)), (runner.Job("b", int),), (runner.Job("c", int),)
    ended = [(a[1], 11), (b[0], 20), (c[0], runner.Failure("no")), (a[0], 10)]
    assert list(runner.rows_done([*a, *b, *c], ended)) == [("b", [20]), ("a", [10, 11])]


@pytest.mark.slow
def test_rows_are_chosen_and_the_others_kept(tmp_path):
    assert command("feynman", "--smoke", "--out", str(tmp_path), "--rows", "I.27.6") == 0
    kept = records(tmp_path)
    assert command("feynman", "--smoke", "--out", str(tmp_path), "--rows", "II.38.3,I.30.5") == 0
    found = records(tmp_path)
    assert [record["name"] for record in found] == ["I.27.6", "I.30.5", "II.38.3"]
    assert found[0] == kept[0]


def test_a_row_that_fails_keeps_its_old_record_and_is_told(tmp_path, monkeypatch, capsys):
    assert command("feynman", "--smoke", "--out", str(tmp_path), "--rows", "I.27.6") == 0
    before = records(tmp_path)

    def fail(*_: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(module("training"), "attempts", fail)
    assert command("feynman", "--smoke", "--out", str(tmp_path), "--rows", "I.27.6") == 1
    assert records(tmp_path) == before and "I.27.6" in (told := capsys.readouterr().err) and "no such luck" in told


def test_ctrl_c_keeps_the_rows_that_were_finished(tmp_path, monkeypatch, capsys):
    training, calls = module("training"), []
    attempts = training.attempts

    def cut_off(row, *rest):
        calls.append(row.name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return attempts(row, *rest)

    monkeypatch.setattr(training, "attempts", cut_off)
    assert command("feynman", "--smoke", "--out", str(tmp_path)) == 130
    assert [record["name"] for record in records(tmp_path)] == calls[:1]
    assert "result.csv" in capsys.readouterr().err


def test_a_fit_that_was_cut_short_is_no_result(monkeypatch):
    import edgewise as ew

    def press(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        module("training").fit(
            ew.KAN((1, 1)), np.linspace(0, 1, 40)[:, None], np.linspace(0, 1, 40), callbacks=(press,)
        )

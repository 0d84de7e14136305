"""`edgewise predict` and `edgewise info`: predictions stand behind the table, damaged runs end in one message."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path

import pytest

from edgewise.cli.main import main
from runs import UNIT, law, refused, table


def test_prediction_stands_behind_the_table(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.csv").write_text("id;colour;t [s];x\n7;red;2,5;0,5\n8;blue;9;0\n")
    assert main(["predict", str(run_folder), str(tmp_path / "new.csv")]) == 0
    said = capsys.readouterr()
    header, first, second = said.out.splitlines()
    assert header == "id;colour;t [s];x;predicted y" and first.startswith("7;red;2,5;0,5;3,")
    assert math.isclose(float(first.rsplit(";", 1)[1].replace(",", ".")), 0.25 + 2.5 + 1, rel_tol=1e-3)
    assert (
        "1 of 2 rows lie outside the training range" in said.err and "not used by the model: id" in said.err and second
    )
    assert (
        main(["predict", str(run_folder), str(tmp_path / "new.csv"), "--out", str(tmp_path / "out.csv"), "--quiet"])
        == 0
    )
    assert (tmp_path / "out.csv").read_text() == said.out and capsys.readouterr() == ("", "")


def test_predicted_classes_come_with_probabilities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(
        table({"x": UNIT.__getitem__, "kind": lambda i: "low" if UNIT[i] < 0.5 else "high"}, 100)
    )
    assert (
        main(
            [
                "fit",
                str(tmp_path / "a.csv"),
                "--target",
                "kind",
                "--out",
                str(tmp_path / "run"),
                "--hidden",
                "0",
                "--quiet",
            ]
        )
        == 0
    )
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert set(result["held_out"]["baselines"]) == {"most frequent class", "logistic regression", "gradient boosting"}
    assert result["held_out"]["network"]["accuracy"] >= 0.9
    assert main(["predict", str(tmp_path / "run"), str(tmp_path / "a.csv"), "--quiet"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert rows[0].keys() == {"x", "kind", "predicted kind", "p(kind=high)", "p(kind=low)"}
    assert all(math.isclose(float(row["p(kind=high)"]) + float(row["p(kind=low)"]), 1, rel_tol=1e-9) for row in rows)
    assert sum(row["kind"] == row["predicted kind"] for row in rows) >= 90


def test_prediction_refuses(run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, gap = tmp_path / "good.csv", tmp_path / "bad.csv", tmp_path / "gap.csv"
    good.write_text(law(5))
    bad.write_text("x,colour\n1,red\n")
    gap.write_text("x,t [s],colour\n,1,red\n0.5,1,blue\n")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.safetensors").write_bytes((run_folder / "model.safetensors").read_bytes()[:-9])
    run = str(run_folder)
    for arguments, message in [
        ([run, str(bad)], "lacks the column 't .s.'"),
        ([run, str(tmp_path / "none.csv")], "there is no file"),
        ([str(tmp_path), str(good)], "holds no run"),
        ([str(run_folder.parent / "rum"), str(good)], "did you mean 'run'"),
        ([str(tmp_path / "broken"), str(good)], "cut off|damaged"),
        ([str(good), str(good)], "no safetensors file"),
        ([run, str(good), "--out", str(bad)], "exists already"),
        ([run, str(good), "--out", str(tmp_path / "no" / "out.csv")], "does not exist"),
        ([run, str(good), "--out", str(tmp_path)], "is a folder"),
    ]:
        assert re.search(message, refused(capsys, ["predict", *arguments])), message
    assert main(["predict", run, str(gap), "--drop", "rows"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["predict", run, str(gap)]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 3 and "'x' misses 1 of 2 values, which it never did" in told.err
    assert main(["predict", run, str(good), "--out", str(bad), "--force"]) == 0 and "predicted y" in bad.read_text()


def test_info_of_damaged_results(run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.safetensors").write_bytes((run_folder / "model.safetensors").read_bytes())
    for text in ("{", "[]", "{}", '{"data": 3, "held_out": {}}', "\xff", "[" * 200_000 + "]" * 200_000):
        (tmp_path / "result.json").write_bytes(text.encode("latin-1"))
        if text == "{}":
            assert main(["info", str(tmp_path)]) == 0
        else:
            assert "result.json" in refused(capsys, ["info", str(tmp_path)])
    (tmp_path / "result.json").unlink()
    assert main(["info", str(tmp_path)]) == 0 and main(["info", str(tmp_path / "model.safetensors")]) == 0

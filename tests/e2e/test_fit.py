"""`edgewise fit`: what a run folder holds and the screen says, and that held-out rows have no part in the fit."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
import torch

from edgewise.cli.main import main
from edgewise.storage import load
from runs import FILES, SMALL, law


def test_run_folder_holds_model_history_and_result(run_folder: Path) -> None:
    assert {entry.name for entry in run_folder.iterdir()} == FILES
    assert {entry.name for entry in run_folder.parent.iterdir()} == {"data.csv", "run"}
    result = json.loads(
        (run_folder / "result.json").read_text(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON")
    )
    assert result["seed"] == 0 and {"edgewise", "python", "torch"} <= result["versions"].keys()
    assert (
        result["data"]["outputs"] == ["y"]
        and result["configuration"]["effort"] == "default"
        and result["data"]["rows"] == 120
        and len(result["data"]["sha256"]) == 64
    )
    held = result["held_out"]
    assert held["rows"] == 24 and set(held["baselines"]) == {"mean", "linear regression", "gradient boosting"}
    assert (
        held["network"]["rmse"]
        < 1e-3
        < held["baselines"]["linear regression"]["rmse"]
        < held["baselines"]["mean"]["rmse"]
    )
    with (run_folder / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert {"part", "step", "train_loss"} <= history[0].keys() and {row["part"] for row in history} == {
        "additive",
        "fit",
        "refit",
    }


def test_model_carries_the_table(run_folder: Path) -> None:
    metadata = load(run_folder / "model.safetensors").metadata
    assert (
        metadata.inputs == ("x", "t [s]", "colour=blue", "colour=red")
        and metadata.outputs == ("y",)
        and metadata.task == "regression"
    )
    assert (
        metadata.categories == {"colour": ("blue", "red")} and -1 <= metadata.ranges[0][0] < metadata.ranges[0][1] <= 1
    )


def test_held_out_rows_are_not_fitted_to(tmp_path: Path) -> None:
    """Changing the targets of the held-out rows alone changes no weight."""
    from edgewise.data import read_csv, split

    lines = law(60).splitlines()
    (tmp_path / "a.csv").write_text("\n".join(lines))
    held = split(read_csv(tmp_path / "a.csv", "y", drop="colour"), seed=3)[1]
    for line in held.lines:
        lines[line - 1] = lines[line - 1].rsplit(",", 1)[0] + ",99"
    (tmp_path / "b.csv").write_text("\n".join(lines))
    for name in "ab":
        arguments = [
            "fit",
            str(tmp_path / f"{name}.csv"),
            "--target",
            "y",
            "--drop",
            "colour",
            "--out",
            str(tmp_path / name),
            "--seed",
            "3",
        ]
        assert main([*arguments, *SMALL]) == 0
    one, two = (load(tmp_path / name / "judged.safetensors").state_dict() for name in "ab")
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.slow
def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(law(60))
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        arguments = [
            "fit",
            str(tmp_path / "data.csv"),
            "--target",
            "y",
            "--drop",
            "colour",
            "--out",
            str(tmp_path / name),
            "--seed",
            seed,
        ]
        assert main([*arguments, *SMALL]) == 0
    a, b, c = ((tmp_path / name / "model.safetensors").read_bytes() for name in "abc")
    assert a == b != c


def test_report_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data.csv").write_text(law(100))
    assert (
        main(
            [
                "fit",
                str(tmp_path / "data.csv"),
                "--target",
                "y",
                "--drop",
                "colour",
                "--out",
                str(tmp_path / "run"),
                *SMALL,
            ]
        )
        == 0
    )
    said = capsys.readouterr().out
    for part in (
        "100 rows, 2 inputs, regression of y",
        "20 rows (drawn with seed 0) are held out",
        "this network",
        "gradient boosting",
        "explains",
    ):
        assert part in said
    assert main(["info", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().out
    assert "predicts y from x, t [s]" in told and "linear regression" in told


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data.csv").write_text(law(30))
    assert (
        main(
            [
                "fit",
                str(tmp_path / "data.csv"),
                "--target",
                "y",
                "--drop",
                "colour",
                "--out",
                str(tmp_path / "run"),
                "--quiet",
                *SMALL,
            ]
        )
        == 0
    )
    assert capsys.readouterr() == ("", "")


def test_missing_scikit_learn_is_said_in_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text(law(30))
    for name in [name for name in sys.modules if name == "sklearn" or name.startswith("sklearn.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)  # type: ignore[arg-type]
    assert (
        main(
            [
                "fit",
                str(tmp_path / "a.csv"),
                "--target",
                "y",
                "--drop",
                "colour",
                "--out",
                str(tmp_path / "run"),
                *SMALL,
            ]
        )
        == 0
    )
    baseline = json.loads((tmp_path / "run" / "result.json").read_text())["held_out"]["baselines"]["gradient boosting"]
    assert baseline.startswith("not computed") and "pip install" in baseline
    assert main(["info", str(tmp_path / "run")]) == 0

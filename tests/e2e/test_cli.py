"""The commands as a user types them: from a table to predictions, and one clear message for everything that goes
wrong."""

from __future__ import annotations

import csv
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch

from edgewise.cli import fit_command as fit_command
from edgewise.cli.main import main
from edgewise.errors import DataError
from edgewise.storage import load
from edgewise.studies import stages
from runs import FILES, SMALL, law, refused
from tables import FAULTY


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    (folder / "data.csv").write_text(law(120))
    arguments = [
        "fit",
        str(folder / "data.csv"),
        "--target",
        "y",
        "--categorical",
        "colour",
        "--out",
        str(folder / "run"),
        "--quiet",
    ]
    assert main([*arguments, "--hidden", "0", "--grids", "3"]) == 0
    return folder / "run"


# ---------------------------------------------------------------------- fit


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


def table(columns: dict[str, Any], rows: int = 40, separator: str = ",") -> str:
    values = {name: [make(row) for row in range(rows)] for name, make in columns.items()}
    return "\n".join(
        [separator.join(values), *(separator.join(str(values[name][row]) for name in values) for row in range(rows))]
    )


DRAW = random.Random(5)
UNIT = [DRAW.random() for _ in range(400)]
# tables that are unusual and end in a fit: content, options
FITTED: dict[str, tuple[str | bytes, list[str]]] = {
    "ten rows": (table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i] ** 2}, 10), []),
    "semicolons, latin-1, decimal commas": (
        table(
            {"größe": lambda i: str(UNIT[i]).replace(".", ","), "y": lambda i: str(UNIT[-i]).replace(".", ",")}, 40, ";"
        ).encode("latin-1"),
        [],
    ),
    "huge": (table({"x": lambda i: 1e100 * UNIT[i], "y": lambda i: 1e149 * UNIT[i + 40]}), []),
    "tiny": (table({"x": lambda i: 1e-100 * UNIT[i], "y": lambda i: 1e-149 * UNIT[i + 40]}), []),
    "far from zero": (table({"x": lambda i: 1e9 + 1e-3 * UNIT[i], "y": lambda i: 1e6 + 1e-5 * UNIT[i]}), []),
    "two distinct values": (table({"x": UNIT.__getitem__, "y": lambda i: i % 2}), []),
    "input with two values": (table({"x": lambda i: i % 2, "y": UNIT.__getitem__}), []),
    "input with one odd row": (table({"x": lambda i: int(i == 3), "y": UNIT.__getitem__}), []),
    "target with one odd row": (table({"x": UNIT.__getitem__, "y": lambda i: 1e6 if i == 3 else UNIT[i]}), []),
    "difficult names": (
        table(
            {
                "lambda": UNIT.__getitem__,
                "I": lambda i: UNIT[i + 40],
                "b [m/s]": lambda i: UNIT[i + 80],
                "y": lambda i: i,
            }
        ),
        [],
    ),
    "copied columns": (table({"x": lambda i: i, "z": lambda i: i, "w": lambda i: 2 * i, "y": UNIT.__getitem__}), []),
    "more inputs than rows": (
        table({**{f"x{k}": lambda i, k=k: UNIT[(i * 7 + k * 13) % 400] for k in range(30)}, "y": UNIT.__getitem__}, 20),
        [],
    ),
    "classes": (table({"x": UNIT.__getitem__, "y": lambda i: "low" if UNIT[i] < 0.5 else "high"}), []),
    "truth values": (table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i] < 0.3}), []),
    "class of one row": (table({"x": UNIT.__getitem__, "y": lambda i: "b" if i == 3 else "a"}), []),
    "numbers as classes": (
        table({"x": UNIT.__getitem__, "y": lambda i: 3 + 4 * (i % 2)}),
        ["--task", "classification"],
    ),
    "only categories": (table({"c": lambda i: "uvw"[i % 3], "y": UNIT.__getitem__}), ["--categorical", "c"]),
    "columns as they come": (
        table(
            {
                "row_id": lambda i: i,
                "c": lambda i: ("u", "v", "w", "", "rare")[min(i % 5, 3) if i > 9 else i % 5],
                "x": lambda i: "" if i % 7 == 0 else UNIT[i],
                "day": lambda i: f"20{10 + i // 28}-{1 + i % 12:02}-{1 + i % 28:02}" if i % 9 else "",
                "y": lambda i: UNIT[i] + (i % 5 == 1),
            }
        ),
        [],
    ),
    "several targets": (
        table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i] ** 2, "z": lambda i: 1e9 * UNIT[i]}),
        ["--target", "z"],
    ),
    "faulty rows left out": (
        table({"x": lambda i: "" if i % 7 == 0 else i, "y": lambda i: "oops" if i == 5 else i * i}),
        ["--drop", "rows"],
    ),
    "no header": (
        table({"0.5": UNIT.__getitem__, "0.7": lambda i: UNIT[i]}).replace("0.5,0.7\n", ""),
        ["--target", "column2", "--no-y"],
    ),
    "largest seed": (table({"x": UNIT.__getitem__, "y": UNIT.__getitem__}), ["--seed", str(2**63 - 1)]),
    "no sparsity": (table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i + 1]}), ["--sparsity", "0"]),
    "overwhelming sparsity": (table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i + 1]}), ["--sparsity", "1e6"]),
}


@pytest.mark.parametrize(("content", "options"), FITTED.values(), ids=FITTED)
def test_unusual_table_ends_in_a_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, options: list[str]
) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    target = [] if "--no-y" in options else ["--target", "y"]
    options = [option for option in options if option != "--no-y"]
    status = main(
        ["fit", str(path), *target, "--out", str(tmp_path / "run"), "--hidden", "0", "--grids", "3", *options]
    )
    assert status == 0, capsys.readouterr().err
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert all(value is not None for value in result["held_out"]["network"].values()), result["held_out"]
    drop = ["--drop", "rows"] if "rows" in options else []
    assert main(["predict", str(tmp_path / "run"), str(path), "--out", str(tmp_path / "new.csv"), *drop]) == 0
    assert main(["info", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize(("content", "options", "message"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_faulty_table_ends_in_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, options: dict[str, Any], message: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    arguments = ["fit", str(path), "--out", str(tmp_path / "run")]
    for name, value in {"target": "y", **options}.items():
        for word in [] if value is None else [value] if isinstance(value, str) else value:
            arguments += [f"--{name}", word]
    assert re.search(message, refused(capsys, arguments), re.DOTALL)
    assert {entry.name for entry in tmp_path.iterdir()} == {"table.csv"}


def test_few_rows_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(table({"x": UNIT.__getitem__, "y": UNIT.__getitem__}, 9))
    assert "has 9 usable rows" in refused(
        capsys, ["fit", str(tmp_path / "a.csv"), "--target", "y", "--out", str(tmp_path / "run")]
    )


def test_names_joined_by_commas(tmp_path: Path) -> None:
    text = '"a, in m",b,c,d,y\n' + "".join(f"{UNIT[i]},{UNIT[i + 1]},u,{UNIT[i + 2]},{UNIT[i]}\n" for i in range(20))
    (tmp_path / "a.csv").write_text(text)
    arguments = ["fit", str(tmp_path / "a.csv"), "--target", "y", "--out", str(tmp_path / "run"), *SMALL]
    assert main([*arguments, "--features", "b,d", "--features", "a, in m"]) == 0
    assert load(tmp_path / "run" / "model.safetensors").metadata.inputs == ("b", "d", "a, in m")
    assert main([*arguments, "--drop", "b,c", "--force"]) == 0
    assert load(tmp_path / "run" / "model.safetensors").metadata.inputs == ("a, in m", "d")


def test_existing_folder_needs_force_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text(law(30))
    arguments = [
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
    assert main(arguments) == 0
    before = {entry.name: entry.read_bytes() for entry in (tmp_path / "run").iterdir()}
    monkeypatch.setattr(fit_command, "read", lambda args: pytest.fail("the table was read"))
    assert "exists already" in refused(capsys, arguments)
    assert "is the folder you are in" in (
        monkeypatch.chdir(tmp_path / "run") or refused(capsys, [*arguments, "--out", ".", "--force"])
    )
    monkeypatch.undo()
    assert {entry.name: entry.read_bytes() for entry in (tmp_path / "run").iterdir()} == before
    assert main([*arguments, "--force", "--seed", "5"]) == 0
    assert {entry.name for entry in tmp_path.iterdir()} == {"a.csv", "run"} and {
        entry.name for entry in (tmp_path / "run").iterdir()
    } == FILES


def test_run_whose_place_is_taken_during_the_fit_is_kept_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text(law(30))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    made = fit_command.study_table

    def meanwhile(*args: Any, **options: Any) -> Any:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "result.json").write_text("of another run")
        return made(*args, **options)

    monkeypatch.setattr(fit_command, "study_table", meanwhile)
    arguments = ["fit", str(tmp_path / "a.csv"), "--target", "y", "--drop", "colour", "--quiet", *SMALL]
    said = refused(capsys, [*arguments, "--out", str(tmp_path / "run")])
    found = re.search(r"exists already; .*; the run is kept in (.+)\n", said)
    assert found and {entry.name for entry in Path(found[1]).iterdir()} == FILES
    assert (tmp_path / "run" / "result.json").read_text() == "of another run"


def test_full_disk_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text(law(30))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    arguments = [
        "fit",
        str(tmp_path / "a.csv"),
        "--target",
        "y",
        "--drop",
        "colour",
        "--out",
        str(tmp_path / "run"),
        "--quiet",
        *SMALL,
    ]
    assert "No space left on device" in refused(capsys, arguments)
    assert {entry.name for entry in tmp_path.iterdir()} == {"a.csv"}


@pytest.mark.parametrize("at", [1, 2, 40], ids=["at once", "early", "late"])
def test_interruption_keeps_the_best_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    (tmp_path / "a.csv").write_text(law(60))
    train, seen = stages.fit, []

    def interrupt(row: dict[str, Any]) -> None:
        seen.append(row)
        if len(seen) == at:
            raise KeyboardInterrupt

    monkeypatch.setattr(stages, "fit", lambda *a, **k: train(*a, callbacks=(interrupt,), **k))
    status = main(
        [
            "fit",
            str(tmp_path / "a.csv"),
            "--target",
            "y",
            "--drop",
            "colour",
            "--out",
            str(tmp_path / "run"),
            "--effort",
            "thorough",  # which goes by steps in any case
            "--hidden",
            "1",
        ]
    )
    assert len(seen) >= at and status == 130
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (
        result["training"]["interrupted"]
        and result["held_out"]["network"]["rmse"] < 3 * result["held_out"]["baselines"]["mean"]["rmse"]
    )


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


# ---------------------------------------------------------------------- predict, info


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


# ---------------------------------------------------------------------- the process


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgewise", *arguments], capture_output=True, text=True, timeout=120, **options
    )


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["--help"],
        ["fit", "--help"],
        ["predict", "--help"],
        ["info", "--help"],
        ["plot", "--help"],
        ["--version"],
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0 and "edgewise" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fti"],
        ["fit"],
        ["fit", "a.csv", "--target", "y"],
        ["fit", "a.csv", "--out", "run", "--seed", "-1"],
        ["fit", "a.csv", "--out", "run", "--seed", str(2**63)],
        ["fit", "a.csv", "--out", "run", "--hidden", "x"],
        ["fit", "a.csv", "--out", "run", "--hidden", "-3"],
        ["fit", "a.csv", "--out", "run", "--grids", "0"],
        ["fit", "a.csv", "--out", "run", "--sparsity", "nan"],
        ["fit", "a.csv", "--out", "run", "--test", "1"],
        ["fit", "a.csv", "--out", "run", "--task", "guess"],
        ["fit", "a.csv", "--out", "run", "--targ", "y"],
        ["predict", "run"],
    ],
)
def test_mistyped_options_end_with_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.err.startswith("usage: edgewise") and "error: " in said.err and not said.out


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from edgewise.cli.parsers import parser; parser(); print({'torch', 'numpy', 'sklearn'} &"
        " sys.modules.keys())"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120).stdout == "set()\n"
    )


def test_process_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    done = command("fit", "a.csv", "--target", "y", "--out", "run", cwd=tmp_path)
    assert (
        done.returncode == 2
        and done.stderr == "edgewise fit: there is no file a.csv\n"
        and not list(tmp_path.iterdir())
    )


def test_process_pipes(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(law(5000))
    line = f'"{sys.executable}" -m edgewise predict "{run_folder}" new.csv 2>err | head -1'
    done = subprocess.run(line, shell=True, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.stdout.endswith("predicted y\n") and "Error" not in (tmp_path / "err").read_text()


def test_process_interrupted_leaves_a_whole_run_or_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(law(3000))
    arguments = [
        sys.executable,
        "-u",
        "-m",
        "edgewise",
        "fit",
        "a.csv",
        "--target",
        "y",
        "--drop",
        "colour",
        "--out",
        "run",
        "--hidden",
        "9,9",
    ]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        for said in process.stdout:
            if said.startswith("fitting on"):
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130 and "Traceback" not in err
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {"a.csv"} or (
        left == {"a.csv", "run"} and {entry.name for entry in (tmp_path / "run").iterdir()} == FILES
    )


def test_bugs_are_not_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only errors that the user can mend become messages; a plain ValueError stays a traceback."""

    def broken(args: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(fit_command, "read", broken)
    with pytest.raises(ValueError, match="a bug") as caught:
        main(["fit", "a.csv", "--target", "y", "--out", str(tmp_path / "run")])
    assert not isinstance(caught.value, DataError)


def test_a_table_whose_header_has_empty_names_is_read_alike_by_predict(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i * i % 7},{i + 0.5}\n" for i in range(24))
    (tmp_path / "a.csv").write_text(",,y\n" + rows)
    run = str(tmp_path / "run")
    assert main(["fit", str(tmp_path / "a.csv"), "--target", "y", "--out", run, *SMALL, "--no-formula"]) == 0
    assert main(["predict", run, str(tmp_path / "a.csv"), "--out", str(tmp_path / "b.csv")]) == 0
    assert len((tmp_path / "b.csv").read_text().splitlines()) == 25

"""A run is whole or absent, whatever stands in its place or cuts it off. Nothing is overwritten without `--force`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli import fit_command as fit_command
from edgewise.cli.main import main
from edgewise.studies import layered, stages
from runs import FILES, SMALL, law, refused


@pytest.mark.slow
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

    for module in (stages, layered):
        monkeypatch.setattr(module, "fit", lambda *a, **k: train(*a, callbacks=(interrupt,), **k))
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


@pytest.mark.slow
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

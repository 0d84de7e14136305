"""`edgewise fit --resume`: a run that was killed goes on, and ends with the files of one that was left alone."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from edgewise.cli.main import main

# The command with a snapshot after every step, killed when so many are written.
KILLED = """
import os, signal, sys
from edgewise.cli.main import main
from edgewise.train.resuming import journal, trees
journal.EVERY, journal.SHARE = 0.0, 0
whole, left = trees.write, int(sys.argv.pop(1))
def write(tree, path):
    global left
    whole(tree, path)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
trees.write = write
sys.exit(main(sys.argv[1:]))
"""
OPTIONS = [
    "--target",
    "y",
    "--grids",
    "3",
    "--hidden",
    "2",
    "--interactions",
    "0",
    "--no-formula",
    "--quiet",
]  # pairs act together: it goes by steps


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    generator = torch.Generator().manual_seed(0)
    rows = (2 * torch.rand(120, 2, generator=generator, dtype=torch.float64) - 1).tolist()
    lines = [f"{a!r},{b!r},{math.exp(a) + 2 * a * b + b * b + 0.1 * math.sin(40 * a)!r}" for a, b in rows]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fit(*options: str) -> int:
    return main(["fit", "data.csv", "--out", "run", *OPTIONS, *options])


def killed_after(snapshots: int, folder: Path) -> None:
    arguments = [str(snapshots), "fit", "data.csv", "--out", "run", *OPTIONS, "--resume"]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], cwd=folder, timeout=300, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: timeless(one) for name, one in value.items() if name not in ("seconds", "created")}
    return [timeless(one) for one in value] if isinstance(value, list) else value


def content(run: Path) -> dict[str, object]:
    """What a run says, but for times."""
    result = timeless(json.loads((run / "result.json").read_text()))
    history = [line.rsplit(",", 1)[0] for line in (run / "history.csv").read_text().splitlines()]
    files = {name: (run / name).read_bytes() for name in ("model.safetensors", "judged.safetensors")}
    return {"result": result, "history": history, **files}


@pytest.mark.slow
def test_a_run_killed_three_times_ends_like_one_left_alone(folder: Path):
    assert fit() == 0
    wanted = content(folder / "run")
    (folder / "run").rename(folder / "alone")
    for snapshots in (5, 40, 23):
        killed_after(snapshots, folder)
        assert (folder / "run.unfinished").exists() and not (folder / "run").exists()
    assert fit("--resume") == 0
    assert content(folder / "run") == wanted
    assert not (folder / "run.unfinished").exists()


@pytest.mark.slow
def test_an_unfinished_fit_is_neither_forgotten_nor_replaced_unasked(folder: Path, capsys: pytest.CaptureFixture[str]):
    killed_after(5, folder)
    assert fit() == 2
    assert "go on with --resume, or begin anew with --force" in capsys.readouterr().err
    assert main(["fit", "data.csv", "--out", "run", *OPTIONS, "--resume", "--seed", "1"]) == 2
    assert "with other settings" in capsys.readouterr().err
    assert main(["fit", "nowhere.csv", "--out", "run", *OPTIONS, "--force"]) == 2
    assert (folder / "run.unfinished").exists()  # no new fit could begin
    assert fit("--force") == 0 and not (folder / "run.unfinished").exists()


@pytest.mark.slow
def test_resume_begins_where_there_is_nothing_to_go_on_from(folder: Path):
    assert fit("--resume") == 0 and (folder / "run" / "result.json").exists()

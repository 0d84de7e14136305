"""A run is written whatever becomes of the output of its process: the exit status tells."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.cli.main import main
from edgewise.metadata import Metadata
from runs import FILES, SMALL, law, refused

FIT = "fit a.csv --target y --drop colour --hidden 0 --grids 3 --sparsity 0 --out run"
NAMES = ("größe", "ψ")


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of a shell; `edgewise` in it is the command."""
    line = line.replace("edgewise", f'"{sys.executable}" -m edgewise', 1)
    run = ["bash", "-c", f"set -o pipefail; {line}"]
    return subprocess.run(run, capture_output=True, text=True, cwd=folder, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text(law(40))
    return tmp_path


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """A run folder whose columns are not written in ASCII."""
    model = ew.KAN((2, 1)).build(metadata=Metadata(NAMES, ("y",), ranges=((-1.0, 1.0),) * 2, task="regression"))
    (tmp_path / "run").mkdir()
    ew.save(model, tmp_path / "run" / "model.safetensors")
    (tmp_path / "new.csv").write_text("größe,ψ\n0.5,0.25\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "line, said",
    [
        pytest.param(f"edgewise {FIT} | head -1", "", marks=pytest.mark.slow),
        (f"edgewise {FIT} > /dev/full", "edgewise: standard output could not be written: No space left on device\n"),
        pytest.param(
            f"edgewise {FIT} >&-",
            "edgewise: standard output could not be written: it is closed\n",
            marks=pytest.mark.slow,
        ),
        pytest.param(f"edgewise {FIT} >&- 2>&-", "", marks=pytest.mark.slow),
    ],
    ids=["head", "full", "closed", "both closed"],
)
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no device that is always full")
@pytest.mark.slow
def test_run_is_written_though_its_words_are_lost(folder: Path, line: str, said: str) -> None:
    done = shell(line, folder)
    assert (done.returncode, done.stderr) == (3, said)
    assert {entry.name for entry in (folder / "run").iterdir()} == FILES


@pytest.mark.slow
def test_run_is_written_without_standard_error(folder: Path) -> None:
    done = shell(f"edgewise {FIT} 2>&-", folder)
    assert done.returncode == 0 and "written to run" in done.stdout
    assert {entry.name for entry in (folder / "run").iterdir()} == FILES


@pytest.mark.slow
def test_predictions_that_are_lost_are_no_success(named: Path) -> None:
    done = shell("edgewise predict run new.csv >&-", named)
    assert (done.returncode, done.stderr) == (3, "edgewise: standard output could not be written: it is closed\n")
    assert shell("edgewise predict run new.csv --out new.out >&-", named).returncode == 0


def ascii_terminal(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    return written


def test_terminal_of_ascii(named: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run, table, out = (str(named / name) for name in ("run", "new.csv", "out.csv"))
    terminal = ascii_terminal(monkeypatch)
    assert main(["info", run]) == 0
    assert rb"predicts y from gr\xf6\xdfe, \u03c8" in terminal.getvalue()
    assert re.fullmatch("note: standard output takes only ascii: .*\n", capsys.readouterr().err)
    monkeypatch.undo()
    terminal = ascii_terminal(monkeypatch)
    assert "write a file with --out FILE" in refused(capsys, ["predict", run, table])
    assert not terminal.getvalue()
    assert main(["predict", run, table, "--out", out]) == 0
    assert Path(out).read_text(encoding="utf-8").startswith("größe,ψ,predicted y\n")


def test_formula_of_columns_beyond_ascii_on_a_terminal_of_ascii(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = torch.rand(60, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64).tolist()
    rows = "".join(f"{x},{t},{x * x + t}\n" for x, t in draw)
    (tmp_path / "a.csv").write_text("größe,ψ,y\n" + rows, encoding="utf-8")
    terminal = ascii_terminal(monkeypatch)
    assert main(["fit", str(tmp_path / "a.csv"), "--target", "y", "--out", str(tmp_path / "run"), *SMALL]) == 0
    assert rb"y = gr\xf6\xdfe**2 + \u03c8" in terminal.getvalue()
    assert "größe**2 + ψ" in (tmp_path / "run" / "formula.txt").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux alone")
def test_file_name_that_is_no_text(tmp_path: Path) -> None:
    table, run = (str(tmp_path / os.fsdecode(name)) for name in (b"\xff.csv", b"run\xff"))
    Path(table).write_text(law(40))
    assert main([*FIT.replace("a.csv", table).split()[:-1], run]) == 0
    assert {entry.name for entry in Path(run).iterdir()} == FILES
    assert main(["info", run]) == 0


def test_links_in_a_circle_end_in_one_message(named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (named / "loop").symlink_to("loop")
    loop, run, table = str(named / "loop"), str(named / "run"), str(named / "new.csv")
    for arguments in (
        ["fit", loop, "--target", "y", "--out", str(named / "other")],
        ["fit", table, "--target", "y", "--out", loop, "--force"],
        ["fit", table, "--target", "y", "--out", f"{loop}/run"],
        ["predict", run, loop],
        ["predict", run, table, "--out", loop],
    ):
        assert "levels of symbolic links" in refused(capsys, arguments)
    for arguments in (["predict", loop, table], ["info", loop], ["plot", loop]):
        assert "there is no run folder" in refused(capsys, arguments)
    for name in ("result.json", "model.safetensors"):
        (named / "run" / name).unlink(missing_ok=True)
        (named / "run" / name).symlink_to(name)
        assert "levels of symbolic links" in refused(capsys, ["info", run])
    assert not (named / "other").exists()


def test_result_of_lists_in_lists_without_end(named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (named / "run" / "result.json").write_text("[" * 200_000 + "]" * 200_000)
    assert "result.json is damaged" in refused(capsys, ["info", str(named / "run")])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit on the size of a file is set as on Linux")
def test_disk_that_is_full_leaves_the_old_run_as_it_is(folder: Path) -> None:
    """No file may become larger than a kilobyte, which is where the model ends."""
    (folder / "run").mkdir()
    (folder / "run" / "result.json").write_text("old")
    # the shell's limit counts in kilobytes; what a table's digest or a kernel's cache writes is not asked for
    done = shell(f"ulimit -f 1; edgewise {FIT} --force", folder)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("edgewise fit: ") and "cannot be written" in done.stderr
    assert {entry.name for entry in folder.iterdir()} == {"a.csv", "run"}
    assert [entry.name for entry in (folder / "run").iterdir()] == ["result.json"]
    assert (folder / "run" / "result.json").read_text() == "old"

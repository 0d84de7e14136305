"""The command as a process: help at once, usage after a mistyped option, one line for an error, pipes. Bugs stay
tracebacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli import fit_command as fit_command
from edgewise.cli.main import main
from edgewise.errors import DataError
from runs import law


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


def test_bugs_are_not_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only errors that the user can mend become messages; a plain ValueError stays a traceback."""

    def broken(args: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(fit_command, "read", broken)
    with pytest.raises(ValueError, match="a bug") as caught:
        main(["fit", "a.csv", "--target", "y", "--out", str(tmp_path / "run")])
    assert not isinstance(caught.value, DataError)

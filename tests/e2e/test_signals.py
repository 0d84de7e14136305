"""SIGTERM and SIGHUP end `edgewise fit` as Ctrl-C does: what there is by then is written."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli import fit_command
from edgewise.cli import main as commands
from edgewise.cli.main import main
from edgewise.studies import stages, study
from runs import FILES, SMALL, law

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the system knows no SIGHUP")
NUMBERS = [signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    (tmp_path / "a.csv").write_text(law(60))
    return ["fit", str(tmp_path / "a.csv"), "--target", "y", "--drop", "colour", "--out", str(tmp_path / "run"), *SMALL]


def first(number: int, call: Callable[..., Any]) -> Callable[..., Any]:
    """The call, before which the signal comes."""

    def called(*args: Any, **kwargs: Any) -> Any:
        signal.raise_signal(number)
        return call(*args, **kwargs)

    return called


@pytest.mark.parametrize("number", NUMBERS)
def test_signal_in_a_fit_keeps_the_best_so_far(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    train = stages.fit

    def at_step_5(row: dict[str, Any]) -> None:
        if row["step"] == 5:
            signal.raise_signal(number)

    monkeypatch.setattr(stages, "fit", lambda *a, **k: train(*a, callbacks=(at_step_5,), **k))
    assert main(arguments) == 128 + number
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["training"]["interrupted"] and result["training"]["stages"][0]["status"] == "INTERRUPTED"
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.parametrize("name", ["written", "baselines", "final"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_after_the_fit_keeps_what_was_found(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    monkeypatch.setattr(study, name, first(number, getattr(study, name)))
    assert main(arguments) == 128 + number
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["training"]["interrupted"] and result["held_out"]["network"]["rmse"] > 0
    assert main(["info", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_while_the_folder_is_written_lets_it_be_written(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(fit_command, "write_folder", first(number, fit_command.write_folder))
    assert main(arguments) == 128 + number
    assert {entry.name for entry in (tmp_path / "run").iterdir()} == FILES


@pytest.mark.parametrize("number", [signal.SIGINT, *NUMBERS])
def test_what_foreign_code_makes_of_a_signal_counts_as_the_signal(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    def imported(*args: Any, **kwargs: Any) -> None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            raise ImportError("initialization of core failed") from None

    monkeypatch.setattr(study, "final", imported)
    assert main(arguments) == 128 + number
    assert "interrupted; nothing was written (it met ImportError: initialization" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.csv"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_second_signal_ends_at_once(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = first(signal.SIGTERM, first(signal.SIGTERM, lambda *a, **k: pytest.fail("it went on")))
    monkeypatch.setattr(fit_command, "write_folder", twice)
    assert main(arguments) == 128 + signal.SIGTERM
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.csv"]


def test_signals_that_the_caller_ignores_stay_ignored(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        monkeypatch.setattr(study, "baselines", first(signal.SIGHUP, study.baselines))
        assert main(arguments) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signal_ends_a_run_that_ignores_ctrl_c(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for `edgewise fit ... &` in a script
    try:
        monkeypatch.setattr(study, "baselines", first(signal.SIGTERM, study.baselines))
        assert main(arguments) == 128 + signal.SIGTERM
        assert {entry.name for entry in (tmp_path / "run").iterdir()} == FILES
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_before_there_is_a_subcommand_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "parser", first(signal.SIGINT, commands.parser))
    assert main(["info", "nowhere"]) == 128 + signal.SIGINT
    assert capsys.readouterr().err == "edgewise: interrupted; nothing was written\n"


def test_nothing_interrupts_the_end_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "main", lambda: 3)
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit, match="3"):
            commands.console()
        signal.raise_signal(signal.SIGINT)  # as if it came while libraries tidy up
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", NUMBERS)
def test_process_that_is_told_to_end_writes_a_whole_run_or_none(tmp_path: Path, number: int) -> None:
    (tmp_path / "a.csv").write_text(law(3000))
    line = "fit a.csv --target y --drop colour --out run --hidden 9,9"
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "edgewise", *line.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        for said in process.stdout:
            if said.startswith("fitting on"):
                break
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
    assert "Traceback" not in err and process.returncode == 128 + number, err
    left = {entry.name for entry in tmp_path.iterdir()} - {"a.csv"}
    assert not left or (left == {"run"} and {entry.name for entry in (tmp_path / "run").iterdir()} == FILES)

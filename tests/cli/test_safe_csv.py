"""What a spreadsheet would run as a formula is written as text, where that is asked for."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.cli.main import main
from edgewise.cli.safe_csv import inert
from edgewise.metadata import Metadata


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "=", "-", "+a", "-5%", "-x"])
def test_text_that_begins_like_a_formula_is_marked(text: str) -> None:
    assert inert(text) == "'" + text


@pytest.mark.parametrize("text", ["", "red", "1", "-1", "+1", "-1.5e-3", "-1,5", "a=b", " =1", "'=1"])
def test_numbers_and_other_text_stay(text: str) -> None:
    assert inert(text) == text


def test_predictions_for_a_spreadsheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = ("=cmd()", "plain")
    metadata = Metadata(("=x",), ("@kind",), classes=labels, ranges=((-1.0, 1.0),), task="classification")
    ew.save(ew.KAN((1, 2)).build(metadata=metadata), tmp_path / "model.safetensors")
    (tmp_path / "new.csv").write_text("=x,+note\n-0.5,=1+1\n0.5,fine\n")
    arguments = ["predict", str(tmp_path), str(tmp_path / "new.csv"), "--quiet"]
    assert main([*arguments, "--safe-csv"]) == 0
    safe = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert main(arguments) == 0
    plain = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert plain[0] == ["=x", "+note", "predicted @kind", "p(@kind==cmd())", "p(@kind=plain)"]
    assert plain[1][:2] == ["-0.5", "=1+1"] and {row[2] for row in plain[1:]} <= set(labels)
    assert safe == [[inert(text) for text in row] for row in plain] != plain
    assert safe[0][:2] == ["'=x", "'+note"] and safe[1][:2] == ["-0.5", "'=1+1"]
    assert torch.tensor([[float(p) for p in row[3:]] for row in safe[1:]]).sum() == pytest.approx(2)

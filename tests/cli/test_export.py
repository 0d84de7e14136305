"""`edgewise export`: a run folder or a model file in, code out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.cli.main import main
from edgewise.cli.parsers import LANGUAGES
from edgewise.exports.export import TARGETS
from edgewise.metadata import Metadata
from helpers import assert_close
from runs import refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder of y = t^2 / 2."""
    model = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)})
    ew.save(model.build(metadata=Metadata(("t",), ("y",))), tmp_path / "model.safetensors")
    return tmp_path


def test_every_language_is_offered() -> None:
    assert sorted(LANGUAGES) == sorted(TARGETS)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("python", "def predict(row):"),
        ("numpy", "def predict(X):"),
        ("torch", "def predict(X):"),
        ("c", "void predict("),
        ("latex", r"y = \frac{t^{2}}{2}"),
        ("sympy", "t**2/2"),
        ("sql", 'FROM "data"'),
    ],
)
def test_text_goes_to_standard_output_or_into_a_file(folder, to, said, capsys):
    assert main(["export", str(folder), "--to", to]) == 0
    shown = capsys.readouterr().out
    assert said in shown and shown.endswith("\n")
    assert main(["export", str(folder / "model.safetensors"), "--to", to, "--out", str(folder / "code")]) == 0
    assert (folder / "code").read_bytes().decode("utf-8") == shown  # as it is: SQL has a carriage return
    assert capsys.readouterr().out == f"written to {folder / 'code'}\n"


def test_names_that_are_no_words_stand_in_backquotes_and_can_be_read(folder, capsys):
    model = ew.from_formula("u**2 + 2*v - 3*w + 1", inputs=("u", "v", "w"))
    names = ("a", "b b", "c=`v")
    ew.save(model.build(metadata=Metadata(names, ("y",))), folder / "model.safetensors")
    assert main(["export", str(folder), "--to", "sympy"]) == 0
    read = ew.from_formula(capsys.readouterr().out.strip(), inputs=names)
    X = torch.rand(9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert_close(read(X), model(X))


def test_the_function_or_the_table_may_have_a_name(folder, capsys):
    assert main(["export", str(folder), "--to", "c", "--function", "half_square"]) == 0
    assert "void half_square(" in capsys.readouterr().out
    assert main(["export", str(folder), "--to", "sql", "--function", "my table"]) == 0
    assert 'FROM "my table"' in capsys.readouterr().out


def test_onnx_goes_into_a_file(folder, capsys):
    assert "--out model.onnx" in refused(capsys, ["export", str(folder), "--to", "onnx"])
    pytest.importorskip("onnx", reason="onnx is not installed")
    assert main(["export", str(folder), "--to", "onnx", "--out", str(folder / "net.onnx")]) == 0
    assert sorted(entry.name for entry in folder.iterdir()) == ["model.safetensors", "net.onnx"]
    ew.export(ew.load(folder / "model.safetensors"), "onnx", path=folder / "same.onnx")
    assert (folder / "net.onnx").read_bytes() == (folder / "same.onnx").read_bytes()


def test_nothing_is_replaced_unless_it_shall_be(folder, capsys):
    (folder / "mine").write_text("mine")
    command = ["export", str(folder), "--to", "c", "--out", str(folder / "mine")]
    assert "exists already" in refused(capsys, command) and (folder / "mine").read_text() == "mine"
    assert main([*command, "--force"]) == 0 and "void predict" in (folder / "mine").read_text()


def test_a_file_needs_a_name(folder, capsys):
    for name in ("", " "):
        assert "--out needs the name of a file" in refused(capsys, ["export", str(folder), "--to", "c", "--out", name])


def test_mistakes_are_told_in_one_line(folder, capsys):
    assert "there is no run folder" in refused(capsys, ["export", str(folder / "nowhere"), "--to", "c"])
    assert "does not exist" in refused(capsys, ["export", str(folder), "--to", "c", "--out", str(folder / "a" / "b")])
    assert "letters, digits and _" in refused(capsys, ["export", str(folder), "--to", "c", "--function", "1x"])
    wave = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("erf", 1.0, 0.0, 0.5, 0.0)})
    ew.save(wave, folder / "wave.safetensors")
    assert "SQL has no erf" in refused(capsys, ["export", str(folder / "wave.safetensors"), "--to", "sql"])
    for arguments in (["--to", "cobol"], []):
        with pytest.raises(SystemExit) as ended:
            main(["export", str(folder), *arguments])
        assert ended.value.code == 2

"""`edgewise plot`: a run folder or a model file in, a picture out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

import edgewise as ew
from edgewise.cli import plot_command as command
from edgewise.errors import ConfigError, DataError, EdgewiseError


def run(run_folder: Path, out: Path | str | None = None, title: str | None = None, **options: Any) -> int:
    chosen = {"force": False, "top": None, "threshold": 0.0} | options
    return command.run(argparse.Namespace(run_folder=str(run_folder), out=out and str(out), title=title, **chosen))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ew.save(ew.KAN((2, 2, 1)), tmp_path / "model.safetensors")
    return tmp_path


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<?xml"), ("b.pdf", b"%PDF"), ("c.PNG", b"\x89PNG")])
def test_the_ending_chooses_the_format(folder, name, start):
    assert run(folder, folder / name, "A title") == 0
    assert (folder / name).read_bytes().startswith(start)


def test_the_picture_goes_into_the_run_folder_and_is_named(folder, capsys):
    assert run(folder) == 0
    assert (folder / "kan.svg").exists() and str(folder / "kan.svg") in capsys.readouterr().out
    (folder / "kan.svg").unlink()
    run(folder / "model.safetensors")
    assert (folder / "kan.svg").exists()


def test_top_says_how_many_edges_of_a_layer_are_drawn(tmp_path):
    ew.save(ew.KAN((9, 9, 1)), tmp_path / "model.safetensors")
    sizes = {}
    for top in (None, 3, 0):
        run(tmp_path, tmp_path / f"{top}.svg", top=top)
        sizes[top] = len((tmp_path / f"{top}.svg").read_bytes())
    assert sizes[3] < sizes[None] < sizes[0]  # 3 edges, the 40 most important ones, all 81


def test_a_threshold_that_hides_all_is_refused(folder):
    with pytest.raises(ConfigError, match="hides all"):
        run(folder, folder / "a.svg", threshold=1e9)


def test_what_cannot_be_drawn_or_written_is_named(folder, tmp_path):
    with pytest.raises(ConfigError, match=r"\.svg, \.pdf or \.png file, got \.gif"):
        run(folder, "a.gif")
    with pytest.raises(DataError, match="there is no run folder"):
        run(tmp_path / "nowhere")
    with pytest.raises(EdgewiseError):
        run(folder, "\0.svg")
    (folder / "mine.svg").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        run(folder, folder / "mine.svg")
    assert (folder / "mine.svg").read_text() == "mine"
    assert run(folder, folder / "mine.svg", force=True) == 0 and (folder / "mine.svg").read_text() != "mine"
    assert sorted(p.name for p in folder.iterdir()) == ["mine.svg", "model.safetensors"]
